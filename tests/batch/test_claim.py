from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from gemini_nb.batch.claim import Claim
from gemini_nb.store.store import Store


def test_a_claim_is_taken_once(tmp_path):
    Store(tmp_path).prepare()
    claim = Claim(tmp_path, "a" * 64)
    claim.create()
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: claim.acquire(), range(64))) == 1
    assert claim.state == "sent"


def test_a_claim_that_was_withdrawn_cannot_be_taken(tmp_path):
    Store(tmp_path).prepare()
    claim = Claim(tmp_path, "a" * 64)
    claim.create()
    assert claim.cancel()
    assert not claim.acquire()
    assert claim.state is None


def test_a_claim_that_was_taken_cannot_be_withdrawn(tmp_path):
    Store(tmp_path).prepare()
    claim = Claim(tmp_path, "a" * 64)
    claim.create()
    claim.acquire()
    assert not claim.cancel()
    assert claim.state == "sent"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_claim_is_its_owners_alone(tmp_path):
    Store(tmp_path).prepare()
    claim = Claim(tmp_path, "a" * 64)
    claim.create()
    (path,) = (tmp_path / "claims").iterdir()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_store_counts_and_clears_claims_that_nobody_waits_for(tmp_path):
    store = Store(tmp_path)
    store.prepare()
    for _ in range(2):
        claim = Claim(tmp_path, "a" * 64)
        claim.create()
        claim.acquire()
    assert store.verify().left_over == 2
    assert store.verify().ok
    store.clear()
    assert not tmp_path.exists()
