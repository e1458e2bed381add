"""A gateway in a process of its own that costs next to nothing: each POST gets one file, sent by the kernel.

Started with `serving(image, delay)`; it closes every connection, so that each POST of any client is fresh.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

END_OF_HEADERS = b"\r\n\r\n"


@contextmanager
def serving(body: bytes, *, delay: float = 0.0) -> Iterator[str]:
    """Serve `body` as every answer, `delay` seconds after its request; gives the base URL."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    with tempfile.NamedTemporaryFile() as file:
        file.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        file.flush()
        command = [sys.executable, __file__, file.name, str(delay)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()
            server.communicate()


async def serve(path: Path, delay: float) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, os._exit, 0)  # it ends: whoever started this is gone
    visits = set()
    while True:
        connection, _ = await loop.sock_accept(listener)
        visit = asyncio.create_task(answer(connection, path, delay))
        visits.add(visit)
        visit.add_done_callback(visits.discard)


async def answer(connection: socket.socket, path: Path, delay: float) -> None:
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, path.open("rb") as file, suppress(ConnectionError):
        await whole_request(connection)
        if delay:
            await asyncio.sleep(delay)
        await loop.sock_sendfile(connection, file)
        connection.shutdown(socket.SHUT_WR)
        while await loop.sock_recv(connection, 4096):
            pass


async def whole_request(connection: socket.socket) -> None:
    """Read one request to its end: headers, and as much body as they announce."""
    loop, received = asyncio.get_running_loop(), b""
    while END_OF_HEADERS not in received:
        received += await next_piece(loop, connection)
    head, _, body = received.partition(END_OF_HEADERS)
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    while left > 0:
        left -= len(await next_piece(loop, connection))


async def next_piece(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
    piece = await loop.sock_recv(connection, 2**18)
    if not piece:
        raise ConnectionResetError
    return piece


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
