"""What `%%gemini_edit` does: it goes on from the last picture, turn by turn."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from gemini_nb import files
from gemini_nb.errors import ArgumentError, GeminiError, GeminiWarning
from gemini_nb.images.image import MAX_IMAGE_BYTES, GeneratedImage
from gemini_nb.notebook import options, progress, template, variables
from gemini_nb.notebook.generate import afforded, body, finished, settings

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from gemini_nb.client.chat import Chat
    from gemini_nb.client.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.notebook.magics import GeminiMagics
    from gemini_nb.store.record import Record, StoredImage
    from gemini_nb.store.store import Store


def _say(said: list[str], piece: str | GeneratedImage) -> None:
    if isinstance(piece, str):
        said.append(piece)


class Edits:
    """The conversation of a notebook; a picture made by another cell begins a new one."""

    def __init__(self, magics: GeminiMagics) -> None:
        self._magics = magics
        self._chat: Chat | None = None

    def make(self, line: str, cell: str, names: Mapping[str, Any]) -> Generation | None:
        """Carry out one `%%gemini_edit`; a turn that fails leaves the conversation as it was."""
        magics = self._magics
        asked = options.edit_parser().parse_tokens(options.tokens(line))
        if len(asked.models) > 1:
            raise ArgumentError("%%gemini_edit asks one model.", hint="Use %%gemini_image to compare models.")
        if asked.new and asked.undo:
            raise ArgumentError("--new and --undo exclude each other.")
        prompt = body(cell) if asked.raw else template.fill(body(cell), names)
        images = variables.read(asked.images, names)
        client = magics.client(replay=asked.replay, dry_run=asked.dry_run)
        chat = self._continued(client, asked, prompt)
        request = chat.request(prompt, images=images, **settings(magics, asked))
        if not afforded(magics, asked, [request], client):
            return None
        waiting = progress.waiting(request.model, client.provider.name, magics.ledger)
        said: list[str] = []
        with progress.shown(waiting, alone=True, quiet=asked.quiet, offline=client.is_offline, said=said):
            generation = chat.ask(request, tell=partial(_say, said) if asked.stream else None)
        self._chat = chat
        generation = finished(magics, asked, generation)
        return None if asked.quiet else generation

    def _continued(self, client: Client, asked: Namespace, prompt: str) -> Chat:
        """The conversation to go on with, on the client of this cell."""
        last, chat = self._magics.last, self._chat
        if asked.new:
            return client.chat(self._model(asked, None))
        if (
            chat is not None
            and chat.last is not None
            and last is not None
            and last.digest == chat.last.digest
        ):
            turns = chat.turns[:-1] if asked.undo else chat.turns
            return client.chat(self._model(asked, last), turns=turns, source=chat.source)
        if asked.undo:
            raise ArgumentError("There is no turn to take back.", hint="The last picture is no edit.")
        if last is None:
            return self._from_store(client, asked, prompt)
        return client.chat(self._model(asked, last), source=last)

    def _from_store(self, client: Client, asked: Namespace, prompt: str) -> Chat:
        """In a fresh kernel: go on from a picture of an earlier one."""
        if asked.images:
            return client.chat(self._model(asked, None))
        found = earlier_picture(client.store, prompt)
        if found is None:
            raise ArgumentError(
                "There is no picture to edit yet.",
                hint="Make one with %%gemini_image, begin anew with --new, or give one of yours with -i.",
            )
        warnings.warn(
            f"Going on from the store's picture of {found.record.prompt[:60]!r}.", GeminiWarning, stacklevel=2
        )
        return client.chat(str(asked.models[0]) if asked.models else found.record.model, source=found.image)

    def _model(self, asked: Namespace, last: Generation | None) -> str:
        if asked.models:
            return str(asked.models[0])
        return last.model if last is not None else self._magics.model


class Earlier(NamedTuple):
    """A stored picture and what is known of it."""

    record: Record
    image: GeneratedImage


def earlier_picture(store: Store | None, prompt: str) -> Earlier | None:
    """Return the newest stored picture, or None where there is none.

    Where an edit of this prompt is stored, it is the picture which that edit began with: so the cell, run
    again in another fresh kernel, is replayed and does not edit its own result.
    """
    records = list(store.records()) if store is not None else []
    of = {image.sha256: (record, image) for record in reversed(records) for image in record.images}
    begun = [
        of[record.inputs[0].sha256]
        for record in records
        if record.prompt == prompt and record.inputs and record.inputs[0].sha256 in of
    ]
    newest = [(record, record.images[-1]) for record in records]
    for record, stored in (*begun, *newest):
        image = _read(store, stored) if store is not None else None
        if image is not None:
            return Earlier(record, image)
    return None


def _read(store: Store, stored: StoredImage) -> GeneratedImage | None:
    path = store.folder / "images" / stored.file_name
    data = files.read_addressed(path, limit=MAX_IMAGE_BYTES)
    if data is None:
        return None
    try:
        return GeneratedImage.from_bytes(data, source=stored.source)
    except GeminiError:
        return None
