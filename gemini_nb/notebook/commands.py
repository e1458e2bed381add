"""The commands of `%gemini`: models, key, status, cost, history, jobs, store, doctor and others."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import partial
from getpass import getpass
from typing import TYPE_CHECKING, Any

from gemini_nb import models, probe
from gemini_nb.call import Call
from gemini_nb.display.table import Table
from gemini_nb.errors import ArgumentError
from gemini_nb.notebook import progress
from gemini_nb.providers import provider as providers
from gemini_nb.providers import system_keyring
from gemini_nb.providers.keys import check_no_keys, enter_key, find_key, forget_key, keep_key, read_dotenv
from gemini_nb.providers.selection import choose_provider
from gemini_nb.store import inventory
from gemini_nb.text import TEXT_COLUMNS, format_dollars, one_line, printable, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from gemini_nb.notebook.session import Session
    from gemini_nb.probe import Finding
    from gemini_nb.store.store import Store


_HELP = ("-h", "--help", "help")
_MAX_HISTORY_ROWS = 500
_USAGE_COLUMNS = 32  # before what a command does


@dataclass(frozen=True)
class Command:
    """One command of `%gemini`: what it does, and its `arguments` as its help writes them."""

    act: Callable[[Session, list[str]], Any]
    arguments: str = ""
    max_arguments: int = 0


def run(session: Session, words: list[str]) -> Any:
    """Carry out `%gemini WORD …` and return what to show; without a word, say what there is."""
    check_no_keys(words)
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
    call = f"%gemini {name} {command.arguments}".strip()
    if len(call) > _USAGE_COLUMNS - 2:
        call += "\n" + " " * _USAGE_COLUMNS
    return f"{call:{_USAGE_COLUMNS}}{command.act.__doc__}"


def _print_lines(lines: list[str]) -> None:
    print(wrap(printable("\n".join(lines)), TEXT_COLUMNS))


def _models(session: Session, words: list[str]) -> Table:
    """List the known models with list prices and shutdowns; --live asks which are offered today (free)."""
    if words and words != ["--live"]:
        raise ArgumentError(f"%gemini models does not take {words[0][:40]!r}.", hint=_usage("models"))
    if words:
        return session.client().list_models().table()
    sources = list(dict.fromkeys(source for row in models.CATALOGUE for source in row.sources.values()))
    rows = tuple(_describe_row(row, sources) for row in models.CATALOGUE)
    seen = {row.shape_source for row in models.CATALOGUE}
    notes = [
        f"[{place}] {source.text}{'. Shapes seen on' if source in seen else ','} {source.date}."
        for place, source in enumerate(sources, start=1)
    ]
    notes += ["Prices are Google's list prices in US dollars for one picture; a gateway charges its own."]
    notes += [
        f"{alias.name} is {alias.crazyrouter} at Crazyrouter, {alias.google} at Google."
        for alias in models.ALIASES.values()
        if alias.crazyrouter != alias.google
    ]
    known = [(row.id, offer) for row in models.CATALOGUE for offer in row.offers]
    notes += filter(None, (models.describe_shutdown(model, offer.provider) for model, offer in known))
    notes += [note for row in models.CATALOGUE for note in (row.note, row.remark) if note]
    columns = ("model", "alias", "sizes and list prices", *_OFFERS, "shape last seen", "source")
    return Table(columns, rows, notes=tuple(notes))


_OFFERS = tuple(f"at {provider.name}" for provider in providers.KEYED)


def _describe_row(row: models.Model, sources: list[models.Source]) -> tuple[str, ...]:
    from gemini_nb.client.model_list import describe_offer  # noqa: PLC0415 - needed for this word only

    places = sorted({sources.index(source) + 1 for source in row.sources.values()})
    return (
        row.id,
        row.alias or "",
        ", ".join(f"{size} {format_dollars(price)}".strip() for size, price in row.prices)
        or f"{' '.join(row.image_sizes)} unknown".strip(),
        *(describe_offer(row, provider.name) for provider in providers.KEYED),
        f"{row.shape}, {row.observed}" if row.shape else "never",
        "".join(f"[{place}]" for place in places),
    )


def _key(session: Session, words: list[str]) -> None:
    """Ask for a key or read a .env FILE; memory keeps it, or the keyring (--keep); forget drops it."""
    if words in (["forget"], ["--forget"]):
        _forget_keys(in_keyring=words == ["--forget"])
    elif words[:1] == ["--keep"]:
        keyring = system_keyring.check_usable()  # before anybody types
        for provider in _enter_keys(session, words[1:], place=f"the keyring, {keyring}"):
            keep_key(provider)
    elif len(words) > 1 or "".join(words).startswith("-"):
        raise ArgumentError(f"%gemini key does not take {words[-1][:40]!r}.", hint=_usage("key"))
    else:
        _enter_keys(session, words, place="memory only")
    _print_lines(_key_lines())


def _enter_keys(session: Session, words: list[str], *, place: str) -> list[providers.Provider]:
    if words:
        return read_dotenv(words[0])
    name = session.provider_name()
    provider = choose_provider(name if name in ("crazyrouter", "google") else "crazyrouter")
    enter_key(provider, _ask_for_key(f"Key for {provider.name} (kept in {place}): ", provider))
    return [provider]


def _forget_keys(*, in_keyring: bool) -> None:
    for provider in providers.KEYED:
        forget_key(provider)
    problems = []
    for provider in providers.KEYED if in_keyring else ():
        try:
            system_keyring.forget_key(provider)
        except ArgumentError as problem:
            problems.append(problem)
    if problems:
        raise problems[0]


def _ask_for_key(question: str, provider: providers.Provider) -> str:
    from IPython.core.error import StdinNotImplementedError  # noqa: PLC0415 - IPython is needed only here

    try:
        return getpass(question)
    except (StdinNotImplementedError, EOFError):
        pass
    raise ArgumentError(
        "There is nobody to ask for a key: this notebook runs unattended.",
        hint=f"Set {provider.key_variables[0]} before the kernel starts.",
    )


def _status(session: Session, _words: list[str]) -> None:
    """Show the provider and why it is used, the model, what is replayed, and whether a key is set."""
    from gemini_nb.notebook import doctor  # noqa: PLC0415 - needed for this word only

    _print_lines([*doctor.describe_settings(session), *_key_lines()])


def _key_lines() -> list[str]:
    return [f"key          {provider.name}: {_describe_key(provider)}" for provider in providers.KEYED]


def _describe_key(provider: providers.Provider) -> str:
    try:
        key = find_key(provider)
    except ArgumentError as problem:
        return f"not set: {problem.args[0]}"
    kept = system_keyring.is_kept(provider)
    if key is None and kept and not system_keyring.is_installed():
        return f"not set: it is kept in the keyring, which needs {system_keyring.INSTALL}"
    if key is None:
        return "not set"
    hides_kept = kept and key.where != system_keyring.WHERE
    return f"set, from {key.where}{f' (goes before {system_keyring.WHERE})' if hides_kept else ''}"


def _cost(session: Session, _words: list[str]) -> Table:
    """Show how many pictures were made in this session, and their estimated cost."""
    split = [line.partition("  ") for line in session.spending.lines()]
    return Table(("", ""), tuple((label, amount.strip()) for label, _, amount in split))


def _history(session: Session, words: list[str]) -> Any:
    """Show the newest N pictures of the store (default 20) with prompt, model, time and cost."""
    count = words[0] if words else "20"
    if not (count.isascii() and count.isdigit() and 1 <= int(count[:5]) <= _MAX_HISTORY_ROWS):
        raise ArgumentError(f"{count[:20]!r} is not a count from 1 to {_MAX_HISTORY_ROWS}.")
    store = session.open_store()
    if store is None or not inventory.count_records(store):
        return _print_lines([_describe_no_records(store)])
    return inventory.history_table(store, int(count))


def _jobs(session: Session, words: list[str]) -> Any:
    """List the batch jobs of the store; wait for them, cancel them, or fetch those that are over."""
    from gemini_nb.notebook import jobs  # noqa: PLC0415 - needed for this word only

    return jobs.run(session, words, _usage("jobs"))


def _store(session: Session, words: list[str]) -> Any:
    """Show where pictures are kept and their size; list them, check every file, or remove them all."""
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
    """Show the last failure again, and where its reply is kept."""
    error = session.last_error
    if error is None:
        return _print_lines(["There has been no failure yet."])
    kept = [f"reply        {error.raw_path}"] if error.raw_path else []
    return _print_lines([f"{type(error).__name__}: {error}", *kept])


def _code(session: Session, _words: list[str]) -> None:
    """Print Python code for the last picture; running it replays the stored one."""
    from gemini_nb.notebook import export  # noqa: PLC0415 - needed for this word only

    print(export.python_source(session), end="")


def _probe(session: Session, words: list[str]) -> Any:
    """Ask each model (or those named) once which reply shape it returns; says the cost, sends with --yes."""
    findings = probe.run(
        session.provider_name(),
        [word for word in words if word != "--yes"],
        base_url=session.defaults.base_url or None,
        confirmed="--yes" in words,
        say=print,
        waiting=partial(_probe_progress, session),
        interrupted=lambda findings: print(probe.make_table(findings)) if findings else None,
        spending=session.spending,
        timeout=session.defaults.timeout,
        requests_per_minute=session.defaults.requests_per_minute,
    )
    return None if findings is None else probe.make_table(findings)


def _probe_progress(
    session: Session, findings: Sequence[Finding], count: int
) -> AbstractContextManager[None]:
    call = Call()

    def render(seconds: float) -> dict[str, str]:
        wait = call.describe_wait() or f"{seconds:.0f} s"
        return progress.draw_bar(
            f"{len(findings)} of {count} models have answered · {wait}", len(findings) / count
        )

    return progress.showing_progress(session, render, call=call)


def _doctor(session: Session, _words: list[str]) -> None:
    """Check versions, front end, provider, connection and store; shows nothing secret."""
    from gemini_nb.notebook import doctor  # noqa: PLC0415 - needed for this word only

    _print_lines([*doctor.diagnose(session), *_key_lines()])


def _studio(session: Session, _words: list[str]) -> Any:
    """Open the studio: controls beside the code, and a gallery that is saved with the notebook."""
    from gemini_nb.notebook.studio.studio import Studio  # noqa: PLC0415 - loads ipywidgets and Pillow

    return Studio(shell=session.shell)


def _cell(session: Session, words: list[str]) -> None:
    """Insert below a cell that makes picture N of the studio again, from the store if it is there."""
    from gemini_nb.notebook import export  # noqa: PLC0415 - loads ipywidgets and Pillow
    from gemini_nb.notebook.studio import studio  # noqa: PLC0415 - loads ipywidgets and Pillow

    word = words[0] if words else ""
    number = int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0
    source = export.cell_source(session, studio.album_of(session.shell).find(number))
    session.shell.set_next_input(source)


COMMANDS: dict[str, Command] = {
    "models": Command(_models, "[--live]", 1),
    "key": Command(_key, "[--keep] [FILE] | forget | --forget", 2),
    "status": Command(_status),
    "cost": Command(_cost),
    "history": Command(_history, "[N]", 1),
    "jobs": Command(_jobs, "[list | wait | cancel | fetch] [NAME]… [--all]", 1000),
    "store": Command(_store, "[list | verify | clear --yes]", 2),
    "last": Command(_last),
    "code": Command(_code),
    "probe": Command(_probe, "[--yes] [MODEL]…", 100),
    "studio": Command(_studio),
    "cell": Command(_cell, "N", 1),
    "doctor": Command(_doctor),
}
