"""An event loop whose clock jumps to the next timer: waits are exact and take no time."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb.http.rate_limit import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class _Jumping(selectors.DefaultSelector):
    """A selector that takes a wait for over at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(main: Callable[..., Awaitable[Any]], *arguments: object) -> Any:
    """Run what only waits, as `anyio.run` would."""
    return anyio.run(main, *arguments, backend_options={"loop_factory": _Loop})


def a_limiter() -> RateLimiter:
    """A limiter by the clock of the loop, which may be a hurried one."""
    return RateLimiter(anyio.current_time)
