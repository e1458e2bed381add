"""Each fault scenario of the offline server is what its table says, on the wire and to our own client."""

from __future__ import annotations

import base64
import json
import re
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from gemini_nb import Client, errors
from gemini_nb.offline import faults
from gemini_nb.offline.faults import FAULTS, Faults
from gemini_nb.offline.provider import OfflineGateway
from gemini_nb.offline.server import REJECTED_KEY, OfflineServer
from support.paths import ROOT
from support.timing import given_time, in_time

FLASH = "gemini-3.1-flash-image-preview"
HOSTED = "gemini-2.5-flash-image-preview"
PAGE = ROOT / "gemini_nb" / "offline" / "README.md"


@pytest.fixture(scope="module")
def server():
    with OfflineServer() as running:
        yield running


def body(prompt="a red square on white", **image_config):
    config = {"responseModalities": ["IMAGE"], "imageConfig": image_config or {"imageSize": "512"}}
    return {"contents": [{"parts": [{"text": prompt}]}], "generationConfig": config}


def ask(server, prompt, *, model=FLASH, verb="generateContent", **options):
    url = f"{server.url}/v1beta/models/{model}:{verb}?key={options.pop('key', 'k')}"
    asked = body(prompt, aspectRatio="1:1") if model == HOSTED else body(prompt)  # it takes no size
    return httpx.post(url, json=asked, timeout=60)


def meet(server, fault, **options):
    return ask(server, f"a red square on white [fault: {fault}]", **options)


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
        answer = meet(server, fault)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["retryDelay"] == delay


def test_an_overload_gives_no_advice(server):
    answer = meet(server, "overloaded")
    assert (answer.status_code, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")
    assert "details" not in answer.json()["error"]


def test_an_empty_account_is_told_in_a_gateways_words(server):
    answer = meet(server, "quota")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "insufficient_user_quota")


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
@pytest.mark.parametrize(("fault", "status"), [("bad-gateway", 502), ("not-json", 200)])
def test_a_page_is_sent_where_json_belongs(server, fault, status, verb):
    answer = meet(server, fault, verb=verb)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_an_error_comes_as_a_success(server):
    answer = meet(server, "error-in-200")
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, "do_request_failed")


def test_a_blocked_prompt_has_no_candidate(server):
    reply = meet(server, "blocked").json()
    assert reply["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in reply


@pytest.mark.parametrize(
    ("fault", "reason"), [("no-image", "IMAGE_OTHER"), ("blocked-image", "IMAGE_SAFETY")]
)
def test_a_refused_picture_leaves_empty_content_and_a_reason(server, fault, reason):
    found = candidate(meet(server, fault))
    assert (found["content"], found["finishReason"]) == ({}, reason)
    assert found["finishMessage"]


def test_a_sentence_comes_instead_of_a_picture(server):
    found = candidate(meet(server, "text-only"))
    assert [list(part) for part in found["content"]["parts"]] == [["text"]]
    assert found["finishReason"] == "STOP"


def test_base64_is_broken_by_one_character(server):
    (part,) = candidate(meet(server, "bad-base64"))["content"]["parts"]
    assert re.sub("[A-Za-z0-9+/=]", "", part["inlineData"]["data"]) == "*"


def test_the_declared_type_is_wrong(server):
    (part,) = candidate(meet(server, "wrong-type", model="gemini-2.5-flash-image-2"))["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "image/png"
    assert pictures([part])[0].startswith(b"\xff\xd8\xff")


def test_a_link_leads_to_nothing(server):
    (part,) = candidate(meet(server, "gone-link", model=HOSTED))["content"]["parts"]
    link = re.fullmatch(r"!\[Image\]\((.+)\)", part["text"])[1]
    assert link.startswith(server.url)
    assert httpx.get(link, timeout=60).status_code == 404


@pytest.mark.parametrize(("fault", "count"), [("several", 3), ("drafts", 2)])
def test_several_pictures_differ(server, fault, count):
    found = pictures(candidate(meet(server, fault))["content"]["parts"])
    assert len(set(found)) == len(found) == count


def test_an_unflagged_draft_comes_before_its_picture(server):
    *_, last = pictures(candidate(meet(server, "drafts"))["content"]["parts"])
    (usual,) = pictures(candidate(ask(server, "a red square on white"))["content"]["parts"])
    assert last == usual


def test_thoughts_are_flagged_and_come_first(server):
    parts = candidate(meet(server, "thoughts"))["content"]["parts"]
    assert [part.get("thought", False) for part in parts] == [True, True, False, False]
    assert len(set(pictures(parts))) == 2


def test_streamed_thoughts_are_flagged_and_come_first(server):
    replies = meet(server, "thoughts", verb="streamGenerateContent").json()
    parts = [part for reply in replies for part in reply["candidates"][0]["content"]["parts"]]
    flags = [part.get("thought", False) for part in parts]
    assert flags == [True, True, *[False] * (len(parts) - 2)]


@pytest.mark.parametrize("fault", ["truncated", "reset"])
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
def test_a_broken_answer_is_an_error_to_any_client(server, verb, fault):
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        meet(server, fault, verb=verb)


def begun(server, fault, *, verb="generateContent"):
    """A connection on which a fault's answer has begun, and its first bytes."""
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    content = json.dumps(body(f"a red square on white [fault: {fault}]")).encode()
    path = f"/v1beta/models/{FLASH}:{verb}?key=k"
    wire.sendall(f"POST {path} HTTP/1.1\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
    return wire, wire.recv(65536)


def rest(wire):
    """What else comes until the connection ends, and the error it ends with."""
    came = b""
    with wire:
        try:
            while piece := wire.recv(65536):
                came += piece
        except ConnectionResetError as reset:
            return came, reset
    return came, None


@pytest.mark.parametrize(("fault", "ending"), [("truncated", type(None)), ("reset", ConnectionResetError)])
def test_a_connection_is_closed_or_reset_amid_the_body(server, fault, ending):
    wire, start = begun(server, fault)
    more, error = rest(wire)
    length = int(re.search(rb"content-length: (\d+)", start)[1])
    assert 0 < len((start + more).partition(b"\r\n\r\n")[2]) < length
    assert isinstance(error, ending)


@pytest.mark.parametrize("fault", ["stall", "drip"])
def test_a_slow_answer_ends_with_the_server(fault):
    with OfflineServer() as server:
        wire, start = begun(server, fault)
    rest(wire)
    assert start.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("fault", ["stall", "drip"])
def test_a_slow_answer_ends_when_the_client_leaves(fault):
    with OfflineServer() as server:
        before = set(threading.enumerate())
        wire, _ = begun(server, fault)
        (worker,) = set(threading.enumerate()) - before
        wire.close()
        worker.join(60)
        assert not worker.is_alive()


# How a fault is chosen


@pytest.mark.parametrize("mark", ["[fault: none]", "[fault: none] [fault: quota]"])
def test_marks_are_taken_out_before_the_prompt_is_read(server, mark):
    asked = body(f"a red square {mark}") | {"generationConfig": {"responseModalities": ["TEXT"]}}
    answer = httpx.post(f"{server.url}/v1beta/models/{FLASH}:generateContent?key=k", json=asked, timeout=60)
    (part,) = candidate(answer)["content"]["parts"]
    assert part["text"].endswith(": a red square")


@pytest.mark.parametrize("mark", ["[fault: quota]", "[Fault:QUOTA]", "[fault:  quota ] twice [fault: reset]"])
def test_a_mark_may_be_written_freely_and_the_first_counts(server, mark):
    assert ask(server, f"{mark} a red square").status_code == 403


def test_a_mark_counts_more_than_the_servers_own_fault():
    with OfflineServer(fault="bad-gateway") as server:
        statuses = [ask(server, prompt).status_code for prompt in ("a cat", "a cat [fault: quota]")]
        assert statuses == [502, 403]
        assert meet(server, "none").status_code == 200


@pytest.mark.parametrize("name", ["rate_limit", "", "-once", "none-once", "rate-limit-once-once"])
def test_a_mark_with_an_unknown_name_is_a_bad_request(server, name):
    answer = meet(server, name)
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
    asked = {"contents": contents, "generationConfig": body()["generationConfig"]}
    assert httpx.post(url, json=asked, timeout=60).status_code == 200


def test_inside_the_process_a_mark_is_mere_text():
    raw = json.dumps(body("a red square [fault: quota]")).encode()
    path = f"/v1beta/models/{FLASH}:generateContent"
    assert OfflineGateway().answer("POST", path, {}, raw, origin="http://a.invalid").status == 200


def test_once_is_every_other_time_for_each_call():
    with OfflineServer() as server:
        calls = ["a cat", "a cat", "a dog", "a cat", "a dog"]
        statuses = [ask(server, f"{prompt} [fault: quota-once]").status_code for prompt in calls]
    assert statuses == [403, 200, 403, 403, 200]


def test_the_calls_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(faults, "MAX_REMEMBERED", 2)
    gateway = OfflineGateway(Faults("quota-once"))

    def status(prompt):
        raw = json.dumps(body(prompt)).encode()
        path = f"/v1beta/models/{FLASH}:generateContent"
        return gateway.answer("POST", path, {}, raw, origin="http://a.invalid").status

    assert [status(prompt) for prompt in ("a cat", "a dog", "a fish", "a cat", "a fish")] == [403] * 4 + [200]


# The server


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf")])
def test_a_delay_that_is_none_is_refused(delay):
    with pytest.raises(errors.ArgumentError, match="delay"):
        OfflineServer(delay=delay)


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
def test_a_delay_is_waited_for(verb):
    with OfflineServer(delay=0.3) as server:
        assert ask(server, "a red square", verb=verb).elapsed.total_seconds() >= 0.3


def test_a_delay_ends_with_the_server():
    with OfflineServer(delay=3600) as server:
        before = set(threading.enumerate())
        wire, start = begun(server, "none", verb="streamGenerateContent")
        (worker,) = set(threading.enumerate()) - before
    more, _ = rest(wire)
    worker.join(60)
    assert not worker.is_alive()
    assert b"inlineData" not in start + more


def test_only_calls_of_a_model_are_delayed():
    with OfflineServer(delay=3600) as server:
        assert httpx.get(f"{server.url}/v1beta/models?key=k", timeout=60).status_code == 200


def test_posts_are_counted_refused_ones_too():
    with OfflineServer() as server:
        meet(server, "quota")
        ask(server, "a cat", key=REJECTED_KEY)
        httpx.get(f"{server.url}/v1beta/models?key=k", timeout=60)
        assert server.posts == 2


GATEWAY = {
    "a missing key": ({"key": ""}, 401, "invalid_api_key"),
    "the rejected key": ({"key": REJECTED_KEY}, 401, "invalid_api_key"),
    "a model nobody has": ({"verb": "countTokens"}, 404, "model_not_found"),
    "a bad request": ({"prompt": " "}, 400, "invalid_request"),
    "too much": ({"prompt": "[fault: rate-limit]"}, 429, "rate_limit_exceeded"),
    "an overload": ({"prompt": "[fault: overloaded]"}, 503, "get_channel_failed"),
    "its own words": ({"prompt": "[fault: quota]"}, 403, "insufficient_user_quota"),
}


@pytest.fixture(scope="module")
def gateway():
    with OfflineServer(dialect="gateway") as running:
        yield running


@pytest.mark.parametrize("case", GATEWAY)
def test_a_gateway_words_its_errors_as_new_api_does(gateway, case):
    options, status, code = GATEWAY[case]
    answer = ask(gateway, **{"prompt": "a cat", **options})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert sorted(error) == ["code", "message", "param", "type"]
    assert error["message"].endswith("(request id: offline)")


@pytest.mark.parametrize(("fault", "status"), [("bad-gateway", 502), ("none", 200)])
def test_a_gateway_passes_on_what_is_no_error_of_googles(gateway, server, fault, status):
    answers = [meet(each, fault) for each in (gateway, server)]
    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].content == answers[1].content


def test_a_gateway_words_what_http_itself_refuses(gateway):
    answer = httpx.request("BREW", f"{gateway.url}/v1beta/models?key=k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "invalid_request")


def test_a_dialect_that_nobody_speaks_is_refused():
    with pytest.raises(errors.ArgumentError, match="google and gateway"):
        OfflineServer(dialect="klingon")


def test_the_commands_server_says_where_it_is_and_what_fails():
    code = "from gemini_nb.offline.server import serve; serve(port=0, fault='quota', dialect='gateway')"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            first = run.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+", first)[0]
            path = f"/v1beta/models/{FLASH}:generateContent"
            statuses = [
                httpx.post(f"{url}{path}?key={key}", json=body(), timeout=60).status_code for key in ("k", "")
            ]
        finally:
            run.terminate()
        second = run.stdout.read()
    assert second == "Every call meets the fault 'quota'.\n"
    assert statuses == [403, 401]


# To our client


FAILURES = {
    "rate-limit": errors.RateLimitError,
    "quota": errors.QuotaExhaustedError,
    "bad-gateway": errors.OutcomeUnknownError,
    "error-in-200": errors.APIError,
    "blocked": errors.BlockedError,
    "blocked-image": errors.BlockedError,
    "no-image": errors.NoImageError,
    "text-only": errors.NoImageError,
    "not-json": errors.BadResponseError,
    "bad-base64": errors.ImageRefusedError,
    "gone-link": errors.LinkFailedError,
    "truncated": errors.OutcomeUnknownError,
    "reset": errors.OutcomeUnknownError,
}
DEADLINES = {"stall": errors.OutcomeUnknownError, "drip": errors.OutcomeUnknownError}
PICTURES = {"wrong-type": (1, 0), "several": (3, 0), "drafts": (2, 0), "thoughts": (1, 1)}
REPEATED = {"overloaded"}


def test_every_fault_is_tried_on_our_client():
    assert FAILURES.keys() | DEADLINES.keys() | PICTURES.keys() | REPEATED == FAULTS.keys()


@pytest.mark.parametrize("fault", [*FAILURES, *DEADLINES])
def test_a_fault_is_its_error_after_one_post(server, fault):
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
