"""Reading of an edit: which filters, frame, crop and zoom it asks for, what is added, what is taken out.

An edit is read clause by clause. A clause that is not understood, or that the picture at hand does not allow,
is named in `left_out`; it never does the opposite of what it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from gemini_nb.offline.painter import colours, edit_words, filters
from gemini_nb.offline.painter.reading import negation, scene, words
from gemini_nb.offline.painter.reading.scene import Sketch
from gemini_nb.offline.painter.recipes import Swap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.edit_words import Change
    from gemini_nb.offline.painter.reading.words import Word


MAX_CHARACTERS = 4_000
"""What an edit says after so many characters is not read."""

_LAST = len(edit_words.CHANGES)


@dataclass
class Plan:
    """What an edit does: `changes` of the whole picture, in the order of `edit_words.CHANGES`.

    `is_turned` says that one of them moves what the picture holds. `frame` is a colour and the width as a
    share of the shorter side, `crop` a ratio of width to height, `zoom` the shape that is looked at, "" for
    the middle; `items` are added, `swaps` change what is there. `is_settled` says that something was ruled
    out that the picture does not have.
    """

    changes: list[Change] = field(default_factory=list)
    is_turned: bool = False
    frame: tuple[Colour, float] | None = None
    crop: float | None = None
    zoom: str | None = None
    swaps: list[Swap] = field(default_factory=list)
    items: Sketch = field(default_factory=Sketch)
    tint: Colour | None = None
    is_settled: bool = False
    left_out: tuple[str, ...] = ()

    @property
    def does_anything(self) -> bool:
        """Whether anything of the edit was understood."""
        drawn = self.changes or self.frame or self.crop or self.swaps or self.items.items or self.tint
        return bool(drawn) or self.zoom is not None or self.is_settled

    @property
    def keeps_places(self) -> bool:
        """Whether what the picture holds stays where it is."""
        return not self.is_turned and self.crop is None and self.zoom is None


def read(prompt: str, known: Sketch | None = None) -> Plan:
    """Read an edit; `known` is what the picture holds, None for one that was not painted here."""
    return _Reader(known).read(" ".join(prompt[:MAX_CHARACTERS].split()))


class _Reader:
    """Reads the clauses of one edit into a plan."""

    def __init__(self, known: Sketch | None) -> None:
        self.known = known
        self.plan = Plan()
        self.names: list[str] = []
        self.changes: list[tuple[int, Change]] = []

    def read(self, prompt: str) -> Plan:
        """Read the whole edit."""
        clauses = [self._drop_negations(clause) for clause in self._split_clauses(prompt)]
        left = [clause for clause in clauses if clause and not self._read_command(clause)]
        rests = [self._read_filters(clause) for clause in left]
        adds = self._find_added(left, rests)
        for clause, rest in zip(left, rests, strict=True):
            self._name_rest(rest, drawn=clause in adds)
        if adds:
            cut = [_drop_where(clause) for clause in adds]
            self.plan.items = scene.read(prompt if cut == clauses else ", ".join(cut))
        elif left and not (self.changes or self.plan.frame or self.plan.swaps or self.names):
            mentioned = scene.read(", ".join(left)).mentioned
            untouched = self.plan.zoom is None and self.plan.crop is None
            self.plan.tint = mentioned[0] if mentioned and untouched else None
        self.plan.changes = [change for _, change in sorted(self.changes, key=itemgetter(0))]
        self.plan.left_out = scene.name_once(self.names)
        return self.plan

    def _split_clauses(self, prompt: str) -> Iterator[str]:
        """Cut at stops, before verbs and before "with a"; a replacement keeps its "with"."""
        for part in re.split(r"[.;!?\n]+", prompt):
            match = edit_words.REPLACE.search(part)
            if match and match["old"]:
                yield from self._split_replacement(part, match)
            else:
                yield from _split(part)

    def _split_replacement(self, part: str, match: re.Match[str]) -> Iterator[str]:
        before, new = part[: match.start()], part[match.start("new") :]
        first, *more = _split(new) or [""]
        yield from _split(before)
        yield part[match.start() : match.start("new")] + first
        yield from more

    def _drop_negations(self, clause: str) -> str:
        """Take "no clouds" and the like out of a clause, and what it names out of the picture.

        "Less contrast", "too dark" and "don't add a boat" are named, and not done the other way round.
        """
        if edit_words.AGAINST.search(clause):
            self._name(clause)
            return ""
        wanted, unwanted = negation.split(words.read(clause))
        for word in unwanted:
            if self._has(word):
                self.plan.swaps.append(Swap(_name(word)))
            elif self.known is None or word.kind == "other":
                self.names.append(f"no {word.text}")
            else:
                self.plan.is_settled = True
        return " ".join(word.text for word in wanted) if unwanted else clause

    def _read_command(self, clause: str) -> bool:
        """Read a clause that changes what is there, crops or zooms; say whether it is one."""
        return (
            self._read_replacing(clause)
            or self._read_removing(clause)
            or self._read_altering(clause)
            or self._read_cropping(clause)
            or self._read_zooming(clause)
        )

    def _read_replacing(self, clause: str) -> bool:
        match = edit_words.REPLACE.search(clause)
        if not match:
            return False
        old, new = _find_things(match["old"] or match["old2"]), scene.read(match["new"] or match["new2"])
        if match["old2"] and not [word for word in old if word.kind in ("noun", "scenery")]:
            return False  # "turn the picture into black and white"
        if len(old) == 1 and self._holds(old[0]) and len(new.items) == 1:
            self.plan.swaps.append(Swap(_name(old[0]), new.items[0]))
            self.names += new.left_out
        else:
            self._name(clause)
        return True

    def _read_removing(self, clause: str) -> bool:
        match = edit_words.REMOVE.search(clause)
        if not match:
            return False
        what = _find_things(next(filter(None, match.groups())))
        for word in what:
            if self._has(word):
                self.plan.swaps.append(Swap(_name(word)))
            else:
                self.names.append(f"remove {word.text}")
        is_filter = any(re.search(pattern, clause, re.IGNORECASE) for pattern, _ in edit_words.CHANGES)
        if not what and not is_filter:
            self._name(clause)
        return bool(what) or not is_filter

    def _read_altering(self, clause: str) -> bool:
        """Read "make the boat red" or "make the boat bigger"."""
        match = edit_words.ALTER.search(clause)
        what = _find_things(match["what"]) if match else []
        nouns = [word for word in what if word.kind == "noun"]
        if not match or len(nouns) != 1:
            return False
        size = next(filter(None, map(edit_words.SIZED.get, match["what"].lower().split())), 1.0)
        mentioned = scene.read(match["what"]).mentioned
        if self._holds(nouns[0]) and (mentioned or size != 1.0):
            shape = nouns[0].value
            self.plan.swaps.append(Swap(shape, scene.Item(shape, mentioned[-1:], size=size)))
        else:
            self._name(clause)
        return True

    def _read_cropping(self, clause: str) -> bool:
        match = edit_words.CROP.search(clause)
        if not match:
            return False
        if match["ratio"]:
            across, down = (int(part) for part in re.split(r"\D+", match["ratio"]))
            if not (across and down and max(across, down) <= 8 * min(across, down)):
                return False
            self.plan.crop = across / down
        else:
            self.plan.crop = edit_words.RATIOS.get((match["name"] or "").lower(), 1.0)
        return True

    def _read_zooming(self, clause: str) -> bool:
        match = edit_words.ZOOM.search(clause)
        if not match:
            return False
        what = _find_things(match["what"])
        if len(what) == 1 and self._holds(what[0]):
            self.plan.zoom = what[0].value
        elif what or re.search(r"\bout\b", match["what"], re.IGNORECASE):
            self._name(clause)
        else:
            self.plan.zoom = ""
        return True

    def _name(self, clause: str) -> None:
        """Name a whole clause: its words, without any other sign."""
        self.names.append(re.sub(r"[^\w\s'\u2019-]", "", clause))

    def _read_filters(self, clause: str) -> str:
        """Take a clause's filters, tint and frame; return what of it is still to be understood."""
        rest = clause
        for index, (pattern, change) in enumerate(edit_words.CHANGES):
            if re.search(pattern, clause, re.IGNORECASE):
                is_turn = change in edit_words.TURNS
                self.plan.is_turned |= is_turn
                self.changes.append((index, partial(change, text=clause.lower()) if is_turn else change))
                rest = re.sub(rf"(?:{pattern})\w*", " ", rest, flags=re.IGNORECASE)
        if edit_words.FRAME.search(clause):
            self._read_frame(clause)
            frame = rf"(?:thick|thin|wide)?\s*{edit_words.FRAME.pattern}"
            rest = re.sub(frame, " ", rest, flags=re.IGNORECASE)
        elif (match := edit_words.TINT.search(clause)) and not _find_things(match["rest"]):
            tints = scene.read(clause).mentioned[-1:]
            self.changes += [(_LAST, partial(filters.tint, colour=tint)) for tint in tints]
        for word in words.read(rest):
            meaning = word.value[0] if word.kind == "time" else word.value
            if word.kind in ("time", "scenery", "season", "style") and meaning in edit_words.OF_WORDS:
                self.changes.append((_LAST, edit_words.OF_WORDS[meaning]))
                rest = rest.replace(word.text, " ", 1)
        return rest

    def _read_frame(self, clause: str) -> None:
        """Take the frame's colour: of the three words before it, else the clause's first."""
        read = words.read(clause)
        at = next((i for i, word in enumerate(read) if word.text.lower() in ("frame", "border")), 0)
        before = [word.value for word in read[max(0, at - 3) : at] if word.kind == "colour"]
        mentioned = scene.read(clause).mentioned
        colour = colours.look_up(before[-1]) if before else (*mentioned, filters.FRAME_COLOUR)[0]
        self.plan.frame = (colour, 1 / (14 if "thick" in clause else 40 if "thin" in clause else 24))

    def _find_added(self, clauses: list[str], rests: list[str]) -> list[str]:
        """Return the clauses whose things are added to the picture."""
        adds: list[str] = []
        for clause, rest in zip(clauses, rests, strict=True):
            if edit_words.ADDS.search(clause) or (adds and rest == clause):
                adds.append(clause)
        changed = self.changes or self.plan.frame or self.plan.swaps or self.plan.crop or self.names
        if adds or changed or self.plan.zoom is not None:
            return adds
        return [clause for clause in clauses if _is_a_thing(clause)]

    def _name_rest(self, rest: str, *, drawn: bool) -> None:
        """Name the words of a clause that nothing was made of."""
        for word in _find_things(rest):
            if not (word.kind == "noun" and drawn) and not self._has(word):
                self.names.append(word.text)

    def _holds(self, word: Word) -> bool:
        """Say whether a figure of the picture is what a word names."""
        return self.known is not None and word.value in {item.shape for item in self.known.items}

    def _has(self, word: Word) -> bool:
        """Say whether the picture has what a word names, as a figure or as a part of its landscape."""
        name = _name(word)
        if self.known is None or word.kind not in ("noun", "scenery"):
            return False
        shapes = {item.shape for item in self.known.items} | self.known.scenery
        return name in shapes or (self.known.is_landscape and name in edit_words.PARTS_OF_A_LANDSCAPE)


def _split(text: str) -> list[str]:
    return [clause.strip() for clause in edit_words.CLAUSE.split(text) if clause and clause.strip()]


def _find_things(text: str) -> list[Word]:
    """Return the words of a text that name something, known or not."""
    named = [word for word in words.read(text) if word.kind in _NAMING]
    fillers = edit_words.EDIT_FILLERS
    return [word for word in named if word.kind != "other" or word.text.casefold() not in fillers]


_NAMING = ("noun", "scenery", "time", "season", "pattern", "style", "ground", "other")


def _drop_where(clause: str) -> str:
    """Return a clause without the thing that its own is added to: "add a hat to the cat" adds no cat."""
    match = edit_words.WHERE.search(clause)
    return clause[: match.start()] if match and _find_things(match[1]) else clause


def _name(word: Word) -> str:
    """Return the shape or scenery of a word, by the one name that decorations have too."""
    return scene.ONE_NAME.get(word.value, str(word.value))


def _is_a_thing(clause: str) -> bool:
    """Say whether a clause without a verb names things, which are then added: "a red star", "two boats".

    With a word that is not understood, which may be a verb, only one that begins with an article does.
    """
    read = words.read(clause)
    is_named = bool(read) and read[0].kind in ("count", "colour", "shade", "size", "noun")
    if not is_named or edit_words.MAKES_IT.search(clause):
        return False
    understood = all(word.kind != "other" for word in _find_things(clause))
    return any(word.kind == "noun" for word in read) and (understood or read[0].kind == "count")
