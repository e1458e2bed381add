"""Parsing of a prompt into a sketch: items, ground, scenery, time of day. Nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gemini_nb.offline.painter import colours
from gemini_nb.offline.painter.reading import negation, vocabulary, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.reading.words import Word

Place = tuple[int | None, int | None]

MAX_FIGURES = 60
"""The most figures that are drawn, of one item or of all."""

_MAX_ITEMS = 24
# colours that a part of a landscape has anyway
_NATURAL = {
    "sea": "blue turquoise teal aqua skyblue lightblue darkblue",
    "mountains": "white blue grey gray",
    "hills": "green grass limegreen lightgreen darkgreen",
    "forest": "green darkgreen forestgreen",
    "city": "grey gray blue",
    "desert": "golden yellow sand orange",
    "beach": "golden white yellow sand",
    "space": "black blue purple navy midnightblue",
    "underwater": "blue turquoise teal aqua",
    "clouds": "white grey gray",
    "sky": "blue skyblue lightblue",
    "snow": "white",
    "rain": "grey gray",
    "storm": "grey gray black",
}
_SCENIC = {"star": "stars", "cloud": "clouds", "tree": "forest", "pine": "forest", "palm": "beach"}


@dataclass(frozen=True)
class Item:
    """Some shapes of one kind, as one phrase of the prompt names them.

    `count` is 0 for a plural without a number; `place` is (-1, 0 or 1 across, -1, 0 or 1 down);
    `relation` is how the item before stands to this one.
    """

    shape: str
    colours: tuple[Colour, ...] = ()
    count: int = 1
    size: float = 1.0
    place: Place | None = None
    relation: str | None = None


@dataclass(frozen=True)
class Ground:
    """What is behind everything: one colour, or several as a gradient or pattern."""

    colours: tuple[Colour, ...]
    pattern: str = "plain"
    angle: int = 0


@dataclass(frozen=True)
class Sketch:
    """Everything read from a prompt; `mentioned` is every colour in it, for what is painted freely.

    `without` are the shapes and scenery that are not wanted, `styles` what is done to the whole picture.
    `left_out` are the prompt's own words for what is not painted, in its order, each once.
    """

    items: tuple[Item, ...] = ()
    ground: Ground | None = None
    scenery: frozenset[str] = frozenset()
    time: str | None = None
    mentioned: tuple[Colour, ...] = ()
    season: str | None = None
    styles: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()

    @property
    def is_landscape(self) -> bool:
        """Whether a part of a landscape is named, a time of day or a season."""
        return bool(self.scenery or self.time or self.season)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is named that can be drawn."""
        return not (self.items or self.ground or self.is_landscape)

    @property
    def light(self) -> str:
        """The time of day that is painted: the one that is named, or what the scenery suggests."""
        if self.time:
            return self.time
        if "stars" in self.scenery or {item.shape for item in self.items} & {"moon", "crescent"}:
            return "night"
        if "storm" in self.scenery:
            return "storm"
        return "grey" if self.scenery & {"rain", "snow"} else "day"


def read(prompt: str) -> Sketch:
    """Read a prompt; what is not understood is left out, and named in `left_out`.

    >>> sketch = read("two red circles on a white background")
    >>> sketch.items[0].count, sketch.items[0].colours, sketch.ground.colours
    (2, ((255, 0, 0),), ((255, 255, 255),))
    """
    wanted, unwanted = negation.split(words.read(prompt))
    reader = _Reader()
    for word in wanted:
        reader.at += 1
        getattr(reader, f"read_{word.kind}")(word)
    return reader.finish(unwanted)


def name_once(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in their order and first spelling, each once, whatever its case."""
    spellings: dict[str, str] = {}
    for name in names:
        spellings.setdefault(name.casefold(), name)
    return tuple(spellings.values())


class _Reader:
    """Holds what has been said and not yet used: "two large red" waits for its noun."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.scenery: set[str] = set()
        self.time: str | None = None
        self.ground: Ground | None = None
        self.mentioned: list[Colour] = []
        self.pattern: str | None = None
        self.angle = 0
        self.pattern_colours: list[Colour] = []
        self.season: str | None = None
        self.styles: list[str] = []
        self.at = 0
        self.left_out: list[tuple[int, str]] = []
        self.texts: dict[str, tuple[int, str]] = {}
        self._forget()

    def _forget(self) -> None:
        self.colours: list[Colour] = []
        self.colour_words: list[tuple[int, Word]] = []
        self.count: int | None = None
        self.size: float | None = None
        self.shade: str | None = None
        self.place: Place | None = None
        self.relation: str | None = None
        self.on = False
        self.stale = False
        self.after_noun = False

    def finish(self, unwanted: Sequence[Word]) -> Sketch:
        """Return what was read, once the last word is; `unwanted` are the things that a negation names."""
        self._end_clause()
        if self.pattern and self.ground is None:
            self.ground = Ground(tuple(self.pattern_colours[:6]), self.pattern, self.angle)
        if self.scenery or self.time or self.season:
            # an uncounted "stars" or "trees" in a landscape is a part of it
            scenic = [
                item for item in self.items if item.shape in _SCENIC and not (item.count or item.colours)
            ]
            self.scenery.update(_SCENIC[item.shape] for item in scenic)
            self.items = [item for item in self.items if item not in scenic]
        without = frozenset(ONE_NAME.get(word.value, word.value) for word in unwanted if word.kind in _DRAWN)
        sketch = Sketch(
            tuple(item for item in self.items if item.shape not in without),
            self.ground,
            frozenset(self.scenery) - ({"clouds"} if "cloud" in without else set()),
            self.time,
            tuple(dict.fromkeys(self.mentioned)),
            self.season,
            tuple(dict.fromkeys(self.styles)),
            without,
        )
        kept = [f"no {word.text}" for word in unwanted if not _is_without(sketch, word)]
        names = [text for _, text in sorted([*self.left_out, *self._find_unpainted(sketch)])]
        return replace(sketch, left_out=name_once((*names, *kept)))

    def _find_unpainted(self, sketch: Sketch) -> list[tuple[int, str]]:
        """Return what was understood and is not painted, since something else of the prompt hides it."""
        hidden = _find_hidden(sketch.scenery)
        if sketch.is_landscape:
            hidden |= {"ground", "pattern"}
            hidden |= set() if _shows_season(sketch) else {"season"}
            hidden |= {"moon"} if sketch.light != "night" else {"sun"}
            hidden |= {"sun"} if sketch.light in ("grey", "storm") else set()
            hidden |= {"stars"} if sketch.light != "night" and "space" not in sketch.scenery else set()
        return [at for name, at in self.texts.items() if name in hidden]

    def read_colour(self, word: words.Word) -> None:
        """Keep a colour for the noun to come, in its shade."""
        if self.shade and not word.value.startswith("#"):
            colour = colours.shade(self.shade, word.value)
        else:
            colour = colours.look_up(word.value)
        self.shade = None
        self.colours.append(colour)
        self.colour_words.append((self.at, word))
        self.mentioned.append(colour)

    def read_shade(self, word: words.Word) -> None:
        """Keep a shade for the colour to come."""
        self.shade = word.value

    def read_count(self, word: words.Word) -> None:
        """Keep a number for the noun to come; an article after a number changes nothing."""
        if word.value == 1 and self.count:
            return
        self.count = max(1, min(MAX_FIGURES, word.value))

    def read_size(self, word: words.Word) -> None:
        """Keep a size for the noun to come."""
        self.size = word.value

    def read_noun(self, word: words.Word) -> None:
        """Make an item of a noun and of what waited for it."""
        if self.after_noun and self.items[-1].shape == word.value == "person":
            # "a portrait of a woman" is one person
            self._forget()
            self.after_noun = True
            return
        count = self.count or (0 if word.plural else 1)
        self.texts.setdefault(_SCENIC.get(word.value, word.value), (self.at, word.text))
        if len(self.items) >= _MAX_ITEMS:
            self.left_out.append((self.at, word.text))
        else:
            relation = self.relation or ("inside" if self.on else None) if self.items else None
            self.items.append(
                Item(word.value, tuple(self.colours), count, self.size or 1.0, self.place, relation)
            )
        self._forget()
        self.after_noun = True

    def read_place(self, word: words.Word) -> None:
        """Keep a place for the noun to come, or give it to the one before."""
        self.place = self._merge_places(self.place, word.value)
        self.relation = None
        self.on = False
        if self.after_noun and self.items and not self.colours and self.count is None:
            place = self._merge_places(self.items[-1].place, word.value)
            self.items[-1] = replace(self.items[-1], place=place)
            self.place = None

    @staticmethod
    def _merge_places(old: Place | None, new: Place) -> Place:
        old = old or (None, None)
        if new == (0, 0) and old != (None, None):
            # "top centre" is the top
            return (old[0] if old[0] is not None else 0, old[1] if old[1] is not None else 0)
        return (old[0] if new[0] is None else new[0], old[1] if new[1] is None else new[1])

    def read_relation(self, word: words.Word) -> None:
        """Keep how the item before stands to the one to come; a colour after that item is its own."""
        is_of_last = self.after_noun and self.count is None and self.items and not self.items[-1].colours
        if self.colours and is_of_last:
            self.items[-1] = replace(self.items[-1], colours=tuple(self.colours))
            self.colours, self.colour_words = [], []
        self.relation = word.value

    def read_on(self, word: words.Word) -> None:  # noqa: ARG002 - one signature for every kind of word
        """Expect the ground next, and close what came before it."""
        if self.colours and self.items:
            # "a circle in red on white": red is the circle's
            self._end_clause()
        self.on = True

    def read_ground(self, word: words.Word) -> None:
        """Make a ground of the colours that waited for it."""
        self.texts.setdefault("ground", (self.at, word.text))
        paints = tuple(self.colours or self.pattern_colours)
        if self.pattern and not paints:
            # "a gradient background from yellow to white": its colours are still to come
            self.on = False
        elif paints:
            pattern = self.pattern or ("gradient" if len(paints) > 1 else "plain")
            self.ground = Ground(paints, pattern, self.angle)
            self.pattern = None
            self._forget()

    def read_pattern(self, word: words.Word) -> None:
        """Keep a pattern, whose colours may stand before or after it."""
        self.texts.setdefault("pattern", (self.at, word.text))
        self.pattern = word.value
        self.pattern_colours += self.colours
        self._forget()

    def read_angle(self, word: words.Word) -> None:
        """Keep the direction of a gradient."""
        self.angle = word.value

    def read_scenery(self, word: words.Word) -> None:
        """Add a part of the scenery; what waited for a noun was said of it."""
        self.texts.setdefault(word.value, (self.at, word.text))
        natural = _NATURAL.get(word.value, "").split()
        self.left_out += [(at, found.text) for at, found in self.colour_words if found.value not in natural]
        self.scenery.add(word.value)
        self._forget()

    def read_time(self, word: words.Word) -> None:
        """Set the time of day."""
        self.time, scenery = word.value
        if scenery:
            self.texts.setdefault(scenery, (self.at, word.text))
            self.scenery.add(scenery)

    def read_season(self, word: words.Word) -> None:
        """Set the season; winter is one of snow."""
        self.texts.setdefault("season", (self.at, word.text))
        self.season = word.value
        if word.value == "winter":
            self.scenery.add("snow")

    def read_style(self, word: words.Word) -> None:
        """Keep a style of the whole picture; what waited for a noun is dropped."""
        self.styles.append(word.value)
        self._drop_waiting()

    def read_and(self, word: words.Word) -> None:  # noqa: ARG002
        """Close a phrase, unless colours are being listed."""
        if not self.colours or self.after_noun or self.stale:
            self._end_clause()

    def read_break(self, word: words.Word) -> None:
        """Close a phrase at a stop, or at a comma that does not list colours."""
        if word.value == "," and self.colours and not (self.after_noun or self.stale):
            return
        self._end_clause()

    def read_skip(self, word: words.Word) -> None:
        """Take no notice of a word that only joins others."""

    def read_other(self, word: words.Word) -> None:
        """Drop what waited for a noun: its noun is one that cannot be drawn."""
        if word.kind == "other" and word.text.casefold() not in vocabulary.FILLERS:
            self.left_out.append((self.at, word.text))
        self._drop_waiting()

    read_not = read_absent = read_other  # a negation of nothing that can be named

    def _drop_waiting(self) -> None:
        self.count = self.size = self.shade = None
        self.stale = True

    def _end_clause(self) -> None:
        """Give what is left over at the end of a phrase to the item, ground or pattern before it."""
        if self.pattern:
            self.pattern_colours += self.colours
        elif self.colours and self.on and self.ground is None:
            self.ground = Ground(tuple(self.colours), "gradient" if len(self.colours) > 1 else "plain")
        elif self.colours and self.items and not self.items[-1].colours:
            self.items[-1] = replace(self.items[-1], colours=tuple(self.colours))
        elif self.relation in ("inside", "outside") and len(self.items) > 1 and not self.items[-1].relation:
            opposite = "outside" if self.relation == "inside" else "inside"
            self.items[-1] = replace(self.items[-1], relation=opposite)
        self._forget()


_DRAWN = ("noun", "scenery")
ONE_NAME = {"clouds": "cloud", "stars": "star", "snowflake": "snow", "crescent": "moon"}
"""Names of what is a shape and a part of a landscape too."""

_PARTS = {"forest": {"tree", "pine"}, "beach": {"sea"}, "sea": {"sea"}}


def _find_hidden(scenery: frozenset[str]) -> set[str]:
    """Return the parts of a landscape that its others leave no room for."""
    if "underwater" in scenery:
        return set(scenery - {"underwater", "sea"})
    if "space" in scenery:
        return set(scenery - {"space", "stars", "sky"})
    return {"hills"} if "forest" in scenery else set()


def _shows_season(sketch: Sketch) -> bool:
    """Say whether something is painted that looks another in spring and autumn; else it is high summer."""
    land = sketch.scenery & {"sea", "beach", "city", "desert", "space", "underwater"}
    grows = sketch.scenery & {"hills", "forest"} or "tree" in {item.shape for item in sketch.items}
    return sketch.season in (None, "summer", "winter") or bool(grows) or not land


def _is_without(sketch: Sketch, word: Word) -> bool:
    """Say whether a picture of the sketch has nothing of what a negation names."""
    name = ONE_NAME.get(word.value, word.value)
    if word.kind == "other":
        return word.text.casefold() in vocabulary.SURELY_ABSENT
    if word.kind in ("time", "season"):
        return word.value not in ((sketch.time, None), sketch.season)
    if word.kind not in _DRAWN:
        return True
    needed = sketch.scenery.union(*(_PARTS.get(part, ()) for part in sketch.scenery))
    return name not in needed and word.value not in sketch.scenery
