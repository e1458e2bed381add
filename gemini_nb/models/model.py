"""Rows of the catalogue as values: a model, its offers at providers, its prices, and aliases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

Shape = Literal["inlineData", "data URI (JPEG)", "data URI (PNG)", "hosted URL"]

BATCH = "batch"
"""The tier of pictures that are made in batch jobs, within a day, at a share of the price."""

SIZE_FACTORS = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
"""How many times the sides at 1K a picture of each image size has."""


class Source(NamedTuple):
    """Where a fact of the catalogue was read, and the ISO date on which that was so."""

    text: str
    date: str


@dataclass(frozen=True)
class TokenPrices:
    """List prices in US dollars for a million tokens of input, text and image; thinking is charged as text.

    `search` is that of a thousand search queries, None where it is not known or the model searches nothing;
    `batch` is the share of all token prices that a batch job costs.
    """

    input: float
    text: float
    image: float
    source: Source
    search: float | None = None
    batch: float = 0.5


@dataclass(frozen=True)
class Offer:
    """What is known of a model at one provider: that it is offered, or was `shut_down` on a day (ISO).

    `successor` is what is offered there instead, `note` a remark, said once when the model is asked.
    """

    provider: str
    source: Source
    shut_down: str | None = None
    successor: str | None = None
    note: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the day of the shutdown has come."""
        return self.shut_down is not None and self.shut_down <= datetime.now(UTC).date().isoformat()


@dataclass(frozen=True)
class Model:
    """One catalogue row.

    `offers` say at which provider the model is asked, or was shut down. `former_ids` are those that this
    model had before. `prices` maps an image size to US dollars per picture at list price ("" is the model's
    own size), `tokens` the same to output tokens, `pixels` an aspect ratio to width and height at 1K.
    `limits_source` is that of ratios, sizes, pixels and input images. `shape` is the reply's shape when it
    was last `observed`. `thinking_levels` and `searches` are what `thinking=` and `search=` may say: () where
    the model takes none, None where that is not known. `remark` is for the list of models.
    """

    id: str
    alias: str | None = None
    offers: tuple[Offer, ...] = ()
    former_ids: tuple[str, ...] = ()
    shape: Shape | None = None
    shape_source: Source | None = None
    aspect_ratios: tuple[str, ...] = ()
    image_sizes: tuple[str, ...] = ()
    pixels: tuple[tuple[str, tuple[int, int]], ...] = ()
    max_input_images: int = 14
    limits_source: Source | None = None
    tokens: tuple[tuple[str, int], ...] = ()
    prices: tuple[tuple[str, float], ...] = ()
    token_prices: TokenPrices | None = None
    thinking_levels: tuple[str, ...] | None = None
    searches: tuple[str, ...] | None = None
    options_source: Source | None = None
    remark: str = ""

    def price(self, image_size: str | None = None, *, tier: str | None = None) -> float | None:
        """Return the list price of one picture in US dollars, or None where it is not known.

        >>> resolve("nano-banana-2").price("2K")
        0.101
        >>> resolve("nano-banana-pro").price("2K", tier="batch")
        0.067
        """
        price, share = dict(self.prices).get(image_size or self.default_size), self.price_share(tier)
        return None if price is None or share is None else price * share

    def price_share(self, tier: str | None) -> float | None:
        """Return what share of the list price is paid in a tier; None where it is not known."""
        if tier != BATCH:
            return 1.0
        return self.token_prices.batch if self.token_prices else None

    def price_of_tokens(self, *, input: int, text: int, image: int) -> float | None:  # noqa: A002 - Google's word
        """Return what so many tokens cost in US dollars at list price, or None where that is not known."""
        prices = self.token_prices
        if prices is None:
            return None
        return (input * prices.input + text * prices.text + image * prices.image) / 1e6

    def pixel_size(self, aspect_ratio: str = "1:1", image_size: str | None = None) -> tuple[int, int] | None:
        """Return width and height of a picture, or None where they are not known.

        >>> resolve("nano-banana-pro").pixel_size("16:9", "4K")
        (5504, 3072)
        """
        base, size = dict(self.pixels).get(aspect_ratio), image_size or "1K"
        if base is None or size not in (self.image_sizes or ("1K",)):
            return None
        width, height = (round(side * SIZE_FACTORS[size]) for side in base)
        return width, height

    def at(self, provider: str) -> Offer | None:
        """Return what is known of the model at a provider; None where nothing is."""
        return next((offer for offer in self.offers if offer.provider == provider), None)

    @property
    def note(self) -> str:
        """The remark of a provider on the model, or ""."""
        return next((offer.note for offer in self.offers if offer.note), "")

    @property
    def default_size(self) -> str:
        """The size a request without one gets: "1K", or "" for a model without sizes."""
        return "1K" if self.image_sizes else ""

    @property
    def sources(self) -> dict[str, Source]:
        """Where each kind of facts in this row was read, and when."""
        facts = {f"at {offer.provider}": offer.source for offer in self.offers}
        facts |= {"limits": self.limits_source} if self.limits_source else {}
        facts |= {"options": self.options_source} if self.options_source else {}
        facts |= {"shape": self.shape_source} if self.shape_source else {}
        return facts | ({"prices": self.token_prices.source} if self.token_prices else {})

    @property
    def observed(self) -> str | None:
        """The date on which the shape was last seen."""
        return self.shape_source.date if self.shape_source else None


@dataclass(frozen=True)
class Alias:
    """A name for a model: the id that it means at each provider, and those that it meant before.

    A meaning that changes goes into `former_ids`, for good: stored pictures of it answer for the alias.
    """

    name: str
    crazyrouter: str
    google: str
    former_ids: tuple[str, ...] = ()

    def at(self, provider: str) -> str:
        """Return the id at a provider; the offline one paints what Crazyrouter's names mean."""
        return self.google if provider == "google" else self.crazyrouter

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id that the alias means or meant, anywhere."""
        return tuple(dict.fromkeys((self.crazyrouter, self.google, *self.former_ids)))
