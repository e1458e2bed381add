"""A body on its way to a client: whole, chunk by chunk, or broken off as a fault asks."""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.offline.responses import Delivery

DRIP_SECONDS = 0.1

# With this, closing resets the connection and drops what was not sent yet.
_LINGER_FOR_NO_TIME = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


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


def _drip(connection: socket.socket, wire: bytes) -> None:
    for at in range(len(wire)):
        connection.sendall(wire[at : at + 1])  # raises soon after the client has left
        time.sleep(DRIP_SECONDS)
