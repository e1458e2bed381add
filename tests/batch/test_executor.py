from __future__ import annotations

import os
import signal
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from gemini_nb import AsyncClient, Client, Generation, ImageRequest
from gemini_nb.batch.run import MAX_REFUSALS
from gemini_nb.errors import (
    APIError,
    ArgumentError,
    AuthenticationError,
    BadResponseError,
    BlockedError,
    ConnectionFailedError,
    GeminiWarning,
    ImageLostError,
    OutcomeUnknownError,
    RateLimitError,
)
from gemini_nb.store.store import Store
from support import executors, virtual_clock
from support.clients import KEY
from support.executors import Copying, Counted, Failing, Held, painted, processes, prompt_of, prompts, widths
from support.gateway import Answer, Gateway
from support.generations import answer

pytestmark = pytest.mark.usefixtures("key_in_environment")


def claims(store) -> list[str]:
    return sorted(path.name for path in store.rglob("claims/*"))


@pytest.mark.parametrize("make", [ThreadPoolExecutor, Copying, processes])
def test_every_picture_comes_from_a_worker_in_the_order_asked(tmp_path, make):
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        with make(2) as executor:
            batch = client.generate_many(prompts(8), executor=executor)
            assert gateway.posts == 8
            again = client.generate_many(prompts(9), executor=executor)
        assert gateway.posts == 9
    assert widths(batch) == list(range(1, 9))
    assert not any(made.replayed for made in batch.generations)
    assert all(made.path.is_relative_to(tmp_path) for made in batch.generations)
    assert [made.replayed for made in again.generations] == [True] * 8 + [False]
    assert claims(tmp_path) == []


def test_a_saved_picture_of_one_worker_is_replaced_by_that_of_another(tmp_path):
    with Gateway(painted) as gateway, Copying() as executor:
        batch = Client(base_url=gateway.url, store=tmp_path).generate_many(prompts(2), executor=executor)
    for made in batch.generations:
        assert made.save(tmp_path / "a.png").read_bytes() == made.image.data


def test_an_awaited_batch_takes_an_executor_too(tmp_path):
    async def main(url, executor):
        async with AsyncClient(base_url=url, store=tmp_path) as client:
            return await client.generate_many(prompts(3), executor=executor)

    with Gateway(painted) as gateway, Copying() as executor:
        assert widths(anyio.run(main, gateway.url, executor)) == [1, 2, 3]


def test_as_many_are_with_the_workers_as_was_allowed(tmp_path):
    both = threading.Barrier(2, timeout=60)

    def together(request):
        both.wait()
        return painted(request)

    with Gateway(together) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        with Copying(4) as executor:
            client.generate_many(prompts(4), executor=executor, concurrency=2)
        assert gateway.most_at_once == 2


FAILED = {
    "1": (Answer({"error": {"message": "no", "code": "odd"}}, status=400), APIError),
    "2": (Answer({"error": {"message": "no"}}, status=502), OutcomeUnknownError),
    "3": (Answer({"promptFeedback": {"blockReason": "SAFETY"}}), BlockedError),
    "4": (Answer(b"no JSON"), BadResponseError),
    "5": (Answer({}, status=429, headers={"Retry-After": "600"}), RateLimitError),
}


def test_a_workers_error_comes_back_as_it_was(tmp_path):
    script = {prompt: reply for prompt, (reply, _) in FAILED.items()}
    with (
        Gateway(lambda request: script.get(prompt_of(request)) or painted(request)) as gateway,
        Client(base_url=gateway.url, store=tmp_path) as client,
        Copying() as executor,
    ):
        batch = client.generate_many(prompts(6), executor=executor, concurrency=1)
        assert gateway.posts == 6
    assert [type(error) for error in batch.errors] == [kind for _, kind in FAILED.values()]
    refused, unknown, blocked, unread, limited = batch.errors
    assert (refused.status, refused.code) == (400, "odd")
    assert unknown.status == 502
    assert blocked.reason == "SAFETY"
    assert unread.raw_path.read_bytes() == b"no JSON"
    assert unread.raw_path.is_relative_to(tmp_path)
    assert limited.retry_after == 600
    assert claims(tmp_path) == []


def test_a_pause_asked_of_a_worker_holds_back_what_is_not_submitted_yet(tmp_path):
    refusal = Answer({}, status=429, headers={"Retry-After": "600"})
    with Gateway(refusal) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        with processes(1) as pool:
            batch = client.generate_many(prompts(3), executor=(executor := Counted(pool)), concurrency=1)
        assert gateway.posts == executor.submitted == 1
    assert ["Not sent" in str(error) for error in batch.errors] == [False, True, True]


def test_three_refusals_of_the_key_stop_the_workers(tmp_path):
    refusal = Answer({"error": {"message": "no"}}, status=401)
    with Gateway(refusal) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        with Copying(1) as executor:
            batch = client.generate_many(prompts(8), executor=executor, concurrency=1)
        assert gateway.posts == MAX_REFUSALS
    assert [type(error) for error in batch.errors] == [AuthenticationError] * 8


def test_equal_requests_are_asked_once(tmp_path):
    with (
        Gateway(lambda request: Answer(painted(request).body, delay=0.2)) as gateway,
        Client(base_url=gateway.url, store=tmp_path) as client,
        processes(2) as executor,
    ):
        batch = client.generate_many(["1", "1", "1"], executor=executor)
        assert gateway.posts == 1
    assert widths(batch) == [2, 2, 2]


def test_replay_only_asks_no_worker(tmp_path):
    Store(tmp_path).keep(answer("stored"))
    with Client(store=tmp_path, replay="only") as client:
        batch = client.generate_many(["stored", "other"], executor=Failing(RuntimeError("asked")))
    assert [type(outcome).__name__ for outcome in batch.outcomes] == ["Generation", "ReplayMissError"]


def test_paintings_travel_themselves_and_need_no_store():
    with Client("offline") as client, Copying() as executor:
        batch = client.generate_many(["a red square", "a blue one"], executor=executor)
    assert [made.provider for made in batch.generations] == ["offline"] * 2


def test_a_picture_that_the_store_cannot_hold_travels_itself(tmp_path):
    (tmp_path / "images").write_text("in the way")
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        with Copying() as executor:
            batch = client.generate_many(["4"], executor=executor)
        assert gateway.posts == 1
    assert widths(batch) == [5]


@pytest.mark.parametrize("replay", ["auto", "refresh"])
def test_promise_2_a_picture_whose_record_the_store_refuses_travels_itself(tmp_path, replay):
    store = Store(tmp_path / "store")
    if replay == "refresh":
        store.keep(answer("4"))  # which is 1 pixel wide, and not the new one
    else:
        store.prepare()
        (store.folder / "records").mkdir()
    (store.folder / "records").rename(tmp_path / "records")
    (store.folder / "records").symlink_to(tmp_path / "records")  # is read, and never written
    with (
        Gateway(painted) as gateway,
        Client(base_url=gateway.url, store=store.folder, replay=replay) as client,
        Copying() as executor,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", GeminiWarning)  # once for each folder and process
        batch = client.generate_many(["4"], executor=executor)
        assert gateway.posts == 1
    assert widths(batch) == [5]
    assert not batch.generations[0].replayed


class Belated(Copying):
    """A network folder that shows the older records, until `show` is called."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._records = store.folder / "records"
        self._newer = {}

    def show(self) -> None:
        for path, record in self._newer.items():
            path.write_bytes(record)

    def _called(self, sent):
        older = {path: path.read_bytes() for path in self._records.iterdir()}
        result = super()._called(sent)
        self._newer = {path: path.read_bytes() for path in older}
        for path, record in older.items():
            path.write_bytes(record)
        return result


def test_a_record_that_shows_late_is_waited_for_and_never_taken_for_the_older(tmp_path, monkeypatch):
    (store := Store(tmp_path)).keep(answer("4"))  # which is 1 pixel wide, and not the new one
    executor, find = Belated(store), Store.find

    def look(store, request):
        found = find(store, request)
        executor.show()
        return found

    monkeypatch.setattr(Store, "find", look)
    with (
        Gateway(painted) as gateway,
        Client(base_url=gateway.url, store=tmp_path, replay="refresh") as client,
    ):
        batch = client.generate_many(["4"], executor=executor)
        assert gateway.posts == 1
    assert widths(batch) == [5]


def test_a_record_that_does_not_show_is_an_error_and_never_the_older_picture(tmp_path):
    (store := Store(tmp_path)).keep(answer("4"))
    with Gateway(painted) as gateway, Belated(store) as executor:
        client = AsyncClient(base_url=gateway.url, store=tmp_path, replay="refresh")
        with pytest.raises(ImageLostError, match="not in the store"):
            virtual_clock.run(client.executor_backend(executor).generate, ImageRequest("4"))
        assert gateway.posts == 1


@pytest.mark.parametrize("settings", [{}, {"replay": "off"}], ids=["no store", "a store that is off"])
def test_an_executor_needs_a_store(tmp_path, settings):
    store = tmp_path if settings else False
    with Client(store=store, **settings) as client, pytest.raises(ArgumentError, match="needs a store"):
        client.generate_many(["0"], executor=ThreadPoolExecutor())


@pytest.mark.parametrize("other", [map, 4, "threads", threading.Thread()], ids=repr)
def test_an_executor_is_one(tmp_path, other):
    message = r"concurrent\.futures\.Executor"
    with Client(store=tmp_path) as client, pytest.raises(ArgumentError, match=message):
        client.generate_many(["0"], executor=other)


def test_a_store_that_cannot_be_written_sends_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path / "file") as client:
        with Copying() as executor:
            (error,) = client.generate_many(["0"], executor=executor).errors
        assert gateway.connections == 0
    assert isinstance(error, ArgumentError)
    assert "cannot be written" in str(error)


LOST = {"before": (False, ConnectionFailedError, 0), "after": (True, Generation, 1)}


@pytest.mark.parametrize(("after", "kind", "posts"), LOST.values(), ids=LOST)
def test_an_executor_that_fails_loses_only_what_was_begun(tmp_path, after, kind, posts):
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        batch = client.generate_many(["0"], executor=Failing(RuntimeError(KEY), after=after))
        assert gateway.posts == posts
    (outcome,) = batch.outcomes
    assert type(outcome) is kind
    assert not getattr(outcome, "replayed", False)
    assert KEY not in str(batch.errors)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_a_workers_interrupt_is_not_ours(tmp_path, error):
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        (failed,) = client.generate_many(["0"], executor=Failing(error)).errors
        assert isinstance(failed, ConnectionFailedError)
        assert client.generate("0").image.width == 1


def test_an_executor_that_was_shut_down_sends_nothing(tmp_path):
    with Client(base_url="http://127.0.0.1:1", store=tmp_path) as client:
        executor = ThreadPoolExecutor()
        executor.shutdown()
        (error,) = client.generate_many(["0"], executor=executor).errors
    assert isinstance(error, ConnectionFailedError)
    assert "Nothing was sent" in str(error)
    assert claims(tmp_path) == []


def test_workers_without_the_package_are_told_what_they_lack(tmp_path):
    wrapped = RuntimeError("could not be read")
    wrapped.__cause__ = ModuleNotFoundError("No module named 'gemini_nb'")
    with Client(store=tmp_path) as client:
        (error,) = client.generate_many(["0"], executor=Failing(wrapped)).errors
    assert isinstance(error, ArgumentError)
    assert "gemini_nb is not installed where the workers run" in str(error)


def test_a_killed_process_loses_what_it_had_begun_and_nothing_else(tmp_path):
    held = Held(4)
    with Gateway(held) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        with processes(2) as executor:

            def kill_one():
                held.wait_for(2)
                os.kill(next(iter(executor._processes)), signal.SIGKILL)

            killer = threading.Thread(target=kill_one)
            killer.start()
            batch = client.generate_many(prompts(24), executor=executor, concurrency=4)
            killer.join()
        held.let_go.set()
        lost = {str(error).split("'")[1] for error in batch.errors if isinstance(error, OutcomeUnknownError)}
        assert lost == set(held.prompts)
        assert len(lost) == 2
        assert {type(error) for error in batch.errors} == {OutcomeUnknownError, ConnectionFailedError}
        assert gateway.posts == len(batch.generations) + 2
        with processes(2) as executor:
            assert widths(client.generate_many(prompts(24), executor=executor)) == list(range(1, 25))
        assert executors.asked_more_than_once(gateway) == dict.fromkeys(lost, 2)
        assert gateway.posts == 24 + 2


def test_promise_7_what_no_worker_had_begun_is_not_sent_after_an_interrupt(tmp_path):
    gate = threading.Event()

    async def main(client, gateway, executor):
        async with anyio.create_task_group() as tasks:
            for prompt in prompts(3):
                tasks.start_soon(client.executor_backend(executor).generate, ImageRequest(prompt))
            assert await anyio.to_thread.run_sync(gateway.wait_for_posts, 1)
            tasks.cancel_scope.cancel()

    with Gateway(lambda request: Answer(painted(request).body, hold=gate)) as gateway:
        client = AsyncClient(base_url=gateway.url, store=tmp_path)
        with processes(1) as executor:  # which fetches tasks in advance, and gives none of those back
            anyio.run(main, client, gateway, executor)
            gate.set()
        assert gateway.posts == 1
        (prompt,) = [prompt_of(request) for request in gateway.requests]
    assert Store(tmp_path).find(ImageRequest(prompt))  # what was begun is paid for, and kept
