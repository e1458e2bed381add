from __future__ import annotations

import json
from hashlib import sha256

import pytest

from gemini_nb.store import record
from support.generations import answer, content_of
from support.images import noise_png
from support.replies import b64

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
    store.keep(kept, content_of(content))
    for asked in (kept.request, kept.digest):
        assert json.dumps(store.content(asked)) == json.dumps(content)


@pytest.mark.parametrize("content", [None, {"x": float("nan")}, {1, 2}], ids=["none", "NaN", "a set"])
def test_an_answer_is_kept_without_content_that_is_no_json(store, content):
    kept = answer("a")
    assert store.keep(kept, content_of(content))
    assert store.find(kept.request) is not None
    assert store.content(kept.request) is None


def test_a_picture_in_content_is_kept_once_and_comes_back_exactly(store):
    kept = answer("a")
    content = inline_content(kept.image.data)
    store.keep(kept, content_of(content))
    (path,) = (store.folder / "contents").iterdir()
    assert path.stat().st_size < 500
    assert store.content(kept.request) == content


def test_content_that_uses_our_own_mark_comes_back_exactly(store):
    kept = answer("a")
    content = {"parts": [{"$image": kept.image.sha256}, inline_content(kept.image.data)]}
    store.keep(kept, content_of(content))
    assert store.content(kept.request) == content


def test_content_whose_picture_is_gone_is_absent(store):
    kept = answer("a")
    store.keep(kept, content_of(inline_content(kept.image.data)))
    (path,) = (store.folder / "images").iterdir()
    path.unlink()
    assert store.content(kept.request) is None


def inline_content(data):
    return {"role": "model", "parts": [{"inlineData": {"data": b64(data)}, "thoughtSignature": "c2ln"}]}


def test_altered_content_is_absent(store):
    kept = answer("a")
    store.keep(kept, content_of({"parts": [{"text": "one"}]}))
    (path,) = (store.folder / "contents").iterdir()
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))
    assert store.content(kept.request) is None


@pytest.mark.parametrize("name", ["", "../records/{}", "{}x", "./{}"])
def test_content_is_found_by_a_digest_alone(store, name):
    kept = answer("a")
    store.keep(kept, content_of({"parts": []}))
    assert store.content(name.format(kept.digest)) is None


FILLING = {
    "one picture named a thousand times": lambda digest: {"elided": [{"$image": digest}] * 1000},
    "a million lists": lambda _: {"plain": [[]] * 500_000},
}


@pytest.mark.parametrize("values", FILLING.values(), ids=FILLING)
def test_content_of_a_stranger_that_would_fill_the_memory_is_not_read(store, values):
    kept = answer("a", noise_png(200_000))
    store.keep(kept, content_of({"parts": []}))
    raw = json.dumps(values(kept.image.sha256)).encode()
    digest = sha256(raw).hexdigest()
    (store.folder / "contents" / f"{digest}.json").write_bytes(raw)
    whole = record.to_json(kept, content=digest)
    (store.folder / "records" / f"{kept.digest}.json").write_bytes(record.encode(whole))
    assert store.find(kept.request) is not None
    assert store.content(kept.request) is None
    assert store.recall(kept.image.sha256) is None
