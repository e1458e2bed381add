"""A kernel that keeps and finds answers in one store until it is killed.

Run: python store_worker.py FOLDER SEED PROMPTS. Says "kept N" for each answer that it was told is kept, and
"WRONG …" for a picture of another prompt or one that was there and is gone. The width of a picture is its
prompt's number, so that a wrong one is known by itself.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from gemini_nb.request import ImageRequest  # noqa: E402
from gemini_nb.store.store import Store  # noqa: E402
from support.generations import answer, content_of  # noqa: E402
from support.images import PNG_END, chunk, png  # noqa: E402


def numbered(number: int, noise: bytes):
    """An answer to prompt `number`, whose picture is that many pixels wide."""
    picture = png(number, 1)[: -len(PNG_END)] + chunk(b"noIz", noise) + PNG_END
    return answer(f"prompt {number}", picture)


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # one write, so that a kill cuts between lines


def check(store: Store, number: int, *, known: bool) -> bool:
    found = store.find(ImageRequest(f"prompt {number}"))
    if found is None and known:
        say(f"WRONG: prompt {number} was stored and is gone")
    if found is not None and (found.image.width != number or found.prompt != f"prompt {number}"):
        say(f"WRONG: prompt {number} has the picture of {found.image.width}")
    return found is not None


def main(folder: str, seed: str, prompts: str) -> None:
    store, chance = Store(folder), random.Random(seed)
    known: set[int] = set()
    while True:
        number = chance.randint(1, int(prompts))
        content = content_of({"parts": [{"thoughtSignature": "A" * chance.randint(1, 50_000)}]})
        if store.keep(numbered(number, chance.randbytes(chance.randint(0, 300_000))), content):
            known.add(number)
            say(f"kept {number}")
        for other in chance.sample(range(1, int(prompts) + 1), 3):
            if check(store, other, known=other in known):
                known.add(other)


if __name__ == "__main__":
    main(*sys.argv[1:])
