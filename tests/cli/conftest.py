"""A gateway with a picture, and a store that holds one."""

from __future__ import annotations

import pytest

from gemini_nb.store.store import Store
from support.command_line import OK
from support.gateway import Gateway
from support.generations import answer


@pytest.fixture
def gateway():
    with Gateway(OK) as gateway:
        yield gateway


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "kept")
    store.keep(answer("a « red » square\nin 日本"))
    return store
