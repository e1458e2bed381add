"""A probe asks the models themselves, and whatever they answer is a row."""

from __future__ import annotations

import json

import anyio
import pytest

from gemini_nb import AsyncClient, errors, models, probe
from support.clients import KEY
from support.faults import refusing
from support.gateway import Answer, Gateway
from support.images import jpeg, png
from support.replies import b64, data_uri, four_shapes, inline, reply
from support.timing import given_time, in_time

pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")

TWO = ("nano-banana-2", "nano-banana-pro")


def probed(*answers, models=TWO, **settings):
    """What a probe of a gateway with these answers finds, and the gateway."""
    with Gateway(*answers) as gateway:
        client = AsyncClient(base_url=gateway.url, api_key=KEY, **settings)
        return anyio.run(lambda: probe.probe(client, models)), gateway


def found(answer):
    (finding,), _ = probed(answer, models=["nano-banana-2"])
    return finding


def offline(models=()):
    return anyio.run(lambda: probe.probe(AsyncClient("offline"), models))


def test_offline_every_catalogue_model_answers_in_the_shape_last_observed():
    findings = offline()
    assert [one.model for one in findings] == [row.id for row in models.CATALOGUE]
    assert {one.status for one in findings} == {200}
    assert [one.shape for one in findings[:4]] == [row.shape for row in models.CATALOGUE[:4]]
    assert not any(one.changed for one in findings)


def test_a_finding_holds_what_was_seen():
    usage = {"candidatesTokenCount": 1120, "totalTokenCount": 1130}
    one = found(Answer(reply(inline(png(7, 5)), usageMetadata=usage), delay=0.02))
    assert (one.model, one.provider) == ("gemini-3.1-flash-image-preview", "crazyrouter")
    assert (one.status, one.shape, one.mime_type) == (200, "inlineData", "image/png")
    assert (one.width, one.height, one.tokens) == (7, 5, 1120)
    assert one.seconds >= 0.02
    assert one.error is one.problem is None


def test_a_place_that_nobody_knew_is_the_shape_of_the_day():
    one = found(Answer({"output": [{"result": b64(png())}]}))
    assert (one.shape, one.changed) == ("other: output[0].result", True)
    assert "other: output[0].result" in probe.render([one])


def test_tokens_that_are_no_count_are_unknown():
    assert found(Answer(reply(inline(png()), usageMetadata={"candidatesTokenCount": "many"}))).tokens is None
    assert found(Answer(reply(inline(png()), usageMetadata={"candidatesTokenCount": True}))).tokens is None


SHAPES = {
    "inlineData": (four_shapes()["inlineData"], "inlineData"),
    "JPEG in text": (reply(data_uri(jpeg(), "image/jpeg")), "data URI (JPEG)"),
    "PNG in text": (reply(data_uri(png())), "data URI (PNG)"),
    "the label counts, not the bytes": (reply(data_uri(png(), "image/jpeg")), "data URI (JPEG)"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_shape_is_named_as_in_the_catalogue(case):
    body, shape = SHAPES[case]
    assert found(Answer(body)).shape == shape


def test_a_shape_other_than_the_last_is_marked_as_changed():
    one = found(Answer(reply(data_uri(png()))))
    assert (one.shape, one.last_shape, one.last_observed) == ("data URI (PNG)", "inlineData", "2026-04-14")
    assert one.changed
    assert "CHANGED" in probe.render([one])


FAILURES = {
    "not found": (Answer({"error": {"message": "no such model"}}, status=404), 404, "APIError"),
    "rate limit": (
        Answer({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "999"}),
        429,
        "RateLimitError",
    ),
    "bad gateway": (Answer("<html>", status=502), 502, "OutcomeUnknownError"),
    "blocked": (Answer(reply(finish_reason="SAFETY")), 200, "BlockedError"),
    "no picture": (Answer(reply("sorry")), 200, "NoImageError"),
    "unreadable": (Answer("{"), 200, "BadResponseError"),
    "no picture in the data": (Answer(reply(inline(b"<svg>"))), 200, "ImageRefusedError"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_a_row_with_its_status(case):
    answer, status, error = FAILURES[case]
    one = found(answer)
    assert (one.status, one.error, one.shape) == (status, error, None)
    assert one.problem
    assert one.model in probe.render([one])


def test_a_link_that_is_not_followed_is_a_hosted_shape_all_the_same():
    one = found(Answer(reply("![x](https://127.0.0.1:9/a.png)")))
    assert (one.status, one.shape, one.error) == (200, "hosted URL", "LinkRefusedError")


def test_a_server_that_is_not_there_has_no_status():
    with refusing() as url:
        client = AsyncClient(base_url=url, api_key=KEY)
        (one,) = anyio.run(lambda: probe.probe(client, ["nano-banana-2"]))
    assert (one.status, one.error) == (None, "ConnectionFailedError")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_ends_the_probe_with_the_first_model(status):
    findings, gateway = probed(Answer({"error": {"message": "no"}}, status=status))
    assert [one.status for one in findings] == [status]
    assert gateway.posts == 1
    assert "No other model was asked" in probe.render(findings)


def test_a_firewalls_page_is_no_refused_key_and_the_others_are_asked():
    findings, gateway = probed(Answer("<html><title>403 Forbidden</title></html>", status=403))
    assert len(findings) == gateway.posts > 1
    assert "No other model was asked" not in probe.render(findings)


def test_googles_bad_key_ends_it_too():
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    body = {"error": {"code": 400, "message": "API key not valid.", "details": details}}
    findings, gateway = probed(Answer(body, status=400))
    assert (len(findings), gateway.posts) == (1, 1)


def test_another_failure_of_the_first_does_not_keep_the_others_from_being_asked():
    findings, gateway = probed(Answer({"error": {"message": "no"}}, status=404), Answer(reply(inline(png()))))
    assert [one.status for one in findings] == [404, 200]
    assert gateway.posts == 2


def test_each_model_is_asked_once_whatever_it_is_called():
    findings, gateway = probed(Answer(reply(inline(png()))), models=[*TWO, "gemini-3-pro-image-preview"])
    assert (len(findings), gateway.posts) == (2, 2)


def test_only_so_many_are_asked_at_once():
    with Gateway(Answer(reply(inline(png())), delay=0.2)) as gateway:
        client = AsyncClient(base_url=gateway.url, api_key=KEY)
        assert len(anyio.run(lambda: probe.probe(client))) == len(probe.MODELS)
    assert 1 < gateway.most_at_once <= probe.CONCURRENCY


def test_the_time_of_a_model_begins_when_its_request_is_let_through():
    def asked(seconds):
        rate = 30 / seconds  # twice as long from one to the next
        findings, _ = probed(Answer(reply(inline(png()))), timeout=seconds, requests_per_minute=rate)
        in_time([one.status for one in findings] == [200, 200])
        in_time(max(one.seconds for one in findings) < seconds)

    given_time(asked, 0.6, 3, 9)


def test_findings_are_told_as_they_come():
    told = []
    findings = anyio.run(lambda: probe.probe(AsyncClient("offline"), TWO, each=told.append))
    assert sorted(told, key=str) == sorted(findings, key=str)


def test_a_client_with_a_store_is_refused(tmp_path):
    client = AsyncClient("offline", store=tmp_path)
    with pytest.raises(errors.ArgumentError, match="the models themselves"):
        anyio.run(lambda: probe.probe(client, TWO))


def test_the_cost_is_said_beforehand_and_an_unknown_price_is_unknown():
    provider = AsyncClient(api_key=KEY).provider
    said = "\n".join(probe.describe_cost(probe.make_requests(["nano-banana-2", "gemini-99"]), provider))
    assert "2 pictures" in said
    assert "$0.067" in said
    assert "price is unknown: gemini-99" in said


def test_offline_costs_nothing():
    assert probe.describe_cost(probe.make_requests(TWO), AsyncClient("offline").provider) == [
        "This paints 2 pictures offline, at no cost."
    ]


def test_text_has_a_line_for_each_model_and_one_for_each_failure():
    findings, _ = probed(Answer(reply(inline(png()))), Answer({"error": {"message": "no such"}}, status=404))
    lines = probe.render(findings).splitlines()
    assert lines[0].startswith("Asked of crazyrouter on ")
    assert [line.split()[:2] for line in lines[2:4]] == [
        ["gemini-3.1-flash-image-preview", "200"],
        ["gemini-3-pro-image-preview", "404"],
    ]
    assert "no such" in lines[4]


def test_markdown_is_a_table_and_holds_no_words_of_a_server():
    findings, _ = probed(Answer({"error": {"message": "![x](http://t.invalid/t.png)"}}, status=404))
    page = probe.render(findings, "markdown")
    assert "t.invalid" not in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert len({row.count("|") for row in rows}) == 1


def test_json_is_read_back():
    rows = json.loads(probe.render(offline(TWO), "json"))
    assert [row["status"] for row in rows] == [200, 200]
    assert rows[0]["changed"] is False
    assert rows[0]["last_observed"] == "2026-04-14"


def test_another_format_is_an_error():
    with pytest.raises(errors.ArgumentError, match="no format"):
        probe.render((), "xml")


def test_a_locked_course_is_not_probed(monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    with pytest.raises(errors.ReplayMissError, match="locks"):
        probe.run(
            None, TWO, base_url=None, confirmed=True, say=print, waiting=pytest.fail, interrupted=pytest.fail
        )
