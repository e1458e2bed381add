"""The store: what is kept comes back as it was, and only what is asked for; the folder stays in order."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.images.inputs import InputImage
from gemini_nb.providers.secret import Secret
from gemini_nb.reply import kept
from gemini_nb.request import ImageRequest
from gemini_nb.store import record
from gemini_nb.store.store import Store, default_folder
from support.generations import answer, full_answer, picture
from support.images import gif, jpeg, png, webp
from support.replies import b64

KEY = "AIza-SyNotARealKey-0123456789_abcdef"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / ".gemini_nb")


def files(store: Store) -> dict[str, bytes]:
    """Every file under the store's folder, by its path there."""
    paths = (path for path in store.folder.rglob("*") if path.is_file())
    return {path.relative_to(store.folder).as_posix(): path.read_bytes() for path in paths}


def test_nothing_is_written_before_the_first_keep(store):
    request = ImageRequest("a red square")
    assert store.find(request) is None
    assert store.content(request) is None
    assert store.nearest(request) is None
    assert (list(store.records()), store.next_take(request), store.clear()) == ([], 0, 0)
    assert store.verify().ok
    assert not store.folder.exists()


def test_everything_comes_back(store):
    kept = full_answer()
    assert store.keep(kept)
    found = Store(store.folder).find(kept.request)
    assert found == replace(kept, replayed=True)
    assert [image.data for image in found.images] == [image.data for image in kept.images]


@pytest.mark.parametrize("data", [png(), jpeg(), webp(), gif()], ids=["png", "jpeg", "webp", "gif"])
def test_a_picture_of_every_type_comes_back_byte_for_byte(store, data):
    store.keep(answer("x", data))
    assert store.find(ImageRequest("x")).image.data == data


@pytest.mark.parametrize("source", ["inlineData", "data URI", "hosted URL", "openai"])
def test_how_a_picture_arrived_comes_back(store, source):
    store.keep(answer("x", images=(picture(source=source),)))
    assert store.find(ImageRequest("x")).image.source == source


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://cdn.example/a.png?X-Sig=s3cret#frag", "https://cdn.example/a.png"),
        ("https://user:s3cret@cdn.example/a.png", "https://cdn.example/a.png"),
        ("https://[s3cret/a.png", None),
        (None, None),
    ],
    ids=["query", "user info", "not an address", "none"],
)
def test_a_link_is_kept_without_what_signs_it(store, url, kept):
    store.keep(answer("x", images=(picture(source="hosted URL", url=url),)))
    assert store.find(ImageRequest("x")).image.url == kept
    assert not any(b"s3cret" in data for data in files(store).values())


VARIANTS = {
    "prompt": ImageRequest("b"),
    "model": ImageRequest("a", model="nano-banana-pro"),
    "take": ImageRequest("a", take=1),
    "ratio": ImageRequest("a", aspect_ratio="1:1"),
    "size": ImageRequest("a", image_size="2K"),
    "text": ImageRequest("a", text=True),
    "config": ImageRequest("a", config={"seed": 1}),
    "extra": ImageRequest("a", extra={"tools": []}),
    "input": ImageRequest("a", images=(InputImage(png(), "image/png"),)),
}


@pytest.mark.parametrize("other", VARIANTS.values(), ids=VARIANTS)
def test_another_request_is_a_miss(store, other):
    store.keep(answer("a"))
    assert store.find(other) is None


def test_one_request_written_in_two_ways_is_paid_once(store):
    store.keep(answer(ImageRequest("a", aspect_ratio="16:9", text=True)))
    config = {"imageConfig": {"aspectRatio": "16:9"}, "responseModalities": ["TEXT", "IMAGE"]}
    assert store.find(ImageRequest("a", config=config)) is not None


def test_names_in_config_that_are_no_text_do_no_harm(store):
    request = ImageRequest("a", config={"map": {10: "x", 9: "y"}})
    assert store.keep(answer(request))
    assert store.find(request) is not None


@pytest.mark.parametrize(
    "generation",
    [answer("a", provider="offline"), answer("a", replayed=True)],
    ids=["an offline painting", "a replay"],
)
def test_what_was_not_paid_for_is_not_kept(store, generation):
    assert not store.keep(generation)
    assert not store.folder.exists()


def test_a_bill_that_is_no_json_loses_no_picture(store):
    assert store.keep(answer("a", usage={"totalTokenCount": float("nan")}))
    assert store.find(ImageRequest("a")).usage == {}


def deepest_request() -> ImageRequest:
    """A request whose settings are nested as deeply as a digest can be made of."""
    for depth in range(1000, 500, -1):
        with suppress(ArgumentError, RecursionError):
            request = ImageRequest("a", config={"deep": json.loads("[" * depth + "]" * depth)})
            assert request.digest
            return request
    raise AssertionError("no depth works")


@pytest.mark.filterwarnings("ignore:This picture is not kept in the store:gemini_nb.errors.GeminiWarning")
def test_the_deepest_settings_do_no_harm(store):
    kept = answer(deepest_request())
    assert store.keep(kept) is (store.find(kept.request) is not None)


def test_a_record_past_what_is_read_is_not_called_kept(store):
    with pytest.warns(GeminiWarning, match="its record would have 17 MiB"):
        assert not store.keep(answer("a", text="x" * 17 * 2**20))
    assert files(store) == {}


def test_a_refreshed_picture_takes_the_place_of_the_old_one(store):
    store.keep(answer("a", png(1, 1)))
    store.keep(answer("a", png(2, 2)))
    assert store.find(ImageRequest("a")).image.width == 2
    assert store.verify().unused == 1


def test_keeping_mends_a_damaged_picture(store):
    kept = answer("a")
    store.keep(kept)
    (path,) = (store.folder / "images").iterdir()
    path.write_bytes(b"")
    assert store.find(kept.request) is None
    assert store.keep(kept)
    assert store.find(kept.request).image.data == kept.image.data


CONTENTS = {
    "signature": {"role": "model", "parts": [{"thoughtSignature": "AbC+/=", "text": ""}]},
    "order of names": {"z": 1, "a": {"y": 2, "b": 3}},
    "numbers": [0.1, 1e300, -0.0, 2**80, 1, 1.0, True],
    "text": ["\ud83d\ude00", "\ud800", "\x00\u2028</script>", "\\ud800"],
    "empty": {},
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_content_comes_back_exactly(store, content):
    kept = answer("a")
    store.keep(kept, content)
    for asked in (kept.request, kept.digest):
        assert json.dumps(store.content(asked)) == json.dumps(content)


@pytest.mark.parametrize("content", [None, {"x": float("nan")}, {1, 2}], ids=["none", "NaN", "a set"])
def test_an_answer_is_kept_without_content_that_is_no_json(store, content):
    kept = answer("a")
    assert store.keep(kept, content)
    assert store.find(kept.request) is not None
    assert store.content(kept.request) is None


def test_a_picture_in_content_is_kept_once_and_comes_back_exactly(store):
    kept = answer("a")
    content = inline_content(kept.image.data)
    store.keep(kept, content)
    (path,) = (store.folder / "contents").iterdir()
    assert path.stat().st_size < 500
    assert store.content(kept.request) == content


def test_content_that_uses_our_own_mark_comes_back_exactly(store):
    kept = answer("a")
    content = {"parts": [{"$image": kept.image.sha256}, inline_content(kept.image.data)]}
    store.keep(kept, content)
    assert store.content(kept.request) == content


def test_content_whose_picture_is_gone_is_absent(store):
    kept = answer("a")
    store.keep(kept, inline_content(kept.image.data))
    (path,) = (store.folder / "images").iterdir()
    path.unlink()
    assert store.content(kept.request) is None


def inline_content(data):
    return {"role": "model", "parts": [{"inlineData": {"data": b64(data)}, "thoughtSignature": "c2ln"}]}


def test_altered_content_is_absent(store):
    kept = answer("a")
    store.keep(kept, {"parts": [{"text": "one"}]})
    (path,) = (store.folder / "contents").iterdir()
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))
    assert store.content(kept.request) is None


@pytest.mark.parametrize("name", ["", "../records/{}", "{}x", "./{}"])
def test_content_is_found_by_a_digest_alone(store, name):
    kept = answer("a")
    store.keep(kept, {"parts": []})
    assert store.content(name.format(kept.digest)) is None


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_promise_20_folders_are_0700_and_files_0600(store, umask):
    before = os.umask(umask)
    try:
        store.keep(answer("a"), {"parts": []})
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [store.folder, *store.folder.rglob("*")]}
    assert len(modes) == 9
    assert {path: mode for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}


def test_promise_21_clear_removes_every_copy(store):
    store.keep(full_answer(), {"parts": [{"text": "SECRET PROMPT"}]})
    kept.keep(b"SECRET PROMPT", folder=store.unread)
    for kind in ("", "records", "images", "contents", "unread"):
        (store.folder / kind / ".0123456789abcdef.part").write_bytes(b"SECRET PROMPT")
    assert store.clear() == 1 + 3 + 1 + 2 + 5
    assert not store.folder.exists()


STRANGERS = (
    "notes.txt",
    "records/notes.json",
    "images/holiday.png",
    "images/deeper/" + "a" * 64 + ".png",
    "contents/" + "a" * 63 + ".json",
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
    assert set(files(store)) == {*STRANGERS, "README.md"}


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


def test_keep_writes_through_no_link(tmp_path):
    store, outside = Store(tmp_path / "linked"), tmp_path / "outside"
    outside.mkdir()
    store.folder.mkdir()
    (store.folder / "images").symlink_to(outside)
    with pytest.warns(GeminiWarning, match="a symbolic link stands in a folder's place"):
        assert not store.keep(answer("a"))
    assert list(outside.iterdir()) == []


def test_promise_9_the_key_is_masked_in_what_the_server_said(store):
    said = f"your key {KEY} is valid"
    generation = answer("a", text=said, usage={"note": said, KEY: [said]}, model_version=said, notes=(said,))
    assert store.keep(generation, {"parts": [{"text": said}]}, key=Secret(KEY))
    assert store.find(ImageRequest("a")).text == "your key [key] is valid"
    assert store.content(generation.request) is None
    assert not any(KEY.encode() in data for data in files(store).values())


@pytest.mark.parametrize(
    "request_with_key",
    [ImageRequest(f"paint {KEY}"), ImageRequest("a", config={"x": [KEY]}), ImageRequest("a", extra={KEY: 1})],
    ids=["prompt", "config", "extra"],
)
def test_promise_9_a_request_that_holds_the_key_is_not_kept(store, request_with_key):
    with pytest.warns(GeminiWarning, match="the request holds the API key"):
        assert not store.keep(answer(request_with_key), key=Secret(KEY))
    assert files(store) == {}


def test_promise_21_prompts_are_in_records_only(store):
    store.keep(answer("a prompt to be looked for"))
    assert [name.split("/")[0] for name, data in files(store).items() if b"looked for" in data] == ["records"]


def test_a_record_reads_well(store):
    store.keep(full_answer())
    (text,) = (data.decode() for name, data in files(store).items() if name.startswith("records"))
    assert '\n    "prompt": "Un carré «rouge» 🟥 \\ud800' in text
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False).replace(
        "\ud800", "\\ud800"
    ).replace("\udfff", "\\udfff") + "\n"  # fmt: skip


def test_the_folder_says_what_it_is_and_keeps_unread_replies_out_of_git(store):
    store.keep(answer("a"))
    kept = files(store)
    assert "You may commit it" in kept["README.md"].decode()
    assert kept[".gitignore"] == b"unread/\nclaims/\n*.part\n"


def test_files_that_are_there_are_left_alone(store):
    store.folder.mkdir()
    (store.folder / "README.md").write_text("mine")
    store.keep(answer("a"))
    assert files(store)["README.md"] == b"mine"


def set_created(store: Store, generation, created: str) -> None:
    """Write the record again as a clock with another time would have."""
    path = store.folder / "records" / f"{generation.digest}.json"
    whole = json.loads(path.read_text())
    whole["reply"]["created"] = created
    del whole["checksum"]
    path.write_bytes(record.encode(whole))


def test_promise_20_a_clock_that_jumps_loses_nothing(store):
    times = [
        "2026-11-23T10:00:00.000+00:00",
        "2026-11-21T10:00:00.000+00:00",
        "2026-11-22T10:00:00.000+00:00",
    ]
    answers = [answer(name) for name in ("tomorrow", "yesterday", "today")]
    for generation, time in zip(answers, times, strict=True):
        store.keep(generation)
        set_created(store, generation, time)
    assert all(store.find(generation.request) for generation in answers)
    assert [one.prompt for one in store.records()] == ["tomorrow", "today", "yesterday"]


def test_records_are_listed_without_the_unreadable(store):
    store.keep(answer("a"))
    store.keep(answer("b"))
    (store.folder / "records" / f"{answer('b').digest}.json").write_text("{")
    assert [one.prompt for one in store.records()] == ["a"]


ASKED = ImageRequest("a red square on white", model="gemini-3-pro-image", aspect_ratio="1:1")
MODELS = "model: gemini-3.1-flash-image, stored gemini-3-pro-image"
NEAREST = {
    "model": (replace(ASKED, model="gemini-3.1-flash-image"), (MODELS,)),
    "aspect ratio": (replace(ASKED, aspect_ratio="16:9"), ("aspect ratio: 16:9, stored 1:1",)),
    "image size": (replace(ASKED, image_size="2K"), ("image size: 2K, stored none",)),
    "take": (replace(ASKED, take=2), ("take: 2, stored 0",)),
    "settings": (replace(ASKED, text=True), ("settings",)),
    "input image": (
        replace(ASKED, images=(InputImage(png(), "image/png"),)),
        ("input image: 1 given, stored with 0",),
    ),
    "prompt": (
        replace(ASKED, prompt="a red square on grey"),
        ("prompt: …'ed square on grey', stored …'ed square on white'",),
    ),
    "two": (
        replace(ASKED, take=1, image_size="4K"),
        ("image size: 4K, stored none", "take: 1, stored 0"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "differences"), NEAREST.values(), ids=NEAREST)
def test_the_nearest_record_is_named_with_what_differs(store, request_, differences):
    store.keep(answer("quite another picture"))
    store.keep(answer(ASKED))
    found, told = store.nearest(request_)
    assert (found.digest, told) == (ASKED.digest, differences)


def test_another_input_image_of_the_same_number_is_a_difference(store):
    store.keep(answer(replace(ASKED, images=(InputImage(png(1, 1), "image/png"),))))
    asked = replace(ASKED, images=(InputImage(png(2, 2), "image/png"),))
    assert store.nearest(asked)[1] == ("input image",)


def test_a_request_whose_picture_was_damaged_is_told_so(store):
    store.keep(answer(ASKED))
    next((store.folder / "images").iterdir()).unlink()
    assert store.nearest(ASKED)[1] == ("its picture is missing or was altered",)


def test_what_differs_fits_a_message_whatever_the_prompts(store):
    store.keep(answer("\n\x1b[31m\u202e" * 100_000))
    _, (told,) = store.nearest(ImageRequest("\x00" * 300_000))
    assert len(told) < 600
    assert told.isprintable()


def test_the_next_take_is_the_first_that_is_not_stored(store):
    asked = ImageRequest("a", take=5)
    assert asked.digest
    assert store.next_take(asked) == 0
    for take in (0, 1, 3):
        store.keep(answer(ImageRequest("a", take=take)))
    assert store.next_take(asked) == 2


def test_a_take_without_its_picture_is_free(store):
    store.keep(answer("a"))
    next((store.folder / "images").iterdir()).unlink()
    assert store.next_take(ImageRequest("a")) == 0


def test_verify_counts_what_is_sound(store):
    store.keep(full_answer(), {"parts": []})
    kept.keep(b"{}", folder=store.unread)
    report = store.verify()
    assert (report.ok, report.records, report.images, report.contents, report.unread) == (True, 1, 3, 1, 1)
    assert (report.unused, report.left_over) == (0, 0)
    assert report.total_bytes == sum(len(data) for name, data in files(store).items() if "/" in name)


@pytest.mark.parametrize(
    ("kind", "problems"),
    [("records", ["records"]), ("images", ["images", "records"]), ("contents", ["contents", "records"])],
)
def test_verify_names_each_damaged_file_and_the_record_that_needs_it(store, kind, problems):
    store.keep(answer("a"), {"parts": []})
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


def test_a_store_stays_where_it_was_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store("here")
    monkeypatch.chdir("/")
    store.keep(answer("a"))
    assert (tmp_path / "here" / "records").is_dir()


def test_the_store_is_beside_the_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert default_folder() == tmp_path / ".gemini_nb"
    assert default_folder(tmp_path / ".") == tmp_path / ".gemini_nb"
    assert not (tmp_path / ".gemini_nb").exists()


def test_the_store_is_in_the_cache_where_there_is_no_folder_to_write_to(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    nowhere, other = default_folder(), default_folder(tmp_path / "other")
    cache = Path(os.environ["XDG_CACHE_HOME"]) / "gemini_nb" / "store"
    assert (nowhere.parent, other.parent) == (cache, cache)
    assert nowhere != other


HIT = """
import sys
from gemini_nb.request import ImageRequest
from gemini_nb.store.store import Store
assert Store(sys.argv[1]).find(ImageRequest("a")).image.width == 4
print(sorted({"PIL", "httpx", "IPython", "platformdirs"} & sys.modules.keys()))
"""


def test_a_hit_decodes_nothing_and_loads_no_heavy_package(store):
    store.keep(answer("a"))
    command = [sys.executable, "-c", HIT, str(store.folder)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
