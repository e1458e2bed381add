"""What a call gives back: a `Generation` for one picture, a `Batch` for many."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gemini_nb.display import figure, grid
from gemini_nb.display.figure import PREVIEW_WIDTH
from gemini_nb.errors import ArgumentError, GeminiError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.request import ImageRequest

_LABEL_CHARACTERS = 120
_RATIO_TOLERANCE = 0.06  # the API's own sizes stray that far: 21:9 comes as 1536 × 672


@dataclass(frozen=True)
class Generation:
    """One answered request.

    `images` are the final pictures in the reply's order, the last of them the primary one; `drafts` the
    thought pictures. `seconds` is what the call took, `usage` the reply's `usageMetadata` as sent, `path` the
    file that holds the primary picture, if any. A notebook shows a preview of `preview_width` pixels, or the
    original where that is None, and above it the `chain` of pictures it was edited from, with their prompts.
    """

    request: ImageRequest = field(repr=False)
    images: tuple[GeneratedImage, ...]
    provider: str
    drafts: tuple[GeneratedImage, ...] = ()
    text: str = ""
    model_version: str | None = None
    finish_reason: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict, repr=False)
    seconds: float = 0.0
    replayed: bool = False
    notes: tuple[str, ...] = ()
    preview_width: int | None = field(default=PREVIEW_WIDTH, repr=False, compare=False)
    chain: tuple[tuple[str, GeneratedImage], ...] = field(default=(), repr=False, compare=False)
    path: Path | None = field(default=None, repr=False, compare=False)

    @property
    def image(self) -> GeneratedImage:
        """The primary picture: the last, since one gateway sends its drafts before it unmarked."""
        return self.images[-1]

    def in_memory(self) -> Generation:
        """Return the answer with no picture left in a file that is gone soon."""
        for image in (*self.images, *self.drafts):
            image.in_memory()
        return self

    @property
    def prompt(self) -> str:
        return self.request.prompt

    @property
    def model(self) -> str:
        """The id of the model that was asked."""
        return self.request.model

    @property
    def digest(self) -> str:
        """The request's digest: its name in the store."""
        return self.request.digest

    @property
    def estimated_cost(self) -> float | None:
        """US dollars at Google's list price; 0.0 offline, None where the price is not known."""
        return 0.0 if self.provider == "offline" else self.request.estimated_cost

    @property
    def pil(self) -> Any:
        """The primary picture as a `PIL.Image`."""
        return self.image.pil

    def save(self, path: str | Path, **options: Any) -> Path:
        """Save the primary picture's original bytes; see `GeneratedImage.save`."""
        return self.image.save(path, **options)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return figure.bundle(
            self.image,
            alt=self.prompt,
            caption=self.caption,
            remarks=self.remarks,
            width=self.preview_width,
            chain=self.chain,
            drafts=self.drafts,
        )

    @property
    def caption(self) -> str:
        """One line: type, pixels, digest of the bytes, model and provider."""
        replayed = ("replayed from the store",) if self.replayed else ()
        return " · ".join((figure.facts(self.image), self.model, self.provider, *replayed))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What should be said under the picture: the model's own words, then notes."""
        return (*([self.text] if self.text else []), *self.notes)


def notes(request: ImageRequest, image: GeneratedImage, usage: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a careful reader would notice about a picture."""
    found = []
    if image.declared_mime_type and image.declared_mime_type.split(";")[0].strip() not in _same(
        image.mime_type
    ):
        found.append(f"declared {image.declared_mime_type[:40]}, the bytes are {image.mime_type}")
    if request.aspect_ratio and not _has_ratio(image, request.aspect_ratio):
        found.append(f"asked for {request.aspect_ratio}, came as {image.width} × {image.height}")
    if max(image.width, image.height) <= 2 and not _image_tokens(usage):
        found.append("looks invented: the model seems to have written this picture as text")
    return tuple(found)


def _same(mime_type: str) -> tuple[str, ...]:
    return (mime_type, "image/jpg") if mime_type == "image/jpeg" else (mime_type, "image/*")


def _has_ratio(image: GeneratedImage, ratio: str) -> bool:
    width, height = (int(part) for part in ratio.split(":"))
    return abs(image.width * height / (image.height * width) - 1) <= _RATIO_TOLERANCE


def _image_tokens(usage: Mapping[str, Any]) -> int:
    details = usage.get("candidatesTokensDetails")
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    counts = [row.get("tokenCount") for row in rows if row.get("modality") == "IMAGE"]
    return sum(count for count in counts if isinstance(count, int))


@dataclass(frozen=True)
class Batch:
    """Many answered requests: one `Generation` or one error for each, in the order they were asked.

    `labels` say in a few words what tells each from the others, `values` what was filled into its prompt;
    a notebook shows `columns` of them side by side.
    """

    requests: tuple[ImageRequest, ...] = field(repr=False)
    outcomes: tuple[Generation | GeminiError | None, ...] = field(repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False, compare=False)
    values: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)
    columns: int = field(default=grid.MAX_COLUMNS, repr=False, compare=False)

    @property
    def generations(self) -> list[Generation]:
        """The successes, in order."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Generation)]

    @property
    def errors(self) -> list[GeminiError]:
        """One error for each failure, in order; requests an interrupt left unasked have none."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, GeminiError)]

    def rows(self) -> list[dict[str, Any]]:
        """Return one record for each request: what was filled in, what was asked, what came of it.

        `cost` is an estimate in US dollars, None where the price is not known or there is no picture.
        """
        labels = self.labels or tuple(request.prompt for request in self.requests)
        values: tuple[Mapping[str, Any], ...] = self.values or ({},) * len(self)
        rows = zip(values, labels, self.requests, self.outcomes, strict=True)
        return [
            {**filled, "label": label, **_row(request, outcome)} for filled, label, request, outcome in rows
        ]

    def to_frame(self) -> Any:
        """Return the rows as a pandas `DataFrame`; raise `ArgumentError` where pandas is not installed."""
        try:
            import pandas as pd  # noqa: PLC0415 - optional
        except ImportError:
            raise ArgumentError(
                "to_frame() needs pandas.", hint="pip install pandas, or use rows()."
            ) from None
        return pd.DataFrame(self.rows())

    def to_parquet(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write one row for each request as a Parquet file, and return its path.

        The columns are a manifest's; paths are relative to the file's folder. Raises `ArgumentError` where
        pyarrow is not installed, `SaveError` where the file is there already or cannot be written.
        """
        from gemini_nb import parquet  # noqa: PLC0415 - seldom needed

        return parquet.write(path, self.requests, self.outcomes, overwrite=overwrite)

    def __len__(self) -> int:
        return len(self.outcomes)

    def __repr__(self) -> str:
        return f"Batch({self.summary})"

    @property
    def summary(self) -> str:
        """How many succeeded, failed and were not asked, in words."""
        made, failed = len(self.generations), len(self.errors)
        left = len(self) - made - failed
        counts = ((made, "made"), (failed, "failed"), (left, "not asked"))
        return f"{len(self)} pictures: " + ", ".join(
            f"{n} {word}" for n, word in counts if n or word == "made"
        )

    def tiles(self) -> list[grid.Tile]:
        """Return what a grid shows of it: a picture, or why there is none, for each request."""
        labels = self.labels or tuple(request.prompt for request in self.requests)
        rows = zip(self.requests, self.outcomes, labels, strict=True)
        return [_tile(request, outcome, label) for request, outcome, label in rows]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return grid.bundle(self.tiles(), columns=self.columns, heading=self.summary)


def _tile(request: ImageRequest, outcome: Generation | GeminiError | None, label: str) -> grid.Tile:
    label = _shortened(label)
    if isinstance(outcome, Generation):
        replayed = " · replayed" if outcome.replayed else ""
        facts = f"{label}\n{outcome.image.width} × {outcome.image.height} · {outcome.provider}{replayed}"
        return grid.Tile(request.prompt, facts, image=outcome.image)
    problem = "not asked" if outcome is None else f"{type(outcome).__name__}: {outcome}"
    return grid.Tile(request.prompt, label, problem=problem)


def _shown_path(path: Path) -> str:
    """The path as seen from here, so that a notebook's table is the same on every machine."""
    try:
        return str(path.relative_to(type(path).cwd()))
    except (ValueError, OSError):  # it is elsewhere, or the current folder is gone
        return str(path)


def _shortened(label: str) -> str:
    """A caption's first line; a prompt of many lines, such as JSON, is put into one and cut."""
    line = " ".join(label[: 4 * _LABEL_CHARACTERS].split())
    return line if len(line) <= _LABEL_CHARACTERS else f"{line[: _LABEL_CHARACTERS - 1]}…"


def _row(request: ImageRequest, outcome: Generation | GeminiError | None) -> dict[str, Any]:
    made = outcome if isinstance(outcome, Generation) else None
    status = "ok" if made else "not asked" if outcome is None else type(outcome).__name__
    return {
        "prompt": request.prompt,
        "model": request.model,
        "take": request.take,
        "path": _shown_path(made.path) if made and made.path else None,
        "pixels": f"{made.image.width} × {made.image.height}" if made else None,
        "width": made.image.width if made else None,
        "height": made.image.height if made else None,
        "cost": made.estimated_cost if made else None,
        "seconds": made.seconds if made else None,
        "replayed": made.replayed if made else None,
        "status": status,
        "error": str(outcome) if isinstance(outcome, GeminiError) else None,
    }
