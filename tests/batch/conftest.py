from __future__ import annotations

import pytest

from support.clients import KEY


@pytest.fixture
def key_in_environment(monkeypatch):
    """The key where the workers of an executor look for it."""
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
