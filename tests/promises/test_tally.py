"""Promise 5: the running total names what failed and may have been billed, and what was interrupted."""

from __future__ import annotations

import _thread
import threading

import anyio.lowlevel
import pytest

from gemini_nb import Cancelled, event_loop
from gemini_nb.errors import GeminiError, NoImageError
from support.clients import OK, client_of
from support.gateway import Answer, Gateway
from support.shells import a_shell
from support.studios import visiting

TEXT_USAGE = {"promptTokenCount": 500, "candidatesTokenCount": 250, "totalTokenCount": 750}


def without_picture(*parts, usage=None, **candidate):
    body = {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **candidate}]}
    return Answer({**body, "usageMetadata": usage} if usage else body)


def refused(status, **error):
    return Answer({"error": {"message": "no", **error}}, status=status)


COST = "$0.001 by usage"  # 500 × $0.5 + 250 × $3 for a million
BILLED = {
    "words in place of a picture": (without_picture({"text": "I cannot."}, usage=TEXT_USAGE), COST),
    "no usage": (without_picture({"text": "I cannot."}), "at unknown cost"),
    "blocked": (without_picture(usage=TEXT_USAGE, finishReason="IMAGE_SAFETY"), COST),
    "a blocked prompt": (
        Answer({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 8}}),
        "at unknown cost",
    ),
    "a picture that is none": (
        without_picture({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}, usage=TEXT_USAGE),
        COST,
    ),
    "a link that is gone": (
        lambda request: without_picture(
            {"text": f"![i](http://{request.headers['Host']}/gone.png)"}, usage=TEXT_USAGE
        ),
        COST,
    ),
    "no JSON": (Answer(b"what?"), "at unknown cost"),
    "an error that came as a success": (
        Answer({"error": {"message": "upstream failed"}}),
        "at unknown cost",
    ),
    "502": (refused(502), "at unknown cost"),
    "500": (refused(500), "at unknown cost"),
    "408": (refused(408), "at unknown cost"),
}
UNBILLED = {
    "400": refused(400),
    "401": refused(401),
    "402": refused(402),
    "403": refused(403),
    "404": refused(404),
    "a policy's 400": refused(400, code="content_policy_violation"),
    "no quota": refused(429, code="insufficient_quota"),
    "a wait past the deadline": Answer({}, status=429, headers={"Retry-After": "9000"}),
    "no credit, said with 200": Answer({"error": {"message": "no", "code": "insufficient_user_quota"}}),
}


@pytest.mark.parametrize("case", BILLED)
def test_what_failed_after_it_was_sent_is_in_the_total(case):
    answer, cost = BILLED[case]
    with Gateway(answer) as gateway, a_shell(gateway.url) as shell:
        gateway.files["/gone.png"] = Answer(status=410)
        assert shell.run("%%gemini_image\na house").error is not None
        assert gateway.posts == 1
        assert "failed 1 request, perhaps billed" in total(shell)
        assert cost in total(shell)


@pytest.mark.parametrize("case", UNBILLED)
def test_what_was_refused_or_never_sent_is_not(case):
    with Gateway(UNBILLED[case]) as gateway, a_shell(gateway.url) as shell:
        assert shell.run("%%gemini_image\na house").error is not None
        assert "billed" not in total(shell)


def total(shell):
    """What `%gemini cost` says, its words one space apart."""
    return " ".join(shell.run("%gemini cost").result._repr_mimebundle_()["text/plain"].split())


def test_the_failures_of_a_grid_and_of_an_edit_are_counted():
    answers = (without_picture({"text": "no"}, usage=TEXT_USAGE), OK_ANSWER, refused(502), refused(400))
    with Gateway(*answers) as gateway, a_shell(gateway.url) as shell:
        grid = shell.run("%%gemini_image grid -q -n 4 --concurrency 1\na house")
        assert grid.error is None
        assert shell.names["grid"].summary == "4 pictures: 1 made, 3 failed (2 perhaps billed)"
        assert "failed 2 requests, perhaps billed" in total(shell)
        assert f"{COST} of these 1 at unknown cost" in total(shell)
    with Gateway(OK_ANSWER, refused(502)) as gateway, a_shell(gateway.url) as shell:
        shell.run("%%gemini_image\na house")
        assert shell.run("%%gemini_edit\nnow blue").error is not None
        assert "failed 1 request, perhaps billed" in total(shell)


OK_ANSWER = Answer(OK)


def test_the_rows_of_a_batch_say_what_a_reply_without_a_picture_cost():
    answers = (without_picture({"text": "no"}, usage=TEXT_USAGE), refused(400), OK_ANSWER)
    with Gateway(*answers) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(["1", "2", "3"], concurrency=1, progress=False)
    assert [row["estimated_cost"] for row in batch.rows()] == [pytest.approx(0.001), None, 0.067]
    assert [row["status"] for row in batch.rows()] == ["failed", "failed", "ok"]


class Interrupting:
    """A script that paints four pictures, holds the next four back, and interrupts when all are there."""

    def __init__(self):
        self.never, self._lock, self._count = threading.Event(), threading.Lock(), 0

    def __call__(self, request):
        with self._lock:
            self._count += 1
            count = self._count
        if count == 8:
            _thread.interrupt_main()
        return OK_ANSWER if count <= 4 else Answer(OK, hold=self.never)


SUMMARY = "12 pictures: 4 made, 4 interrupted and perhaps billed, 4 not asked"


@pytest.mark.parametrize("store", [False, True])
def test_an_interrupted_batch_says_what_was_under_way(tmp_path, store):
    folder = tmp_path / "store" if store else None
    with Gateway(Interrupting()) as gateway, client_of(gateway.url, store=folder) as client:
        with pytest.raises(Cancelled) as cancelled:
            client.generate_many(list(map(str, range(12))), concurrency=4, progress=False)
        assert gateway.posts == 8
    batch = cancelled.value.batch
    assert batch.summary == SUMMARY
    statuses = [row["status"] for row in batch.rows()]
    assert [statuses.count(word) for word in ("ok", "interrupted", "not asked")] == [4, 4, 4]
    problems = [tile.problem for tile in batch.tiles()]
    assert problems.count("interrupted: it may have been billed") == 4


def test_an_interrupted_grid_is_counted():
    with Gateway(Interrupting()) as gateway, a_shell(gateway.url) as shell:
        said = shell.refused("%%gemini_image grid -q -n 12 --concurrency 4\na house")
        assert "4 of 12 pictures had finished" in said
        assert "4 under way may have been billed" in said
        assert shell.names["grid"].summary == SUMMARY
        assert "interrupted 4 requests, perhaps billed" in total(shell)
        assert "asked for 4 pictures" in total(shell)


def test_an_interrupted_picture_is_counted():
    def interrupt(_request):
        _thread.interrupt_main()
        return Answer(OK, hold=threading.Event())

    with Gateway(interrupt) as gateway, a_shell(gateway.url) as shell:
        assert isinstance(shell.run("%%gemini_image\na house").error, Cancelled)
        assert "interrupted 1 request, perhaps billed" in total(shell)


def test_the_manifest_of_an_interrupted_batch_says_so(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    with Gateway(Interrupting()) as gateway, client_of(gateway.url) as client, pytest.raises(Cancelled):
        client.generate_many(map(str, range(12)), manifest=tmp_path / "run.parquet", progress=False)
    statuses = parquet.read_table(tmp_path / "run.parquet").column("status").to_pylist()
    assert sorted(statuses) == ["interrupted"] * 4 + ["ok"] * 4


def test_the_studio_counts_its_failures_and_what_it_stopped():
    with visiting(without_picture({"text": "no"}, usage=TEXT_USAGE)) as (visitor, _):
        visitor.generate("a house")
        assert COST in total(visitor.shell)
    with visiting(Answer(OK, hold=threading.Event())) as (visitor, gateway):
        visitor.start("a house")
        assert gateway.wait_for_posts(1)
        visitor.ask("stop")
        visitor.wait()
        assert any(
            "interrupted 1 request, perhaps billed" in total(visitor.shell) for _ in turns_of_the_loop()
        )


def turns_of_the_loop():
    """A stopped job is counted a few turns of the event loop after its button has changed."""
    for _ in range(1000):
        event_loop.run(anyio.lowlevel.checkpoint)
        yield


def test_a_probe_is_counted():
    with Gateway(OK_ANSWER, refused(502), refused(400)) as gateway, a_shell(gateway.url) as shell:
        shell.run("%gemini probe --yes nano-banana-2 nano-banana-pro nano-banana")
        assert gateway.posts == 3
        assert "asked for 1 picture" in total(shell)
        assert "failed 1 request, perhaps billed" in total(shell)


def test_offline_nothing_is_billed(tmp_path):
    with a_shell() as shell:
        shell.run("%%gemini_image\na house [fault: reset]")
        assert "billed" not in total(shell)


def test_an_error_tells_whether_it_may_be_billed_and_its_usage():
    with (
        Gateway(without_picture({"text": "no"}, usage=TEXT_USAGE)) as gateway,
        client_of(gateway.url) as client,
        pytest.raises(NoImageError) as error,
    ):
        client.generate("a house")
    assert error.value.may_be_billed
    assert error.value.usage == TEXT_USAGE
    assert not GeminiError("x").may_be_billed
    assert GeminiError("x").usage == {}
