"""The catalogue of image models: names, ratios, sizes, list prices, and the last observed reply shape.

A row is an observation with its date and source, never a rule: the shape of a reply is read
from the reply. A name that is not here is passed through with a warning.
"""

from __future__ import annotations

import difflib
import warnings
from dataclasses import dataclass, replace
from typing import Any, Literal

from gemini_nb.errors import GeminiWarning

Shape = Literal["inlineData", "data URI (JPEG)", "data URI (PNG)", "hosted URL"]

DEFAULT_MODEL = "gemini-3.1-flash-image-preview"

_RETEST = "Crazyrouter's retest of the Gemini image routes"
_LIST_PRICES = "Google's list prices as in genai-prices 0.2.3 and litellm's table, autumn 2026"

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_WIDE_RATIOS = (*_RATIOS, "1:4", "4:1", "1:8", "8:1")


@dataclass(frozen=True)
class TokenPrices:
    """List prices in US dollars for a million tokens; thinking counts as text."""

    input: float
    text: float
    image: float


@dataclass(frozen=True)
class Model:
    """One catalogue row.

    `prices` maps an image size to US dollars per picture at list price ("" is the model's own size);
    `tokens` the same to output tokens; `token_prices` are for replies without a picture. `shape` is the
    reply's shape when it was last `observed`.
    """

    id: str
    alias: str | None = None
    shape: Shape | None = None
    observed: str | None = None
    source: str = _LIST_PRICES
    aspect_ratios: tuple[str, ...] = _RATIOS
    image_sizes: tuple[str, ...] = ()
    max_input_images: int = 14
    tokens: tuple[tuple[str, int], ...] = ()
    prices: tuple[tuple[str, float], ...] = ()
    token_prices: TokenPrices | None = None
    note: str = ""

    def price(self, image_size: str | None = None) -> float | None:
        """Return the list price of one picture in US dollars, or None where it is not known.

        >>> resolve("nano-banana-2").price("2K")
        0.101
        """
        return dict(self.prices).get(image_size or self.default_size)

    def price_of_tokens(self, *, input: int, text: int, image: int) -> float | None:  # noqa: A002 - Google's word
        """Return what so many tokens cost in US dollars at list price, or None where that is not known."""
        prices = self.token_prices
        if prices is None:
            return None
        return (input * prices.input + text * prices.text + image * prices.image) / 1e6

    @property
    def default_size(self) -> str:
        """The size a request without one gets: "1K", or "" for a model without sizes."""
        return "1K" if self.image_sizes else ""


def _observed(row: Model, shape: Shape, **changes: Any) -> Model:
    return replace(row, shape=shape, observed="2026-04-14", source=f"{_RETEST}; {_LIST_PRICES}", **changes)


_FLASH_2_5 = Model(
    "gemini-2.5-flash-image",
    "nano-banana",
    max_input_images=3,
    tokens=(("", 1290),),
    prices=(("", 0.039),),
    token_prices=TokenPrices(input=0.3, text=2.5, image=30),
    note="Crazyrouter had the billing consistency of gemini-2.5-flash-image under review on 2026-04-14.",
)
_PRO_3 = Model(
    "gemini-3-pro-image",
    image_sizes=("1K", "2K", "4K"),
    tokens=(("1K", 1120), ("2K", 1120), ("4K", 2000)),
    prices=(("1K", 0.134), ("2K", 0.134), ("4K", 0.24)),
    token_prices=TokenPrices(input=2, text=12, image=120),
)
_FLASH_3_1 = Model(
    "gemini-3.1-flash-image",
    aspect_ratios=_WIDE_RATIOS,
    image_sizes=("512", "1K", "2K", "4K"),
    tokens=(("512", 747), ("1K", 1120), ("2K", 1680), ("4K", 2520)),
    prices=(("512", 0.045), ("1K", 0.067), ("2K", 0.101), ("4K", 0.151)),
    token_prices=TokenPrices(input=0.5, text=3, image=60),
)
_LITE_3_1 = Model(
    "gemini-3.1-flash-lite-image",
    "nano-banana-2-lite",
    image_sizes=("1K",),
    tokens=(("1K", 1120),),
    prices=(("1K", 0.034),),
    token_prices=TokenPrices(input=0.25, text=1.5, image=30),
)
_NANO_2_1 = Model(
    "gemini-nano-banana-2.1",
    "nano-banana-2.1",
    aspect_ratios=_WIDE_RATIOS,
    image_sizes=("1K", "2K", "4K"),
    tokens=(("1K", 1120),),
    prices=(("1K", 0.034),),
    token_prices=TokenPrices(input=1.5, text=7.5, image=30),
)

CATALOGUE: tuple[Model, ...] = (
    _observed(_FLASH_3_1, "inlineData", id=DEFAULT_MODEL, alias="nano-banana-2"),
    _observed(_PRO_3, "data URI (JPEG)", id="gemini-3-pro-image-preview", alias="nano-banana-pro"),
    _observed(_FLASH_2_5, "data URI (PNG)"),
    _observed(_FLASH_2_5, "hosted URL", id="gemini-2.5-flash-image-preview", alias=None, note=""),
    _FLASH_3_1,
    _PRO_3,
    _LITE_3_1,
    _NANO_2_1,
)
_BY_NAME = {name: row for row in CATALOGUE for name in (row.id, row.alias) if name}


def names() -> list[str]:
    """Return every id and alias, in the catalogue's order."""
    return list(_BY_NAME)


def find(name: str) -> Model | None:
    """Return the catalogue row for an id or alias, or None."""
    return _BY_NAME.get(name.strip().removeprefix("models/"))


def resolve(name: str) -> Model:
    """Return the row for an id or alias; an unknown name warns and gives a bare row.

    >>> resolve("nano-banana-pro").id
    'gemini-3-pro-image-preview'
    """
    row = find(name)
    if row is None:
        row = Model(name.strip().removeprefix("models/"), source="", aspect_ratios=())
        near = difflib.get_close_matches(row.id, _BY_NAME, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        _warn_once(f"The model {row.id!r} is not in the catalogue and is passed on as it is.{guess}")
    elif row.note:
        _warn_once(row.note)
    return row


_warned: set[str] = set()


def _warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        warnings.warn(message, GeminiWarning, stacklevel=4)
