"""Interrupts that are held back: when they are raised, and what is never lost or raised twice."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager

import pytest

from gemini_nb import interrupts


def interrupt():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def handler():
    """Python's own handler, whatever ran before; it must stand again after each test."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@contextmanager
def handled_by(handle):
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_raised_at_the_blocks_end():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.held():
        interrupt()
        done.append("the rest of the block")
    assert done


def test_an_error_of_the_block_does_not_lose_it():
    with pytest.raises(KeyboardInterrupt) as caught, interrupts.held():
        interrupt()
        raise ValueError("of the block")
    assert isinstance(caught.value.__context__, ValueError)


def test_one_interrupt_is_raised_once():
    with pytest.raises(KeyboardInterrupt) as caught, interrupts.held() as hold:
        interrupt()
        try:
            hold.check()
        finally:
            interrupt()  # a second one, on the way out
    assert caught.value.__context__ is None


def test_one_interrupt_of_an_inner_block_is_raised_once():
    with interrupts.held() as outer:
        outer.open()
        with pytest.raises(KeyboardInterrupt) as caught, interrupts.held() as inner:
            interrupt()
            try:
                inner.check()
            finally:
                interrupt()
        assert caught.value.__context__ is None
        assert not outer.is_pending


def test_check_raises_what_has_come_and_holds_back_what_comes():
    with interrupts.held() as hold:
        hold.check()
        interrupt()
        assert hold.is_pending
        with pytest.raises(KeyboardInterrupt):
            hold.check()
        assert not hold.is_pending


def test_a_block_within_a_block_shares_its_hold():
    after = []
    with pytest.raises(KeyboardInterrupt), interrupts.held() as outer:
        with interrupts.held() as inner:
            assert inner is outer
            interrupt()
        after.append("the inner block is over, the outer one is not")
    assert after


def test_a_block_within_an_open_one_raises_at_its_end():
    after = []
    with interrupts.held() as outer:
        outer.open()
        with pytest.raises(KeyboardInterrupt):
            with interrupts.held():
                interrupt()
                after.append("held")
            after.append("too late")
    assert after == ["held"]


def test_code_of_the_caller_is_interrupted_at_once():
    after = []
    with interrupts.held() as hold:
        with pytest.raises(KeyboardInterrupt), interrupts.let_through():
            interrupt()
            after.append("too late")
        assert not hold.is_open
    assert not after


def test_after_the_callers_code_interrupts_are_held_again():
    with interrupts.held() as hold:
        with interrupts.let_through():
            assert hold.is_open
        assert not hold.is_open


def test_what_came_before_the_callers_code_is_raised_when_that_begins():
    with interrupts.held():
        interrupt()
        with pytest.raises(KeyboardInterrupt), interrupts.let_through():
            pytest.fail("it ran")


def test_letting_through_without_a_hold_changes_nothing():
    with pytest.raises(KeyboardInterrupt), interrupts.let_through():
        interrupt()


def test_a_handler_that_raises_nothing_is_called_once_for_each():
    calls = []
    with handled_by(lambda *_: calls.append(1)):
        with interrupts.held() as hold:
            interrupt()
            assert calls == []
            hold.open()
            assert calls == [1]
            interrupt()
            assert calls == [1, 1]
        assert calls == [1, 1]


def test_a_block_that_hangs_is_interrupted_after_all(monkeypatch):
    monkeypatch.setattr(interrupts, "_MAX_HOLD_SECONDS", 0.0)
    with interrupts.held(), pytest.raises(KeyboardInterrupt):
        interrupt()


@pytest.mark.parametrize("handle", [signal.SIG_IGN, signal.SIG_DFL], ids=["ignored", "the system's"])
def test_handlers_that_python_does_not_call_are_left_alone(handle):
    with handled_by(handle), interrupts.held() as hold:
        assert signal.getsignal(signal.SIGINT) == handle
        hold.check()


def test_another_thread_holds_nothing_back():
    handlers = []

    def hold():
        with interrupts.held() as hold, interrupts.let_through():
            hold.check()
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
