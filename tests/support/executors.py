"""Executors for tests, and a gateway's script that holds its pictures back."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

from support.gateway import Answer, Gateway
from support.numbered_pictures import painted, prompt_of

WAIT_SECONDS = 60.0


class Copying(Executor):
    """Runs tasks in threads, copied on the way there and back; `travelled` is what a network would see."""

    def __init__(self, workers: int = 2) -> None:
        self.travelled = b""
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, call, /, *args, **options) -> Future:
        return self._threads.submit(self._called, self._sent((call, args, options)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def _called(self, sent: bytes):
        call, args, options = pickle.loads(sent)
        return pickle.loads(self._sent(call(*args, **options)))

    def _sent(self, value) -> bytes:
        sent = pickle.dumps(value)
        self.travelled += sent
        return sent


class Failing(Executor):
    """Fails every task with one error: before it is called, or after it was answered."""

    def __init__(self, error: BaseException, *, after: bool = False) -> None:
        self._error = error
        self._after = after

    def submit(self, call, /, *args, **options) -> Future:
        if self._after:
            call(*args, **options)
        future: Future = Future()
        future.set_exception(self._error)
        return future


class Counted(Executor):
    """Gives its tasks to another executor, and counts them."""

    def __init__(self, executor: Executor) -> None:
        self.submitted = 0
        self._executor = executor

    def submit(self, call, /, *args, **options) -> Future:
        self.submitted += 1
        return self._executor.submit(call, *args, **options)


def processes(workers: int = 2, **options) -> ProcessPoolExecutor:
    """Processes that begin afresh: a fork beside threads is a warning from Python 3.12 on."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), **options)


def prompts(count: int) -> list[str]:
    return [str(number) for number in range(count)]


class Held:
    """A script that paints, but holds the pictures of numbers from `first` on until `let_go` is set."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.let_go = threading.Event()
        self.prompts: list[str] = []
        self._came = threading.Semaphore(0)

    def __call__(self, request) -> Answer:
        prompt = prompt_of(request)
        if int(prompt) < self.first or self.let_go.is_set():
            return painted(request)
        self.prompts.append(prompt)
        self._came.release()
        return Answer(painted(request).body, hold=self.let_go)

    def wait_for(self, count: int) -> None:
        """Wait until as many are held."""
        for _ in range(count):
            assert self._came.acquire(timeout=WAIT_SECONDS)


def widths(batch) -> list[int]:
    return [made.image.width for made in batch.generations]


def asked_more_than_once(gateway: Gateway) -> dict[str, int]:
    counts = Counter(prompt_of(request) for request in gateway.requests)
    return {prompt: count for prompt, count in counts.items() if count > 1}
