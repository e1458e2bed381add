"""What a notebook holds pictures in: each is found, one by one, and what is none is said in plain words."""

from __future__ import annotations

import io
from base64 import b64encode
from datetime import UTC, datetime

import ipywidgets
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from IPython import display
from PIL import Image

from gemini_nb import ArgumentError, Client
from gemini_nb.images.inputs import InputImage, read
from gemini_nb.images.sources import list_sources
from support.images import png

PNG, BLUE = png(), png(colour=(0, 0, 255))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(data=PNG):
    """A file as an upload of ipywidgets 8 has it."""
    return {
        "name": "a.png",
        "type": "image/png",
        "size": len(data),
        "content": memoryview(data),
        "last_modified": NOW,
    }


def upload(*files):
    widget = ipywidgets.FileUpload(multiple=True)
    widget.value = tuple(map(entry, files))
    return widget


def saved(folder):
    (folder / "a.png").write_bytes(PNG)
    return str(folder / "a.png")


def data_uri():
    return f"data:image/png;base64,{b64encode(PNG).decode()}"


class Response:
    """An HTTP response, of whichever library."""

    content = PNG


class Holder:
    """An object with one attribute, which holds a picture."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


HELD_ONE = {
    "display.Image of data": lambda _: display.Image(data=PNG),
    "display.Image of a file": lambda folder: display.Image(filename=saved(folder)),
    "display.Image of a file that is not embedded": lambda folder: display.Image(saved(folder), embed=False),
    "display.Image of a data URI": lambda _: display.Image(url=data_uri(), embed=False),
    "ipywidgets.Image": lambda _: ipywidgets.Image(value=PNG),
    "ipywidgets.Image of a data URI": lambda _: ipywidgets.Image.from_url(data_uri()),
    "FileUpload": lambda _: upload(PNG),
    "FileUpload.value": lambda _: upload(PNG).value,
    "entry of FileUpload.value": lambda _: upload(PNG).value[0],
    "value of an upload of ipywidgets 7": lambda _: {
        "a.png": {"metadata": {"name": "a.png"}, "content": PNG}
    },
    "upload of ipywidgets 7": lambda _: Holder(value={"a.png": {"content": PNG}}, data=[PNG]),
    "upload of Panel": lambda _: Holder(value=PNG, filename="a.png"),
    "upload of marimo": lambda _: Holder(name="a.png", contents=PNG),
    "HTTP response": lambda _: Response(),
    "cell of a Parquet file of pictures": lambda _: {"bytes": PNG, "path": None},
    "cell of a Parquet file of their paths": lambda folder: {"bytes": None, "path": saved(folder)},
    "pandas cell": lambda folder: pd.DataFrame({"photo": [saved(folder)]}).loc[0, "photo"],
    "pandas column": lambda folder: pd.Series([saved(folder)]),
    "polars column": lambda _: pl.Series([PNG]),
    "Arrow cell": lambda _: pa.array([PNG])[0],
    "NumPy text": lambda folder: np.array([saved(folder)])[0],
    "NumPy column": lambda folder: np.array([saved(folder)]),
    "list in a list": lambda _: [[PNG]],
    "generator": lambda _: (data for data in [PNG]),
    "set": lambda _: {PNG},
    "picture that was read": lambda _: InputImage(PNG, "image/png"),
}


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "in a list"])
@pytest.mark.parametrize("kind", HELD_ONE)
def test_a_picture_is_found_in_what_holds_it(tmp_path, kind, alone):
    holder = HELD_ONE[kind](tmp_path)
    (source,) = list_sources(holder if alone else [holder])
    assert read(source).data == PNG


HELD_TWO = {
    "FileUpload": lambda: upload(PNG, BLUE),
    "FileUpload.value": lambda: upload(PNG, BLUE).value,
    "value of an upload of ipywidgets 7": lambda: {"a": {"content": PNG}, "b": {"content": BLUE}},
    "pandas column": lambda: pd.Series([PNG, BLUE]),
    "uploads beside others": lambda: [upload(PNG), io.BytesIO(BLUE)],
    "tuple": lambda: (PNG, BLUE),
}


@pytest.mark.parametrize("kind", HELD_TWO)
def test_several_pictures_keep_their_order(kind):
    assert [read(source).data for source in list_sources(HELD_TWO[kind]())] == [PNG, BLUE]


def test_results_are_pictures_and_a_batch_is_all_of_its_own():
    client = Client("offline")
    batch = client.generate_many(["a red square", "a blue square"], progress=False)
    expected = [generation.image.data for generation in batch.generations]
    assert [read(source).data for source in list_sources(batch)] == expected
    assert [read(source).data for source in list_sources([batch.generations[0]])] == expected[:1]


LINKS = {
    "display.Image": display.Image(url="https://example.org/a.png"),
    "ipywidgets.Image": ipywidgets.Image.from_url("https://example.org/a.png"),
    "text": "https://example.org/a.png",
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_is_left_for_the_client_to_fetch(kind):
    assert list_sources(LINKS[kind]) == ["https://example.org/a.png"]


def drawn():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=50)
    axes = figure.subplots()
    axes.plot([1, 3, 2])
    return figure, axes


@pytest.mark.parametrize("part", ["axes", "line", "part of a figure"])
def test_an_axes_is_its_whole_figure(part):
    figure, axes = drawn()
    pieces = {"axes": axes, "line": axes.lines[0], "part of a figure": figure.subfigures().subplots()}
    (source,) = list_sources(pieces[part])
    assert read(source) == read(figure)


PIXELS = {
    "array": np.zeros((4, 4, 3), np.uint8),
    "frame of numbers": pd.DataFrame([[0.5, 1.0]]),
    "PIL image": Image.new("RGB", (4, 4)),
}


@pytest.mark.parametrize("kind", PIXELS)
def test_pixels_are_one_picture_and_not_a_list_of_rows(kind):
    for given in (PIXELS[kind], [PIXELS[kind]]):
        (source,) = list_sources(given)
        assert source is PIXELS[kind]


def test_no_pictures_are_none():
    assert list_sources([]) == list_sources(()) == list_sources(iter(())) == []


EMPTY = {
    "FileUpload": (ipywidgets.FileUpload(), "A FileUpload that is empty"),
    "upload of ipywidgets 7": (Holder(value={}), "A Holder that is empty"),
    "ipywidgets.Image": (ipywidgets.Image(), "An Image that is empty"),
    "list in a list": ([[]], "A list that is empty"),
    "value of an upload in a list": ([ipywidgets.FileUpload().value], "A tuple that is empty"),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_what_should_hold_a_picture_and_is_empty_is_not_passed_over(kind):
    holder, words = EMPTY[kind]
    with pytest.raises(ArgumentError, match=words) as caught:
        list_sources(holder)
    assert "choose a file first" in caught.value.hint


class Foo:
    pass


NOT_TAKEN = {
    "int": (5, "An int cannot be an input image"),
    "float": (float("nan"), "A float cannot"),
    "None": (None, "None cannot"),
    "Foo": (Foo(), "A Foo cannot"),
    "class": (Foo, "A type cannot"),
    "dict": ({"a": 5}, "A dict cannot"),
    "NA": (pd.NA, "An NAType cannot"),
    "HTML": (display.HTML("<p>"), "An HTML cannot"),
    "SVG": (display.SVG("<svg xmlns='http://www.w3.org/2000/svg'/>"), "An SVG cannot"),
    "text field": (ipywidgets.Text("a.png"), "A Text cannot"),
    "button": (ipywidgets.Button(), "A Button cannot"),
    "numbers": (np.zeros(9), "An array of shape"),
    "numbers of polars": (pl.Series([1, 2]), "An array of shape"),
    "list of numbers": ([1, 2], "An int cannot"),
    "itself": ("itself", "nested too deeply"),
    "too many": ([PNG] * 1001, "more than 1,000 input images"),
}


@pytest.mark.parametrize("kind", NOT_TAKEN)
def test_what_cannot_be_taken_is_said_with_what_can(kind):
    given, words = NOT_TAKEN[kind]
    if kind == "itself":
        given = []
        given.append(given)
    with pytest.raises(ArgumentError, match=words) as caught:
        [read(source) for source in list_sources(given)]
    if "cannot" in words:
        for source in ("a path", "bytes", "an open file", "a PIL image", "an upload"):
            assert source in caught.value.hint
