"""The record of an album: what is written, and what is taken of what others wrote."""

from __future__ import annotations

import json

import pytest

from gemini_nb.notebook.studio import album_record
from gemini_nb.notebook.studio.album_record import Row, parse
from gemini_nb.request import ImageRequest
from support.albums import album_of
from support.generations import answer, full_answer

DIGEST = "a" * 64
ROW = {"number": 1, "digest": DIGEST, "sha256": DIGEST, "created": "2026-11-30T12:00:00+00:00"}


def record_of(*rows, **facts):
    return {"format": 1, "next": 9, "pictures": list(rows), **facts}


def painted(prompt, **options):
    return answer(ImageRequest(prompt, provider="offline", **options), provider="offline")


def test_what_is_written_is_read_as_it_was():
    album = album_of(full_answer(), painted("a boat", take=2, config={"seed": 7}))
    album.set_favourite(1, True)
    record = parse(json.loads(json.dumps(album.record())))
    assert record.rows == tuple(entry.row() for entry in album.entries)
    assert record.next_number == 3


def test_a_picture_of_a_provider_is_named_by_digests_alone():
    (row,) = album_of(answer("a secret fox")).record()["pictures"]
    assert set(row) == {"number", "digest", "sha256", "created"}


def test_a_painting_is_written_as_what_was_asked():
    (row,) = album_of(painted("a boat", aspect_ratio="16:9")).record()["pictures"]
    assert row["request"] == {
        "prompt": "a boat",
        "model": "gemini-3.1-flash-image-preview",
        "aspect_ratio": "16:9",
    }


def test_what_was_removed_is_not_published():
    album = album_of(painted("a secret"), painted("a boat"))
    album.remove(1)
    record = album.record()
    assert "a secret" not in json.dumps(record)
    assert [row["number"] for row in record["pictures"]] == [2]
    assert record["next"] == 3


def test_a_turn_of_a_conversation_and_a_lone_surrogate_are_not_written():
    turn = painted("and a moon", history=({"role": "user", "parts": [{"text": "a boat"}]},))
    rows = album_of(turn, painted("a boat \ud800")).record()["pictures"]
    assert ["request" in row for row in rows] == [False, False]


def test_the_newest_pictures_are_written_as_far_as_there_is_room(monkeypatch):
    monkeypatch.setattr(album_record, "MAX_RECORD_BYTES", 2000)
    record = album_of(*(painted(f"{number} boats {'.' * 300}") for number in range(9))).record()
    assert [row["number"] for row in record["pictures"]] == [7, 8, 9]
    assert record["next"] == 10


@pytest.mark.parametrize(
    "value",
    [None, [], "x", 7, {}, record_of(format=2), record_of(format="1"), record_of(pictures={})],
    ids=str,
)
def test_what_is_no_record_is_none(value):
    assert parse(value) is None


@pytest.mark.parametrize(
    "fact",
    [
        {"number": 0},
        {"number": True},
        {"number": 10**30},
        {"digest": "../../etc/passwd"},
        {"sha256": DIGEST.upper()},
        {"created": "yesterday"},
        {"created": "2026-11-30T12:00:00"},
        {"created": 7},
        {"sources": "x"},
        {"sources": [7]},
        {"sources": ["x"] * 100},
        {"sources": ["x" * 5000]},
        {"request": []},
        {"request": {"prompt": 7}},
        {"request": {"prompt": "x", "inputs": [{"sha256": "x", "mime_type": "image/png"}]}},
        {"request": {"prompt": "x", "inputs": [{"sha256": DIGEST, "mime_type": None}]}},
        {"request": {"prompt": "x", "inputs": ["x"]}},
    ],
    ids=str,
)
def test_a_row_that_is_no_picture_is_left_out(fact):
    good = {**ROW, "number": 2}
    assert [row.number for row in parse(record_of({**ROW, **fact}, good)).rows] == [2]


def test_numbers_in_the_sources_follow_their_pictures():
    row = Row(3, DIGEST, DIGEST, "", ("#1", "#12", "my.png", "#x"))
    assert row.renumbered({3: 8, 1: 6}).sources == ("#6", "#12", "my.png", "#x")
