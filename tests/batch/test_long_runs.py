"""Batches that are long: held back, killed and run again, flat in memory."""

from __future__ import annotations

import json
import sys
from collections import Counter

import pytest

from gemini_nb import ImageRequest
from gemini_nb.errors import (
    AuthenticationError,
    NoImageError,
    RateLimitError,
)
from support.clients import OK, client_of
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.numbered_pictures import PROMPTS, painted, prompt_of
from support.processes import finished, ran, running
from support.replies import body, inline, reply
from support.timing import given_time, in_time


def test_promise_4_refusals_stop_a_batch_of_many_workers():
    with Gateway(Answer(status=401)) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many([str(number) for number in range(200)], concurrency=8)
        assert gateway.posts <= 3 + 8
    assert Counter(map(type, batch.errors)) == {AuthenticationError: 200}


def test_promise_4_refusals_stop_a_batch_in_spite_of_stored_pictures_and_all_of_these_come(tmp_path):
    with Gateway(painted) as gateway, client_of(gateway.url, store=tmp_path) as client:
        client.generate_many(PROMPTS[::2])
    with Gateway(Answer(status=403)) as gateway, client_of(gateway.url, store=tmp_path) as client:
        batch = client.generate_many(PROMPTS, concurrency=1)
        assert gateway.posts == 3
    assert [made.prompt for made in batch.generations] == PROMPTS[::2]
    assert len(batch.errors) == 4


def test_of_many_that_are_not_stored_the_nearest_is_found_for_the_first_ones_only(tmp_path):
    with Gateway(painted) as gateway, client_of(gateway.url, store=tmp_path) as client:
        client.generate("1")
    with client_of(gateway.url, store=tmp_path, replay="only") as client:
        batch = client.generate_many([str(number) for number in range(2, 42)], concurrency=1)
    assert ["nearest is" in str(error) for error in batch.errors] == [True] * 20 + [False] * 20


def test_a_closed_client_leaves_no_pause_to_a_later_server_at_its_port():
    with Gateway(Answer(status=429, headers={"Retry-After": "300"}), Answer(OK)) as gateway:
        with client_of(gateway.url, timeout=5) as closed, pytest.raises(RateLimitError):
            closed.generate("a")
        with client_of(gateway.url, timeout=5) as client:
            assert client.generate("a").image


def test_requests_per_minute_space_out_what_is_sent():
    with Gateway(painted) as gateway, client_of(gateway.url, requests_per_minute=120) as client:
        client.generate_many(PROMPTS[:5], concurrency=8)
        times = [request.at for request in gateway.requests]
    assert times[-1] - times[0] >= 1  # of two: the first may be long under way


def test_what_is_replayed_takes_no_turn(tmp_path):
    with Gateway(painted) as gateway, client_of(gateway.url, store=tmp_path) as client:
        client.generate_many(PROMPTS)
    with client_of("http://127.0.0.1:9", store=tmp_path, requests_per_minute=0.01, timeout=5) as client:
        assert len(client.generate_many(PROMPTS).generations) == len(PROMPTS)


def test_the_time_of_a_batchs_picture_begins_when_it_is_let_through():
    def call(seconds):
        rate = 54 / seconds  # more than `seconds` from one to the next: the third waits for twice as long
        with (
            Gateway(painted) as gateway,
            client_of(gateway.url, requests_per_minute=rate, timeout=seconds) as client,
        ):
            batch = client.generate_many(PROMPTS[:3], concurrency=3)
        in_time(len(batch.generations) == 3)
        assert max(made.seconds for made in batch.generations) < seconds

    given_time(call, 0.9, 3, 9)


def test_promise_6_a_single_call_whose_turn_comes_too_late_fails_at_once():
    with Gateway(painted) as gateway, client_of(gateway.url, requests_per_minute=1, timeout=5) as client:
        client.generate("1")
        with pytest.raises(RateLimitError, match="Not sent: at this many requests per minute"):
            client.generate("2")
        assert gateway.posts == 1


KILLED = """
store = sys.argv[2] if len(sys.argv) > 2 else sys.stdin.readline().strip()
with client_of(url, store=store) as client:
    client.generate_many([str(number) for number in range(24)], concurrency=4, manifest=store + "/run.jsonl")
"""


@pytest.mark.parametrize("after", [5, 9, 17])
def test_promise_1_a_batch_that_was_killed_goes_on_where_it_was(tmp_path, after):
    def slowly(request):  # whoever sends without a body was killed meanwhile
        return Answer(painted(request).body, delay=0.01) if request.body else Answer()

    prompts = [str(number) for number in range(24)]
    with Gateway(slowly) as gateway, running(KILLED, gateway.url, stdin=True) as child:
        child.stdin.write(f"{tmp_path}\n")
        child.stdin.flush()
        assert gateway.wait_for_posts(after)
        child.kill()
        child.wait()
    posted = gateway.posts
    with Gateway(slowly) as gateway:  # another, where nothing that was on its way can still arrive
        with client_of(gateway.url, store=tmp_path) as client:
            missing = {prompt for prompt in prompts if not client.holds(ImageRequest(prompt))}
            batch = client.generate_many(prompts, concurrency=4, manifest=tmp_path / "run.jsonl")
        again = Counter(prompt_of(request) for request in gateway.requests)
    assert [made.image.width for made in batch.generations] == list(range(1, 25))
    assert again == dict.fromkeys(missing, 1)
    assert len(prompts) <= posted + len(missing) <= len(prompts) + 4  # twice: at most those under way
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    last = [line for line in lines if line["run"] == lines[-1]["run"]]
    assert sorted(line["index"] for line in last) == list(range(24))
    assert {line["prompt"] for line in last if not line["replayed"]} == missing


MANY = """
from hashlib import sha256
from support.peak_memory import peak_mib
count, store = (json.loads(sys.argv[2]) if len(sys.argv) > 2 else json.loads(sys.stdin.readline()))
with client_of(url, store=store) as client:
    batch = client.generate_many((str(number) for number in range(count)), concurrency=4)
right = sum(sha256(made.image.data).hexdigest() == made.image.sha256 for made in batch.generations)
print(right, peak_mib())
"""


def peak_mib(url, count, store):
    with running("import json\n" + MANY, url, stdin=True) as child:
        right, peak = finished(child, json.dumps([count, store]) + "\n").split()
    assert int(right) == count
    return float(peak)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("is_stored", [True, False], ids=["in a store", "in a temporary folder"])
def test_promise_13_memory_does_not_grow_with_the_number_of_pictures(tmp_path, is_stored):
    answer = Answer(body(reply(inline(noise_png(1_500_000)))))
    store = str(tmp_path / "store") if is_stored else False
    with Gateway(answer) as gateway:
        few, many = (peak_mib(gateway.url, count, store and store + str(count)) for count in (4, 44))
    assert many - few < 16  # 40 pictures more have 57 MiB


def test_without_a_store_pictures_are_in_a_folder_that_goes_with_them(tmp_path):
    code = f"""
import gc, os
os.environ["TMPDIR"] = {str(tmp_path)!r}
with client_of(url) as client:
    batch = client.generate_many(["1", "2"])
files = lambda: sum(len(names) for _, _, names in os.walk({str(tmp_path)!r}))
print(files(), [made.image.data == PICTURE for made in batch.generations])
kept = batch.generations[0].image
del batch
gc.collect()
print(kept.data == PICTURE)
del kept
gc.collect()
print(os.listdir({str(tmp_path)!r}))
"""
    with Gateway(Answer(OK)) as gateway:
        assert ran(code, gateway.url).splitlines() == ["1 [True, True]", "True", "[]"]


def test_an_error_is_held_without_what_is_heavy():
    picture = noise_png(300_000)
    drafts = reply({**inline(picture), "thought": True}, "word " * 50_000)
    with Gateway(Answer(drafts)) as gateway, client_of(gateway.url) as client:
        (error,) = client.generate_many(["1"]).errors
    assert type(error) is NoImageError
    assert error.__traceback__ is error.__context__ is error.__cause__ is None
    assert len(error.text) <= 2001
    assert error.drafts[0].held.path is not None
    assert error.drafts[0].data == picture
