"""`gemini-nb generate --each rows.csv`: a picture for each row of a file, whose columns fill the prompt."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb import interrupts, models
from gemini_nb.cli.terminal import say
from gemini_nb.errors import ArgumentError, Cancelled, GeminiError, SaveError
from gemini_nb.settings.words import parse_dollars, read_options
from gemini_nb.text import format_count, one_line

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

    from gemini_nb.batch.result import Batch
    from gemini_nb.client.client import Client
    from gemini_nb.prompts.plan import Plan

    Row = dict[Any, Any]

MAX_PICTURES = 20
"""The pictures that one command may ask for without --max-cost, as a cell does."""

_TOLD_FAILURES = 20
_AGAIN = "Run it again: what is made is replayed, and what failed is asked for again."


def add_options(parser: ArgumentParser) -> None:
    """Add the options for many pictures to the parser of `generate`."""
    add = parser.add_argument_group("many pictures").add_argument
    about = "a picture for each row of a .csv, .tsv or .jsonl file, whose {{column}} fills the prompt and -o"
    add("--each", metavar="FILE", help=about)
    about = "as batch jobs, at half the price and within a day; google only, and with a store"
    add("--batch", action="store_true", help=about)
    about = f"send nothing if the estimate is higher; allows more pictures than {MAX_PICTURES}"
    add("--max-cost", type=parse_dollars, metavar="USD", help=about)
    add("--concurrency", type=int, default=4, metavar="N", help="requests at a time (default: %(default)s)")
    about = "a file that gets a row for each picture: .jsonl as it finishes, .parquet at the end"
    add("--manifest", metavar="FILE", help=about)


def check(args: Namespace) -> None:
    """Raise `ArgumentError` for options that do not go together."""
    given = {
        "--batch": args.batch,
        "--max-cost": args.max_cost is not None,
        "--manifest": args.manifest is not None,
    }
    if not args.each:
        for option in (name for name, is_given in given.items() if is_given):
            raise ArgumentError(f"{option} goes with --each.", hint="Nothing was sent.")
        return
    if args.stream or args.output == "-":
        option = "--stream" if args.stream else "-o -"
        raise ArgumentError(
            f"{option} is for one picture, --each for many.",
            hint="Nothing was sent. Name a folder with -o, or files with a column: -o 'out/{{name}}.jpg'.",
        )


def generate_each(args: Namespace, client: Client, prompt: str) -> None:
    """Ask for a picture for each row, save them, and print a path for each, or with --json a line of JSON.

    Raises a `GeminiError` at the end where any failed, `Cancelled` after an interrupt: what had finished is
    saved and printed all the same.
    """
    from gemini_nb.costs import estimate  # noqa: PLC0415 - each command loads what it needs
    from gemini_nb.prompts import saving  # noqa: PLC0415

    if args.batch:
        _check_batch(client)
    plan = _make_plan(args, client, prompt)
    tier: Any = models.BATCH if args.batch else None
    costs = estimate(plan.requests, holds=client.holds, provider=client.provider, tier=tier)
    if args.dry_run:
        print("\n".join(costs.lines(max_cost=args.max_cost, max_images=MAX_PICTURES)))
        return
    saving.check_paths(plan.requests, plan.paths, costs=costs, client=client, overwrite=args.overwrite)
    costs.check(max_cost=args.max_cost, max_images=MAX_PICTURES)
    is_over: Cancelled | None = None
    with interrupts.held():  # a second interrupt must not lose what the first one has gathered
        try:
            answered = client.generate_many(
                plan.requests, concurrency=args.concurrency, manifest=args.manifest, tier=tier
            )
        except Cancelled as cancelled:
            is_over, answered = cancelled, cancelled.batch
        batch, problem = _save(args, plan, answered)
        print_batch(batch, as_json=args.json)
    say(batch.heading)
    if is_over is not None:
        raise is_over
    rows = [f"row {number}" for number in range(1, len(batch) + 1)]
    raise_failures(batch, rows, problem=problem)


def _check_batch(client: Client) -> None:
    """Raise `ArgumentError` where there are no batch jobs, in the words of a command line."""
    if client.provider.name != "google":
        raise ArgumentError(
            f"--batch is for --provider google; {client.provider.name} takes no batch jobs.",
            hint="Nothing was sent. Without --batch the pictures are asked for one by one.",
        )
    if client.store is None:
        raise ArgumentError(
            "--batch needs a store: a job takes up to a day, and is found there again.",
            hint="Nothing was sent. Leave --store off out.",
        )


def _make_plan(args: Namespace, client: Client, prompt: str) -> Plan:
    from gemini_nb.prompts.plan import make_plan  # noqa: PLC0415 - each command loads what it needs
    from gemini_nb.request import ImageRequest  # noqa: PLC0415

    table = read_table(args.each)
    name = Path(args.each).name
    images = client.read_images(args.images)
    mask = client.read_mask(args.region if args.mask is None else args.mask, images, feather=args.feather)
    return make_plan(
        prompt,
        models=[args.model],
        count=1,
        vary=[],
        each=name,
        raw=False,
        names={name: table},
        request=partial(
            ImageRequest,
            images=images,
            mask=mask,
            provider=client.provider.name,
            aspect_ratio=args.aspect_ratio,
            image_size=args.image_size,
            **read_options(args),
        ),
        save=args.output,
        provider=client.provider.name,
    )


def _save(args: Namespace, plan: Plan, answered: Batch) -> tuple[Batch, GeminiError | None]:
    from gemini_nb.prompts import saving  # noqa: PLC0415 - each command loads what it needs

    outcomes, problem = saving.save_many(answered.outcomes, plan.paths, plan.labels, overwrite=args.overwrite)
    batch = replace(
        answered, outcomes=tuple(outcomes), labels=plan.labels, values=plan.values, source=plan.source
    )
    return batch, problem if isinstance(problem, SaveError) else None


def print_batch(batch: Batch, *, as_json: bool) -> None:
    """Print the path of each picture that is in a file, or a line of JSON for each row."""
    from gemini_nb.batch import rows  # noqa: PLC0415 - each command loads what it needs

    if as_json:
        for row in rows.replace_in_rows(batch.manifest_rows(Path())):
            print(json.dumps(row), flush=True)
        return
    for generation in batch.generations:
        if generation.path:
            print(generation.path)


def raise_failures(
    batch: Batch, names: Sequence[str], *, problem: GeminiError | None = None, hint: str = _AGAIN
) -> None:
    """Say what failed, each by its name; raise `problem`, or a `GeminiError` where there is a failure."""
    pairs = zip(names, batch.outcomes, strict=True)
    failed = [(name, error) for name, error in pairs if isinstance(error, GeminiError)]
    for name, error in failed[:_TOLD_FAILURES]:
        say(f"{name}: {type(error).__name__}: {one_line(str(error.args[0]), 300)}")
    if len(failed) > _TOLD_FAILURES:
        say(f"… and {len(failed) - _TOLD_FAILURES} more.")
    if problem is not None:
        raise problem
    if failed:
        raise GeminiError(f"{len(failed)} of {format_count(len(batch), 'picture')} failed.", hint=hint)


def read_table(path: str) -> list[Row]:
    """Read the rows of a table as dicts: `.csv` and `.tsv` with names in the first line, else JSON Lines.

    Values of CSV are texts, and an empty one is "". Raises `ArgumentError` for a file that cannot be read,
    naming the line.
    """
    suffix = Path(path).suffix.lower()
    readers: dict[str, Callable[[TextIO, str], Iterator[Row]]] = {
        ".csv": partial(_read_csv, delimiter=","),
        ".tsv": partial(_read_csv, delimiter="\t"),
        ".jsonl": _read_json_lines,
        ".ndjson": _read_json_lines,
    }
    if suffix not in readers:
        raise ArgumentError(
            f"--each {path}: it is not known what this file holds.",
            hint=f"Name one that ends in {', '.join(readers)}.",
        )
    try:
        with Path(path).expanduser().open(encoding="utf-8-sig", newline="") as file:
            return list(readers[suffix](file, f"--each {path}"))
    except UnicodeError:
        problem = "it is not UTF-8"
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no such home
        problem = getattr(error, "strerror", None) or str(error)
    raise ArgumentError(f"--each {path}: {problem}.", hint="Nothing was sent.")


def _read_csv(file: TextIO, what: str, *, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        names = next(reader, [])
        if len(set(names)) < len(names):
            raise ArgumentError(f"{what}: two columns have the same name.", hint="Nothing was sent.")
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                raise ArgumentError(
                    f"{what}, line {reader.line_num}: {format_count(len(row), 'value')} for "
                    f"{format_count(len(names), 'column')}.",
                    hint="Nothing was sent.",
                )
            yield dict(zip(names, row, strict=True))
    except csv.Error as error:
        raise ArgumentError(f"{what}, line {reader.line_num}: {error}.", hint="Nothing was sent.") from None


def _read_json_lines(file: TextIO, what: str) -> Iterator[Row]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise ArgumentError(
                f"{what}, line {number}: this is no JSON object.",
                hint='Nothing was sent. A line is a row, such as {"city": "Oslo"}.',
            )
        yield row
