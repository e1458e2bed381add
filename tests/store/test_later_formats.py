"""Records of a later version of gemini_nb: said to be so, left alone, never paid for again by themselves."""

from __future__ import annotations

import json

import pytest

from gemini_nb import ImageRequest
from gemini_nb.errors import GeminiWarning, ReplayMissError
from gemini_nb.store import inventory, record
from gemini_nb.store.store import Store
from support.clients import OK, client_of
from support.gateway import Answer, Gateway
from support.generations import answer
from support.images import png
from support.shells import a_shell

ASKED = ImageRequest("a red square")
LATER = {
    "format 2": lambda whole: record.encode({**whole, "format": 2}),
    "another checksum": lambda whole: json.dumps({**whole, "format": 2, "checksum": "blake3:0"}).encode(),
    "another form": lambda whole: json.dumps({"format": 7, "pictures": [whole["reply"]]}).encode(),
    "a version far on": lambda whole: record.encode({**whole, "format": 10**30}),
}


@pytest.fixture(params=LATER)
def later(request, tmp_path):
    """The path of a stored picture's record which a later version has written."""
    return write_later(tmp_path, LATER[request.param])


def write_later(folder, encode=LATER["format 2"], asked=ASKED):
    Store(folder).keep(answer(asked))
    path = folder / "records" / f"{asked.digest}.json"
    whole = json.loads(path.read_bytes())
    del whole["checksum"]
    path.write_bytes(encode(whole))
    return path


@pytest.mark.parametrize("replay", ["auto", "only"])
def test_a_later_record_is_not_asked_for_again_by_itself(later, replay):
    with (
        Gateway(Answer(OK)) as gateway,
        client_of(gateway.url, store=store_of(later), replay=replay) as client,
    ):
        for ask in (client.generate, client.holds):
            with pytest.raises(ReplayMissError, match=later.name) as error:
                ask(ASKED)
            assert "Upgrade gemini_nb" in str(error.value)
            assert len(str(error.value).splitlines()) <= 3
        assert gateway.posts == 0


def test_a_later_record_is_never_destroyed(later):
    written = later.read_bytes()
    with (
        Gateway(Answer(OK)) as gateway,
        client_of(gateway.url, store=store_of(later), replay="refresh") as client,
    ):
        with pytest.warns(GeminiWarning, match="later version"):
            generation = client.generate(ASKED)
        assert gateway.posts == 1
    assert generation.path.read_bytes() == generation.image.data
    assert later.read_bytes() == written


def test_the_other_rows_of_a_batch_are_answered(tmp_path):
    write_later(tmp_path)
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url, store=tmp_path) as client:
        batch = client.generate_many([ASKED, "a blue square"], progress=False)
        assert gateway.posts == 1
    assert [type(outcome).__name__ for outcome in batch.outcomes] == ["ReplayMissError", "Generation"]


def test_a_dry_run_says_that_a_later_version_has_them(tmp_path, monkeypatch):
    write_later(tmp_path)
    monkeypatch.setenv("GEMINI_NB_STORE", str(tmp_path))
    with Gateway(Answer(OK)) as gateway, a_shell(gateway.url) as shell:
        said = shell.printed("%%gemini_image -n 2 --dry-run\na red square")
        assert "1 picture would be requested from crazyrouter, 0 replayed" in said
        assert "1 picture stored by a later version" in said
        assert "upgrade" in shell.refused("%%gemini_image --max-cost 0\na red square").lower()
        assert gateway.posts == 0


def test_verify_counts_them_and_calls_their_pictures_used(later):
    report = Store(store_of(later)).verify()
    assert (report.later, report.records, report.problems) == (1, 0, ())
    assert report.unused == 0
    assert "later    1 record from a later version" in "\n".join(inventory.report_lines(report))


def test_the_next_take_is_one_that_no_later_version_has_made(later):
    store = Store(store_of(later))
    assert store.next_take(ASKED) == 1


NO_LATER = {
    "an earlier format": {"format": 0},
    "no number": {"format": "2"},
    "a fraction": {"format": 1.5},
    "none": {"format": None},
}


@pytest.mark.parametrize("case", NO_LATER)
def test_what_is_no_later_record_is_damaged_and_asked_for(tmp_path, case):
    write_later(tmp_path, lambda whole: record.encode({**whole, **NO_LATER[case]}))
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url, store=tmp_path) as client:
        client.generate(ASKED)
        assert gateway.posts == 1
        assert client.holds(ASKED)


def store_of(record_path):
    return record_path.parent.parent


def test_a_later_record_of_another_picture_is_nobodys_business(tmp_path):
    write_later(tmp_path)
    Store(tmp_path).keep(answer("another", png(2, 2)))
    assert [one.prompt for one in Store(tmp_path).records()] == ["another"]
    assert Store(tmp_path).holds(ImageRequest("another"))
