"""The rows of the catalogue, and what each alias means where: a new model is a row here.

Each fact has its source and date. A model that is shut down keeps its row, since stored pictures name it;
what an alias meant, or a row was called, goes into `former_ids`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gemini_nb.models.model import Alias, Model, Offer, Source, TokenPrices

if TYPE_CHECKING:
    from gemini_nb.models.model import Shape

DEFAULT = "default"
DEFAULT_MODEL = "gemini-3.1-flash-image-preview"

_RETEST = Source("Crazyrouter's retest of the Gemini image routes", "2026-04-14")
_LIST_PRICES = Source(
    "Google's list prices as in genai-prices 0.2.3 and the table of litellm 1.110.2", "2026-11-29"
)
_SHUTDOWNS = Source(
    "Google's deprecations and changelog of 2026-10-08, as in genai-prices 0.2.3 and litellm 1.110.2",
    "2026-11-29",
)
_OCTOBER_SHUTDOWN = Source("Two public reports, neither of them Google's", "2026-11-29")
_MODEL_PAGES = Source("Google's pages of the models and its guide to image generation", "2026-11-29")
_OPTIONS = Source(
    "Google's documentation as google-genai 3.6.1 and ultimate-gemini-mcp 6.0.17 quote it", "2026-11-29"
)

_MINIMAL_OR_HIGH = ("minimal", "high")
_WEB_AND_IMAGES = ("web", "image", "both")

# At 1K; other sizes are these times `SIZE_FACTORS`.
PIXELS_OF_GEMINI_3 = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
    "1:4": (512, 2048),
    "4:1": (2048, 512),
    "1:8": (384, 3072),
    "8:1": (3072, 384),
}
_PIXELS_OF_GEMINI_2_5 = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1184),
    "4:3": (1184, 864),
    "4:5": (896, 1152),
    "5:4": (1152, 896),
    "9:16": (768, 1344),
    "16:9": (1344, 768),
    "21:9": (1536, 672),
}
_WIDE_RATIOS = tuple(PIXELS_OF_GEMINI_3)
_RATIOS = tuple(_PIXELS_OF_GEMINI_2_5)


def _observed(row: Model, shape: Shape, *offers: Offer, note: str = "", **changes: Any) -> Model:
    offer = Offer("crazyrouter", _RETEST, note=note)
    return replace(row, shape=shape, shape_source=_RETEST, offers=(offer, *offers), **changes)


def _over(day: str, successor: str, source: Source = _SHUTDOWNS) -> Offer:
    return Offer("google", source, shut_down=day, successor=successor)


_ON_OFFER = Offer("google", _SHUTDOWNS)

_prices = partial(TokenPrices, source=_LIST_PRICES)
_Model = partial(Model, limits_source=_MODEL_PAGES, options_source=_OPTIONS)
_FLASH_2_5 = _Model(
    "gemini-2.5-flash-image",
    "nano-banana",
    aspect_ratios=_RATIOS,
    former_ids=("gemini-2.5-flash-image-preview",),
    pixels=tuple(_PIXELS_OF_GEMINI_2_5.items()),
    max_input_images=3,
    tokens=(("", 1290),),
    prices=(("", 0.039),),
    token_prices=_prices(input=0.3, text=2.5, image=30),
    thinking_levels=(),
)
_PRO_3 = _Model(
    "gemini-3-pro-image",
    offers=(_ON_OFFER,),
    former_ids=("gemini-3-pro-image-preview",),
    aspect_ratios=_RATIOS,
    image_sizes=("1K", "2K", "4K"),
    pixels=tuple(PIXELS_OF_GEMINI_3.items())[: len(_RATIOS)],
    tokens=(("1K", 1120), ("2K", 1120), ("4K", 2000)),
    prices=(("1K", 0.134), ("2K", 0.134), ("4K", 0.24)),
    token_prices=_prices(input=2, text=12, image=120, search=14),
)
_FLASH_3_1 = _Model(
    "gemini-3.1-flash-image",
    offers=(_over("2026-10-29", "gemini-nano-banana-2.1", _OCTOBER_SHUTDOWN),),
    former_ids=("gemini-3.1-flash-image-preview",),
    aspect_ratios=_WIDE_RATIOS,
    image_sizes=("512", "1K", "2K", "4K"),
    pixels=tuple(PIXELS_OF_GEMINI_3.items()),
    tokens=(("512", 747), ("1K", 1120), ("2K", 1680), ("4K", 2520)),
    prices=(("512", 0.045), ("1K", 0.067), ("2K", 0.101), ("4K", 0.151)),
    token_prices=_prices(input=0.5, text=3, image=60, search=14),
    thinking_levels=_MINIMAL_OR_HIGH,
    searches=_WEB_AND_IMAGES,
)
_LITE_3_1 = _Model(
    "gemini-3.1-flash-lite-image",
    "nano-banana-2-lite",
    offers=(_ON_OFFER,),
    aspect_ratios=_WIDE_RATIOS,
    image_sizes=("1K",),
    tokens=(("1K", 1120),),
    prices=(("1K", 0.034),),
    token_prices=_prices(input=0.25, text=1.5, image=30),
    thinking_levels=_MINIMAL_OR_HIGH,
)
_NANO_2_1 = _Model(
    "gemini-nano-banana-2.1",
    "nano-banana-2.1",
    offers=(_ON_OFFER,),
    aspect_ratios=_WIDE_RATIOS,
    image_sizes=("1K", "2K", "4K"),
    tokens=(("1K", 1120), ("2K", 1680), ("4K", 3780)),
    prices=(("1K", 0.0336), ("2K", 0.0504), ("4K", 0.1134)),
    token_prices=_prices(input=1.5, text=7.5, image=30, search=14),
    thinking_levels=("minimal", "medium", "high"),
    remark="gemini-nano-banana-2.1 thinks unless told otherwise, which adds about a fifth to its price.",
)

CATALOGUE: tuple[Model, ...] = (
    _observed(
        _FLASH_3_1,
        "inlineData",
        _over("2026-06-25", "gemini-nano-banana-2.1"),
        id=DEFAULT_MODEL,
        alias="nano-banana-2",
        former_ids=(),
    ),
    _observed(
        _PRO_3,
        "data URI (JPEG)",
        _over("2026-06-25", "gemini-3-pro-image"),
        id="gemini-3-pro-image-preview",
        alias="nano-banana-pro",
        former_ids=(),
    ),
    _observed(
        _FLASH_2_5,
        "data URI (PNG)",
        _over("2026-10-02", "gemini-nano-banana-2.1"),
        note="Crazyrouter had the billing consistency of gemini-2.5-flash-image under review on 2026-04-14.",
    ),
    _observed(
        _FLASH_2_5,
        "hosted URL",
        _over("2026-01-15", "gemini-nano-banana-2.1"),
        id="gemini-2.5-flash-image-preview",
        alias=None,
        former_ids=(),
    ),
    _FLASH_3_1,
    _PRO_3,
    _LITE_3_1,
    _NANO_2_1,
)

_FLASH, _PRO, _NANO = DEFAULT_MODEL, "gemini-3-pro-image-preview", _FLASH_2_5.id

ALIASES = {
    alias.name: alias
    for alias in (
        Alias(DEFAULT, crazyrouter=_FLASH, google=_NANO_2_1.id, former_ids=(_FLASH,)),
        Alias("nano-banana-2", crazyrouter=_FLASH, google=_NANO_2_1.id, former_ids=(_FLASH,)),
        Alias("nano-banana-pro", crazyrouter=_PRO, google=_PRO_3.id, former_ids=(_PRO,)),
        Alias("nano-banana", crazyrouter=_NANO, google=_NANO_2_1.id, former_ids=(_NANO,)),
        Alias("nano-banana-2-lite", crazyrouter=_LITE_3_1.id, google=_LITE_3_1.id),
        Alias("nano-banana-2.1", crazyrouter=_NANO_2_1.id, google=_NANO_2_1.id),
    )
}
