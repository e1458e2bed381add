"""Generations: the pictures, texts and facts with which one request was answered."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gemini_nb.display import figure
from gemini_nb.display.figure import PREVIEW_WIDTH
from gemini_nb.display.original import Original
from gemini_nb.images.save import safe_stem
from gemini_nb.models import BATCH, OFFLINE_VERSION
from gemini_nb.models.usage import count_image_tokens, price_usage
from gemini_nb.notebook_folder import link_to
from gemini_nb.text import format_dollars, format_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.request import ImageRequest

_RATIO_TOLERANCE = 0.06  # the API's own sizes differ by that much: 21:9 comes as 1536 × 672


@dataclass(frozen=True)
class WebLink:
    """The title and the http or https address of a page."""

    title: str
    url: str


@dataclass(frozen=True)
class Grounding:
    """What the model searched the web for, with `search=`: its `queries`, and the `sources` that it used.

    `suggestions` are Google's search suggestions, which its terms ask to be shown with the answer.
    """

    queries: tuple[str, ...] = ()
    sources: tuple[WebLink, ...] = ()
    suggestions: tuple[WebLink, ...] = ()


@dataclass(frozen=True)
class Generation:
    """One answered request.

    `images` are the final pictures in the reply's order, the last of them the primary one; `drafts` are the
    thought pictures. `seconds` is the duration of the call, `usage` the reply's `usageMetadata` as received,
    `path` the file of the primary picture, if any. A notebook shows a preview of `preview_width` pixels, or
    the original where that is None, and above it the `chain` of pictures it was edited from, with prompts.
    `grounding` is what was searched for, None without a search, `safety_ratings` the reply's `safetyRatings`.
    With a mask `images` are compositions, with the source's own pixels outside of it, and `received` are the
    pictures that they were made of, byte for byte as they came; without a mask it is empty.
    `tier` is "batch" for what a batch job made, at its price; else None.
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
    grounding: Grounding | None = None
    safety_ratings: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    received: tuple[GeneratedImage, ...] = field(default=(), repr=False)
    tier: str | None = field(default=None, repr=False)
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

    @property
    def pictures(self) -> tuple[GeneratedImage, ...]:
        """All pictures: the final ones, those that came for a mask, and the drafts."""
        return (*self.images, *self.received, *self.drafts)

    def map_pictures(self, change: Callable[[GeneratedImage], GeneratedImage]) -> Generation:
        """Return the answer with each of its pictures changed."""
        kinds = (self.images, self.received, self.drafts)
        images, received, drafts = (tuple(map(change, pictures)) for pictures in kinds)
        return replace(self, images=images, received=received, drafts=drafts)

    def in_memory(self) -> Generation:
        """Read the pictures from temporary files into memory, and return the answer."""
        for image in self.pictures:
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
        """US dollars at Google's list price; 0.0 offline, None where the price is not known.

        It is the price of the tokens and searches that the reply counts, or else that of such a picture.
        """
        if self.provider == "offline":
            return 0.0
        by_usage = price_usage(
            self.model,
            self.usage,
            pictures=len(self.images),
            image_size=self.request.image_size,
            queries=len(self.grounding.queries) if self.grounding else 0,
            tier=self.tier,
        )
        return self.request.estimate_cost(self.tier) if by_usage is None else by_usage

    @property
    def pil(self) -> Any:
        """The primary picture as a `PIL.Image`."""
        return self.image.pil

    def save(self, path: str | Path, **options: Any) -> Path:
        """Save the primary picture; see `GeneratedImage.save`."""
        return self.image.save(path, **options)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return figure.render_bundle(
            self.image,
            alt=self.prompt,
            **self._words(),
            width=self.preview_width,
            chain=self.chain,
            drafts=self.drafts,
        )

    def render_text(self) -> str:
        """Return what a terminal shows: the text of the picture, and which file to open."""
        text = figure.render_text(self.image, **self._words())
        if self.path is None:
            return f'{text}\nTo open it, save it: .save("{self.original.name}")'
        return f"{text}\nTo open it: {self.path.absolute()}"

    def _words(self) -> dict[str, Any]:
        """Return what stands under the picture."""
        return {
            "caption": self._facts,
            "original": self.original,
            "remarks": self.remarks,
            "links": self._links(),
        }

    def _links(self) -> dict[str, list[tuple[str, str]]]:
        """Return the links to show under the picture, by what they are."""
        found = self.grounding or Grounding()
        rows = {"Sources": found.sources, "Search suggestions": found.suggestions}
        return {label: [(link.title, link.url) for link in links] for label, links in rows.items() if links}

    @property
    def caption(self) -> str:
        """One line: type and pixels, model, price, seconds, whether it was replayed, where it was saved."""
        return " · ".join((self._facts, *self.original.words))

    @property
    def _facts(self) -> str:
        return " · ".join((figure.describe(self.image), self.model, *self.describe_making(at_length=True)))

    def describe_making(self, *, at_length: bool = False) -> tuple[str, ...]:
        """Return what it cost to make and how long it took, and whether it was replayed instead, in words.

        A replay tells what it cost to make. Moments are not told, nor how long an offline painting took:
        they differ from run to run, and tell nothing of a model.
        """
        if self.provider == "offline":
            return ("painted offline, no cost",)
        cost = self.estimated_cost
        price = "price unknown" if cost is None else f"{format_dollars(cost)} by estimate"
        price += ", batch price" if self.tier == BATCH and cost is not None else ""
        is_slow = not self.is_painting and self.seconds >= 1
        seconds = format_seconds(self.seconds) if is_slow else ""
        replayed = "replayed from the store at no cost" if at_length else "replayed"
        return tuple(filter(None, (price, seconds, replayed if self.replayed else "")))

    @property
    def is_painting(self) -> bool:
        """Whether the offline painter made it and no model, in this process or as an offline server."""
        return self.provider == "offline" or (self.model_version or "").endswith(OFFLINE_VERSION)

    @property
    def original(self) -> Original:
        """How the primary picture can be had: by a download, or as the file that it was saved as."""
        link = "" if self.path is None else link_to(self.path)
        if self.path is None or self.path.stem == self.image.sha256:  # a store's file has no name to show
            return Original(f"{safe_stem(self.prompt)}{self.image.suffix}", link=link)
        return Original(saved_as=os.fspath(self.path), link=link)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The lines under the picture: the model's own words, then the notes that do not stand in them."""
        return tuple(filter(None, (self.text, *(note for note in self.notes if note not in self.text))))


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
