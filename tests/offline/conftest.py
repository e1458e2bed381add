"""One gateway and one server for each file that asks them."""

from __future__ import annotations

import pytest

from gemini_nb.offline.provider import OfflineGateway
from gemini_nb.offline.server import OfflineServer


@pytest.fixture(scope="module")
def gateway():
    return OfflineGateway()


@pytest.fixture(scope="module")
def server():
    with OfflineServer() as running:
        yield running
