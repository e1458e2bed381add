"""`%%gemini_edit`: the last picture is edited, turn by turn in one conversation."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from gemini_nb import models
from gemini_nb.client.chat import Turn
from gemini_nb.errors import ArgumentError, GeminiError, GeminiWarning
from gemini_nb.images.inputs import let_go
from gemini_nb.notebook import generate, options
from gemini_nb.prompts import template
from gemini_nb.prompts.file_names import FileNames

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping

    from gemini_nb.client.chat import Chat
    from gemini_nb.client.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.images.inputs import InputImage
    from gemini_nb.notebook.call_site import CallSite
    from gemini_nb.notebook.session import Session
    from gemini_nb.store.record import Record, StoredImage
    from gemini_nb.store.store import Store

_MAX_ECHOES = 50  # turns of megabytes that are read to find what an edit began with


def run(
    session: Session, line: str, cell: str, names: Mapping[str, Any], site: CallSite
) -> Generation | None:
    """Carry out one `%%gemini_edit`; a turn that fails leaves the conversation as it was."""
    parser = options.edit_parser()
    args = parser.parse_words(options.split_words(line))
    args.site = site
    if len(args.models) > 1:
        raise ArgumentError("%%gemini_edit asks one model.", hint="Use %%gemini_image to compare models.")
    if args.new and args.undo:
        raise ArgumentError("--new and --undo cannot be used together.")
    prompt = generate.read_prompt(cell, parser, args)
    prompt = prompt if args.raw else template.fill(prompt, names)
    client = session.client(replay=args.replay, dry_run=args.dry_run)
    images = generate.read_images(args, names, client)
    chat = _continue_chat(session, client, args, prompt)
    mask = {"mask": generate.read_given_mask(args, names, client), "feather": args.feather}
    request = chat.request(prompt, images=images, **mask, **generate.request_settings(session, args, names))
    paths = FileNames.of_one(args.save, names)
    if not generate.check_cost(session, args, [request], client, paths=paths):
        return None
    words: list[str] = []

    def add_words(piece: str | GeneratedImage) -> None:
        if isinstance(piece, str):
            words.append(piece)

    with generate.waiting_for_one(session, args, request, client, words):
        generation = chat.ask(request, on_piece=add_words if args.stream else None)
    session.chat = chat
    generation = generate.finish(session, args, generation, paths=paths)
    return None if args.quiet and not site.is_taken else generation


def _continue_chat(session: Session, client: Client, args: Namespace, prompt: str) -> Chat:
    """Return the conversation to go on with, on the client of this cell.

    A picture made by another cell begins a new one.
    """
    last, chat = session.last, session.chat
    if args.new:
        return client.chat(_model(session, args, None))
    if chat is not None and chat.last is not None and last is not None and last.digest == chat.last.digest:
        turns = chat.turns[:-1] if args.undo else chat.turns
        return client.chat(_model(session, args, last), turns=turns, source=chat.source)
    if args.undo:
        raise ArgumentError("There is no turn to take back.", hint="The last picture is not an edit.")
    if last is None:
        return _chat_from_store(session, client, args, prompt)
    return client.chat(_model(session, args, last), source=last)


def _chat_from_store(session: Session, client: Client, args: Namespace, prompt: str) -> Chat:
    """Begin a conversation in a fresh kernel with a picture that an earlier one stored."""
    if args.images:
        return client.chat(_model(session, args, None))
    earlier = _find_earlier(client.store, prompt)
    if earlier is None:
        raise ArgumentError(
            "There is no picture to edit yet.",
            hint="Make one with %%gemini_image, start without one with --new, or pass your own with -i.",
        )
    record, source = earlier
    warnings.warn(f"Continuing from the stored picture {record.prompt[:60]!r}.", GeminiWarning, stacklevel=2)
    model = models.name_in_use(record.model, client.provider.name)
    return client.chat(str(args.models[0]) if args.models else model, source=source)


def _model(session: Session, args: Namespace, last: Generation | None) -> str:
    if args.models:
        return str(args.models[0])
    if last is None:
        return session.defaults.model
    return last.request.alias or last.model  # the model of the last picture may be shut down by now


def _find_earlier(store: Store | None, prompt: str) -> tuple[Record, Generation | GeneratedImage] | None:
    """Return the newest stored picture and its record, or None where there is none.

    Where an edit of this prompt is stored, return the picture which that edit began with: so the cell, run
    again in another fresh kernel, is replayed and does not edit its own result.
    """
    if store is None:
        return None
    records = list(store.records())
    by_digest = {image.sha256: (record, image) for record in reversed(records) for image in record.images}
    newest = ((record, record.images[-1]) for record in records)
    for record, stored in (*_find_beginnings(store, prompt, records, by_digest), *newest):
        if (image := store.image(stored)) is not None:
            return record, _with_turn(store, record, image)
    return None


def _with_turn(store: Store, record: Record, image: GeneratedImage) -> Generation | GeneratedImage:
    """Return a record's picture as the answer it was, with the model's content, for the edit to echo."""
    with suppress(GeminiError):  # a request that this version refuses
        generation = record.generation(store.request(record), [image])
        return replace(generation, content=partial(store.content, record.digest))
    return image


def _find_beginnings(
    store: Store, prompt: str, records: list[Record], by_digest: Mapping[str, tuple[Record, StoredImage]]
) -> Iterator[tuple[Record, StoredImage]]:
    """Yield what the stored edits of this prompt began with: a picture that they sent along, or a turn."""
    for number, edit in enumerate(records):
        if edit.prompt != prompt:
            continue
        if edit.inputs and edit.inputs[0].sha256 in by_digest:
            yield by_digest[edit.inputs[0].sha256]
        else:
            older = (record for record in records[number + 1 :] if record.model == edit.model)
            echoed = (record for record in islice(older, _MAX_ECHOES) if _is_echoed(store, record, edit))
            yield from ((record, record.images[-1]) for record in islice(echoed, 1))


def _is_echoed(store: Store, record: Record, edit: Record) -> bool:
    """Whether an edit went on from a record's turn: its digest is that of the request that echoes it."""
    with suppress(GeminiError):  # a request that this version refuses
        answer = store.recall(record.images[-1].sha256, digest=record.digest)
        given = tuple(let_go(cast("InputImage", image)) for image in edit.inputs)
        request = replace(store.request(edit), images=given)
        echo = Turn(*answer).echo_before(request) if answer else None
        return echo is not None and echo.digest == edit.digest
    return False
