from __future__ import annotations

import pytest

from gemini_nb.store.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / ".gemini_nb")
