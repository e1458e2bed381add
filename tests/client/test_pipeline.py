"""What an interrupt does to a picture that is being kept."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import Counter

import anyio
import pytest

from gemini_nb import AsyncClient, ImageRequest
from gemini_nb.client.pipeline import Pipeline
from gemini_nb.errors import (
    BlockedError,
    ConnectionFailedError,
)
from gemini_nb.http.rate_limit import limiters_for
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
from gemini_nb.store.replay import Replay
from gemini_nb.store.store import Store
from support.clients import KEY, OK, client_of
from support.gateway import Answer, Gateway
from support.numbered_pictures import BLOCKED, painted, prompt_of
from support.processes import WAIT_SECONDS


class Slow(Store):
    """A store on a disk that takes its time: until `let_go` is set."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def keep(self, *args, **options) -> bool:
        self.begun.set()
        assert self.let_go.wait(WAIT_SECONDS)
        return super().keep(*args, **options)


def pipeline_of(url: str, store: Store) -> Pipeline:
    provider, key = choose_provider(None, base_url=url), Secret(KEY)
    replay = Replay(store.folder)
    replay.store = store
    limiters = limiters_for(provider, key)
    return Pipeline(provider, key, replay, limiters=limiters, interval=0.0, timeout=30.0, retry_unknown=False)


@pytest.mark.parametrize("cancels", [1, 2])
def test_promise_1_a_call_that_is_cancelled_while_it_is_kept_is_not_paid_for_again(tmp_path, cancels):
    store = Slow(tmp_path)

    async def main(url):
        pipeline, request = pipeline_of(url, store), ImageRequest("a red square")
        first = asyncio.create_task(pipeline.answer(request, None))
        assert await asyncio.to_thread(store.begun.wait, WAIT_SECONDS)
        for _ in range(cancels):
            first.cancel()
            ended, _ = await asyncio.wait([first], timeout=0.1)
            assert not ended
        second = asyncio.create_task(pipeline.answer(request, None))
        await asyncio.wait([second], timeout=0.1)
        store.let_go.set()
        generation, _ = await second
        assert generation.replayed
        with pytest.raises(asyncio.CancelledError):
            await first

    with Gateway(Answer(OK)) as gateway:
        asyncio.run(main(gateway.url))
        assert gateway.posts == 1


def test_a_failure_to_keep_what_was_cancelled_is_not_complained_of(tmp_path):
    class Failing(Slow):
        def keep(self, *args, **options) -> bool:
            super().keep(*args, **options)
            raise ZeroDivisionError

    store, complaints = Failing(tmp_path), []

    async def main(url):
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told["message"]))
        first = asyncio.create_task(pipeline_of(url, store).answer(ImageRequest("a red square"), None))
        assert await asyncio.to_thread(store.begun.wait, WAIT_SECONDS)
        first.cancel()
        await asyncio.wait([first], timeout=0.1)
        store.let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await first
        del first
        gc.collect()

    with Gateway(Answer(OK)) as gateway:
        asyncio.run(main(gateway.url))
    assert complaints == []


def asked_for(gateway) -> Counter[str]:
    return Counter(prompt_of(request) for request in gateway.requests)


def test_promise_1_with_a_store_equal_requests_are_asked_once(tmp_path):
    with Gateway(painted) as gateway, client_of(gateway.url, store=tmp_path) as client:
        batch = client.generate_many(["1", "2", "1", "1"], concurrency=3)
        assert asked_for(gateway) == {"1": 1, "2": 1}
    assert [made.image.width for made in batch.generations] == [2, 3, 2, 2]
    assert [made.replayed for made in batch.generations] == [False, False, True, True]


def test_promise_1_and_once_where_everything_is_asked_for_again(tmp_path):
    with Gateway(painted) as gateway, client_of(gateway.url, store=tmp_path, replay="refresh") as client:
        client.generate_many(["1", "1"], concurrency=1)
        assert gateway.posts == 1


def test_takes_of_one_prompt_are_not_equal(tmp_path):
    takes = [ImageRequest("1", take=take) for take in range(2)]
    with Gateway(painted) as gateway, client_of(gateway.url, store=tmp_path) as client:
        client.generate_many([*takes, *takes])
        assert gateway.posts == 2


@pytest.mark.parametrize("settings", [{}, {"store": "off", "replay": "off"}], ids=["no store", "replay off"])
def test_without_a_store_each_row_is_a_picture_of_its_own(settings):
    with Gateway(painted) as gateway, client_of(gateway.url, **settings) as client:
        assert len(client.generate_many(["1", "1"]).generations) == 2
        assert gateway.posts == 2


def test_a_failure_is_that_of_all_equal_rows(tmp_path):
    with Gateway(BLOCKED) as gateway, client_of(gateway.url, store=tmp_path) as client:
        batch = client.generate_many(["1", "1", "1"])
        assert gateway.posts == 1
    assert [type(error) for error in batch.errors] == [BlockedError] * 3


def test_promise_1_equal_calls_at_the_same_time_are_one_request(tmp_path):
    async def main(url):
        made = []
        async with AsyncClient(base_url=url, api_key=KEY, store=tmp_path) as client:

            async def ask():
                made.append(await client.generate("1"))

            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(ask)
        return made

    with Gateway(lambda request: Answer(painted(request).body, delay=0.1)) as gateway:
        made = anyio.run(main, gateway.url)
        assert gateway.posts == 1
    assert sorted(one.replayed for one in made) == [False, True, True]


def test_after_a_failure_the_next_equal_call_asks_itself(tmp_path):
    async def main(url):
        outcomes = []
        async with AsyncClient(base_url=url, api_key=KEY, store=tmp_path) as client:

            async def ask():
                try:
                    outcomes.append(await client.generate("1"))
                except BlockedError as error:
                    outcomes.append(error)

            async with anyio.create_task_group() as group:
                group.start_soon(ask)
                group.start_soon(ask)
        return outcomes

    with Gateway(BLOCKED, Answer(OK)) as gateway:
        failure, made = anyio.run(main, gateway.url)
        assert gateway.posts == 2
    assert type(failure) is BlockedError
    assert not made.replayed


def test_promise_6_who_waits_for_an_equal_call_does_not_wait_past_its_time(tmp_path):
    never = threading.Event()

    async def main(url):
        async with (
            AsyncClient(base_url=url, api_key=KEY, store=tmp_path) as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(client.generate, "1")
            assert await anyio.to_thread.run_sync(gateway.wait_for_posts, 1)
            client.timeout = 0.2
            try:
                await client.generate("1")
            except ConnectionFailedError as error:
                group.cancel_scope.cancel()
                return error

    with Gateway(Answer(OK, hold=never)) as gateway:
        assert "Not sent: an identical request" in str(anyio.run(main, gateway.url))
        assert gateway.posts == 1
