"""Words and patterns of edits: verbs, what they are about, and the filter that each word asks for."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from PIL import ImageOps

from gemini_nb.offline.painter import filters
from gemini_nb.offline.painter.reading import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    Change = Callable[[Image.Image], Image.Image]

_VERBS = (
    "add|put|place|draw|insert|include|paint|give|make|turn|tint|colou?r|remove|delete|erase|replace|swap|crop|"
    "zoom|blur|sharpen|rotate|flip|mirror|invert|frame|change|convert|set|let|take|get|hide|darken|brighten"
)
CLAUSE = re.compile(
    rf"(?:[.,;!?\n]|:(?!\d))+|\band then\b|\bthen\b|\band(?=\s+(?:{_VERBS})\b)"
    r"|(?=\bwith\s+(?:an?|the|some|\d+|two|three)\b)",
    re.IGNORECASE,
)
REPLACE = re.compile(
    r"\b(?:replace|swap|exchange|substitute)\s+(?P<old>.+?)\s+(?:with|by|for)\s+(?P<new>.+)|"
    r"\b(?:turn|change|transform|make|convert)\s+(?P<old2>(?:the|a|an|this|that)\s+.+?)\s+(?:in)?to\s+(?P<new2>an?\s+.+)",
    re.IGNORECASE,
)
REMOVE = re.compile(
    r"\b(?:remove|delete|erase|hide|drop|omit|(?:take|cut|leave)\s+(?:away|out|off)|get\s+rid\s+of|do\s+away\s+with)\s+"
    r"(.+)|\b(?:take|cut|leave)\s+(.+?)\s+(?:away|out|off)\b"
    r"|(?:\b(?:entferne|lösche|enlève|supprime|retire|efface|quita|elimina|borra)\s+|删除|去掉|移除)(.+)"
    r"|^(.+)を(?:消して|削除して|取り除いて)",
    re.IGNORECASE,
)
ALTER = re.compile(
    r"\b(?:make|paint|colou?r|turn|dye|tint)\s+(?P<what>(?:the|this|that|his|her)\s+.+)", re.IGNORECASE
)
CROP = re.compile(
    r"\bcrop\b.*?(?:\bsquare\b|(?P<ratio>\b\d{1,2}\s*[:x/]\s*\d{1,2}\b)|(?P<name>\bportrait\b|\blandscape\b))|"
    r"\b(?:make|turn)\s+(?:it|this|the\s+(?:picture|image|photo))\s+(?:in)?(?:to)?\s*(?:a\s+)?square\b",
    re.IGNORECASE,
)
ZOOM = re.compile(
    r"(?:\bzoom(?:ed)?\s+(?:in|into|closer)?\s*(?:on(?:to)?|to|at)?\s*|\bclose[- ]?up\b)(?P<what>.*)",
    re.IGNORECASE,
)
# what turns the rest of a clause around: done as it stands, it would be the opposite
AGAINST = re.compile(
    r"\b(?:do\s+not|don['\u2019]?t|never|less|too\s+\w+|not\s+so|reduce|lower|decrease|undo|stop)\b|"
    r"\b(?:nicht|weniger|zu\s+viel|moins|trop|ne|menos|demasiado)\b",
    re.IGNORECASE,
)
ADDS = re.compile(
    r"\b(?:add|put|place|draw|insert|include|paint|with|give|füge|ajoute|añade|agrega)\b|追加|添加",
    re.IGNORECASE,
)
WHERE = re.compile(
    r"\s+(?:to|onto|on|in|into|next to|beside|behind|under|above|over|near|by|around)\s+"
    r"(?:the|his|her|its)\s+(.+)",
    re.IGNORECASE,
)
FRAME = re.compile(r"\b(?:frame|border)\b", re.IGNORECASE)
_IT = r"(?:it|this|everything|the (?:picture|image|photo))"
TINT = re.compile(rf"\b(?:(?:make|turn|tint|paint|colou?r) {_IT}|tint(?:ed)?)\b(?P<rest>.*)", re.IGNORECASE)
RATIOS = {"portrait": 3 / 4, "landscape": 4 / 3}
SIZED = {"bigger": 1.35, "larger": 1.35, "smaller": 0.7, "huge": 1.7, "tiny": 0.4, "big": 1.35, "small": 0.58}

_EDIT_WORDS = """
    add put place insert include turn change convert transform edit adjust apply set let take add now
    more less slightly bit lot again instead around round whole entire only same keep version effect
    filter tone tones make it back front behind left right top bottom upper lower corner side edge
    middle center centre into out scene one look degrees degree deg clockwise counterclockwise counter
    tint tinted dye shade füge hinzu setze mach mache macht fais rends ajoute mets haz pon añade agrega
    anti thick thin wide combine blend merge together these both in style
"""
EDIT_FILLERS = vocabulary.FILLERS | frozenset(_EDIT_WORDS.split())

# what the lowered text says → what is done to the picture, in this order; `TURNS` take the text as well
TURNS = (filters.rotate, filters.flip)
CHANGES: tuple[tuple[str, Callable[..., Image.Image]], ...] = (
    (
        r"\bgr[ae]y ?scale\b|\bblack[ -]and[ -]white\b|\bmonochrome\b|\bdesaturate|"
        r"\b(?:remove|no) (?:all )?(?:the )?colou?rs?\b|"
        r"\bschwarz[ -]?wei(?:ß|ss)|\bnoir et blanc\b|\bblanco y negro\b|白黒|モノクロ|黑白",
        filters.grey,
    ),
    (r"\bsepia\b|\bvintage\b|\bold photo|\bsépia\b", filters.sepia),
    (r"\binvert|\bnegative\b", ImageOps.invert),
    (r"\bblur|\bout of focus\b", filters.blur),
    (r"\bsharp", filters.sharpen),
    (r"\bpixel", filters.pixelate),
    (r"\bsketch|\bpencil\b|\bline art\b", filters.pencil_sketch),
    (r"\bposter|\bpop art\b|\bcartoon", filters.posterize),
    (r"\brotat|\bturn (?:it )?(?:left|right|clockwise|upside)|\bupside down\b", filters.rotate),
    (r"\bflip|\bmirror", filters.flip),
    (r"\bbrighte?[nr]|\blighter\b|\blighten", partial(filters.brighten, factor=1.35)),
    (r"\bdarker\b|\bdarken", partial(filters.brighten, factor=0.6)),
    (r"\bcontrast\b", filters.contrast),
    (r"\bvivid\b|\bsaturat|\bcolou?rful\b", partial(filters.saturate, factor=1.7)),
    (r"\bwarm", partial(filters.scale_channels, red=1.12, green=1.0, blue=0.78)),
    (r"\bcool|\bcold", partial(filters.scale_channels, red=0.8, green=0.97, blue=1.15)),
    (r"\bnight\b|\bmoonli", filters.night),
    (r"\bsunset\b|\bdusk\b|\bgolden hour\b|\bevening\b", filters.sunset),
    (r"\bwinter|\bsnow", filters.winter),
    (r"\bfog|\bmist", filters.fog),
    (r"\bstorm|\bthunder", filters.storm),
    (r"\brain(?!bow)", filters.rain),
)


# what a word of any language asks for, where no pattern above has met it
OF_WORDS: dict[str, Change] = {
    "night": filters.night,
    "sunset": filters.sunset,
    "snow": filters.winter,
    "winter": filters.winter,
    "rain": filters.rain,
    "storm": filters.storm,
    **filters.STYLES,
}
PARTS_OF_A_LANDSCAPE = {"cloud", "sun", "moon", "star", "flower", "palm", "umbrella", "pine", "tree", "snow"}
MAKES_IT = re.compile(r"\b(?:make|turn|change|transform|convert)\s+(?:it|this)\b", re.IGNORECASE)
