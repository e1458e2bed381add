"""The offline server where no port can be opened: in a browser its requests reach it inside the page."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemini_nb.offline.http_server import Dialect
    from gemini_nb.offline.provider import OfflineGateway

_PORTS = count(8765)
_open: dict[str, PageListener] = {}


class PageListener:
    """Stands for a `Listener`: it has an origin, counts POSTs, and is found by its origin while open."""

    def __init__(self, *, gateway: OfflineGateway, delay: float, dialect: Dialect) -> None:
        self.gateway = gateway
        self.delay = delay
        self.dialect: Dialect = dialect
        self.posts = 0
        self.port = next(_PORTS)
        self.origin = f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Let requests to the origin arrive here."""
        _open[self.origin] = self

    def close(self) -> None:
        """Let no further request arrive."""
        _open.pop(self.origin, None)


def find_listener(origin: str) -> PageListener | None:
    """Return the listener of an origin while it is open, else None."""
    return _open.get(origin)
