"""Generations: the pictures, texts and facts with which one request was answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gemini_nb.display import figure
from gemini_nb.display.figure import PREVIEW_WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.request import ImageRequest

_RATIO_TOLERANCE = 0.06  # the API's own sizes differ by that much: 21:9 comes as 1536 × 672


@dataclass(frozen=True)
class Generation:
    """One answered request.

    `images` are the final pictures in the reply's order, the last of them the primary one; `drafts` are the
    thought pictures. `seconds` is the duration of the call, `usage` the reply's `usageMetadata` as received,
    `path` the file of the primary picture, if any. A notebook shows a preview of `preview_width` pixels, or
    the original where that is None, and above it the `chain` of pictures it was edited from, with prompts.
    `content` returns the model's raw content, for an edit to echo; None where a store has it, or nobody.
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
    content: Callable[[], Any] | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model's raw content out of pickles and copies: it may hold the key, and megabytes."""
        return {**self.__dict__, "content": None}

    @property
    def image(self) -> GeneratedImage:
        """The primary picture: the last one, since a gateway sends unmarked drafts before it."""
        return self.images[-1]

    def in_memory(self) -> Generation:
        """Read the pictures from temporary files into memory, and return the answer."""
        for image in (*self.images, *self.drafts):
            image.in_memory()
        return self

    @property
    def prompt(self) -> str:
        """The request's prompt."""
        return self.request.prompt

    @property
    def model(self) -> str:
        """The id of the requested model; the reply's own is `model_version`."""
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
        return figure.render_bundle(
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
        return " · ".join((figure.describe(self.image), self.model, self.provider, *replayed))

    @property
    def remarks(self) -> tuple[str, ...]:
        """The lines under the picture: the model's own words, then notes."""
        return (*([self.text] if self.text else []), *self.notes)


def notes(request: ImageRequest, image: GeneratedImage, usage: Mapping[str, Any]) -> tuple[str, ...]:
    """Return remarks on a picture: another type or ratio than announced, or one that looks invented."""
    remarks = []
    declared = image.declared_mime_type or ""
    alias = "image/jpg" if image.mime_type == "image/jpeg" else "image/*"
    if declared and declared.split(";")[0].strip() not in (image.mime_type, alias):
        remarks.append(f"declared {declared[:40]}, the bytes are {image.mime_type}")
    if request.aspect_ratio and not _has_ratio(image, request.aspect_ratio):
        remarks.append(f"asked for {request.aspect_ratio}, came as {image.width} × {image.height}")
    if max(image.width, image.height) <= 2 and not count_image_tokens(usage):
        remarks.append("looks invented: the model seems to have written this picture as text")
    return tuple(remarks)


def _has_ratio(image: GeneratedImage, ratio: str) -> bool:
    width, height = (int(part) for part in ratio.split(":"))
    return abs(image.width * height / (image.height * width) - 1) <= _RATIO_TOLERANCE


def count_image_tokens(usage: Mapping[str, Any]) -> int:
    """Return how many output tokens a reply's usage lists as those of pictures."""
    details = usage.get("candidatesTokensDetails")
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    counts = [row.get("tokenCount") for row in rows if row.get("modality") == "IMAGE"]
    return sum(count for count in counts if isinstance(count, int) and count > 0)
