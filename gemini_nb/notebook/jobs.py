"""Batch jobs in a notebook: `%gemini jobs`, and what `--batch` needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb.call import Call
from gemini_nb.errors import ArgumentError, Cancelled
from gemini_nb.jobs.service import check_provider
from gemini_nb.notebook.progress import batch_jobs, showing_progress
from gemini_nb.notebook.session import print_line
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from gemini_nb.batch.result import Batch
    from gemini_nb.client.client import Client
    from gemini_nb.client.jobs import JobList, Jobs
    from gemini_nb.notebook.session import Session

ACTIONS = ("list", "wait", "cancel", "fetch")
ALL = "--all"


def run(session: Session, words: list[str], usage: str) -> JobList | Batch | None:
    """Carry out `%gemini jobs ACTION NAME…`, and return what to show; `usage` is the hint of a mistake."""
    action, *names = words or ["list"]
    options = [name for name in names if name.startswith("-")]
    if action not in ACTIONS or (action == "list" and names) or (options and options != [ALL]):
        raise ArgumentError(f"There is no %gemini jobs {one_line(' '.join(words), 40)}.", hint=usage)
    is_all = ALL in names
    names = [name for name in names if name != ALL]
    if action == "cancel" and bool(names) == is_all:
        raise ArgumentError(
            f"Name the jobs to cancel, or all of them: %gemini jobs cancel {ALL}.",
            hint="Nothing was cancelled.",
        )
    if session.store_path() is None:
        raise ArgumentError("The store is off, and batch jobs are found there.")
    client = session.client()
    if action == "list":
        return client.jobs().list()
    check_provider(client.provider)
    if action == "cancel":
        return client.jobs().cancel(*names)
    return _collect(session, client, client.jobs(), names, is_waiting=action == "wait")


def check_batch(session: Session, client: Client, *, replay: str | None) -> None:
    """Raise `ArgumentError` where `--batch` cannot be: for another provider, and without a store."""
    check_provider(client.provider)
    if session.store_path() is None or (replay or session.defaults.replay) == "off":
        raise ArgumentError(
            "--batch needs a store: a job takes up to a day, and is found there again.",
            hint="Nothing was sent. GeminiMagics.store names a folder; replay may not be “off”.",
        )


def _collect(
    session: Session, client: Client, jobs: Jobs, names: list[str], *, is_waiting: bool
) -> Batch | None:
    """Wait or fetch, count what has come in the running total, and return it, if there is anything."""
    call = Call()
    try:
        with showing_progress(session, batch_jobs(call), call=call):
            batch = jobs.wait(*names) if is_waiting else jobs.fetch(*names)
    except Cancelled as cancelled:
        if cancelled.batch is not None:
            _count(session, client, cancelled.batch)
        raise
    _count(session, client, batch)
    if batch.in_jobs:
        print_line(f"{batch.summary}, which go on.")
    elif not len(batch):
        print_line("No batch job of this store is under way.")
    return batch if batch.generations or batch.errors else None


def _count(session: Session, client: Client, batch: Batch) -> None:
    for generation in batch.generations:
        session.spending.add(generation)
    session.count_failures(batch, client)
    if batch.errors:
        session.last_error = batch.errors[0]
