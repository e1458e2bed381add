"""Frames of pandas and polars that hold pictures, as a notebook shows them."""

from __future__ import annotations

import re

import pytest

from gemini_nb.display import frames
from gemini_nb.images.image import GeneratedImage
from support.generations import picture
from support.html_tags import Tags
from support.images import encoded, png

SMALL = picture(png(30, 15))


def find(value):
    return (value, 'a "red" <b>') if isinstance(value, GeneratedImage) else None


def shown(frame):
    return frames.render_html(frame, find)


def frame_of(library, **columns):
    """A frame of one library, whose column `image` is of objects."""
    library = pytest.importorskip(library)
    if "image" in columns:
        kind = object if library.__name__ == "pandas" else library.Object
        columns["image"] = library.Series(columns["image"], dtype=kind)
    return library.DataFrame(columns)


LIBRARIES = pytest.mark.parametrize("library", ["pandas", "polars"])


@LIBRARIES
def test_a_picture_is_a_thumbnail_and_the_rest_is_the_frames_own(library):
    frame = frame_of(library, words=["<i>", "x"], image=[SMALL, None])
    (image,) = Tags(shown(frame)).all("img")
    assert image["src"].startswith("data:image/webp;base64,")
    assert (image["alt"], image["width"], image["height"]) == ('a "red" <b>', "20", "10")
    own = frame_of(library, words=["<i>", "x"], image=["HERE", None])
    assert re.sub("<img[^>]*>", "HERE", shown(frame)) == own._repr_html_()


@LIBRARIES
def test_a_frame_without_pictures_is_shown_as_ever(library):
    frame = frame_of(library, words=["<i>", None], n=[1.5, 2])
    assert shown(frame) == frame._repr_html_()


@LIBRARIES
def test_the_frame_itself_is_left_alone(library):
    frame = frame_of(library, image=[SMALL, None])
    shown(frame)
    assert list(frame["image"]) == [SMALL, None]


@pytest.mark.parametrize(("library", "most"), [("pandas", 10), ("polars", 10)])
def test_only_the_rows_that_the_frame_shows_are_drawn(library, most):
    assert shown(frame_of(library, n=range(5000), image=[SMALL] * 5000)).count("<img") == most


def test_a_frame_that_shows_all_of_its_rows_draws_a_hundred():
    pandas = pytest.importorskip("pandas")
    with pandas.option_context("display.max_rows", None):
        page = shown(frame_of("pandas", image=[SMALL] * 101))
    assert page.count("<img") == frames.MAX_PICTURES == 100
    assert "30 × 15" in page


def test_columns_of_one_name_are_both_drawn():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[SMALL, 1, SMALL]], columns=["a", "b", "a"])
    assert shown(frame).count("<img") == 2


def test_a_picture_that_cannot_be_decoded_is_said_to_be_so():
    broken = GeneratedImage(encoded("PNG", 64, 64)[:90], "image/png", 64, 64, "inlineData")
    page = shown(frame_of("pandas", image=[broken, SMALL]))
    assert page.count("<img") == 1
    assert "64 × 64, which cannot be shown" in page


def test_a_frame_whose_html_is_switched_off_has_none():
    pandas = pytest.importorskip("pandas")
    with pandas.option_context("display.notebook_repr_html", False):
        assert shown(frame_of("pandas", image=[SMALL])) is None
