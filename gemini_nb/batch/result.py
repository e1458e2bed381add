"""The result of a batch: a `Generation` or an error for each request, as rows, a table or a grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.batch import rows
from gemini_nb.display import grid
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.generation import Generation
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gemini_nb.request import ImageRequest


_LABEL_CHARACTERS = 120


@dataclass(frozen=True)
class Batch:
    """The answers to many requests: a `Generation`, an error or None for each, in the order of the requests.

    `labels` are short captions, `values` what was filled into each prompt; a notebook shows `columns`
    pictures side by side. `interrupted` are the indexes of the requests that had been sent and were not yet
    answered when the batch was stopped: they may have been billed.
    """

    requests: tuple[ImageRequest, ...] = field(repr=False)
    outcomes: tuple[Generation | GeminiError | None, ...] = field(repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False, compare=False)
    values: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)
    columns: int = field(default=grid.MAX_COLUMNS, repr=False, compare=False)
    interrupted: frozenset[int] = field(default=frozenset(), repr=False, compare=False)

    @property
    def generations(self) -> list[Generation]:
        """The successes, in order."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Generation)]

    @property
    def errors(self) -> list[GeminiError]:
        """The errors, in order; a request that an interrupt left unsent has none."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, GeminiError)]

    def rows(self) -> list[dict[str, Any]]:
        """Return a record for each request: the values filled in, its label, and the columns of a manifest.

        A filled-in value keeps its name: a column of ours that has the same is called `image_…`, such as
        `image_path`. `status` is "ok", "failed" (see `error_type`), "interrupted" (it may have been billed)
        or "not asked", `path` as seen from the current folder, `estimated_cost` in US dollars, for a reply
        without a picture by its usage; None where the cost is not known, or nothing was billed for a failure.
        """
        labels = self.labels or tuple(request.prompt for request in self.requests)
        values: tuple[Mapping[str, Any], ...] = self.values or ({},) * len(self)
        ours = rows.rows(self.requests, self.outcomes, folder=Path(), interrupted=self.interrupted)
        records = zip(values, labels, ours, strict=True)
        names = {name: _free_name(name, values) for name in ("label", *rows.COLUMNS)}
        return [
            {**filled, **{names[name]: value for name, value in {"label": label, **row}.items()}}
            for filled, label, row in records
        ]

    def to_frame(self) -> Any:
        """Return `rows()` as a pandas `DataFrame`; raise `ArgumentError` where pandas is not installed."""
        try:
            import pandas as pd  # noqa: PLC0415 - optional
        except ImportError:
            raise ArgumentError(
                "to_frame() needs pandas.", hint="pip install pandas, or use rows()."
            ) from None
        return pd.DataFrame(self.rows())

    def to_parquet(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a row for each request to a Parquet file, and return its path.

        The columns are those of a manifest; paths are relative to the file's folder. Raises `ArgumentError`
        where pyarrow is not installed, `SaveError` where the file exists or cannot be written.
        """
        return rows.write_parquet(
            path, self.requests, self.outcomes, interrupted=self.interrupted, overwrite=overwrite
        )

    def __len__(self) -> int:
        return len(self.outcomes)

    def __repr__(self) -> str:
        return f"Batch({self.summary})"

    @property
    def summary(self) -> str:
        """The numbers of pictures made, of failures, and of interrupted and unsent requests, in words."""
        made, failed, interrupted = len(self.generations), len(self.errors), len(self.interrupted)
        billed = sum(error.may_be_billed for error in self.errors)
        counts = (
            (made, "made"),
            (failed, f"failed ({billed} perhaps billed)" if billed else "failed"),
            (interrupted, "interrupted and perhaps billed"),
            (len(self) - made - failed - interrupted, "not asked"),
        )
        return f"{len(self)} pictures: " + ", ".join(
            f"{n} {word}" for n, word in counts if n or word == "made"
        )

    def tiles(self) -> list[grid.Tile]:
        """Return a tile of a grid for each request: its picture, or why there is none."""
        labels = self.labels or tuple(request.prompt for request in self.requests)
        answered = enumerate(zip(self.requests, self.outcomes, labels, strict=True))
        return [
            _tile(request, outcome, label, is_interrupted=index in self.interrupted)
            for index, (request, outcome, label) in answered
        ]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return grid.render_bundle(self.tiles(), columns=self.columns, heading=self.summary)


def _free_name(name: str, values: Iterable[Mapping[str, Any]]) -> str:
    """Return a name for a column of ours that no filled-in value of the batch has."""
    while any(name in filled for filled in values):
        name = f"image_{name}"
    return name


def _tile(
    request: ImageRequest, outcome: Generation | GeminiError | None, label: str, *, is_interrupted: bool
) -> grid.Tile:
    label = one_line(label, _LABEL_CHARACTERS)
    if isinstance(outcome, Generation):
        replayed = " · replayed" if outcome.replayed else ""
        facts = f"{label}\n{outcome.image.width} × {outcome.image.height} · {outcome.provider}{replayed}"
        return grid.Tile(request.prompt, facts, image=outcome.image)
    if outcome is not None:
        problem = f"{type(outcome).__name__}: {outcome}"
    else:
        problem = "interrupted: it may have been billed" if is_interrupted else "not asked"
    return grid.Tile(request.prompt, label, problem=problem)
