"""What a cell asks for, worked out before anything is sent: its requests, and how their grid is labelled."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError
from gemini_nb.grid import MAX_COLUMNS
from gemini_nb.notebook import template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gemini_nb.request import ImageRequest

MAX_REQUESTS = 100_000


@dataclass(frozen=True)
class Plan:
    """The requests of one cell. `is_grid` says whether several were asked for, be it of one row."""

    requests: tuple[ImageRequest, ...]
    labels: tuple[str, ...]
    is_grid: bool
    columns: int = MAX_COLUMNS


def make(
    prompt: str,
    *,
    models: list[str],
    count: int,
    vary: list[str],
    each: str | None,
    raw: bool,
    names: Mapping[str, Any],
    request: Callable[..., ImageRequest],
) -> Plan:
    """Fill the prompt for every row and value, and ask every model for every take.

    `request(prompt, model=…, take=…)` makes one request. Raises `ArgumentError` before anything is sent.
    """
    if raw and (vary or each):
        raise ArgumentError("--raw fills nothing, so --vary and --each cannot be used with it.")
    filled = [(prompt, "")] if raw else list(_filled(prompt, vary, each, names))
    if len(filled) * len(models) * count > MAX_REQUESTS:
        raise ArgumentError(f"That would be {len(filled) * len(models) * count:,} pictures; at most 100,000.")
    rows = list(itertools.product(filled, models, range(count)))
    labels = tuple(
        _label(text, model if len(models) > 1 else "", take if count > 1 else None)
        for (_, text), model, take in rows
    )
    return Plan(
        tuple(request(text, model=model, take=take) for (text, _), model, take in rows),
        labels,
        is_grid=bool(vary or each) or len(rows) > 1,
        columns=_columns(len(filled), len(models), count),
    )


def _filled(
    prompt: str, vary: list[str], each: str | None, names: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield each prompt and what distinguishes it."""
    fields = template.fields(prompt)
    columns = [(name, _values(name, names, fields)) for name in vary]
    rows: Iterable[Mapping[str, Any]] = _rows(each, names) if each else ({},)
    for row in rows:
        for values in itertools.product(*(values for _, values in columns)):
            chosen = dict(zip(vary, values, strict=True))
            text = template.fill(prompt, _Layers(row, chosen, names))
            yield text, ", ".join(str(value) for value in chosen.values()) or (text if each else "")


class _Layers(Mapping[str, Any]):
    """Names as a template sees them: a row's columns, then varied values, then the notebook's own."""

    def __init__(self, row: Mapping[str, Any], chosen: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        own = {"row": row} if row else {}
        self._layers = (
            {name: value for name, value in row.items() if isinstance(name, str)},
            chosen,
            own,
            names,
        )

    def __getitem__(self, name: str) -> Any:
        for layer in self._layers:
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(itertools.chain(*self._layers)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _values(name: str, names: Mapping[str, Any], fields: list[str]) -> list[Any]:
    if name not in names:
        raise ArgumentError(f"--vary {name}: there is no variable of this name.")
    if not any(field.split(".")[0].split("[")[0] == name for field in fields):
        raise ArgumentError(f"--vary {name}: the prompt does not hold {{{{{name}}}}}.")
    values = names[name]
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__iter__"):
        raise ArgumentError(f"--vary {name}: it is a {type(values).__name__}, not a list of values.")
    return _not_empty(list(values), f"--vary {name}")


def _rows(name: str, names: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a pandas, polars or Arrow table, of a dict of columns, or of a list of records."""
    if name not in names:
        raise ArgumentError(f"--each {name}: there is no variable of this name.")
    frame = names[name]
    rows: Any = frame
    if callable(getattr(frame, "to_dicts", None)):  # polars
        rows = frame.to_dicts()
    elif callable(getattr(frame, "to_pylist", None)):  # Arrow
        rows = frame.to_pylist()
    elif callable(getattr(frame, "to_dict", None)) and hasattr(frame, "columns"):  # pandas
        rows = frame.to_dict("records")
    elif isinstance(frame, Mapping):
        rows = [dict(zip(frame, values, strict=True)) for values in zip(*frame.values(), strict=True)]
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise ArgumentError(
            f"--each {name}: a {type(frame).__name__} has no rows.",
            hint="Give a pandas or polars frame, a list of dicts, or a dict of columns.",
        )
    return _not_empty([dict(row) for row in rows], f"--each {name}")


def _not_empty(values: list[Any], what: str) -> list[Any]:
    if not values:
        raise ArgumentError(f"{what}: it is empty, so there is nothing to ask for.")
    return values


def _label(text: str, model: str, take: int | None) -> str:
    return " · ".join(part for part in (text, model, "" if take is None else f"take {take}") if part)


def _columns(prompts: int, models: int, count: int) -> int:
    """One column for each model, or for each take, where a row of them is a comparison."""
    for across in (count, models):
        if 1 < across <= MAX_COLUMNS and prompts * models * count > across:
            return across
    return MAX_COLUMNS
