"""The result of a batch: a `Generation` or an error for each request, as rows, a table or a grid."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from gemini_nb import files
from gemini_nb.batch import rows, saving, sheet
from gemini_nb.batch.frame import make_frame
from gemini_nb.batch.lookup import find_place
from gemini_nb.costs import Spending
from gemini_nb.display import contact_sheet, grid
from gemini_nb.display.original import NO_ORIGINAL
from gemini_nb.errors import GeminiError, OutcomeUnknownError
from gemini_nb.generation import Generation
from gemini_nb.text import format_count, format_seconds, one_line

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from gemini_nb.batch.source import Source
    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.request import ImageRequest


_LABEL_CHARACTERS = 120
_EXPLANATIONS = {
    "in a job": "in a batch job, which goes on",
    "interrupted": "interrupted: it may have been billed",
}


@dataclass(frozen=True)
class Batch:
    """The answers to many requests: a `Generation`, an error or None for each, in the order of the requests.

    `labels` are short captions, `values` what was filled into each prompt, `source` the rows of the table
    that the requests were made from. A notebook shows `columns` pictures side by side. `interrupted` are the
    indexes of the requests that had been sent and were not yet answered when the batch was stopped: they may
    have been billed. `in_jobs` are those in batch jobs, which go on. `seconds` is how long the whole run
    took, 0.0 where nobody measured it.
    """

    requests: tuple[ImageRequest, ...] = field(repr=False)
    outcomes: tuple[Generation | GeminiError | None, ...] = field(repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False, compare=False)
    values: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)
    columns: int = field(default=grid.MAX_COLUMNS, repr=False, compare=False)
    interrupted: frozenset[int] = field(default=frozenset(), repr=False, compare=False)
    in_jobs: frozenset[int] = field(default=frozenset(), repr=False, compare=False)
    source: Source | None = field(default=None, repr=False, compare=False)
    seconds: float = field(default=0.0, repr=False, compare=False)

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

        A value keeps its name: a column of ours whose name a value has, or a column of the source, is called
        `image_…`, such as `image_path`. `status` is "ok", "failed" (see `error_type`), "interrupted" (it may
        have been billed), "in a job" or "not asked", `path` as seen from the current folder. `estimated_cost`
        is in US dollars, for a reply without a picture by its usage; None where the cost is not known, or
        nothing was billed for a failure. A lone surrogate, which a prompt can hold and no table, becomes
        U+FFFD.
        """
        return self._rows(self.values)

    def _rows(self, values: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
        names = self._column_names()
        ours = self.manifest_rows(Path())
        records = zip(values or ({},) * len(self), self._captions(), ours, strict=True)
        return rows.replace_in_rows(
            [
                {**filled, names["label"]: label, **{names[name]: value for name, value in row.items()}}
                for filled, label, row in records
            ]
        )

    def manifest_rows(self, folder: Path) -> list[dict[str, Any]]:
        """Return a record for each request, the columns of a manifest; paths are as seen from `folder`."""
        answered = enumerate(zip(self.requests, self.outcomes, strict=True))
        return [
            rows.row(place, request, outcome, folder=folder, unanswered=self._unanswered_status(place))
            for place, (request, outcome) in answered
        ]

    def to_frame(self, *, with_source: bool = False, images: bool = False) -> Any:
        """Return `rows()` as a data frame with the index of the table that the batch was made from, if any.

        The table's own columns are left out, so that `table.join(batch.to_frame())` works; `with_source` puts
        all of them first. Where labels of the index repeat, a join pairs each with each: use `with_source`,
        which has every picture beside its own row. A table without an index has its rows numbered from 0.

        The frame is one of pandas; for a table of polars it is one of polars, with the number of each
        picture's row in `row`: `table.with_row_index("row").join(batch.to_frame(), on="row")`.

        `images` adds a column `image` of `GeneratedImage`, None for a failure: where the extension is loaded
        it is shown as thumbnails. Raises `ArgumentError` where pandas is not installed.
        """
        names = self._column_names()
        return make_frame(
            self._rows(self._values_beside_source()),
            self.source,
            types={names[name]: kind for name, kind in {"label": "string", **rows.COLUMNS}.items()},
            objects={names["image"]: self._images()} if images else {},
            with_source=with_source,
        )

    def _column_names(self) -> dict[str, str]:
        """Return what each column of ours is called: by no name of a value or of a column of the source."""
        taken = {name for filled in self.values for name in filled}
        taken |= set(self.source.columns if self.source else ())
        return {name: _free_name(name, taken) for name in ("label", "image", *rows.COLUMNS)}

    def _values_beside_source(self) -> list[Mapping[Any, Any]]:
        """Return the values that are no columns of the source; one that hid a column is called `varied_…`."""
        if self.source is None:
            return list(self.values)
        columns, varied = set(self.source.columns), self.source.varied
        return [
            {
                f"varied_{name}" if name in columns else name: value
                for name, value in filled.items()
                if name in varied or name not in columns
            }
            for filled in self.values
        ]

    def to_parquet(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a row for each request to a Parquet file, and return its path.

        The columns are those of a manifest; paths are relative to the file's folder. Raises `ArgumentError`
        where pyarrow is not installed, `SaveError` where the file exists or cannot be written.
        """
        return rows.write_parquet(path, self.manifest_rows, overwrite=overwrite)

    def save(self, folder: str | Path) -> list[Path]:
        """Save the original bytes of all pictures into a folder, and return their paths in order.

        A file is named by the picture's label; where another file has that name, it is NAME-2. Run again, it
        leaves alone what it has saved. A `GeminiWarning` says which requests have no picture. Where one
        cannot be saved, the others are saved all the same; then its `SaveError` is raised, or the
        `ImageLostError` of a picture whose bytes are gone.
        """
        return [path for path in self._save_all(folder) if path]

    def _save_all(self, folder: str | Path) -> list[Path | None]:
        paths = saving.save_all(self._images(), self._captions(), folder)
        saving.warn_of_missing(self._captions(), self._reasons(briefly=True))
        return paths

    def to_html(
        self,
        path: str | Path,
        *,
        columns: str | Sequence[Any] = (),
        title: str = "Contact sheet",
        originals: str | Path | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write a contact sheet, one HTML file that fetches nothing, and return its path.

        Each picture is a thumbnail above its label or, where some are named, above its values in `columns`:
        of the table that the batch was made from, or of `rows()`. A failure says why in its place.

        A thumbnail links to its original by a path relative to the page. `originals` is a folder into which
        they are saved for that, see `save`: page and folder can then be moved together. Without it the page
        links to the files that were saved; pictures that are in no file, or in the store, are part of the
        page where they have 8 MiB at most together, else it links to the store.

        Raises `ArgumentError` for a column that is not there, `SaveError` where the file exists, unless
        `overwrite`, or cannot be written.
        """
        columns = [columns] if isinstance(columns, str) else columns
        facts = sheet.choose_facts(columns, self._records()) if columns else [()] * len(self)

        def make(target: Path) -> Iterator[bytes]:
            paths = [outcome.path if isinstance(outcome, Generation) else None for outcome in self.outcomes]
            if originals is not None:
                paths = self._save_all(originals)
            images, captions = self._images(), self._captions()
            links = sheet.link_originals(images, paths, captions, target.parent)
            cells = zip(self.requests, captions, facts, images, self._reasons(), links, strict=True)
            tiles = (
                contact_sheet.Tile(
                    request.prompt,
                    caption="" if values else caption,
                    facts=values,
                    image=image,
                    problem=problem,
                    link=link,
                    file_name=file_name,
                )
                for request, caption, values, image, problem, (link, file_name) in cells
            )
            return contact_sheet.render_pieces(tiles, count=len(self), title=title, totals=self.heading)

        return files.write_new(path, make, what="The contact sheet", overwrite=overwrite)

    def _images(self) -> list[GeneratedImage | None]:
        return [outcome.image if isinstance(outcome, Generation) else None for outcome in self.outcomes]

    def _reasons(self, *, briefly: bool = False) -> list[str]:
        """Return for each request why it has no picture, "" for one that has; without hints and files."""
        reasons = []
        for place, outcome in enumerate(self.outcomes):
            if isinstance(outcome, GeminiError):
                reasons.append(type(outcome).__name__ if briefly else str(outcome.args[0]))
            else:
                reasons.append("" if outcome else self._why_unanswered(place))
        return reasons

    def _unanswered_status(self, place: int) -> str:
        if place in self.in_jobs:
            return "in a job"
        return "interrupted" if place in self.interrupted else "not asked"

    def _why_unanswered(self, place: int) -> str:
        status = self._unanswered_status(place)
        return _EXPLANATIONS.get(status, status)

    def _records(self) -> list[dict[Any, Any]]:
        """Return what may be said of each picture: its row of the source, the values, and `rows()`."""
        own = self._rows(self._values_beside_source())
        records = self.source.records() if self.source else [{}] * len(self)
        return [{**record, **row} for record, row in zip(records, own, strict=True)]

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[Generation | GeminiError | None]:
        """Iterate over `outcomes`: a failure is yielded in its place, not raised."""
        return iter(self.outcomes)

    @overload
    def __getitem__(self, key: slice) -> Batch: ...

    @overload
    def __getitem__(self, key: Any) -> Generation: ...

    def __getitem__(self, key: Any) -> Batch | Generation:
        """Return the picture with this number, from 0 or from the end, or with this label; or a slice.

        A slice is a `Batch`. A label is one of the index of the pandas frame that the batch was made from
        (a tuple for several levels), or else a caption; a whole number is never taken as a label.

        What failed is raised: the request's own error, an `OutcomeUnknownError` for what was interrupted, a
        `GeminiError` for what was not asked. `IndexError` and `KeyError` say that there is no such number or
        label, or that several pictures have the label. `outcomes` and iteration give errors as values.
        """
        if isinstance(key, slice):
            return self._select(range(len(self))[key])
        place = find_place(key, len(self), self._index_labels(), self._captions())
        outcome = self.outcomes[place]
        if isinstance(outcome, Generation):
            return outcome
        if outcome is not None:
            raise copy(outcome)  # the batch's own one keeps no traceback
        if place in self.interrupted:
            raise OutcomeUnknownError(f"Picture {place} was interrupted after it had been sent.")
        if place in self.in_jobs:
            raise GeminiError(
                f"Picture {place} is in a batch job, which goes on.",
                hint="Run it again: it waits for the job. client.jobs() lists the jobs.",
            )
        raise GeminiError(
            f"Picture {place} was not asked for: the batch was stopped before.",
            hint="Run it again: it asks for what is missing.",
        )

    def _ipython_key_completions_(self) -> list[str]:
        """Return the labels that Tab offers after `batch["`."""
        return [label for label in (*self._index_labels(), *self._captions()) if isinstance(label, str)]

    def _index_labels(self) -> list[Any]:
        return self.source.index_labels if self.source else []

    def _select(self, places: Sequence[int]) -> Batch:
        return replace(
            self,
            requests=tuple(self.requests[place] for place in places),
            outcomes=tuple(self.outcomes[place] for place in places),
            labels=tuple(self.labels[place] for place in places) if self.labels else (),
            values=tuple(self.values[place] for place in places) if self.values else (),
            interrupted=frozenset(new for new, place in enumerate(places) if place in self.interrupted),
            in_jobs=frozenset(new for new, place in enumerate(places) if place in self.in_jobs),
            source=self.source and self.source.take(places),
            seconds=0.0,  # which of them took how long of it is not known
        )

    def _captions(self) -> tuple[str, ...]:
        return self.labels or tuple(request.prompt for request in self.requests)

    def __repr__(self) -> str:
        return f"Batch({self.summary})"

    @property
    def summary(self) -> str:
        """The numbers of pictures made and replayed, of failures, and of requests interrupted or not sent."""
        answered, failed, interrupted = len(self.generations), len(self.errors), len(self.interrupted)
        waiting = len(self.in_jobs)
        replayed = sum(generation.replayed for generation in self.generations)
        billed = sum(error.may_be_billed for error in self.errors)
        counts = (
            (answered - replayed, "made"),
            (replayed, "replayed"),
            (failed, f"failed ({billed} perhaps billed)" if billed else "failed"),
            (interrupted, "interrupted and perhaps billed"),
            (waiting, "in batch jobs"),
            (len(self) - answered - failed - interrupted - waiting, "not asked"),
        )
        return f"{format_count(len(self), 'picture')}: " + ", ".join(
            f"{n} {word}" for n, word in counts if n or (word == "made" and not replayed)
        )

    @property
    def heading(self) -> str:
        """The summary, and what this run cost by estimate and how long it took, where models were asked."""
        spending = Spending()
        for generation in {id(generation): generation for generation in self.generations}.values():
            spending.add(generation)  # equal requests may share one that was paid for once
        for request, outcome in zip(self.requests, self.outcomes, strict=True):
            if isinstance(outcome, GeminiError):
                spending.add_failure(outcome, request.model)
        new = [generation for generation in self.generations if not generation.replayed]
        is_slow = self.seconds >= 1 and not all(generation.is_painting for generation in new)
        seconds = format_seconds(self.seconds) if is_slow else ""
        return " · ".join(filter(None, (self.summary, spending.describe(), seconds)))

    def tiles(self) -> list[grid.Tile]:
        """Return a tile of a grid for each request: its picture, or why there is none."""
        answered = enumerate(zip(self.requests, self.outcomes, self._captions(), strict=True))
        return [
            _tile(request, outcome, label, unanswered=self._why_unanswered(index))
            for index, (request, outcome, label) in answered
        ]

    def render_text(self) -> str:
        """Return what a terminal shows: the text of the grid, and which files to open."""
        tiles = [
            replace(tile, caption=f"{tile.caption}\n{outcome.path.absolute()}", original=NO_ORIGINAL)
            if isinstance(outcome, Generation) and outcome.path
            else tile
            for tile, outcome in zip(self.tiles(), self.outcomes, strict=True)
        ]
        return grid.render_text(tiles, heading=self.heading)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return grid.render_bundle(self.tiles(), columns=self.columns, heading=self.heading)


def _free_name(name: str, taken: Container[Any]) -> str:
    while name in taken:
        name = f"image_{name}"
    return name


def _tile(
    request: ImageRequest, outcome: Generation | GeminiError | None, label: str, *, unanswered: str
) -> grid.Tile:
    label = one_line(label, _LABEL_CHARACTERS)
    if isinstance(outcome, Generation):
        pixels = f"{outcome.image.width} × {outcome.image.height}"
        caption = f"{label}\n{' · '.join((pixels, *outcome.describe_making()))}"
        original = outcome.original.without_bytes()
        remarks = [one_line(note, _LABEL_CHARACTERS) for note in outcome.notes]
        return grid.Tile(request.prompt, caption, outcome.image, original=original, remarks=remarks)
    problem = f"{type(outcome).__name__}: {outcome}" if outcome is not None else unanswered
    return grid.Tile(request.prompt, label, problem=problem)
