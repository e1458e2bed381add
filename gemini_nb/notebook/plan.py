"""What a cell asks for, worked out before anything is sent: its requests, and how their grid is labelled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb import models as catalogue
from gemini_nb.display.grid import MAX_COLUMNS
from gemini_nb.errors import ArgumentError
from gemini_nb.notebook import template, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.request import ImageRequest

MAX_REQUESTS = 100_000
_LABEL_CHARACTERS = 200


@dataclass(frozen=True)
class Plan:
    """The requests of one cell, with a label and the filled-in values for each.

    `is_grid` says whether several were asked for, be it of one row.
    """

    requests: tuple[ImageRequest, ...]
    labels: tuple[str, ...]
    values: tuple[Mapping[str, Any], ...]
    is_grid: bool
    columns: int = MAX_COLUMNS


@dataclass(frozen=True)
class _Filled:
    """One prompt, and the values that tell it from the others."""

    prompt: str
    values: Mapping[str, Any]

    @property
    def label(self) -> str:
        return ", ".join(str(value)[:_LABEL_CHARACTERS] for value in self.values.values())


def make(
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
    models = _distinct(models)
    filled = [_Filled(prompt, {})] if raw else _filled(prompt, vary, each, names, len(models) * count)
    rows = list(itertools.product(filled, models, range(first_take, first_take + count)))
    return Plan(
        tuple(request(one.prompt, model=model, take=take) for one, model, take in rows),
        tuple(
            _label(one, model if len(models) > 1 else "", take if count > 1 else None)
            for one, model, take in rows
        ),
        tuple(one.values for one, _, _ in rows),
        is_grid=bool(vary or each) or len(rows) > 1,
        columns=_columns(len(filled), len(models), count),
    )


def _distinct(models: Sequence[str]) -> list[str]:
    """The models without those that were named twice, be it once by alias."""
    return list({(row.id if (row := catalogue.find(name)) else name): name for name in models}.values())


def _filled(
    prompt: str, vary: Sequence[str], each: str | None, names: Mapping[str, Any], times: int
) -> list[_Filled]:
    used = {field.split(".")[0].split("[")[0].strip() for field in template.fields(prompt)}
    for name in vary:
        if name not in used:
            raise ArgumentError(f"--vary {name}: the prompt does not hold {{{{{name}}}}}.")
    lists = {name: variables.values(name, names, most=MAX_REQUESTS) for name in vary}
    rows: Sequence[Mapping[Any, Any]] = variables.rows(each, names) if each else ({},)
    _check_count(len(rows) * math.prod(map(len, lists.values())) * times)
    return [
        _one(prompt, row, dict(zip(lists, values, strict=True)), names, used)
        for row in rows
        for values in itertools.product(*lists.values())
    ]


def _one(
    prompt: str, row: Mapping[Any, Any], chosen: Mapping[str, Any], names: Mapping[str, Any], used: set[str]
) -> _Filled:
    values = {**{name: value for name, value in row.items() if name in used}, **chosen}
    return _Filled(template.fill(prompt, _Layers(row, chosen, names)), values)


def _check_count(count: int) -> None:
    if count > MAX_REQUESTS:
        raise ArgumentError(f"That would be {count:,} pictures; at most {MAX_REQUESTS:,}.")


class _Layers(Mapping[str, Any]):
    """Names as a template sees them: varied values, then a row's columns, then the notebook's own."""

    def __init__(self, row: Mapping[Any, Any], chosen: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        columns = {name: value for name, value in row.items() if isinstance(name, str)}
        self._layers = (chosen, columns, {"row": row} if row else {}, names)

    def __getitem__(self, name: str) -> Any:
        for layer in self._layers:
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(itertools.chain(*self._layers)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _label(one: _Filled, model: str, take: int | None) -> str:
    """What tells a picture from the others; where that is the prompt alone, the prompt."""
    parts = (one.label, model, "" if take is None else f"take {take}")
    return " · ".join(part for part in parts if part) or one.prompt


def _columns(prompts: int, models: int, count: int) -> int:
    """One column for each model, or for each take, where a row of them is a comparison."""
    for across in (count, models):
        if 1 < across <= MAX_COLUMNS and prompts * models * count > across:
            return across
    return MAX_COLUMNS
