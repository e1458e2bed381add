from __future__ import annotations

import threading

import pytest

from gemini_nb import event_loop
from gemini_nb.batch.feed import CallerIterator


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
