"""An edit is done, or named as left out, and never does the opposite; seen in the edited picture."""

from __future__ import annotations

import random

import pytest

from gemini_nb.offline.painter import edit_plan
from gemini_nb.offline.painter.reading import scene
from support import paintings
from support.naughty_strings import STRINGS
from support.paintings import SCENE
from support.pixels import BLUE, GREEN, RED, WHITE, blobs, brightness, mean, middle_of, share

HULL, DUCK, FLASH = (206, 74, 66), (252, 206, 70), (255, 246, 190)
YELLOW, ROYAL_BLUE = (255, 255, 0), (65, 105, 225)
CLOUD, PEAK, SKY, FRAME = (262, 118), (500, 270), (250, 30), (3, 250)
INNER = (40, 40, 470, 470)
WITHOUT_MARK = (0, 0, 512, 470)


def has_boat(image):
    return share(image, HULL) > 0.004


def warmth(image):
    red, _, blue = mean(image.crop(INNER))
    return red - blue


def is_same(old, new):
    return old.crop(WITHOUT_MARK).tobytes() == new.crop(WITHOUT_MARK).tobytes()


def is_centred(image, colour):
    return abs(middle_of(image, colour)[0] - 0.5) < 0.03


def is_brown(pixel):
    return pixel[0] > pixel[1] > pixel[2]


# what is seen in each edited picture, beside the one before
LOOKS = {
    "remove the boat": lambda _, new: not has_boat(new),
    "no clouds": lambda old, new: has_boat(new) and new.getpixel(CLOUD)[0] < old.getpixel(CLOUD)[0] - 50,
    "without people": is_same,
    "remove the mountains, please": lambda old, new: (
        has_boat(new) and new.getpixel(PEAK) != old.getpixel(PEAK)
    ),
    "replace the boat with a duck": lambda _, new: not has_boat(new) and share(new, DUCK) > 0.01,
    "make the boat yellow": lambda _, new: not has_boat(new) and share(new, YELLOW) > 0.004,
    "zoom in on the boat": lambda old, new: share(new, HULL) > 2 * share(old, HULL) and is_centred(new, HULL),
    "zoom in": lambda old, new: new.size == old.size and not is_same(old, new),
    "crop to a square": lambda _, new: new.width == new.height and has_boat(new) and not share(new, RED),
    "sepia, with a white frame": lambda _, new: new.getpixel(FRAME) == WHITE and is_brown(new.getpixel(SKY)),
    "Add a frame in royal blue and tint it warmer": lambda old, new: (
        new.getpixel(FRAME) == ROYAL_BLUE and warmth(new) > warmth(old) + 20
    ),
    "make it a bit colder": lambda old, new: warmth(new) < warmth(old) - 20,
    "in a storm": lambda old, new: brightness(new) < 0.6 * brightness(old) and share(new, FLASH) > 0.005,
    "entferne das Boot": lambda _, new: not has_boat(new),
    "add an astronaut": lambda old, new: brightness(new) < brightness(old),
    "delete the horse": lambda old, new: brightness(new) < brightness(old),
    "remove the circle": lambda old, new: not share(new, RED) and share(new, BLUE) == share(old, BLUE),
    "turn the square into a star": lambda old, new: 0.1 < share(new, BLUE) / share(old, BLUE) < 0.5,
    "add a green triangle at the top": lambda _, new: middle_of(new, GREEN)[1] < 0.4 and blobs(new, RED) == 1,
    "in the style of Van Gogh": lambda old, new: brightness(new) < brightness(old),
}


@pytest.mark.parametrize(
    ("prompt", "edit", "left_out"), paintings.EDITS, ids=[row[1] for row in paintings.EDITS]
)
def test_an_edit_does_what_it_says_or_names_what_it_left_out(prompt, edit, left_out):
    painting = paintings.edited(prompt, edit)
    assert ", ".join(painting.left_out) == left_out
    assert painting.note == (f"Offline painter left out: {left_out}" if left_out else "")
    assert LOOKS[edit](paintings.original(prompt).image, painting.image)


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        ("remove the boat", "remove boat"),
        ("no clouds", "no clouds"),
        ("replace the boat with a duck", "replace the boat with a duck"),
        ("zoom in on the boat", "zoom in on the boat"),
        ("make the boat red", "make the boat red"),
        ("ボートを消して", "remove ボート"),
        ("Boot entfernen", "Boot, entfernen"),
        ("turn it into a duck", "duck"),
        ("move the boat to the left", "move, boat"),
    ],
)
def test_in_a_picture_that_was_not_painted_here_nothing_is_found_and_nothing_added(edit, named):
    painting = paintings.edited(SCENE, edit, known=False)
    assert ", ".join(painting.left_out) == named
    assert edit_plan.read(edit).items.items == ()


@pytest.mark.parametrize(
    ("edit", "added"),
    [
        ("add two birds and a red star", "bird star"),
        ("a red star", "star"),
        ("a kite flying high", "kite"),
        ("put a duck beside the boat", "duck"),
        ("blur the boat", ""),
        ("füge einen Stern hinzu", "star"),
        ("sepia, with a bird", "bird"),
        ("make it night, and add a moon", "moon"),
    ],
)
def test_only_what_is_to_be_added_is_added(edit, added):
    assert " ".join(item.shape for item in edit_plan.read(edit).items.items) == added


@pytest.mark.parametrize(
    ("edit", "left_out"),
    [
        ("zoom out", "zoom out"),
        ("crop the left half", "crop, half"),
        ("make the sky pink", "sky"),
        ("add mountains", "mountains"),
        ("remove the background", "remove background"),
        ("make it black and white", ""),
        ("mach es schwarzweiß", ""),
        ("remove the colours", ""),
        ("crop to 16:9, please", ""),
        ("less contrast", "less contrast"),
        ("it's too dark", "it's too dark"),
        ("don't make it darker", "don't make it darker"),
        ("do not add clouds", "do not add clouds"),
        ("make it sepia but not blurry", "no blurry"),
    ],
)
def test_what_an_edit_cannot_do_is_named(edit, left_out):
    assert ", ".join(edit_plan.read(edit).left_out) == left_out


@pytest.mark.parametrize(
    "edit", ["no rain", "without a frame", "less contrast", "not at night", "no sepia", "no snow"]
)
def test_the_opposite_of_an_edit_is_never_done(edit):
    plan = edit_plan.read(edit)
    assert plan.left_out
    assert not plan.does_anything


def test_several_changes_in_one_edit_are_all_made():
    """The colour of a frame does not tint the picture, and what is taken out stays out."""
    painting = paintings.edited(SCENE, "remove the boat, make it sepia and put a red frame around it")
    assert painting.left_out == ()
    assert not has_boat(painting.image)
    assert painting.image.getpixel(FRAME) == RED
    assert is_brown(painting.image.getpixel(SKY))


def test_any_text_can_be_read_as_an_edit():
    rng = random.Random(11)
    verbs = (
        "replace with turn the into a remove out no crop to 16:9 zoom in on frame make it , . ; less boat red"
    )
    edits = [" ".join(rng.choices(verbs.split(), k=7)) for _ in range(2000)]
    for edit in [*edits, *STRINGS]:
        plan = edit_plan.read(edit, scene.read(SCENE))
        assert not any(
            character < " " or "\x7f" <= character < "\xa0" for character in "".join(plan.left_out)
        )
