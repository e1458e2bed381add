"""`gemini-nb store`: what is kept, whether it is sound, and removing it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_nb.cli.terminal import print_table, say
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.files import is_folder
from gemini_nb.text import format_count, printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from gemini_nb.store.store import Store


def add(parser: ArgumentParser) -> None:
    """Add the actions and their options to the parser of `store`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for name, (command, about) in _ACTIONS.items():
        description = f"{about[0].upper()}{about[1:]}."
        action = actions.add_parser(name, help=about, description=description, allow_abbrev=False)
        action.set_defaults(command=command)
        where = "the store (default: GEMINI_NB_STORE, else .gemini_nb here)"
        action.add_argument("--folder", type=Path, help=where)
        if name == "clear":
            confirm = "confirm; removed pictures would be paid for again"
            action.add_argument("--yes", action="store_true", help=confirm)
        else:
            action.add_argument("--json", action="store_true", help="print JSON instead of text")


def _open_store(args: Namespace) -> Store:
    from gemini_nb.store.location import default_folder  # noqa: PLC0415 - the other commands need none of it
    from gemini_nb.store.store import Store  # noqa: PLC0415

    named = os.environ.get("GEMINI_NB_STORE") or ""
    folder = args.folder or (Path(named) if named not in ("", "off") else default_folder())
    store = Store(folder)
    if not is_folder(store.folder):
        raise ArgumentError(f"There is no store in {store.folder}.", hint="Use --folder to say where it is.")
    return store


def _list(args: Namespace) -> None:
    from gemini_nb.store import inventory  # noqa: PLC0415 - the other commands need none of it

    store = _open_store(args)
    records = list(store.records())
    if args.json:
        print(json.dumps([asdict(record) for record in records], indent=2))
        return
    for line in inventory.lines(store):
        say(line)
    if records:
        print_table(inventory.table(records))


def _verify(args: Namespace) -> None:
    from gemini_nb.store import inventory  # noqa: PLC0415 - the other commands need none of it

    report = _open_store(args).verify()
    if args.json:
        print(json.dumps({**asdict(report), "ok": report.ok}, indent=2, default=str))
    else:
        print(printable("\n".join(inventory.report_lines(report))))
    if not report.ok:
        bad = format_count(len(report.problems), "problem")
        raise GeminiError(f"{bad} found.", hint="Altered or missing files count as not stored.")


def _clear(args: Namespace) -> None:
    from gemini_nb.store import inventory  # noqa: PLC0415 - the other commands need none of it

    hint = "Nothing was removed. Add --yes to confirm."
    print(printable(inventory.clear(_open_store(args), confirmed=args.yes, hint=hint)))


_ACTIONS: dict[str, tuple[Callable[[Namespace], None], str]] = {
    "list": (_list, "list what is stored, newest first"),
    "verify": (_verify, "check every file; exit 1 if one is altered or missing"),
    "clear": (_clear, "remove every record, picture and kept reply"),
}
