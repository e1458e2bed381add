"""The HTTP of the offline server: keys, methods, bodies, chunks, delays, and errors in two dialects."""

from __future__ import annotations

import http.client
import json
import socket
import threading

import httpx
import pytest

from gemini_nb.offline.http_server import REJECTED_KEY
from gemini_nb.offline.server import OfflineServer
from support.offline import (
    FLASH,
    IMAGE_ONLY,
    begin_fault,
    config_body,
    post_fault,
    post_prompt,
    prompt_body,
    read_rest,
    stream,
)


def request(server, method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), dict(response.getheaders())
    finally:
        connection.close()


@pytest.mark.parametrize("headers", [{"x-goog-api-key": "k"}, {"Authorization": "Bearer k"}, {}], ids=str)
def test_a_key_is_taken_from_every_place_it_may_stand_in(server, headers):
    path = "/v1beta/models" if headers else "/v1beta/models?key=k"
    assert request(server, "GET", path, headers=headers)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-goog-api-key": " "}, {"Authorization": "Bearer "}, {"Authorization": "Basic k"}],
    ids=str,
)
def test_a_missing_key_is_refused(server, headers):
    status, body, _ = request(server, "GET", "/v1beta/models?key=", headers=headers)
    assert (status, json.loads(body)["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_the_rejected_key_is_refused_as_google_does(server):
    status, body, _ = request(server, "GET", f"/v1beta/models?key={REJECTED_KEY}")
    assert (status, json.loads(body)["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")


def test_a_hosted_picture_needs_no_key(server):
    path = "/v1beta/models/gemini-2.5-flash-image-preview:generateContent?key=k"
    _, body, _ = request(server, "POST", path, json.dumps(prompt_body(generationConfig=IMAGE_ONLY)))
    link = json.loads(body)["candidates"][0]["content"]["parts"][0]["text"][len("![Image](") : -1]
    assert link.startswith(server.url)
    assert request(server, "GET", link.removeprefix(server.url))[1].startswith(b"\x89PNG")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "BREW"])
def test_other_methods_are_refused_in_json(server, method):
    status, body, headers = request(server, method, "/v1beta/models?key=k")
    assert (status, headers["content-type"]) == (405, "application/json; charset=UTF-8")
    assert body == b"" if method == "HEAD" else json.loads(body)["error"]["code"] == 405


def test_the_answer_to_head_has_no_body(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as wire:
        wire.sendall(b"HEAD /v1beta/models?key=k HTTP/1.1\r\nHost: a\r\n\r\n")
        reply = b"".join(iter(lambda: wire.recv(65536), b""))
    assert reply.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(64 * 2**20 + 1)}, 413),
        ({"Content-Length": "9" * 5000}, 413),
        ({"Content-Length": f"{64 * 2**20 + 1:030}"}, 413),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "x"}, 411),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
    ids=str,
)
def test_a_body_too_large_or_of_unknown_length_is_refused_before_it_is_read(server, headers, status):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as wire:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        wire.sendall(f"POST /v1beta/models?key=k HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
        reply = b"".join(iter(lambda: wire.recv(65536), b""))
    assert reply.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close" in reply


def test_the_log_names_the_path_and_never_the_query(capfd):
    with OfflineServer(quiet=False) as server:
        request(server, "GET", "/v1beta/models?key=very-secret")
        request(server, "BREW", "/v1beta/models?key=very-secret")
    printed = "".join(capfd.readouterr())
    assert "GET /v1beta/models 200\n" in printed
    assert "secret" not in printed


def test_many_connections_are_answered_at_once_and_alike(server):
    replies = []
    path = f"/v1beta/models/{FLASH}:generateContent?key=k"
    body = json.dumps(config_body(imageConfig={"imageSize": "512"}))
    crowd = [
        threading.Thread(target=lambda: replies.append(request(server, "POST", path, body)[1]))
        for _ in range(8)
    ]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len(replies) == 8
    assert len(set(replies)) == 1


def post(server, verb, body, *, version="1.1", key="k"):
    """Everything that comes back for a POST, on a connection that is closed after it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as wire:
        content = json.dumps(body).encode()
        lines = (f"POST /v1beta/models/{FLASH}:{verb} HTTP/{version}", f"x-goog-api-key: {key}")
        head = "\r\n".join([*lines, "Connection: close", f"Content-Length: {len(content)}", "", ""])
        wire.sendall(head.encode() + content)
        head, _, rest = b"".join(iter(lambda: wire.recv(2**20), b"")).partition(b"\r\n\r\n")
        return head.decode(), rest


def test_a_stream_is_sent_in_a_chunk_for_each_event(server, gateway):
    head, rest = post(server, "streamGenerateContent?alt=sse", prompt_body())
    assert "transfer-encoding: chunked" in head
    assert "content-length" not in head
    pieces = [b"%x\r\n%s\r\n" % (len(e), e) for e in (*stream(gateway, prompt_body(), alt="sse").events, b"")]
    assert rest == b"".join(pieces)


def test_a_stream_to_an_old_client_is_not_chunked(server, gateway):
    head, rest = post(server, "streamGenerateContent?alt=sse", prompt_body(), version="1.0")
    assert "chunked" not in head
    assert rest == stream(gateway, prompt_body(), alt="sse").body


@pytest.mark.parametrize(
    ("verb", "wrapped"),
    [("generateContent", False), ("streamGenerateContent?alt=sse", False), ("streamGenerateContent", True)],
)
@pytest.mark.parametrize(("body", "key"), [({}, "k"), (prompt_body(), REJECTED_KEY)])
def test_a_failure_is_in_an_array_where_the_reply_would_be_in_one(server, verb, wrapped, body, key):
    _, rest = post(server, verb, body, key=key)
    reply = json.loads(rest)
    assert isinstance(reply, list) is wrapped
    assert (reply[0] if wrapped else reply)["error"]["code"] == 400


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
def test_a_delay_is_waited_for(verb):
    with OfflineServer(delay=0.3) as server:
        assert post_prompt(server, "a red square", verb=verb).elapsed.total_seconds() >= 0.3


def test_a_delay_ends_with_the_server():
    with OfflineServer(delay=3600) as server:
        before = set(threading.enumerate())
        wire, start = begin_fault(server, "none", verb="streamGenerateContent")
        (worker,) = set(threading.enumerate()) - before
    more, _ = read_rest(wire)
    worker.join(60)
    assert not worker.is_alive()
    assert b"inlineData" not in start + more


def test_only_calls_of_a_model_are_delayed():
    with OfflineServer(delay=3600) as server:
        assert httpx.get(f"{server.url}/v1beta/models?key=k", timeout=60).status_code == 200


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
def new_api():
    with OfflineServer(dialect="gateway") as running:
        yield running


@pytest.mark.parametrize("case", GATEWAY)
def test_a_gateway_words_its_errors_as_new_api_does(new_api, case):
    options, status, code = GATEWAY[case]
    answer = post_prompt(new_api, **{"prompt": "a cat", **options})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert sorted(error) == ["code", "message", "param", "type"]
    assert error["message"].endswith("(request id: offline)")


@pytest.mark.parametrize(("fault", "status"), [("bad-gateway", 502), ("none", 200)])
def test_a_gateway_passes_on_what_is_no_error_of_googles(new_api, server, fault, status):
    answers = [post_fault(each, fault) for each in (new_api, server)]
    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].content == answers[1].content


def test_a_gateway_words_what_http_itself_refuses(new_api):
    answer = httpx.request("BREW", f"{new_api.url}/v1beta/models?key=k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "invalid_request")
