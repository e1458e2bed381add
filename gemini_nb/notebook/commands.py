"""The commands of `%gemini`: models, key, status, cost, history, store, last, code, probe, doctor, studio."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from getpass import getpass
from typing import TYPE_CHECKING, Any

from gemini_nb import models, probe
from gemini_nb.call import Call
from gemini_nb.display.table import Table
from gemini_nb.errors import ArgumentError
from gemini_nb.notebook import options, progress
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import enter_key, find_key, forget_key, read_dotenv
from gemini_nb.providers.selection import choose_provider
from gemini_nb.store import inventory
from gemini_nb.text import format_dollars, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from gemini_nb.notebook.session import Session
    from gemini_nb.probe import Finding
    from gemini_nb.store.store import Store


_HELP = ("-h", "--help", "help")
_MAX_HISTORY_ROWS = 500


@dataclass(frozen=True)
class Command:
    """One command of `%gemini`: what it does, and its `arguments` as its help writes them."""

    act: Callable[[Session, list[str]], Any]
    arguments: str = ""
    max_arguments: int = 0


def run(session: Session, words: list[str]) -> Any:
    """Carry out `%gemini WORD …` and return what to show; without a word, say what there is."""
    options.check_no_keys(words)
    if not words or words[0] in _HELP:
        return _print_lines([_usage(name) for name in COMMANDS])
    name, *rest = words
    if name not in COMMANDS:
        near = difflib.get_close_matches(name[:40], COMMANDS, n=1)
        hint = f"Did you mean %gemini {near[0]}?" if near else f"There are: {', '.join(COMMANDS)}."
        raise ArgumentError(f"There is no %gemini {one_line(name, 40)}.", hint=hint)
    if any(word in _HELP for word in rest):
        return _print_lines([_usage(name)])
    command = COMMANDS[name]
    if len(rest) > command.max_arguments:
        unexpected = rest[command.max_arguments][:40]
        raise ArgumentError(f"%gemini {name} does not take {unexpected!r}.", hint=_usage(name))
    return command.act(session, rest)


def _usage(name: str) -> str:
    command = COMMANDS[name]
    return f"%gemini {f'{name} {command.arguments}'.strip():32} {command.act.__doc__}"


def _print_lines(lines: list[str]) -> None:
    print("\n".join(lines))


def _models(_session: Session, _words: list[str]) -> Table:
    """List the known models, their sizes, list prices and the shape last seen."""
    sources = list(dict.fromkeys(row.source for row in models.CATALOGUE))
    rows = tuple(
        (
            row.id,
            row.alias or "",
            " ".join(row.image_sizes) or "one",
            ", ".join(f"{size} {format_dollars(price)}".strip() for size, price in row.prices) or "unknown",
            f"{row.shape}, {row.observed}" if row.shape else "never",
            f"[{sources.index(row.source) + 1}]",
        )
        for row in models.CATALOGUE
    )
    seen = {row.source: f" Shapes seen on {row.observed}." for row in models.CATALOGUE if row.observed}
    notes = [f"[{place}] {source}.{seen.get(source, '')}" for place, source in enumerate(sources, start=1)]
    notes += ["Prices are Google's list prices in US dollars for one picture; a gateway charges its own."]
    notes += [row.note for row in models.CATALOGUE if row.note]
    columns = ("model", "alias", "sizes", "list price of a picture", "shape last seen", "source")
    return Table(columns, rows, notes=tuple(notes))


def _key(session: Session, words: list[str]) -> None:
    """Ask for a key and keep it in memory; "forget" drops it, a .env file is read if it is named."""
    name = session.provider_name()
    provider = choose_provider(name if name in ("crazyrouter", "google") else "crazyrouter")
    if words == ["forget"]:
        for known in providers.PROVIDERS.values():
            forget_key(known)
    elif words:
        read_dotenv(words[0])
    else:
        enter_key(provider, _ask_for_key(f"Key for {provider.name} (kept in memory only): ", provider))
    _print_lines(_key_lines())


def _ask_for_key(question: str, provider: providers.Provider) -> str:
    from IPython.core.error import StdinNotImplementedError  # noqa: PLC0415 - IPython is needed only here

    try:
        return getpass(question)
    except (StdinNotImplementedError, EOFError):
        pass
    raise ArgumentError(
        "There is nobody to ask for a key: this notebook runs unattended.",
        hint=f"Set {provider.key_variables[0]} before it is started.",
    )


def _status(session: Session, _words: list[str]) -> None:
    """Say who is asked and why, for which model, what is replayed, and whether a key is set."""
    from gemini_nb.notebook import doctor  # noqa: PLC0415 - needed for this word only

    _print_lines([*doctor.describe_settings(session), *_key_lines()])


def _key_lines() -> list[str]:
    keys = [(provider.name, find_key(provider)) for provider in providers.KEYED]
    return [f"key          {name}: {f'set, from {key.where}' if key else 'not set'}" for name, key in keys]


def _cost(session: Session, _words: list[str]) -> Table:
    """Say how many pictures were made in this session, and what they cost by estimate."""
    split = [line.partition("  ") for line in session.spending.lines()]
    return Table(("", ""), tuple((label, amount.strip()) for label, _, amount in split))


def _history(session: Session, words: list[str]) -> Any:
    """Show the newest pictures of the store (20, or so many), with prompt, model, time and cost."""
    count = words[0] if words else "20"
    if not (count.isascii() and count.isdigit() and 1 <= int(count[:5]) <= _MAX_HISTORY_ROWS):
        raise ArgumentError(f"{count[:20]!r} is not a count from 1 to {_MAX_HISTORY_ROWS}.")
    store = session.open_store()
    if store is None or not inventory.count_records(store):
        return _print_lines([_describe_no_records(store)])
    return inventory.history_table(store, int(count))


def _store(session: Session, words: list[str]) -> Any:
    """Say where pictures are kept and how much it is; check every file, or remove them all."""
    store = session.open_store()
    action = words[0] if words else ""
    if action not in ("", "list", "verify", "clear") or (words[1:] and words != ["clear", "--yes"]):
        raise ArgumentError(
            f"There is no %gemini store {one_line(' '.join(words), 40)}.", hint=_usage("store")
        )
    if store is None:
        return _print_lines([_describe_no_records(store)])
    if action == "list":
        return _history(session, [])
    if action == "verify":
        return _print_lines(inventory.report_lines(store.verify()))
    if action == "clear":
        hint = "Nothing was removed. %gemini store clear --yes does it."
        return _print_lines([f"{inventory.clear(store, confirmed='--yes' in words, hint=hint)}."])
    return _print_lines(inventory.lines(store))


def _describe_no_records(store: Store | None) -> str:
    return "The store is off." if store is None else f"The store {store.folder} holds nothing yet."


def _last(session: Session, _words: list[str]) -> None:
    """Show the last failure again, and where the reply is that came with it."""
    error = session.last_error
    if error is None:
        return _print_lines(["There was no failure yet."])
    kept = [f"reply        {error.raw_path}"] if error.raw_path else []
    return _print_lines([f"{type(error).__name__}: {error}", *kept])


def _code(session: Session, _words: list[str]) -> None:
    """Print the Python that asks for the last picture again, and gets the stored one."""
    from gemini_nb.notebook import export  # noqa: PLC0415 - needed for this word only

    print(export.python_source(session), end="")


def _probe(session: Session, words: list[str]) -> Any:
    """Ask each model once (or those named) what shape it returns today; says the cost, sends with --yes."""
    findings = probe.run(
        session.provider_name(),
        [word for word in words if word != "--yes"],
        base_url=session.defaults.base_url or None,
        confirmed="--yes" in words,
        say=print,
        waiting=_probe_progress,
        interrupted=lambda findings: print(probe.make_table(findings)) if findings else None,
        spending=session.spending,
        timeout=session.defaults.timeout,
        requests_per_minute=session.defaults.requests_per_minute,
    )
    return None if findings is None else probe.make_table(findings)


def _probe_progress(findings: Sequence[Finding], count: int) -> AbstractContextManager[None]:
    call = Call()

    def render(seconds: float) -> dict[str, str]:
        wait = call.describe_wait() or f"{seconds:.0f} s"
        return progress.draw_bar(
            f"{len(findings)} of {count} models have answered · {wait}", len(findings) / count
        )

    return progress.showing_progress(render, call=call)


def _doctor(session: Session, _words: list[str]) -> None:
    """Look for what could be wrong: versions, front end, provider, reachability, store. Nothing secret."""
    from gemini_nb.notebook import doctor  # noqa: PLC0415 - needed for this word only

    _print_lines([*doctor.diagnose(session), *_key_lines()])


def _studio(session: Session, _words: list[str]) -> Any:
    """Open the studio: controls beside the code, and a gallery that is saved with the notebook."""
    from gemini_nb.notebook.studio.studio import Studio  # noqa: PLC0415 - loads ipywidgets and Pillow

    return Studio(shell=session.shell)


def _cell(session: Session, words: list[str]) -> None:
    """Insert below the cell that makes picture N of the studio again, from the store where it is kept."""
    from gemini_nb.notebook import export  # noqa: PLC0415 - loads ipywidgets and Pillow
    from gemini_nb.notebook.studio import studio  # noqa: PLC0415 - loads ipywidgets and Pillow

    number = int(words[0]) if words and words[0].isascii() and words[0][:6].isdigit() else 0
    source = export.cell_source(session, studio.album_of(session.shell).find(number))
    session.shell.set_next_input(source)


COMMANDS: dict[str, Command] = {
    "models": Command(_models),
    "key": Command(_key, "[forget | FILE]", 1),
    "status": Command(_status),
    "cost": Command(_cost),
    "history": Command(_history, "[N]", 1),
    "store": Command(_store, "[list | verify | clear --yes]", 2),
    "last": Command(_last),
    "code": Command(_code),
    "probe": Command(_probe, "[--yes] [MODEL]…", 100),
    "studio": Command(_studio),
    "cell": Command(_cell, "N", 1),
    "doctor": Command(_doctor),
}
