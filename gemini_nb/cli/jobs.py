"""`gemini-nb jobs`: the batch jobs of a store, listed, waited for, cancelled and fetched."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from gemini_nb.cli import each
from gemini_nb.cli.terminal import print_table, progress, say
from gemini_nb.errors import ArgumentError
from gemini_nb.files import is_folder
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from gemini_nb.batch.result import Batch
    from gemini_nb.client.client import Client
    from gemini_nb.client.jobs import JobList

_AGAIN = "The command that sent them sends again what failed, and nothing else."
_SHOWN_CHARACTERS = 60  # of a prompt


def add(parser: ArgumentParser) -> None:
    """Add the actions and their options to the parser of `jobs`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for name, (command, about) in _ACTIONS.items():
        description = f"{about[0].upper()}{about[1:]}."
        action = actions.add_parser(name, help=about, description=description, allow_abbrev=False)
        action.set_defaults(command=command)
        _add_options(action, name)


def _add_options(parser: ArgumentParser, action: str) -> None:
    add = parser.add_argument
    if action != "list":
        which = "none of them" if action == "cancel" else "all that are under way"
        add("names", nargs="*", metavar="NAME", help=f"a job's name, as list tells it (default: {which})")
    if action == "cancel":
        add("--all", action="store_true", help="cancel all that are under way")
    about = "store that the jobs were sent from (default: GEMINI_NB_STORE, else .gemini_nb here)"
    add("--store", metavar="FOLDER", help=about)
    about = "who has the jobs (default: google, the only one that takes batch jobs)"
    add("-p", "--provider", metavar="NAME", default="google", help=about)
    add("--base-url", metavar="URL", help="another server's address (default: GEMINI_NB_BASE_URL)")
    add("--json", action="store_true", help="print JSON instead of text")


def _client(args: Namespace) -> Client:
    from gemini_nb.client.client import Client  # noqa: PLC0415 - the other commands need none of it
    from gemini_nb.store.location import NAME  # noqa: PLC0415

    folder = args.store or os.environ.get("GEMINI_NB_STORE") or NAME
    if folder == "off":
        raise ArgumentError("Batch jobs are found in a store.", hint="Use --store to say where it is.")
    client = Client(args.provider, base_url=args.base_url, store=folder)
    if client.store is None or not is_folder(client.store.folder):
        where = client.store.folder if client.store else folder
        raise ArgumentError(f"There is no store in {where}.", hint="Use --store to say where it is.")
    return client


def _list(args: Namespace) -> None:
    _print_jobs(args, _client(args).jobs().list())


def _cancel(args: Namespace) -> None:
    if not args.names and not args.all:
        raise ArgumentError("Name the jobs to cancel, or add --all.", hint="Nothing was cancelled.")
    _print_jobs(args, _client(args).jobs().cancel(*args.names))


def _wait(args: Namespace) -> None:
    client = _client(args)
    with progress(lambda: "Ctrl-C leaves them running", verb="Waiting for batch jobs, "):
        batch = client.jobs().wait(*args.names)
    _print_batch(args, batch)


def _fetch(args: Namespace) -> None:
    _print_batch(args, _client(args).jobs().fetch(*args.names))


def _print_jobs(args: Namespace, jobs: JobList) -> None:
    if args.json:
        print(json.dumps([job.facts() for job in jobs], indent=2))
    else:
        print_table(jobs.table())


def _print_batch(args: Namespace, batch: Batch) -> None:
    """Print a path, or with --json a line, for each row; raise a `GeminiError` where any failed."""
    if not len(batch):
        say("No batch job of this store is under way.")
        return
    each.print_batch(batch, as_json=args.json)
    say(batch.heading)
    if batch.in_jobs:
        say("What is in batch jobs is not over: gemini-nb jobs list says how far it is.")
    names = [one_line(request.prompt, _SHOWN_CHARACTERS) for request in batch.requests]
    each.raise_failures(batch, names, hint=_AGAIN)


_ACTIONS: dict[str, tuple[Callable[[Namespace], Any], str]] = {
    "list": (_list, "list the jobs, oldest first, with how far they are; free"),
    "wait": (_wait, "wait until jobs are over, put their pictures into the store and print their paths"),
    "fetch": (_fetch, "put the pictures of the jobs that are over into the store, and wait for no other"),
    "cancel": (_cancel, "have no more rows made; what was made is billed, and fetch gets it"),
}
