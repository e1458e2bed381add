"""Reading a reply: body → image bytes, against the floor and against what others do.

Run: python tests/benchmarks/bench_reading.py
Times are medians of interleaved rounds in one process. Peaks are tracemalloc's, of one reading each,
on top of the body, as a multiple of the image (pybase64's and json's buffers are counted by it).
"""

from __future__ import annotations

import base64
import gc
import json
import statistics
import sys
import time
import tracemalloc
from pathlib import Path

import pybase64

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from gemini_nb import response  # noqa: E402
from pictures import noise_png  # noqa: E402 - found by the line above
from replies import body, data_uri, inline, reply  # noqa: E402

SIZES = (1_500_000, 6_000_000, 20_000_000)


def floor(raw: bytes) -> bytes:
    start = raw.find(b"iVBORw0KGgo")
    return pybase64.b64decode(memoryview(raw)[start : raw.find(b'"', start)], validate=True)


def floor_uri(raw: bytes) -> bytes:
    start = raw.find(b"iVBORw0KGgo")
    return pybase64.b64decode(memoryview(raw)[start : raw.find(b")", start)], validate=True)


def ours(raw: bytes) -> bytes:
    return response.read(raw).images[0].data


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
    "gemini_nb": ours,
    "json + base64": json_base64,
    "json + pybase64": json_pybase64,
    "google-genai's types": google_genai,
}
URI = {"floor": floor_uri, "gemini_nb": ours, "json + base64": json_base64_uri}


def measure(raw: bytes, image: bytes, ways: dict, rounds: int = 15) -> list[tuple[str, float, float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for name, way in ways.items():
        assert way(raw) == image, name
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


def main() -> None:
    print("| image | shape | way | ms | × floor | faster than json + base64 | peak ÷ image |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in SIZES:
        image = noise_png(size)
        shapes = {"inlineData": (inline(image), INLINE), "data URI": (f"![image]({data_uri(image)})", URI)}
        for shape, (part, ways) in shapes.items():
            rows = measure(body(reply(part)), image, ways)
            base = {name: seconds for name, seconds, _ in rows}
            for name, seconds, top in rows:
                against = seconds / base["floor"], base["json + base64"] / seconds
                print(
                    f"| {size / 1e6:g} MB | {shape} | {name} | {seconds * 1e3:.2f} "
                    f"| {against[0]:.2f} | {against[1]:.1f} | {top:.2f} |"
                )


if __name__ == "__main__":
    main()
