"""Batch jobs that are sent and left alone: the wait for them is interrupted."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from gemini_nb import Cancelled
from gemini_nb.store.jobs import JobFolder
from support.jobs import generate


def is_sent(records):
    """Whether the provider has a job of these records."""
    return any(record.state == "created" for record in records)


def leave(client, rows, is_time=is_sent):
    """Send a job of so many rows and interrupt the wait for it; return what was raised."""
    with interrupting(client.store, is_time), pytest.raises(Cancelled) as interrupted:
        generate(client, rows)
    return interrupted.value


class interrupting:  # noqa: N801 - reads as a phrase
    """Sends this process an interrupt as soon as the records of the store's jobs are so: one is sent."""

    def __init__(self, store, is_time=is_sent) -> None:
        self._is_time = is_time
        self._folder, self._over = JobFolder(store), threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_error):
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_time(self._folder.records()):
            if self._over.wait(0.02):
                return
        os.kill(os.getpid(), signal.SIGINT)
