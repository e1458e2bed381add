"""Source pictures as chips: read when they are named, refused in words, gone with the next prompt."""

from __future__ import annotations

import hashlib
import io
import threading

import pytest
from PIL import Image

from support.gateway import Answer
from support.images import encoded
from support.replies import inline
from support.studios import OK, PNG, offline, visiting


def sources_of(request) -> list[str]:
    """The data of the pictures that a request carries."""
    parts = request.json["contents"][0]["parts"]
    return [part["inlineData"]["data"] for part in parts if "inlineData" in part]


@pytest.mark.parametrize(
    "word", ["nothing", "#7", pytest.param("#" + "7" * 5000, id="many"), "no such file.png"]
)
def test_a_word_that_names_no_picture_says_so_on_its_chip_and_nothing_is_sent(word):
    with visiting() as (visitor, gateway):
        visitor.add_source(word)
        (chip,) = visitor.widget.sources
        assert "There is no picture 7" in chip["problem"] or "no variable and no file" in chip["problem"]
        visitor.generate("now blue")
        assert "Remove this source" in visitor.problem
        assert gateway.posts == 0
        visitor.ask("unsource", id=chip["id"])
        visitor.generate("a red square")
        assert gateway.posts == 1


def test_edit_this_takes_the_picture_as_the_source():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.ask("edit", number=1)
        visitor.until(lambda: visitor.chips == ["#1"])
        visitor.until(lambda: visitor.work["label"].startswith("Edit #1"))
        visitor.generate("now blue")
        assert sources_of(gateway.requests[1]) == [inline(PNG)["inlineData"]["data"]]


def test_a_fresh_prompt_begins_without_used_sources_and_the_same_one_keeps_them():
    with visiting() as (visitor, gateway):
        visitor.shell.names["photo"] = PNG
        visitor.add_source("photo")
        visitor.generate("now blue")
        visitor.generate("now blue")
        visitor.generate("a red square")
        assert [len(sources_of(request)) for request in gateway.requests] == [1, 1, 0]
        assert visitor.chips == []


def test_a_source_that_is_named_while_pictures_are_made_is_not_used_by_them():
    shown = threading.Event()
    with visiting(OK, Answer(OK.body, hold=shown), OK) as (visitor, gateway):
        visitor.generate("a red square")
        visitor.start("a blue square")
        visitor.press("edit")
        visitor.until(lambda: visitor.chips == ["#1"])
        assert visitor.work["running"]
        shown.set()
        visitor.wait()
        assert "Say what to change in picture 1" in visitor.status
        visitor.generate("now green")
        assert [len(sources_of(request)) for request in gateway.requests] == [0, 0, 1]


def test_a_pinned_source_stays():
    with visiting() as (visitor, gateway):
        visitor.shell.names["photo"] = PNG
        visitor.add_source("photo")
        visitor.ask("pin", id=visitor.widget.sources[0]["id"])
        for prompt in ("now blue", "now green"):
            visitor.generate(prompt)
        assert [len(sources_of(request)) for request in gateway.requests] == [1, 1]


def test_sources_stay_where_nothing_was_made():
    with visiting() as (visitor, gateway):
        visitor.shell.names["photo"] = PNG
        visitor.add_source("photo")
        visitor.generate("   ")
        visitor.generate("now blue")
        assert [len(sources_of(request)) for request in gateway.requests] == [1]


def test_an_upload_in_pieces_is_a_source_by_its_name():
    with visiting() as (visitor, gateway):
        visitor.upload("my photo.png", PNG[:20], PNG[20:])
        assert visitor.chips == ["my_photo.png"]
        assert visitor.widget.sources[0]["thumbnail"].startswith("data:image/webp")
        visitor.generate("now blue")
        assert sources_of(gateway.requests[0]) == [inline(PNG)["inlineData"]["data"]]


NOT_TAKEN = {
    "too large": ((), 20_000_001, "20 MB"),
    "unreadable": ((b"no picture",), None, "PNG"),
    "empty": ((b"",), 0, ""),
    "larger than it said": ((bytes(20_000_001),), 1, "20 MB"),
}


@pytest.mark.parametrize(("pieces", "size", "words"), NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_an_upload_that_is_not_taken_says_so_on_its_chip(pieces, size, words):
    with offline() as visitor:
        visitor.upload("big.png", *pieces, size=size)
        assert words in visitor.widget.sources[0]["problem"]
        assert visitor.widget.sources[0]["problem"]
        assert visitor.widget.sources[0]["thumbnail"] == ""


def test_a_source_that_nothing_holds_any_more_is_saved_for_the_cell(tmp_path):
    with visiting() as (visitor, gateway):
        visitor.upload("my photo.png", encoded("PNG", 9, 9))
        visitor.generate("now blue")
        cell = visitor.text("cell")
        sha256 = hashlib.sha256(encoded("PNG", 9, 9)).hexdigest()
        assert f"-i pictures/source-{sha256[:12]}.png" in cell
        assert visitor.shell.run(cell).result.replayed
        assert gateway.posts == 1


def test_a_key_is_never_a_source():
    with offline() as visitor:
        visitor.add_source("AIza" + "x" * 35)
        assert "AIza" not in str(visitor.widget.sources)


def mask(width, height, box) -> bytes:
    into = io.BytesIO()
    picture = Image.new("L", (width, height))
    picture.paste(255, box)
    picture.save(into, "PNG")
    return into.getvalue()


def test_a_painted_mask_goes_with_its_picture_and_nothing_else_changes():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.ask("mask", mask(64, 48, (10, 10, 20, 20)), number=1, feather=0)
        visitor.until(lambda: visitor.widget.sources and visitor.widget.sources[0]["masked"])
        visitor.until(lambda: visitor.work["label"].startswith("Edit #1 where painted"))
        visitor.generate("now blue")
        assert len(sources_of(gateway.requests[1])) == 2
        made = visitor.studio.pictures[-1]
        assert made.image.sha256 != made.received[0].sha256
        assert made.image.width == 64


def test_a_cleared_mask_is_forgotten():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.ask("mask", mask(64, 48, (10, 10, 20, 20)), number=1, feather=0)
        visitor.until(lambda: visitor.widget.sources and visitor.widget.sources[0]["masked"])
        visitor.ask("unmask")
        visitor.generate("now blue")
        assert len(sources_of(gateway.requests[1])) == 1


def test_an_empty_mask_is_said_before_anything_is_sent():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.ask("mask", mask(64, 48, (0, 0, 0, 0)), number=1, feather=0)
        visitor.until(lambda: visitor.widget.sources)
        visitor.generate("now blue")
        assert "mask" in visitor.problem
        assert gateway.posts == 1


def test_two_pasted_pictures_of_one_name_are_two_sources():
    other = encoded("PNG", 32, 32)
    with visiting() as (visitor, _):
        for data in (PNG, other, PNG):
            visitor.ask("upload", data, id="1", name="image.png", size=len(data), last=True)
        visitor.until(lambda: visitor.chips == ["image.png", "image-2.png"])
