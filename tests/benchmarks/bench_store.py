"""The store: what a hit costs with few and with many records, against reading and hashing the picture alone.

Run: python tests/benchmarks/bench_store.py
Times are medians of interleaved rounds in one process, files in the page cache; only the ratios carry over
to another machine.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from answered import answer  # noqa: E402 - found by the line above
from gemini_nb import record  # noqa: E402
from gemini_nb.request import ImageRequest  # noqa: E402
from gemini_nb.store import Store  # noqa: E402
from pictures import noise_png  # noqa: E402

COUNTS = (10, 10_000)
ROUNDS = 200
IMAGE_BYTES = 1_500_000


def filled(folder: Path, count: int, image: bytes) -> Store:
    """A store of `count` records of one picture, written without waiting for the disk."""
    store = Store(folder / str(count))
    assert store.keep(answer("prompt 0", image))
    for number in range(1, count):
        generation = answer(f"prompt {number}", image)
        path = store.folder / "records" / f"{generation.digest}.json"
        path.write_bytes(record.encode(record.facts(generation)))
    return store


def median_ms(ways: dict, rounds: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way(number)
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) * 1e3 for name, found in times.items()}


def hit(store: Store, count: int, number: int) -> None:
    found = store.find(ImageRequest(f"prompt {number * 7919 % count}"))
    assert found is not None


def floor(path: Path, _number: int) -> None:
    assert sha256(path.read_bytes()).hexdigest() == path.stem


def main() -> None:
    image = noise_png(IMAGE_BYTES)
    with tempfile.TemporaryDirectory() as folder:
        stores = {count: filled(Path(folder), count, image) for count in COUNTS}
        few, many = COUNTS
        path = next((stores[few].folder / "images").iterdir())
        ways = {
            "the picture read and hashed": lambda n: floor(path, n),
            **{f"hit, {c:,} records": lambda n, c=c: hit(stores[c], c, n) for c in COUNTS},
        }
        found = median_ms(ways, ROUNDS)
        base = found["the picture read and hashed"]
        asked = ImageRequest("prompt 12 and more")
        found |= median_ms(
            {
                f"miss, {many:,} records": lambda _: stores[many].find(asked),
                "keep": lambda n: stores[few].keep(answer(f"new {n}", noise_png(IMAGE_BYTES, seed=n + 1))),
            },
            20,
        )
        found |= median_ms(
            {
                f"listing {many:,} records": lambda _: list(stores[many].records()),
                f"nearest of {many:,} records": lambda _: stores[many].nearest(asked),
            },
            3,
        )
        print(f"| what, picture of {IMAGE_BYTES / 1e6:g} MB | ms | × the picture read and hashed |")
        print("| --- | --- | --- |")
        for name, milliseconds in found.items():
            print(f"| {name} | {milliseconds:.2f} | {milliseconds / base:.2f} |")
        ratio = found[f"hit, {many:,} records"] / found[f"hit, {few:,} records"]
        print(f"\nA hit with {many:,} records costs {ratio:.2f} × one with {few:,}.")


if __name__ == "__main__":
    main()
