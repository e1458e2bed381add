"""A picture large enough to be decoded into a file while its reply arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.clients import client_of
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.replies import body, inline, reply

if TYPE_CHECKING:
    from gemini_nb.generation import Generation

LARGE = noise_png(3_000_001)
REPLY = body(reply(inline(LARGE)))


def ask_without_store() -> Generation:
    """The picture, asked for by a client that has no store."""
    with Gateway(Answer(REPLY)) as gateway, client_of(gateway.url) as client:
        return client.generate("a red square")
