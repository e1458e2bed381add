from __future__ import annotations

import signal
import sqlite3
import threading
from contextlib import closing

import anyio
import pytest

from gemini_nb import AsyncClient, ImageRequest, event_loop
from gemini_nb.batch.feed import CallerIterator
from gemini_nb.errors import (
    ArgumentError,
)
from gemini_nb.images.inputs import read
from support.clients import KEY, OK, client_of
from support.gateway import Answer, Gateway
from support.images import noise_png, png
from support.numbered_pictures import PROMPTS, by_prompt, painted, prompt_of
from support.processes import finished, running


def taken(items):
    """What arrives on the loop while this thread serves, and which threads read the iterator."""
    threads = set()

    def watched():
        for item in items:
            threads.add(threading.current_thread())
            yield item

    feed = CallerIterator(watched())

    async def main():
        try:
            return [item async for item in feed]
        finally:
            feed.close()

    arrived = event_loop.run(main, while_waiting=lambda _future, seconds: feed.serve(seconds))
    return arrived, threads


def test_everything_arrives_in_order_read_in_the_thread_that_serves():
    arrived, threads = taken(range(100))
    assert arrived == list(range(100))
    assert threads == {threading.current_thread()}


def test_an_error_of_the_iterator_is_raised_where_its_item_is_awaited():
    with pytest.raises(ZeroDivisionError):
        taken(1 // number for number in [1, 0])


def test_nothing_is_read_before_it_is_wanted():
    feed = CallerIterator(iter([1 // 1]))
    feed.serve(0.0)
    assert next(feed._items) == 1


def test_closing_wakes_who_serves():
    feed = CallerIterator([1])
    serving = threading.Thread(target=feed.serve, args=(threading.TIMEOUT_MAX,), daemon=True)
    serving.start()
    feed.close()
    serving.join(10)
    assert not serving.is_alive()


def test_an_iterator_is_read_as_workers_get_to_its_items():
    taken, ahead = [], []

    def prompts():
        for prompt in PROMPTS:
            taken.append(prompt)
            yield prompt

    def script(request):
        ahead.append(len(taken) - int(prompt_of(request)))
        return painted(request)

    with Gateway(script) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(prompts(), concurrency=2)
    assert [made.image.width for made in batch.generations] == list(range(1, 9))
    assert max(ahead) <= 3
    assert [request.prompt for request in batch.requests] == PROMPTS


def test_an_iterator_is_read_in_the_thread_that_asks():
    with closing(sqlite3.connect(":memory:")) as database:  # a cursor of another thread would refuse
        database.execute("create table rows (prompt text)")
        database.executemany("insert into rows values (?)", [(prompt,) for prompt in PROMPTS])
        rows = (prompt for (prompt,) in database.execute("select prompt from rows"))
        with Gateway(painted) as gateway, client_of(gateway.url) as client:
            assert len(client.generate_many(rows).generations) == len(PROMPTS)


def test_an_iterator_may_ask_the_client_itself():
    with Gateway(painted) as gateway, client_of(gateway.url) as client:
        requests = (client.request(prompt, images=[png()]) for prompt in PROMPTS)
        assert len(client.generate_many(requests).generations) == len(PROMPTS)


def test_a_coroutines_batch_reads_an_iterator_too():
    async def main(url):
        async with AsyncClient(base_url=url, api_key=KEY) as client:
            return await client.generate_many(prompt for prompt in PROMPTS)

    with Gateway(painted) as gateway:
        assert len(anyio.run(main, gateway.url).generations) == len(PROMPTS)


@pytest.mark.parametrize("broken", [ZeroDivisionError, ArgumentError], ids=["its own error", "no prompt"])
def test_promise_4_an_iterator_that_breaks_off_loses_nothing_that_was_made(broken):
    def prompts():
        yield from PROMPTS[:3]
        yield str(1 // 0) if broken is ZeroDivisionError else " "

    with Gateway(painted) as gateway, client_of(gateway.url) as client:
        with pytest.raises(broken) as caught:
            client.generate_many(prompts(), concurrency=2)
        assert gateway.posts == 3
    assert [made.prompt for made in caught.value.batch.generations] == PROMPTS[:3]
    assert "3 made" in caught.value.__notes__[0]


def test_a_list_is_checked_as_a_whole_before_anything_is_sent():
    with Gateway(painted) as gateway, client_of(gateway.url) as client:
        with pytest.raises(ArgumentError, match="prompt is empty"):
            client.generate_many([*PROMPTS, " "])
        assert gateway.posts == 0


def test_promise_4_an_interrupt_keeps_what_has_finished_of_an_iterator():
    code = """
from gemini_nb import Cancelled
with client_of(url) as client:
    try:
        client.generate_many((str(number) for number in range(8)), concurrency=2)
    except Cancelled as cancelled:
        print([getattr(outcome, "prompt", None) for outcome in cancelled.batch.outcomes])
    print(len(client.generate_many(iter(["1"])).generations))
"""
    never = threading.Event()
    held = {f"n{number}": Answer(OK, hold=never) for number in (3, 4)}
    with Gateway(by_prompt(**held)) as gateway, running(code, gateway.url) as child:
        assert gateway.wait_for_posts(5)
        child.send_signal(signal.SIGINT)
        out = finished(child)
        assert gateway.posts == 6
    assert out.splitlines() == ["['0', '1', '2', None, None]", "1"]


def test_promise_1_an_iterator_that_leaves_the_program_pays_for_nothing_more():
    never = threading.Event()

    def prompts():
        yield "0"
        assert gateway.wait_for_posts(1)
        raise SystemExit(3)

    with Gateway(lambda _: Answer(OK, hold=never)) as gateway, client_of(gateway.url) as client:
        with pytest.raises(SystemExit):
            client.generate_many(prompts(), concurrency=2)
        assert gateway.wait_for_disconnects(1)
        assert gateway.posts == 1


def test_input_pictures_of_an_iterator_are_let_go_once_they_were_sent():
    requests = (ImageRequest("1", images=(read(noise_png(1000 + number)),)) for number in range(3))
    with Gateway(painted) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(requests)
        sent = {request.json["contents"][0]["parts"][1]["inlineData"]["data"] for request in gateway.requests}
    assert len(sent) == 3
    digests = {made.request.images[0].sha256 for made in batch.generations}
    assert len({request.digest for request in batch.requests}) == len(digests) == 3
    with pytest.raises(ArgumentError, match="released once its reply had come"):
        _ = batch.requests[0].images[0].data


def test_input_pictures_of_a_list_stay():
    request = ImageRequest("1", images=(read(png()),))
    with Gateway(painted) as gateway, client_of(gateway.url) as client:
        assert client.generate_many([request]).requests[0].images[0].data == png()
