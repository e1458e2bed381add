from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from gemini_nb import ImageRequest
from gemini_nb.batch.manifest import Manifest
from gemini_nb.errors import ArgumentError, BlockedError
from support.clients import KEY, OK, client_of
from support.gateway import Answer, Gateway
from support.naughty_strings import STRINGS
from support.numbered_pictures import BLOCKED, PROMPTS, by_prompt, painted, run_batch
from support.processes import ran

FAILED = BlockedError("The prompt was blocked.")


def lines(path) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def test_each_request_has_a_line_that_tells_all_of_it(tmp_path):
    run_batch(["1"], tmp_path / "run.jsonl", store=tmp_path / "store")
    (line,) = lines(tmp_path / "run.jsonl")
    request = ImageRequest("1")
    picture = next((tmp_path / "store" / "images").iterdir())
    assert line.pop("run")
    assert line.pop("at").endswith("Z")
    assert line.pop("seconds") >= 0
    assert line == {
        "index": 0,
        "prompt": "1",
        "model": request.model,
        "take": 0,
        "digest": request.digest,
        "status": "ok",
        "error_type": None,
        "error": None,
        "path": f"store/images/{picture.name}",
        "sha256": picture.stem,
        "mime_type": "image/png",
        "width": 2,
        "height": 4,
        "estimated_cost": request.estimated_cost,
        "replayed": False,
        "provider": "crazyrouter",
        "queries": None,
        "sources": None,
        "safety_ratings": None,
    }


def test_a_failure_is_told_by_its_class_and_words(tmp_path):
    batch = run_batch(PROMPTS, tmp_path / "run.jsonl", script=by_prompt(n3=BLOCKED))
    told = {line["index"]: line for line in lines(tmp_path / "run.jsonl")}
    assert [told[place]["status"] for place in range(8)] == ["ok"] * 3 + ["failed"] + ["ok"] * 4
    assert told[3]["error_type"] == "BlockedError"
    assert told[3]["error"] == str(batch.errors[0])
    assert told[3]["sha256"] is told[3]["path"] is None


def test_a_line_is_there_as_soon_as_its_request_is_finished(tmp_path):
    seen = []

    def script(request):
        seen.append(len(lines(tmp_path / "run.jsonl")))
        return painted(request)

    with Gateway(script) as gateway, client_of(gateway.url) as client:
        client.generate_many(PROMPTS, concurrency=1, manifest=tmp_path / "run.jsonl")
    assert seen == list(range(8))


def test_each_run_adds_its_own_lines_and_the_last_ones_are_complete(tmp_path):
    for script in (by_prompt(n3=BLOCKED), painted):
        run_batch(PROMPTS, tmp_path / "run.jsonl", script=script, store=tmp_path)
    written = lines(tmp_path / "run.jsonl")
    first, last = written[0]["run"], written[-1]["run"]
    assert [line["run"] for line in written] == [first] * 8 + [last] * 8
    again = {line["index"]: line for line in written[8:]}
    assert [again[place]["replayed"] for place in range(8)] == [True] * 3 + [False] + [True] * 4


def test_equal_requests_have_a_line_each(tmp_path):
    run_batch(["1", "1"], tmp_path / "run.jsonl", store=tmp_path)
    assert [(line["index"], line["replayed"]) for line in lines(tmp_path / "run.jsonl")] == [
        (0, False),
        (1, True),
    ]


def test_a_line_that_a_crash_left_unfinished_is_cut_off(tmp_path):
    path = tmp_path / "run.jsonl"
    run_batch(["1"], path)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    run_batch(["2"], path)
    assert path.read_bytes().startswith(whole)
    assert [line["prompt"] for line in lines(path)] == ["1", "2"]


def test_a_crash_in_the_very_first_line_is_no_obstacle(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"run":"2026-')
    run_batch(["2"], path)
    assert [line["prompt"] for line in lines(path)] == ["2"]


OTHERS = {
    "words": b"shopping list\n",
    "words without an end": b"shopping list",
    "JSON of others": b'{"a": 1}\n',
    "a list": b"[]\n",
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS.keys())
def test_a_file_that_is_something_else_stays_as_it_is_and_nothing_is_sent(tmp_path, content):
    path = tmp_path / "notes.jsonl"
    path.write_bytes(content)
    with Gateway(painted) as gateway, client_of(gateway.url) as client:
        with pytest.raises(ArgumentError, match="not the manifest"):
            client.generate_many(["1"], manifest=path)
        assert gateway.posts == 0
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["", "a\0b", "folder"], ids=["no name", "NUL", "a folder"])
def test_a_path_that_cannot_be_written_is_said_before_anything_is_sent(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with Gateway(painted) as gateway, client_of(gateway.url) as client:
        with pytest.raises(ArgumentError, match="cannot be written"):
            client.generate_many(["1"], manifest=f"{tmp_path}/{name}")
        assert gateway.posts == 0


@pytest.mark.skipif(sys.platform != "linux", reason="a file's length is limited as Linux does it")
@pytest.mark.parametrize("action", ["always", "error"])
def test_a_full_disk_ends_the_manifest_and_not_the_batch(tmp_path, action):
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with client_of(url) as client, warnings.catch_warnings(record={action == "always"}) as said:
    warnings.simplefilter({action!r})
    batch = client.generate_many(["1"] * 8, manifest={str(tmp_path / "run.jsonl")!r})
print(len(batch.generations), [str(one.message)[-42:] for one in said or ()])
"""
    with Gateway(Answer(OK)) as gateway:
        out = ran(code, gateway.url)
    assert out == "8 " + ("['too large. The batch continues without it.']" if action == "always" else "[]")
    assert (tmp_path / "run.jsonl").stat().st_size == 1000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_no_manifest(tmp_path):
    os.mkfifo(tmp_path / "run.jsonl")
    with pytest.raises(ArgumentError, match="not a regular file"):
        Manifest(tmp_path / "run.jsonl")


@pytest.mark.parametrize("prompt", [*STRINGS[:200:7], "a\u2028b\x85c\x9b31m", "lone \ud800 surrogate"])
def test_any_prompt_is_one_line_without_control_characters(tmp_path, prompt):
    if not prompt.strip():
        pytest.skip("no prompt")
    sheet = Manifest(tmp_path / "run.jsonl")
    sheet.add(0, ImageRequest(prompt), FAILED)
    sheet.close()
    text = (tmp_path / "run.jsonl").read_text()
    assert len(text.splitlines()) == 1
    assert json.loads(text)["prompt"] == prompt


def test_promise_9_the_key_is_in_no_line(tmp_path):
    run_batch([f"1 {KEY}"], tmp_path / "run.jsonl", script=Answer(OK))
    run_batch([f"1 {KEY}"], tmp_path / "run.parquet", script=Answer(OK))
    assert lines(tmp_path / "run.jsonl")[0]["status"] == "ok"
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.glob("run.*"))


def test_a_config_that_is_no_json_is_the_failure_of_its_row(tmp_path):
    requests = [ImageRequest("1", config={"a": object()}), "1"]
    batch = run_batch(requests, tmp_path / "run.jsonl", store=tmp_path)
    assert len(batch.generations) == 1
    told = sorted(lines(tmp_path / "run.jsonl"), key=lambda line: line["index"])
    assert [(line["status"], line["digest"] is None) for line in told] == [("failed", True), ("ok", False)]
