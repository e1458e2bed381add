"""Each fault scenario of the offline server is what its table says, on the wire and to our own client."""

from __future__ import annotations

import base64
import json
import re
import threading

import httpx
import pytest

from gemini_nb import Client, errors
from gemini_nb.offline import faults
from gemini_nb.offline.faults import FAULTS, Faults
from gemini_nb.offline.provider import OfflineGateway
from gemini_nb.offline.server import OfflineServer
from support.offline import FLASH, HOSTED, begin_fault, image_body, post_fault, post_prompt, read_rest
from support.paths import ROOT
from support.timing import given_time, in_time

PAGE = ROOT / "gemini_nb" / "offline" / "README.md"


def candidate(answer):
    assert answer.status_code == 200
    return answer.json()["candidates"][0]


def pictures(parts):
    return [base64.b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part]


# On the wire


@pytest.mark.parametrize(
    ("fault", "delay"), [("rate-limit", "48s"), ("rate-limit-once", "0.2s")], ids=lambda value: value
)
def test_a_rate_limit_advises_how_long_to_wait(fault, delay):
    with OfflineServer() as server:
        answer = post_fault(server, fault)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["retryDelay"] == delay


def test_an_overload_gives_no_advice(server):
    answer = post_fault(server, "overloaded")
    assert (answer.status_code, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")
    assert "details" not in answer.json()["error"]


def test_an_empty_account_is_told_in_a_gateways_words(server):
    answer = post_fault(server, "quota")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "insufficient_user_quota")


def test_a_quota_of_zero_advises_a_wait_all_the_same(server):
    answer = post_fault(server, "no-quota")
    failure, advice = answer.json()["error"]["details"]
    assert (answer.status_code, advice["retryDelay"]) == (429, "1s")
    assert failure["violations"][0]["quotaValue"] == "0"


@pytest.mark.parametrize(("once", "delay"), [("", "48s"), ("-once", "0.2s")])
def test_a_rate_limit_comes_as_a_success(server, once, delay):
    answer = post_fault(server, f"rate-limit-in-200{once}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"][0]["retryDelay"]) == (200, 429, delay)


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
@pytest.mark.parametrize(("fault", "status"), [("bad-gateway", 502), ("not-json", 200), ("firewall", 403)])
def test_a_page_is_sent_where_json_belongs(server, fault, status, verb):
    answer = post_fault(server, fault, verb=verb)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_an_error_comes_as_a_success(server):
    answer = post_fault(server, "error-in-200")
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, "do_request_failed")


def test_a_blocked_prompt_has_no_candidate(server):
    reply = post_fault(server, "blocked").json()
    assert reply["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in reply


@pytest.mark.parametrize(
    ("fault", "reason"), [("no-image", "IMAGE_OTHER"), ("blocked-image", "IMAGE_SAFETY")]
)
def test_a_refused_picture_leaves_empty_content_and_a_reason(server, fault, reason):
    found = candidate(post_fault(server, fault))
    assert (found["content"], found["finishReason"]) == ({}, reason)
    assert found["finishMessage"]


def test_a_sentence_comes_instead_of_a_picture(server):
    found = candidate(post_fault(server, "text-only"))
    assert [list(part) for part in found["content"]["parts"]] == [["text"]]
    assert found["finishReason"] == "STOP"


def test_base64_is_broken_by_one_character(server):
    (part,) = candidate(post_fault(server, "bad-base64"))["content"]["parts"]
    assert re.sub("[A-Za-z0-9+/=]", "", part["inlineData"]["data"]) == "*"


def test_the_declared_type_is_wrong(server):
    (part,) = candidate(post_fault(server, "wrong-type", model="gemini-2.5-flash-image-2"))["content"][
        "parts"
    ]
    assert part["inlineData"]["mimeType"] == "image/png"
    assert pictures([part])[0].startswith(b"\xff\xd8\xff")


def test_a_link_leads_to_nothing(server):
    (part,) = candidate(post_fault(server, "gone-link", model=HOSTED))["content"]["parts"]
    link = re.fullmatch(r"!\[Image\]\((.+)\)", part["text"])[1]
    assert link.startswith(server.url)
    assert httpx.get(link, timeout=60).status_code == 404


@pytest.mark.parametrize(("fault", "count"), [("several", 3), ("drafts", 2)])
def test_several_pictures_differ(server, fault, count):
    found = pictures(candidate(post_fault(server, fault))["content"]["parts"])
    assert len(set(found)) == len(found) == count


def test_an_unflagged_draft_comes_before_its_picture(server):
    *_, last = pictures(candidate(post_fault(server, "drafts"))["content"]["parts"])
    (usual,) = pictures(candidate(post_prompt(server, "a red square on white"))["content"]["parts"])
    assert last == usual


def test_thoughts_are_flagged_and_come_first(server):
    parts = candidate(post_fault(server, "thoughts"))["content"]["parts"]
    assert [part.get("thought", False) for part in parts] == [True, True, False, False]
    assert len(set(pictures(parts))) == 2


def test_streamed_thoughts_are_flagged_and_come_first(server):
    replies = post_fault(server, "thoughts", verb="streamGenerateContent").json()
    parts = [part for reply in replies for part in reply["candidates"][0]["content"]["parts"]]
    flags = [part.get("thought", False) for part in parts]
    assert flags == [True, True, *[False] * (len(parts) - 2)]


@pytest.mark.parametrize("fault", ["truncated", "reset"])
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
def test_a_broken_answer_is_an_error_to_any_client(server, verb, fault):
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        post_fault(server, fault, verb=verb)


@pytest.mark.parametrize(("fault", "ending"), [("truncated", type(None)), ("reset", ConnectionResetError)])
def test_a_connection_is_closed_or_reset_amid_the_body(server, fault, ending):
    wire, start = begin_fault(server, fault)
    more, error = read_rest(wire)
    length = int(re.search(rb"content-length: (\d+)", start)[1])
    assert 0 < len((start + more).partition(b"\r\n\r\n")[2]) < length
    assert isinstance(error, ending)


@pytest.mark.parametrize("fault", ["stall", "drip"])
def test_a_slow_answer_ends_with_the_server(fault):
    with OfflineServer() as server:
        wire, start = begin_fault(server, fault)
    read_rest(wire)
    assert start.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("fault", ["stall", "drip"])
def test_a_slow_answer_ends_when_the_client_leaves(fault):
    with OfflineServer() as server:
        before = set(threading.enumerate())
        wire, _ = begin_fault(server, fault)
        (worker,) = set(threading.enumerate()) - before
        wire.close()
        worker.join(60)
        assert not worker.is_alive()


# How a fault is chosen


@pytest.mark.parametrize("mark", ["[fault: none]", "[fault: none] [fault: quota]"])
def test_marks_are_taken_out_before_the_prompt_is_read(server, mark):
    content = image_body(f"a red square {mark}") | {"generationConfig": {"responseModalities": ["TEXT"]}}
    answer = httpx.post(f"{server.url}/v1beta/models/{FLASH}:generateContent?key=k", json=content, timeout=60)
    (part,) = candidate(answer)["content"]["parts"]
    assert part["text"].endswith(": a red square")


@pytest.mark.parametrize("mark", ["[fault: quota]", "[Fault:QUOTA]", "[fault:  quota ] twice [fault: reset]"])
def test_a_mark_may_be_written_freely_and_the_first_counts(server, mark):
    assert post_prompt(server, f"{mark} a red square").status_code == 403


def test_a_mark_counts_more_than_the_servers_own_fault():
    with OfflineServer(fault="bad-gateway") as server:
        statuses = [post_prompt(server, prompt).status_code for prompt in ("a cat", "a cat [fault: quota]")]
        assert statuses == [502, 403]
        assert post_fault(server, "none").status_code == 200


@pytest.mark.parametrize("name", ["rate_limit", "", "-once", "none-once", "rate-limit-once-once"])
def test_a_mark_with_an_unknown_name_is_a_bad_request(server, name):
    answer = post_fault(server, name)
    assert answer.status_code == 400
    assert "rate-limit, overloaded" in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", ["rate_limit", "once"])
def test_a_server_is_not_opened_with_an_unknown_fault(name):
    with pytest.raises(errors.ArgumentError, match="There are rate-limit, overloaded"):
        OfflineServer(fault=name)


def test_only_the_last_turns_mark_counts(server):
    contents = [
        {"role": "user", "parts": [{"text": "a cat [fault: quota]"}]},
        {"role": "model", "parts": [{"text": "a cat"}]},
        {"role": "user", "parts": [{"text": "a red square"}]},
    ]
    url = f"{server.url}/v1beta/models/{FLASH}:generateContent?key=k"
    content = {"contents": contents, "generationConfig": image_body()["generationConfig"]}
    assert httpx.post(url, json=content, timeout=60).status_code == 200


def test_inside_the_process_a_mark_is_mere_text():
    raw = json.dumps(image_body("a red square [fault: quota]")).encode()
    path = f"/v1beta/models/{FLASH}:generateContent"
    assert OfflineGateway().answer("POST", path, {}, raw, origin="http://a.invalid").status == 200


def test_once_is_every_other_time_for_each_call():
    with OfflineServer() as server:
        calls = ["a cat", "a cat", "a dog", "a cat", "a dog"]
        statuses = [post_prompt(server, f"{prompt} [fault: quota-once]").status_code for prompt in calls]
    assert statuses == [403, 200, 403, 403, 200]


def test_the_calls_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(faults, "MAX_REMEMBERED", 2)
    gateway = OfflineGateway(Faults("quota-once"))

    def status(prompt):
        raw = json.dumps(image_body(prompt)).encode()
        path = f"/v1beta/models/{FLASH}:generateContent"
        return gateway.answer("POST", path, {}, raw, origin="http://a.invalid").status

    assert [status(prompt) for prompt in ("a cat", "a dog", "a fish", "a cat", "a fish")] == [403] * 4 + [200]


# To our client


FAILURES = {
    "rate-limit": errors.RateLimitError,
    "quota": errors.QuotaExhaustedError,
    "no-quota": errors.QuotaExhaustedError,
    "firewall": errors.APIError,
    "rate-limit-in-200": errors.RateLimitError,
    "bad-gateway": errors.OutcomeUnknownError,
    "error-in-200": errors.APIError,
    "blocked": errors.BlockedError,
    "blocked-image": errors.BlockedError,
    "no-image": errors.NoImageError,
    "text-only": errors.NoImageError,
    "task": errors.NoImageError,
    "not-json": errors.BadResponseError,
    "bad-base64": errors.ImageRefusedError,
    "gone-link": errors.LinkFailedError,
    "truncated": errors.OutcomeUnknownError,
    "reset": errors.OutcomeUnknownError,
}


DEADLINES = {"stall": errors.OutcomeUnknownError, "drip": errors.OutcomeUnknownError}


PICTURES = {
    "new-shape": (1, 0),
    "keep-alive": (1, 0),
    "wrong-type": (1, 0),
    "several": (3, 0),
    "drafts": (2, 0),
    "thoughts": (1, 1),
}


REPEATED = {"overloaded"}


def test_every_fault_is_tried_on_our_client():
    assert FAILURES.keys() | DEADLINES.keys() | PICTURES.keys() | REPEATED == FAULTS.keys()


@pytest.mark.parametrize("fault", [*FAILURES, *DEADLINES])
def test_a_fault_is_its_error_after_one_post(server, fault, monkeypatch):
    monkeypatch.setattr("gemini_nb.http.link_fetch.PAUSES_SECONDS", ())

    def call(seconds):
        before = server.posts
        client = Client(api_key="k", base_url=server.url, timeout=seconds)
        with client, pytest.raises(errors.GeminiError) as caught:
            client.generate(f"a red square [fault: {fault}]", image_size="512")
        in_time(server.posts - before)
        assert type(caught.value) is (FAILURES | DEADLINES)[fault]
        assert server.posts - before == 1

    given_time(call, *((0.5, 2, 6) if fault in DEADLINES else (30,)))


@pytest.mark.parametrize("fault", PICTURES)
def test_a_reply_that_is_easy_to_misread_is_read(server, fault):
    with Client(api_key="k", base_url=server.url) as client:
        made = client.generate(f"a red square [fault: {fault}]", image_size="512")
    assert (len(made.images), len(made.drafts)) == PICTURES[fault]


@pytest.mark.parametrize("fault", ["rate-limit-once", "overloaded-once"])
def test_work_that_was_refused_is_asked_for_again(fault):
    with OfflineServer() as server, Client(api_key="k", base_url=server.url) as client:
        assert client.generate(f"a red square [fault: {fault}]", image_size="512").image
        assert server.posts == 2


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
def test_a_keep_alive_is_an_event_that_is_no_json(server, verb):
    answer = post_fault(server, "keep-alive", verb=verb)
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text.startswith('data: : keepalive\r\n\r\ndata: {"candidates"')


def test_a_task_has_an_id_of_its_own(server):
    ids = [
        post_prompt(server, f"{what} [fault: task]").json()["task_id"] for what in ("a cat", "a cat", "a dog")
    ]
    assert ids[0] == ids[1] != ids[2]


# The page


def test_the_page_lists_every_fault_in_the_words_of_the_table():
    rows = [f"| `{name}` | {fault.effect} |" for name, fault in FAULTS.items()]
    page = PAGE.read_text()
    assert [row for row in rows if row not in page] == []


def test_the_pages_python_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    url, posts = capsys.readouterr().out.splitlines()
    assert (url.startswith("http://127.0.0.1:"), posts) == (True, "0")
