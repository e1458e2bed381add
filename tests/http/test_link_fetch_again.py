"""Hosted pictures that are not there yet."""

from __future__ import annotations

import pytest

from gemini_nb.errors import LinkFailedError, LinkRefusedError
from gemini_nb.http import link_fetch
from support import faults
from support.faults import FaultServer
from support.tls_hosts import PICTURE, fetch_trusted, forget_proxies, picture


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    forget_proxies(monkeypatch)


@pytest.mark.parametrize("status", [404, 408, 425, 429, 500, 502, 503, 504])
def test_a_picture_that_is_not_there_yet_is_asked_for_again(status, monkeypatch):
    monkeypatch.setattr(link_fetch, "PAUSES_SECONDS", (0.01, 0.01))
    absent = faults.answer(status=status)
    with FaultServer(absent, absent, picture()) as server:
        assert fetch_trusted(server, is_new=True)[0] == PICTURE
    assert server.connections == 3


def test_each_try_for_a_picture_is_checked_again(monkeypatch):
    monkeypatch.setattr(link_fetch, "PAUSES_SECONDS", (0.01, 0.01))
    moved = [faults.redirect("/b.png"), faults.answer(status=404)]
    with (
        FaultServer(*moved, faults.redirect("file:///etc/passwd")) as server,
        pytest.raises(LinkRefusedError, match="not a web address"),
    ):
        fetch_trusted(server, is_new=True)
    assert server.connections == 3


def test_a_picture_that_never_comes_fails_with_the_last_status(monkeypatch):
    monkeypatch.setattr(link_fetch, "PAUSES_SECONDS", (0.01, 0.01))
    with (
        FaultServer(faults.answer(status=503), faults.answer(status=404)) as server,
        pytest.raises(LinkFailedError, match="answered 404"),
    ):
        fetch_trusted(server, is_new=True)
    assert server.connections == 3


def test_no_picture_is_waited_for_past_the_deadline(monkeypatch):
    monkeypatch.setattr(link_fetch, "PAUSES_SECONDS", (100.0,))
    with (
        FaultServer(faults.answer(status=404)) as server,
        pytest.raises(LinkFailedError, match="answered 404"),
    ):
        fetch_trusted(server, is_new=True, seconds=60)
    assert server.connections == 1


@pytest.mark.parametrize("status", [400, 401, 403, 410])
def test_what_will_not_be_there_is_asked_for_once(status):
    with FaultServer(faults.answer(status=status)) as server, pytest.raises(LinkFailedError):
        fetch_trusted(server, is_new=True)
    assert server.connections == 1


def test_the_pauses_grow_and_end_within_half_a_minute():
    assert list(link_fetch.PAUSES_SECONDS) == sorted(set(link_fetch.PAUSES_SECONDS))
    assert sum(link_fetch.PAUSES_SECONDS) * 1.5 < 30
