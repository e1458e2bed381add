"""What `%%gemini_edit` does: it goes on from the last picture, turn by turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemini_nb import save
from gemini_nb.errors import ArgumentError
from gemini_nb.notebook import live, options, template
from gemini_nb.notebook.pictures import afforded, body

if TYPE_CHECKING:
    from argparse import Namespace

    from gemini_nb.chat import Chat
    from gemini_nb.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.notebook.magics import GeminiMagics


class Edits:
    """The conversation of a notebook; a picture made by another cell begins a new one."""

    def __init__(self, magics: GeminiMagics) -> None:
        self._magics = magics
        self._chat: Chat | None = None

    def make(self, line: str, cell: str) -> Generation | None:
        """Carry out one `%%gemini_edit`."""
        magics = self._magics
        asked = options.edit_parser().parse_tokens(options.tokens(line))
        if len(asked.models) > 1:
            raise ArgumentError("%%gemini_edit asks one model.", hint="Use %%gemini_image to compare models.")
        prompt = body(cell) if asked.raw else template.fill(body(cell), magics.shell.user_ns)
        if asked.save:
            save.check_free(asked.save)
        client = magics.client(replay=asked.replay or ("only" if asked.dry_run else None))
        chat = self._continued(client, asked)
        request = chat.request(prompt, **self._options(asked))
        if not afforded(magics, asked, [request], client):
            return None
        with live.shown(live.waiting(request.model, magics.ledger)):
            generation = chat.ask(request)
        self._chat = chat
        return self._shown(generation, asked)

    def _continued(self, client: Client, asked: Namespace) -> Chat:
        """The conversation to go on with, on the client of this cell."""
        if asked.new:
            return client.chat(self._model(asked, None))
        last = self._magics.last
        chat = self._chat
        if chat is None or chat.last is None or last is None or last.digest != chat.last.digest:
            if last is None:
                raise ArgumentError(
                    "There is no picture to edit yet.",
                    hint="Make one with %%gemini_image, or begin anew with --new, with -i for a picture of yours.",
                )
            return client.chat(self._model(asked, last), source=last)
        turns = chat.turns[:-1] if asked.undo else chat.turns
        return client.chat(self._model(asked, last), turns=turns, source=chat.source)

    def _model(self, asked: Namespace, last: Generation | None) -> str:
        if asked.models:
            return str(asked.models[0])
        return last.model if last is not None else self._magics.model

    def _options(self, asked: Namespace) -> dict[str, Any]:
        magics = self._magics
        return {
            "images": [magics.source(text) for text in asked.images],
            "aspect_ratio": asked.aspect_ratio or magics.aspect_ratio or None,
            "image_size": asked.image_size or magics.image_size or None,
            "text": asked.text,
        }

    def _shown(self, generation: Generation, asked: Namespace) -> Generation | None:
        magics = self._magics
        generation = magics.keep(magics.shown(generation, full=asked.full, width=asked.width))
        if asked.save:
            generation.save(asked.save)
        if asked.name:
            magics.shell.user_ns[asked.name] = generation
        return None if asked.quiet else generation
