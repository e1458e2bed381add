"""The plan of a cell, made before anything is sent: its requests, and the labels of their grid."""

from __future__ import annotations

import itertools
import math
from collections import ChainMap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb import models as catalogue
from gemini_nb.display.grid import MAX_COLUMNS
from gemini_nb.errors import ArgumentError
from gemini_nb.notebook import template, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gemini_nb.request import ImageRequest

MAX_REQUESTS = 100_000
_LABEL_CHARACTERS = 200


@dataclass(frozen=True)
class Plan:
    """The requests of one cell, with a label and the filled-in values for each.

    `is_grid` says whether the line asks for several, even where its table has one row only.
    """

    requests: tuple[ImageRequest, ...]
    labels: tuple[str, ...]
    values: tuple[Mapping[str, Any], ...]
    is_grid: bool
    columns: int = MAX_COLUMNS


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
) -> Plan:
    """Fill the prompt for every row and value, and ask every model for every take.

    `request(prompt, model=…, take=…)` makes one request. Raises `ArgumentError` before anything is sent.
    """
    if raw and (vary or each):
        raise ArgumentError("--raw fills nothing, so --vary and --each cannot be used with it.")
    # A model that is named twice, once perhaps by its alias, is asked once.
    models = list({(row.id if (row := catalogue.find(name)) else name): name for name in models}.values())
    if raw:
        prompts: list[tuple[str, Mapping[str, Any]]] = [(prompt, {})]
    else:
        prompts = _fill_prompts(prompt, vary, each, names, len(models) * count)
    rows = list(itertools.product(prompts, models, range(first_take, first_take + count)))
    return Plan(
        tuple(request(text, model=model, take=take) for (text, _), model, take in rows),
        tuple(
            _make_label(text, values, model if len(models) > 1 else "", take if count > 1 else None)
            for (text, values), model, take in rows
        ),
        tuple(values for (_, values), _, _ in rows),
        is_grid=bool(vary or each) or len(rows) > 1,
        columns=_count_columns(len(prompts), len(models), count),
    )


def _fill_prompts(
    prompt: str, vary: Sequence[str], each: str | None, names: Mapping[str, Any], times: int
) -> list[tuple[str, Mapping[str, Any]]]:
    """Return each prompt with the values that tell it from the others."""
    used = {field.split(".")[0].split("[")[0].strip() for field in template.list_fields(prompt)}
    for name in vary:
        if name not in used:
            raise ArgumentError(f"--vary {name}: the prompt does not hold {{{{{name}}}}}.")
    lists = {name: variables.read_values(name, names, most=MAX_REQUESTS) for name in vary}
    rows: Sequence[Mapping[Any, Any]] = variables.read_rows(each, names) if each else ({},)
    count = len(rows) * math.prod(map(len, lists.values())) * times
    if count > MAX_REQUESTS:
        raise ArgumentError(f"That would be {count:,} pictures; at most {MAX_REQUESTS:,}.")
    prompts: list[tuple[str, Mapping[str, Any]]] = []
    for row, combination in itertools.product(rows, itertools.product(*lists.values())):
        chosen: dict[Any, Any] = dict(zip(lists, combination, strict=True))
        columns = {name: value for name, value in row.items() if isinstance(name, str)}
        layers = ChainMap(chosen, columns, {"row": row} if row else {}, names)  # type: ignore[arg-type]  # only read
        values = {name: value for name, value in row.items() if name in used} | chosen
        prompts.append((template.fill(prompt, layers), values))
    return prompts


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
