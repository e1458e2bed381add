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
from gemini_nb.request import ImageRequest
from gemini_nb.store import nearest, record
from gemini_nb.store.location import default_folder
from gemini_nb.store.store import Store
from support.generations import answer, content_of, full_answer, picture
from support.images import gif, jpeg, png, webp
from support.paths import files_under

KEY = "AIza-SyNotARealKey-0123456789_abcdef"


def test_nothing_is_written_before_the_first_keep(store):
    request = ImageRequest("a red square")
    assert store.find(request) is None
    assert store.content(request) is None
    assert nearest.find(request, store.records()) is None
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
    assert not any(b"s3cret" in data for data in files_under(store.folder).values())


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
    assert files_under(store.folder) == {}


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


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_promise_20_folders_are_0700_and_files_0600(store, umask):
    before = os.umask(umask)
    try:
        store.keep(answer("a"), content_of({"parts": []}))
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [store.folder, *store.folder.rglob("*")]}
    assert len(modes) == 9
    assert {path: mode for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}


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
    assert store.keep(generation, content_of({"parts": [{"text": said}]}), key=Secret(KEY))
    assert store.find(ImageRequest("a")).text == "your key [key] is valid"
    assert store.content(generation.request) is None
    assert not any(KEY.encode() in data for data in files_under(store.folder).values())


@pytest.mark.parametrize(
    "request_with_key",
    [ImageRequest(f"paint {KEY}"), ImageRequest("a", config={"x": [KEY]}), ImageRequest("a", extra={KEY: 1})],
    ids=["prompt", "config", "extra"],
)
def test_promise_9_a_request_that_holds_the_key_is_not_kept(store, request_with_key):
    with pytest.warns(GeminiWarning, match="the request contains the API key"):
        assert not store.keep(answer(request_with_key), key=Secret(KEY))
    assert files_under(store.folder) == {}


def test_promise_21_prompts_are_in_records_only(store):
    store.keep(answer("a prompt to be looked for"))
    assert [
        name.split("/")[0] for name, data in files_under(store.folder).items() if b"looked for" in data
    ] == ["records"]


def test_a_record_reads_well(store):
    store.keep(full_answer())
    (text,) = (
        data.decode() for name, data in files_under(store.folder).items() if name.startswith("records")
    )
    assert '\n    "prompt": "Un carré «rouge» 🟥 \\ud800' in text
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False).replace(
        "\ud800", "\\ud800"
    ).replace("\udfff", "\\udfff") + "\n"  # fmt: skip


def test_the_folder_says_what_it_is_and_keeps_unread_replies_out_of_git(store):
    store.keep(answer("a"))
    kept = files_under(store.folder)
    assert "You may commit it" in kept["README.md"].decode()
    assert kept[".gitignore"] == b"unread/\nclaims/\n*.part\n"


def test_files_that_are_there_are_left_alone(store):
    store.folder.mkdir()
    (store.folder / "README.md").write_text("mine")
    store.keep(answer("a"))
    assert files_under(store.folder)["README.md"] == b"mine"


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


def test_a_records_picture_is_its_file(store):
    made = full_answer()
    store.keep(made)
    (found,) = store.records()
    image = store.image(found.images[-1])
    assert image == made.image
    assert store.image_file(found.images[-1]).read_bytes() == made.image.data


@pytest.mark.parametrize(
    "damage", [Path.unlink, lambda path: path.write_bytes(jpeg())], ids=["gone", "other"]
)
def test_a_records_picture_that_is_missing_or_altered_is_none(store, damage):
    store.keep(answer("a"))
    (found,) = store.records()
    damage(store.image_file(found.images[-1]))
    assert (store.image(found.images[-1]), store.image_file(found.images[-1])) == (None, None)


def test_an_input_of_a_type_that_no_model_sends_has_no_file(store):
    assert store.image_file(InputImage(b"heic", "image/heic")) is None


def test_a_records_request_is_the_one_that_was_asked(store):
    first = answer("a", images=(picture(png(3, 3)),))
    edit = answer(
        ImageRequest("b", images=(InputImage(png(3, 3), "image/png"),), aspect_ratio="16:9", take=2)
    )
    store.keep(first)
    store.keep(edit)
    found = next(one for one in store.records() if one.prompt == "b")
    assert store.request(found) == edit.request


def test_a_records_request_lacks_what_the_store_does_not_hold(store):
    store.keep(answer(ImageRequest("b", images=(InputImage(png(3, 3), "image/png"),))))
    (found,) = store.records()
    assert store.request(found).images == ()
    assert store.request(found).digest != found.digest
