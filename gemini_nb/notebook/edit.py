"""`%%gemini_edit`: the last picture is edited, turn by turn in one conversation."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.notebook import options, template, variables
from gemini_nb.notebook.generate import check_cost, finish, read_prompt, request_settings
from gemini_nb.notebook.progress import one_image, showing_progress

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from gemini_nb.client.chat import Chat
    from gemini_nb.client.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.notebook.session import Session
    from gemini_nb.store.record import Record
    from gemini_nb.store.store import Store


def run(session: Session, line: str, cell: str, names: Mapping[str, Any]) -> Generation | None:
    """Carry out one `%%gemini_edit`; a turn that fails leaves the conversation as it was."""
    args = options.edit_parser().parse_words(options.split_words(line))
    if len(args.models) > 1:
        raise ArgumentError("%%gemini_edit asks one model.", hint="Use %%gemini_image to compare models.")
    if args.new and args.undo:
        raise ArgumentError("--new and --undo exclude each other.")
    prompt = read_prompt(cell) if args.raw else template.fill(read_prompt(cell), names)
    images = variables.read_images(args.images, names)
    client = session.client(replay=args.replay, dry_run=args.dry_run)
    chat = _continue_chat(session, client, args, prompt)
    request = chat.request(prompt, images=images, **request_settings(session, args))
    if not check_cost(session, args, [request], client):
        return None
    render = one_image(request.model, client.provider.name, session.spending)
    words: list[str] = []

    def add_words(piece: str | GeneratedImage) -> None:
        if isinstance(piece, str):
            words.append(piece)

    with showing_progress(render, alone=True, quiet=args.quiet, offline=client.is_offline, words=words):
        generation = chat.ask(request, on_piece=add_words if args.stream else None)
    session.chat = chat
    generation = finish(session, args, generation)
    return None if args.quiet else generation


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
        raise ArgumentError("There is no turn to take back.", hint="The last picture is no edit.")
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
            hint="Make one with %%gemini_image, begin anew with --new, or give one of yours with -i.",
        )
    record, image = earlier
    warnings.warn(
        f"Going on from the store's picture of {record.prompt[:60]!r}.", GeminiWarning, stacklevel=2
    )
    return client.chat(str(args.models[0]) if args.models else record.model, source=image)


def _model(session: Session, args: Namespace, last: Generation | None) -> str:
    if args.models:
        return str(args.models[0])
    return last.model if last is not None else session.defaults.model


def _find_earlier(store: Store | None, prompt: str) -> tuple[Record, GeneratedImage] | None:
    """Return the newest stored picture and its record, or None where there is none.

    Where an edit of this prompt is stored, return the picture which that edit began with: so the cell, run
    again in another fresh kernel, is replayed and does not edit its own result.
    """
    if store is None:
        return None
    records = list(store.records())
    by_digest = {image.sha256: (record, image) for record in reversed(records) for image in record.images}
    beginnings = [
        by_digest[record.inputs[0].sha256]
        for record in records
        if record.prompt == prompt and record.inputs and record.inputs[0].sha256 in by_digest
    ]
    newest = [(record, record.images[-1]) for record in records]
    for record, stored in (*beginnings, *newest):
        if (image := store.image(stored)) is not None:
            return record, image
    return None
