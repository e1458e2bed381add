"""A gateway with a picture, a shell that asks it, and one that has no key and paints offline."""

from __future__ import annotations

import pytest

from support.gateway import Answer, Gateway
from support.images import noise_png
from support.replies import inline, reply
from support.shells import a_shell
from support.streams import stream

PNG = noise_png(3000)


@pytest.fixture
def gateway():
    with Gateway(Answer(reply(inline(PNG)))) as gateway:
        yield gateway


@pytest.fixture
def shell(gateway):
    with a_shell(gateway.url) as shell:
        yield shell


@pytest.fixture
def keyless():
    with a_shell() as shell:
        yield shell


@pytest.fixture
def streaming():
    """A gateway that streams words and then a picture, and a shell that asks it."""
    with Gateway(Answer(stream())) as gateway, a_shell(gateway.url) as shell:
        yield shell, gateway
