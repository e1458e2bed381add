"""The plan of a cell, made before anything is sent: its requests, and the labels of their grid."""

from __future__ import annotations

import itertools
import math
import warnings
from collections import ChainMap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb import models as catalogue
from gemini_nb.batch.source import Source
from gemini_nb.display.grid import MAX_COLUMNS
from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.prompts import tables, template
from gemini_nb.prompts.file_names import FileNames

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gemini_nb.request import ImageRequest

    # A prompt, the values that tell it from the others, the number of the row that filled it, where to save.
    _Filled = tuple[str, Mapping[str, Any], int, str]

MAX_REQUESTS = 100_000
_LABEL_CHARACTERS = 200
_LISTED_NAMES = 12
_NAME_CHARACTERS = 40


@dataclass(frozen=True)
class Plan:
    """The requests of one cell, each with a label, its values, its row of `--each` and where to save it.

    `is_grid` says whether the line asks for several, even where its table has one row only. `paths` are empty
    where nothing is saved; one that ends with a slash is a folder.
    """

    requests: tuple[ImageRequest, ...]
    labels: tuple[str, ...]
    values: tuple[Mapping[str, Any], ...]
    is_grid: bool
    columns: int = MAX_COLUMNS
    source: Source | None = None
    paths: tuple[str, ...] = ()


def make_plan(
    prompt: str,
    *,
    models: Sequence[str],
    count: int,
    vary: Sequence[str],
    each: str | None,
    raw: bool,
    names: Mapping[str, Any],
    request: Callable[..., ImageRequest],
    first_take: int = 0,
    save: str | None = None,
    provider: str = catalogue.DEFAULT_PROVIDER,
) -> Plan:
    """Fill the prompt and the path to save to for every row and value, and ask every model for every take.

    `request(prompt, model=…, take=…)` makes one request; `provider` says what an alias means. Raises
    `ArgumentError` before anything is sent.
    """
    if raw and (vary or each):
        raise ArgumentError("--raw fills nothing in, so --vary and --each cannot be used with it.")
    # A model that is named twice, once perhaps by its alias, is asked once.
    rows_by_name = {name: catalogue.find(name, provider) for name in models}
    models = list({(row.id if row else name): name for name, row in rows_by_name.items()}.values())
    table = tables.read_rows(each, names) if each else []
    file_names = FileNames(save or "")
    if raw:
        prompts: list[_Filled] = [(prompt, {}, 0, file_names.fill(names))]
    else:
        times = len(models) * count
        prompts = _fill_prompts(prompt, vary, each, table or [{}], names=names, times=times, save=file_names)
    rows = list(itertools.product(prompts, models, range(first_take, first_take + count)))
    is_grid = bool(vary or each) or len(rows) > 1
    numbers = [number for (_, _, number, _), _, _ in rows]
    return Plan(
        tuple(request(text, model=model, take=take) for (text, *_), model, take in rows),
        tuple(
            _make_label(text, values, model if len(models) > 1 else "", take if count > 1 else None)
            for (text, values, *_), model, take in rows
        ),
        tuple(values for (_, values, *_), _, _ in rows),
        is_grid=is_grid,
        columns=_count_columns(len(prompts), len(models), count),
        source=Source.select(names[each], table, numbers, vary) if each else None,
        paths=file_names.choose([path for (*_, path), _, _ in rows], is_grid=is_grid) if save else (),
    )


def _fill_prompts(
    prompt: str,
    vary: Sequence[str],
    each: str | None,
    rows: Sequence[dict[Any, Any]],
    *,
    names: Mapping[str, Any],
    times: int,
    save: FileNames,
) -> list[_Filled]:
    """Fill the prompt and the path for every row and every combination of the lists."""
    used = [field.split(".")[0].split("[")[0].strip() for field in template.list_fields(prompt)]
    for name in vary:
        if name not in used:
            raise ArgumentError(
                f"--vary {name}: the prompt does not hold {{{{{name}}}}}.",
                hint=f"Write {{{{{name}}}}} where its values belong.",
            )
    lists = {name: tables.read_values(name, names, most=MAX_REQUESTS) for name in vary}
    count = len(rows) * math.prod(map(len, lists.values())) * times
    if count > MAX_REQUESTS:
        raise ArgumentError(f"That would be {count:,} pictures; the limit is {MAX_REQUESTS:,}.")
    if each:
        _check_columns(each, rows[0], used, others={"row", *lists, *names})
    prompts: list[_Filled] = []
    for (number, row), combination in itertools.product(enumerate(rows), itertools.product(*lists.values())):
        chosen: dict[Any, Any] = dict(zip(lists, combination, strict=True))
        columns = {name: value for name, value in row.items() if isinstance(name, str)}
        layers = ChainMap(chosen, columns, {"row": row} if row else {}, names)  # type: ignore[arg-type]  # only read
        values = {name: value for name, value in row.items() if name in used} | chosen
        prompts.append((template.fill(prompt, layers), values, number, save.fill(layers)))
    return prompts


def _check_columns(each: str, row: Mapping[Any, Any], used: Sequence[str], *, others: set[str]) -> None:
    """Refuse a field that is no column and no other name; warn of a prompt that uses no column."""
    columns = [name for name in row if isinstance(name, str)]
    for name in used:
        if name not in row and name not in others:
            raise ArgumentError(
                f"{{{{{name}}}}}: {each} has no column {name!r}, and there is no variable of this name.",
                hint=template.suggest_name(name, columns) or f"Its columns: {_list_names(columns)}.",
            )
    if columns and not {"row", *columns}.intersection(used):
        warnings.warn(
            f"The prompt uses no column of {each}, so each row asks for the same picture: "
            f"write {{{{{columns[0][:_NAME_CHARACTERS]}}}}} where a value belongs.",
            GeminiWarning,
            stacklevel=2,
        )


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(name[:_NAME_CHARACTERS] for name in names[:_LISTED_NAMES])
    return f"{shown}, …" if len(names) > _LISTED_NAMES else shown


def _make_label(prompt: str, values: Mapping[str, Any], model: str, take: int | None) -> str:
    """Return what tells a picture from the others; where that is the prompt alone, the prompt."""
    listed = ", ".join(str(value)[:_LABEL_CHARACTERS] for value in values.values())
    parts = (listed, model, "" if take is None else f"take {take}")
    return " · ".join(part for part in parts if part) or prompt


def _count_columns(prompts: int, models: int, count: int) -> int:
    """Return a column for each model, or for each take, where a row of them is a comparison."""
    for across in (count, models):
        if 1 < across <= MAX_COLUMNS and prompts * models * count > across:
            return across
    return MAX_COLUMNS
