"""The store: what a hit costs with few and with many records, against reading and hashing the picture alone.

Times are medians of interleaved rounds in one process, files in the page cache; only the ratios carry over
to another machine.
"""

from __future__ import annotations

import tempfile
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Table, command, median_seconds

from gemini_nb.request import ImageRequest
from gemini_nb.store import nearest, record
from gemini_nb.store.store import Store
from support.generations import answer
from support.images import noise_png

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTS = (10, 10_000)
QUICK = (3, 30)
ROUNDS = 200
IMAGE_BYTES = 1_500_000
READ = "the picture read and hashed"


def run(quick: bool) -> Iterator[Table]:
    with tempfile.TemporaryDirectory() as folder:
        yield table(Path(folder), QUICK if quick else COUNTS, 1 if quick else ROUNDS)


def table(folder: Path, counts: tuple[int, int], rounds: int) -> Table:
    image = noise_png(IMAGE_BYTES)
    stores = {records: filled(folder, records, image) for records in counts}
    few, many = counts
    path = next((stores[few].folder / "images").iterdir())
    hits = {
        f"hit, {records:,} records": partial(hit, store, records, count())
        for records, store in stores.items()
    }
    asked = ImageRequest("prompt 12 and more")
    keeps = max(1, rounds // 10)
    new = iter([answer(f"new {n}", noise_png(IMAGE_BYTES, seed=n)) for n in range(1, keeps + 1)])
    found = median_seconds({READ: partial(floor, path), **hits}, rounds)
    found |= median_seconds(
        {
            f"miss, {many:,} records": partial(stores[many].find, asked),
            "keep": lambda: stores[few].keep(next(new)),
        },
        keeps,
    )
    found |= median_seconds(
        {
            f"listing {many:,} records": lambda: list(stores[many].records()),
            f"nearest of {many:,} records": lambda: nearest.find(asked, stores[many].records()),
        },
        min(rounds, 3),
    )
    rows = tuple((name, seconds * 1e3, seconds / found[READ]) for name, seconds in found.items())
    same = found[f"hit, {many:,} records"] / found[f"hit, {few:,} records"]
    note = f"A hit with {many:,} records costs {same:.2f} × one with {few:,}."
    return Table(f"A picture of {IMAGE_BYTES / 1e6:g} MB", ("what", "ms", f"× {READ}"), rows, (note,))


def filled(folder: Path, records: int, image: bytes) -> Store:
    """A store of so many records of one picture, written without waiting for the disk."""
    store = Store(folder / str(records))
    assert store.keep(answer("prompt 0", image))
    for number in range(1, records):
        generation = answer(f"prompt {number}", image)
        path = store.folder / "records" / f"{generation.digest}.json"
        path.write_bytes(record.encode(record.to_json(generation)))
    return store


def hit(store: Store, records: int, numbers: Iterator[int]) -> None:
    assert store.find(ImageRequest(f"prompt {next(numbers) * 7919 % records}")) is not None


def floor(path: Path) -> None:
    assert sha256(path.read_bytes()).hexdigest() == path.stem


if __name__ == "__main__":
    command(run)
