"""One client at work, in a process of its own: many pictures at a concurrency, then what that took.

Run: python loopback_clients.py WAY URL IMAGES CONCURRENCY FOLDER. Each way posts what a text prompt needs,
decodes the picture and drops it, three ways after keeping it in FOLDER; the gateway closes each
connection. Prints seconds, CPU seconds and peak MiB.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

MODEL = "gemini-3.1-flash-image-preview"
Ask = Callable[[int], Awaitable[bytes]]
Make = Callable[[str], Ask]


def body(number: int) -> dict:
    return {
        "contents": [{"role": "user", "parts": [{"text": f"a red square, number {number}"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"]},
    }


def floor(url: str) -> Ask:
    """Bare sockets, read into one buffer, strict base64 from it: what one event loop allows for."""
    import pybase64

    address = urlsplit(url).hostname, urlsplit(url).port

    async def ask(number: int) -> bytes:
        content = json.dumps(body(number)).encode()
        loop = asyncio.get_running_loop()
        with socket.socket() as connection:
            connection.setblocking(False)
            await loop.sock_connect(connection, address)
            head = b"POST /v1beta/models/m:generateContent HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
            await loop.sock_sendall(connection, head % len(content) + content)
            reply = await whole(loop, connection)
        start = bytes(reply[:300]).index(b"iVBORw0KGgo")
        end = len(reply) - 300 + bytes(reply[-300:]).index(b'"')
        return pybase64.b64decode(reply[start:end], validate=True)

    return ask


async def whole(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> memoryview:
    """Read a reply to its end, its body straight into a buffer of the announced length."""
    first = b""
    while b"\r\n\r\n" not in first:
        first += await loop.sock_recv(connection, 1024)
    head, _, begun = first.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    reply = memoryview(bytearray(length))
    reply[: len(begun)] = begun
    got = len(begun)
    while got < length:
        got += await loop.sock_recv_into(connection, reply[got:])
    return reply


def floor_kept(url: str) -> Ask:
    """The same, each picture then hashed and written to a file, a few facts to another, and both synced."""
    fetch = floor(url)

    async def ask(number: int) -> bytes:
        data = await fetch(number)
        facts = json.dumps({"sha256": hashlib.sha256(data).hexdigest()}).encode()
        write(f"{number}.png", data)
        write(f"{number}.json", facts)
        return data

    return ask


def write(name: str, content: bytes) -> None:
    with Path(sys.argv[5], name).open("xb", buffering=0) as file:
        file.write(content)
        os.fsync(file.fileno())


def naive(url: str) -> Ask:
    """httpx, json and base64: what a user's own script does."""
    import httpx

    client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None))

    async def ask(number: int) -> bytes:
        path = f"{url}/v1beta/models/{MODEL}:generateContent"
        reply = await client.post(path, params={"key": "k"}, json=body(number))
        return base64.b64decode(reply.json()["candidates"][0]["content"]["parts"][0]["inlineData"]["data"])

    return ask


def _genai(url: str):
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=url, api_version="v1beta", timeout=60_000)
    return genai.Client(api_key="k", http_options=options), types.GenerateContentConfig(
        response_modalities=["IMAGE"]
    )


def genai_threads(url: str) -> Callable[[int], bytes]:
    client, config = _genai(url)

    def ask(number: int) -> bytes:
        prompt = f"a red square, number {number}"
        reply = client.models.generate_content(model=MODEL, contents=prompt, config=config)
        return reply.candidates[0].content.parts[0].inline_data.data

    return ask


def genai_async(url: str) -> Ask:
    client, config = _genai(url)

    async def ask(number: int) -> bytes:
        prompt = f"a red square, number {number}"
        reply = await client.aio.models.generate_content(model=MODEL, contents=prompt, config=config)
        return reply.candidates[0].content.parts[0].inline_data.data

    return ask


def ours(url: str) -> Ask:
    from gemini_nb import AsyncClient

    client = AsyncClient(api_key="k", base_url=url)

    async def ask(number: int) -> bytes:
        return (await client.generate(f"a red square, number {number}")).image.data

    return ask


def ours_stored(url: str) -> Ask:
    """The same, each picture kept in a store on disk before it is handed over."""
    from gemini_nb import AsyncClient

    client = AsyncClient(api_key="k", base_url=url, store=tempfile.mkdtemp(dir=sys.argv[5]))

    async def ask(number: int) -> bytes:
        return (await client.generate(f"a red square, number {number}")).image.data

    return ask


def ours_kept(url: str) -> Ask:
    """Kept only, each as a picture that the store did not hold before; it is not read again."""
    from gemini_nb import AsyncClient

    client = AsyncClient(api_key="k", base_url=url, store=tempfile.mkdtemp(dir=sys.argv[5]))

    async def ask(number: int) -> bytes:
        held = (await client.generate(f"a red square, number {number}")).image.held
        with suppress(FileNotFoundError):  # another call of the same moment has moved it
            held.path.rename(held.path.with_name(f"{number}.png"))
        return held

    return ask


ASYNC = {
    "floor": floor, "floor_kept": floor_kept, "naive": naive, "genai_async": genai_async,
    "ours": ours, "ours_stored": ours_stored, "ours_kept": ours_kept,
}  # fmt: skip
THREADED = {"genai_threads": genai_threads}


async def many(ask: Ask, count: int, concurrency: int) -> int:
    """Ask for `count` pictures, `concurrency` at a time; return the bytes of all."""
    numbers, total = iter(range(count)), 0

    async def worker() -> None:
        nonlocal total
        for number in numbers:
            data = await ask(number)
            total += len(data)

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return total


async def asynchronous(make: Make, url: str, count: int, concurrency: int) -> dict:
    ask = make(url)
    await many(ask, concurrency, concurrency)  # so that imports and pools are there
    spent = Spent()
    return spent.said(await many(lambda number: ask(number + concurrency), count, concurrency))


def threaded(make: Callable[[str], Callable[[int], bytes]], url: str, count: int, concurrency: int) -> dict:
    ask = make(url)
    with ThreadPoolExecutor(concurrency) as pool:
        list(pool.map(lambda number: len(ask(number)), range(concurrency)))
        spent = Spent()
        return spent.said(sum(pool.map(lambda number: len(ask(number)), range(count))))


class Spent:
    """Seconds and CPU seconds of this process since now."""

    def __init__(self) -> None:
        self.start, self.cpu = time.perf_counter(), time.process_time()

    def said(self, total: int) -> dict:
        return {
            "seconds": time.perf_counter() - self.start,
            "cpu": time.process_time() - self.cpu,
            "bytes": total,
            "peak": peak_mebibytes(),
        }


def peak_mebibytes() -> float | None:
    """This process's peak, where the kernel says it; getrusage's would be that of whoever started it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else ()
    peaks = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return peaks[0] if peaks else None


def main() -> None:
    way, url, count, concurrency = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if way in THREADED:
        said = threaded(THREADED[way], url, count, concurrency)
    else:
        said = asyncio.run(asynchronous(ASYNC[way], url, count, concurrency))
    print(json.dumps(said))


if __name__ == "__main__":
    main()
