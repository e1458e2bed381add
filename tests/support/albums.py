"""Albums with pictures in them, painted offline or answered by a provider."""

from __future__ import annotations

from gemini_nb import Client
from gemini_nb.notebook.studio.album import Album

FAST = {"image_size": "512"}


class Painter:
    """Paints offline in a process of its own, as far as it remembers: nothing of another painter's."""

    def __init__(self) -> None:
        self.client = Client("offline")

    def __call__(self):
        return self.client.asynchronous

    def paint(self, prompt, *images, **options):
        return self.client.generate(prompt, images=images, **FAST, **options)


class Watcher:
    """Counts the changes of an album."""

    def __init__(self, album) -> None:
        self.changes = 0
        album.watch(self)

    def redraw(self) -> None:
        self.changes += 1


def album_of(*generations) -> Album:
    album = Album()
    for generation in generations:
        album.add(generation)
    return album


def prompts(album) -> list[str]:
    return [entry.generation.prompt for entry in album.entries]


def numbers(album) -> list[int]:
    return [entry.number for entry in album.entries]
