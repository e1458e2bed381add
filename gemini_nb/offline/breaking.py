"""A body on its way to a client: whole, event by event, or broken off as a fault asks."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.offline.answer import Answer

DRIP_SECONDS = 0.1

_LINGER_FOR_NO_TIME = struct.pack("ii", 1, 0)


def deliver(answer: Answer, connection: socket.socket, *, chunked: bool, pause: Callable[[float], None]) -> None:
    """Send an answer's body; `pause` is called before each piece with the share of the wait it has.

    Every delivery but a whole one leaves the connection unusable.
    """
    pieces = answer.events or (answer.body,)
    if answer.delivery != "whole":
        wire = b"".join(map(_chunk, pieces)) if chunked else answer.body
        _BROKEN[answer.delivery](connection, wire)
        return
    for piece in pieces:
        pause(1 / len(pieces))
        connection.sendall(_chunk(piece) if chunked else piece)
    if chunked:
        connection.sendall(b"0\r\n\r\n")


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def _truncated(connection: socket.socket, wire: bytes) -> None:
    connection.sendall(wire[: len(wire) // 2])


def _reset(connection: socket.socket, wire: bytes) -> None:
    _truncated(connection, wire)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NO_TIME)
    connection.detach_reset()


def _stall(connection: socket.socket, wire: bytes) -> None:
    _truncated(connection, wire)
    connection.settimeout(None)
    while connection.recv(4096):
        pass


def _drip(connection: socket.socket, wire: bytes) -> None:
    connection.settimeout(DRIP_SECONDS)
    for at in range(len(wire)):
        connection.sendall(wire[at : at + 1])
        with suppress(TimeoutError):
            if not connection.recv(4096):
                return


_BROKEN = {"truncated": _truncated, "reset": _reset, "stall": _stall, "drip": _drip}
