"""The requests whose answers stand in `tests/store/kept_by_0_1_0`, and what asks for them again.

The folder was written once, by the release before the catalogue knew shutdowns, and is never written again.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from support.images import jpeg, png
from support.paths import TESTS
from support.shells import Shell

if TYPE_CHECKING:
    from pathlib import Path

    from gemini_nb import Client

KEPT = TESTS / "store" / "kept_by_0_1_0"
EXPECTED = json.loads((KEPT / "expected.json").read_text()) if (KEPT / "expected.json").is_file() else {}
PROVIDERS = ("crazyrouter", "google")
ALIASES = ("nano-banana", "nano-banana-2", "nano-banana-pro", "nano-banana-2-lite", "nano-banana-2.1")
IDS = (
    "gemini-3.1-flash-image-preview",
    "gemini-3-pro-image-preview",
    "gemini-2.5-flash-image",
    "gemini-2.5-flash-image-preview",
    "gemini-3.1-flash-image",
    "gemini-3-pro-image",
    "gemini-3.1-flash-lite-image",
    "gemini-nano-banana-2.1",
)
INPUT = png(9, 6, (0, 80, 200))

# What `Client.generate` is asked for, by name.
PYTHON = {
    "default": {},
    **{name: {"model": name} for name in (*ALIASES, *IDS)},
    "take": {"take": 1},
    "take of an alias": {"model": "nano-banana-pro", "take": 2},
    "ratio and size": {"aspect_ratio": "16:9", "image_size": "2K"},
    "size of an alias": {"model": "nano-banana-pro", "image_size": "4K"},
    "words": {"model": "nano-banana", "text": True},
    "config": {"config": {"seed": 7}, "extra": {"tools": [{"googleSearch": {}}]}},
    "input image": {"images": [INPUT]},
    "input images of an alias": {"model": "nano-banana", "images": [INPUT, jpeg(5, 5)]},
}
# What `Client.chat` is asked for: the options, then a turn each.
CHATS = {
    "chat": ({}, ("a cat", "at night", "in rain")),
    "chat of an alias": ({"model": "nano-banana-pro"}, ("a dog", "in snow")),
    "chat of nano-banana": ({"model": "nano-banana"}, ("a fish", "in a bowl")),
}
# Cells of one notebook, in their order.
CELLS = (
    "%%gemini_image plain\na hut",
    "%%gemini_image small -m nano-banana -a 3:2\na boat",
    "%%gemini_image takes -n 2\na tree",
    "%%gemini_image both -m nano-banana-2 -m nano-banana-pro\na stone",
    "hues = ['red', 'blue']",
    "%%gemini_image hued --vary hues\na {{hues}} door",
    "%%gemini_image wide -m nano-banana-pro -a 16:9 -z 2K\na bridge",
    "%%gemini_edit night\nat night",
    "%%gemini_edit rain\nin rain",
    "%%gemini_image sent -i plain\nlike this, but larger",
    "%%gemini_edit other -m nano-banana --new -i plain\nin the style of a woodcut",
    "%%gemini_edit again\nwith a frame",
)
NAMES = ("plain", "small", "takes", "both", "hued", "wide", "night", "rain", "sent", "other", "again")


@contextmanager
def copied(folder: Path):
    """A copy of the kept store, which nothing may write into where it stands."""
    store = folder / "store"
    shutil.copytree(KEPT / "store", store)
    yield store


def ask_in_python(client: Client, provider: str) -> dict[str, tuple[str, str]]:
    """Ask for everything of `PYTHON` and `CHATS`; return each picture's SHA-256 and model."""
    answers = {
        name: client.generate(f"{name}, asked of {provider}", **options) for name, options in PYTHON.items()
    }
    for name, (options, turns) in CHATS.items():
        chat = client.chat(**options)
        for turn in turns:
            answers[f"{name}: {turn}"] = chat.send(f"{turn}, asked of {provider}")
    return {f"{provider}, {name}": facts(answer) for name, answer in answers.items()}


def ask_in_cells(provider: str, store: Path, **variables: str) -> dict[str, tuple[str, str]]:
    """Run `CELLS` in a shell of their own; return each picture's SHA-256 and model."""
    with patch.dict(os.environ, {"GEMINI_NB_PROVIDER": provider} | variables):
        shell = Shell()
        try:
            shell.magics.store = str(store)
            for cell in CELLS:
                result = shell.run(cell.replace("\na ", f"\nfor {provider}: a "))
                assert result.error is None, (cell, result.error)
            results = {name: shell.names[name] for name in NAMES}
        finally:
            shell.close()
    answers = {}
    for name, result in results.items():
        for number, answer in enumerate(getattr(result, "generations", [result])):
            answers[f"{provider}, cell {name} {number}"] = facts(answer)
    return answers


def facts(answer) -> tuple[str, str]:
    return answer.image.sha256, answer.model
