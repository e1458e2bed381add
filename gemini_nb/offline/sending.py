"""A body on its way to a client: whole, chunk by chunk, or broken off as a fault asks."""

from __future__ import annotations

import socket
import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.offline.answer import Delivery

DRIP_SECONDS = 0.1

_LINGER_FOR_NO_TIME = struct.pack("ii", 1, 0)  # closing then resets, and what was not sent yet is dropped


def send_chunks(connection: socket.socket, pieces: Sequence[bytes], pause: Callable[[float], None]) -> None:
    """Send each piece as a chunk; before each, `pause` is called with its share of the whole wait."""
    for piece in pieces:
        pause(1 / len(pieces))
        connection.sendall(chunk(piece))
    connection.sendall(chunk(b""))


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def break_off(connection: socket.socket, wire: bytes, delivery: Delivery) -> None:
    """Send what a broken delivery sends of a body; the connection is to be closed afterwards."""
    if delivery == "drip":
        _drip(connection, wire)
        return
    connection.sendall(wire[: len(wire) // 2])
    if delivery == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NO_TIME)
    elif delivery == "stall":
        connection.settimeout(None)
        while connection.recv(4096):
            pass


def is_to_be_reset(connection: socket.socket) -> bool:
    size = len(_LINGER_FOR_NO_TIME)
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, size) == _LINGER_FOR_NO_TIME


def _drip(connection: socket.socket, wire: bytes) -> None:
    for at in range(len(wire)):
        connection.sendall(wire[at : at + 1])  # raises soon after the client has left
        time.sleep(DRIP_SECONDS)
