from __future__ import annotations

import pytest

from gemini_nb.reply import kept
from gemini_nb.reply.json_receiver import ReceivedBody
from gemini_nb.request import ImageRequest
from gemini_nb.store import conversion
from gemini_nb.store.conversion import Conversion
from support.generations import answer, content_of, full_answer
from support.paths import files_under


def test_promise_21_clear_removes_every_copy(store):
    store.keep(full_answer(), content_of({"parts": [{"text": "SECRET PROMPT"}]}))
    kept.keep_reply(ReceivedBody(b"SECRET PROMPT"), folder=store.unread)
    (store.folder / "saved").mkdir()
    conversion.write(store.folder / "saved" / f"{'a' * 64}.json", Conversion("b" * 64, "image/png", False))
    for kind in ("", "records", "images", "contents", "saved", "unread"):
        (store.folder / kind / ".0123456789abcdef.part").write_bytes(b"SECRET PROMPT")
    assert store.clear() == 1 + 3 + 1 + 1 + 2 + 6
    assert not store.folder.exists()


STRANGERS = (
    "notes.txt",
    "records/notes.json",
    "images/holiday.png",
    "images/deeper/" + "a" * 64 + ".png",
    "contents/" + "a" * 63 + ".json",
    "saved/boat.json",
    "unread/letter.reply",
    "other/" + "a" * 64 + ".json",
)


def test_promise_21_clear_removes_nothing_else(store, tmp_path):
    store.keep(answer("a"))
    for name in STRANGERS:
        path = store.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    (store.folder / "README.md").write_text("my own words")
    store.clear()
    assert set(files_under(store.folder)) == {*STRANGERS, "README.md"}


def test_promise_21_clear_follows_no_link(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    name = "a" * 64
    (outside / f"{name}.png").write_text("mine")
    store.keep(answer("a"))
    link = store.folder / "records" / f"{name}.json"
    link.symlink_to(outside / f"{name}.png")
    (store.folder / "contents").symlink_to(outside)
    (outside / f"{name}.json").write_text("mine")
    store.clear()
    assert link.is_symlink()
    assert sorted(path.name for path in outside.iterdir()) == [f"{name}.json", f"{name}.png"]


def test_verify_counts_what_is_sound(store):
    store.keep(full_answer(), content_of({"parts": []}))
    kept.keep_reply(ReceivedBody(b"{}"), folder=store.unread)
    report = store.verify()
    assert (report.ok, report.records, report.images, report.contents, report.unread) == (True, 1, 3, 1, 1)
    assert (report.unused, report.left_over) == (0, 0)
    assert report.total_bytes == sum(
        len(data) for name, data in files_under(store.folder).items() if "/" in name
    )


@pytest.mark.parametrize(
    ("kind", "problems"),
    [("records", ["records"]), ("images", ["images", "records"]), ("contents", ["contents", "records"])],
)
def test_verify_names_each_damaged_file_and_the_record_that_needs_it(store, kind, problems):
    store.keep(answer("a"), content_of({"parts": []}))
    (path,) = (store.folder / kind).iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    report = store.verify()
    assert [problem.path.parent.name for problem in report.problems] == problems
    assert not report.ok


def test_what_a_dead_writer_left_is_counted_and_cleared_and_no_problem(store):
    store.keep(answer("a"))
    left_over = store.folder / "images" / f".{'a' * 16}.part"
    left_over.write_bytes(b"half a picture")
    report = store.verify()
    assert (report.left_over, report.ok) == (1, True)
    assert store.find(ImageRequest("a"))
    store.clear()
    assert not store.folder.exists()
