"""Reading a reply: body → image bytes, against the floor and against what others do.

Times are medians of interleaved rounds in one process. Peaks are tracemalloc's, of one reading each,
on top of the body, as a multiple of the image (pybase64's and json's buffers are counted by it). What is read
as it arrives needs no body: there the peak is all that is held.
"""

from __future__ import annotations

import base64
import gc
import json
import statistics
import time
import tracemalloc
from typing import TYPE_CHECKING

import pybase64
from measuring import Table, command

from gemini_nb.reply.json_receiver import JSONReceiver
from gemini_nb.reply.reply import read_reply
from gemini_nb.store.spool import Spool
from support.images import bytes_of, noise_png
from support.replies import body, data_uri, inline, read_raw, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gemini_nb.images.file_bytes import FileBytes

SIZES = (1_500_000, 6_000_000, 20_000_000)
QUICK = (400_000,)
READ_BYTES = 256 * 1024  # what asyncio takes from a socket at a time
SPOOL = Spool()


def floor(raw: bytes) -> bytes:
    start = raw.find(b"iVBORw0KGgo")
    return pybase64.b64decode(memoryview(raw)[start : raw.find(b'"', start)], validate=True)


def floor_uri(raw: bytes) -> bytes:
    start = raw.find(b"iVBORw0KGgo")
    return pybase64.b64decode(memoryview(raw)[start : raw.find(b")", start)], validate=True)


def ours(raw: bytes) -> bytes:
    return read_raw(raw).images[0].data


def _arriving(raw: bytes, draft=None) -> bytes | FileBytes:
    incoming = JSONReceiver(draft)
    incoming.expect(len(raw))
    for start in range(0, len(raw), READ_BYTES):
        incoming.write(raw[start : start + READ_BYTES])
    return read_reply(incoming.finish()).images[0].data


def as_it_arrives(raw: bytes) -> bytes | FileBytes:
    return _arriving(raw)


def into_a_file(raw: bytes) -> bytes | FileBytes:
    return _arriving(raw, SPOOL.new_file)


def _naive(raw: bytes, decode) -> bytes:
    return decode(json.loads(raw)["candidates"][0]["content"]["parts"][0]["inlineData"]["data"])


def _naive_uri(raw: bytes, decode) -> bytes:
    text = json.loads(raw)["candidates"][0]["content"]["parts"][0]["text"]
    return decode(text[text.index(",") + 1 : text.rindex(")")])


def json_base64(raw: bytes) -> bytes:
    return _naive(raw, base64.b64decode)


def json_pybase64(raw: bytes) -> bytes:
    return _naive(raw, pybase64.b64decode)


def json_base64_uri(raw: bytes) -> bytes:
    return _naive_uri(raw, base64.b64decode)


def google_genai(raw: bytes) -> bytes:
    from google.genai import types

    parsed = types.GenerateContentResponse.model_validate(json.loads(raw))
    return parsed.candidates[0].content.parts[0].inline_data.data


INLINE = {
    "floor": floor,
    "gemini_nb, a whole body": ours,
    "gemini_nb, as it arrives": as_it_arrives,
    "gemini_nb, into a file, with its SHA-256": into_a_file,
    "json + base64": json_base64,
    "json + pybase64": json_pybase64,
    "google-genai's types": google_genai,
}
URI = {
    "floor": floor_uri,
    "gemini_nb, a whole body": ours,
    "gemini_nb, as it arrives": as_it_arrives,
    "json + base64": json_base64_uri,
}


def measure(raw: bytes, image: bytes, ways: dict, rounds: int = 15) -> list[tuple[str, float, float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for name, way in ways.items():
        assert bytes_of(way(raw)) == image, name
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            start = time.perf_counter()
            way(raw)
            times[name].append(time.perf_counter() - start)
    return [(name, statistics.median(times[name]), peak(way, raw) / len(image)) for name, way in ways.items()]


def peak(way, raw: bytes) -> float:
    gc.collect()
    tracemalloc.start()
    way(raw)
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return top


def run(quick: bool) -> Iterator[Table]:
    for size in QUICK if quick else SIZES:
        image = noise_png(size)
        shapes = {"inlineData": (inline(image), INLINE), "data URI": (f"![image]({data_uri(image)})", URI)}
        for shape, (part, ways) in shapes.items():
            found = measure(body(reply(part)), image, ways, rounds=1 if quick else 15)
            yield table(f"{size / 1e6:g} MB as {shape}", found)


def table(title: str, found: list[tuple[str, float, float]]) -> Table:
    base = {name: seconds for name, seconds, _ in found}
    rows = tuple(
        (name, seconds * 1e3, seconds / base["floor"], base["json + base64"] / seconds, top)
        for name, seconds, top in found
    )
    columns = ("read by", "ms", "× floor", "faster than json + base64", "peak ÷ image")
    return Table(title, columns, rows)


if __name__ == "__main__":
    command(run)
