"""What an interrupt does to a picture that is being kept."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from gemini_nb import ImageRequest
from gemini_nb.client.pipeline import Pipeline
from gemini_nb.http.rate_limit import limiter_for
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
from gemini_nb.store.replay import Replay
from gemini_nb.store.store import Store
from support.clients import KEY, OK
from support.gateway import Answer, Gateway
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


def answering_of(url: str, store: Store) -> Pipeline:
    provider, key = choose_provider(None, base_url=url), Secret(KEY)
    replay = Replay(store.folder)
    replay.store = store
    limiter = limiter_for(provider, key)
    return Pipeline(provider, key, replay, limiter=limiter, every=0.0, timeout=30.0, retry_unknown=False)


@pytest.mark.parametrize("cancels", [1, 2])
def test_promise_1_a_call_that_is_cancelled_while_it_is_kept_is_not_paid_for_again(tmp_path, cancels):
    store = Slow(tmp_path)

    async def main(url):
        answering, request = answering_of(url, store), ImageRequest("a red square")
        first = asyncio.create_task(answering.answer(request, None))
        assert await asyncio.to_thread(store.begun.wait, WAIT_SECONDS)
        for _ in range(cancels):
            first.cancel()
            ended, _ = await asyncio.wait([first], timeout=0.1)
            assert not ended
        second = asyncio.create_task(answering.answer(request, None))
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
        first = asyncio.create_task(answering_of(url, store).answer(ImageRequest("a red square"), None))
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
