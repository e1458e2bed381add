"""The offline provider speaks the wire: shapes, errors and conversations, in the process and over HTTP."""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import threading
from itertools import pairwise

import anyio
import httpx
import pytest
from PIL import Image

from gemini_nb import models
from gemini_nb.errors import ArgumentError
from gemini_nb.offline import replies
from gemini_nb.offline import server as offline_server
from gemini_nb.offline.provider import HostedImages, OfflineGateway
from gemini_nb.offline.server import OfflineServer
from gemini_nb.offline.transport import OfflineTransport

ORIGIN = "http://127.0.0.1:8765"
FLASH = "gemini-3.1-flash-image-preview"
IMAGE_ONLY = {"responseModalities": ["IMAGE"]}


@pytest.fixture(scope="module")
def gateway():
    return OfflineGateway()


@pytest.fixture(scope="module")
def server():
    with OfflineServer() as running:
        yield running


def text(prompt="a red square on white", **more):
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **more}


def small(colour="red", kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(out, kind)
    return out.getvalue()


def inline(data, mime_type="image/png"):
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def ask(gateway, model, body):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = gateway.answer("POST", f"/v1beta/models/{model}:generateContent", {}, raw, origin=ORIGIN)
    return answer.status, json.loads(answer.body)


def parts(gateway, model, body):
    status, reply = ask(gateway, model, body)
    assert status == 200, reply
    return reply["candidates"][0]["content"]["parts"]


def picture(part):
    return Image.open(io.BytesIO(base64.b64decode(part["inlineData"]["data"])))


def near(image, colour, at=(0.5, 0.5)):
    found = image.convert("RGB").getpixel((int(image.width * at[0]), int(image.height * at[1])))
    return max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 12


# Shapes


@pytest.mark.parametrize("model", ["nano-banana-2", FLASH, "gemini-3-pro-image", "someone-elses-model"])
def test_inline_data_is_the_shape_of_a_model_that_was_seen_to_send_it_or_never_seen(gateway, model):
    (part,) = parts(gateway, model, text(generationConfig=IMAGE_ONLY))
    assert part["inlineData"]["mimeType"] == "image/jpeg"
    assert picture(part).format == "JPEG"
    assert near(picture(part), (255, 0, 0))


@pytest.mark.parametrize(
    ("model", "start"),
    [
        ("gemini-3-pro-image-preview", "![image](data:image/jpeg;base64,/9j/"),
        ("nano-banana-pro", "![image](data:image/jpeg;base64,/9j/"),
        ("gemini-2.5-flash-image", "![image](data:image/png;base64,iVBOR"),
        ("gemini-2.5-flash-image-preview", f"![Image]({ORIGIN}/images/"),
    ],
)
def test_markdown_is_the_shape_of_the_models_that_were_seen_to_send_it(gateway, model, start):
    (part,) = parts(gateway, model, text(generationConfig=IMAGE_ONLY))
    assert part["text"].startswith(start)
    assert part["text"].endswith(")")


def test_a_hosted_picture_is_served_under_its_link(gateway):
    (part,) = parts(gateway, "gemini-2.5-flash-image-preview", text(generationConfig=IMAGE_ONLY))
    path = part["text"].removeprefix(f"![Image]({ORIGIN}").removesuffix(")")
    answer = gateway.answer("GET", path, {}, b"", origin=ORIGIN)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.body)).size == (1024, 1024)


def test_the_gallery_forgets_the_oldest_pictures(monkeypatch):
    monkeypatch.setattr(HostedImages, "MAX_PICTURES", 2)
    gallery = HostedImages()
    for name in "abc":
        gallery.add(name, b"1")
    assert [gallery.find(name) for name in "abc"] == [None, b"1", b"1"]


def test_the_gallery_is_bounded_in_bytes_and_keeps_the_newest(monkeypatch):
    monkeypatch.setattr(HostedImages, "MAX_BYTES", 10)
    gallery = HostedImages()
    for name in "ab":
        gallery.add(name, b"12345678")
    assert [gallery.find(name) for name in "ab"] == [None, b"12345678"]


@pytest.mark.parametrize(
    ("modalities", "kinds"),
    [
        (["IMAGE"], ["inlineData"]),
        (["TEXT", "IMAGE"], ["inlineData", "text"]),
        (["TEXT"], ["text"]),
        (None, ["inlineData", "text"]),
    ],
)
def test_modalities_choose_the_parts(gateway, modalities, kinds):
    found = parts(gateway, FLASH, text(generationConfig={"responseModalities": modalities}))
    assert [next(kind for kind in ("inlineData", "text") if kind in part) for part in found] == kinds


def test_text_says_that_it_is_offline(gateway):
    (part,) = parts(gateway, FLASH, text(generationConfig={"responseModalities": ["TEXT"]}))
    assert part["text"] == "Painted offline, without a model: a red square on white"


def test_a_reply_carries_usage_version_reason_and_id(gateway):
    body = text(generationConfig=IMAGE_ONLY | {"imageConfig": {"imageSize": "512"}})
    _, reply = ask(gateway, "nano-banana-2", body)
    assert reply["candidates"][0]["finishReason"] == "STOP"
    assert reply["modelVersion"] == FLASH
    assert reply["usageMetadata"]["candidatesTokensDetails"] == [{"modality": "IMAGE", "tokenCount": 747}]
    assert (200, reply) == ask(gateway, "nano-banana-2", body)


def test_gemini_3_signs_its_pictures_and_2_5_does_not(gateway):
    signed = [
        "thoughtSignature" in parts(gateway, name, text(generationConfig=IMAGE_ONLY))[0]
        for name in (FLASH, "gemini-2.5-something-new")
    ]
    assert signed == [True, False]


def test_snake_case_fields_are_read(gateway):
    config = {"response_modalities": ["IMAGE"], "image_config": {"aspect_ratio": "16:9", "image_size": "512"}}
    (part,) = parts(gateway, FLASH, text(generation_config=config))
    assert picture(part).size == (688, 384)


# Conversations and edits


def greyed(*contents):
    return {"contents": list(contents), "generationConfig": IMAGE_ONLY}


def turn(role, *turn_parts):
    return {"role": role, "parts": list(turn_parts)}


def test_an_input_picture_is_edited(gateway):
    body = greyed(turn("user", inline(small()), {"text": "make it black and white"}))
    assert near(picture(parts(gateway, FLASH, body)[0]), (76, 76, 76))


def test_input_pictures_may_be_snake_case_and_url_safe_and_unpadded(gateway):
    data = base64.urlsafe_b64encode(small("blue")).decode().rstrip("=")
    part = {"inline_data": {"mime_type": "image/png", "data": data}}
    body = greyed(turn("user", part, {"text": "black and white"}))
    assert near(picture(parts(gateway, FLASH, body)[0]), (29, 29, 29))


@pytest.mark.parametrize(
    "shown",
    [
        inline(small("blue")),
        {"text": f"Here: ![image](data:image/png;base64,{base64.b64encode(small('blue')).decode()})\n"},
    ],
    ids=["inlineData", "data URI"],
)
def test_the_newest_picture_of_the_conversation_is_edited(gateway, shown):
    draft = inline(small("green")) | {"thought": True}
    body = greyed(
        turn("user", inline(small("red")), {"text": "paint it blue"}),
        turn("model", shown, draft),
        turn("user", {"text": "flip it"}),
    )
    assert near(picture(parts(gateway, FLASH, body)[0]), (0, 0, 255))


def test_a_conversation_continues_from_a_hosted_picture(gateway):
    first = parts(gateway, "gemini-2.5-flash-image-preview", text("blue on a blue background"))
    body = greyed(
        turn("user", {"text": "x"}), turn("model", *first), turn("user", {"text": "black and white"})
    )
    assert near(picture(parts(gateway, FLASH, body)[0]), (29, 29, 29))


def test_only_the_last_user_turn_is_the_prompt(gateway):
    body = greyed(turn("user", {"text": "make it blocked by safety"}), turn("user", {"text": "a red square"}))
    assert near(picture(parts(gateway, FLASH, body)[0]), (255, 0, 0))


def test_the_documented_phrase_is_refused_as_a_policy_would(gateway):
    status, reply = ask(gateway, FLASH, text("Something Blocked by Safety"))
    assert (status, reply["promptFeedback"]) == (200, {"blockReason": "SAFETY"})
    assert "candidates" not in reply


# Streams


def streamed(gateway, body, *, model=FLASH, **query):
    raw = json.dumps(body).encode()
    path = f"/v1beta/models/{model}:streamGenerateContent"
    return gateway.answer("POST", path, query, raw, origin=ORIGIN)


def events(answer):
    """The replies in server-sent events, each one line and a blank one."""
    lines = answer.body.decode().split("\r\n")
    assert set(lines[1::2]) == {""}
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1:2]]


def part_of(reply):
    (part,) = reply["candidates"][0]["content"]["parts"]
    return part


@pytest.fixture(scope="module")
def both(gateway):
    """The replies of a stream with text and a picture."""
    prompt = text("a red square on a white background, flat and simple")
    return ask(gateway, FLASH, prompt)[1], events(streamed(gateway, prompt, alt="sse"))


def test_a_stream_brings_text_in_deltas_and_then_the_picture_in_one_event(both):
    _, replies = both
    *deltas, last = map(part_of, replies)
    assert len(deltas) > 2
    assert all(list(delta) == ["text"] for delta in deltas)
    assert picture(last).size == (1024, 1024)


def test_a_stream_says_what_the_reply_says(both):
    whole, replies = both
    found = whole["candidates"][0]["content"]["parts"]
    *deltas, last = map(part_of, replies)
    assert [last, {"text": "".join(delta["text"] for delta in deltas)}] == found


def test_reason_and_full_usage_come_with_the_last_event(both):
    whole, replies = both
    reasons = [reply["candidates"][0].get("finishReason") for reply in replies]
    assert reasons == [None] * (len(replies) - 1) + ["STOP"]
    assert replies[-1]["usageMetadata"] == whole["usageMetadata"]
    assert "candidatesTokenCount" not in replies[0]["usageMetadata"]


def test_every_event_has_the_replys_id_and_version(both):
    whole, replies = both
    kept = {(reply["responseId"], reply["modelVersion"]) for reply in replies}
    assert kept == {(whole["responseId"], FLASH)}


def test_without_sse_a_stream_is_a_json_array(gateway, both):
    answer = streamed(gateway, text("a red square on a white background, flat and simple"))
    assert answer.headers["content-type"].startswith("application/json")
    assert json.loads(answer.body) == both[1]


@pytest.mark.parametrize("query", [{"alt": "sse"}, {}], ids=str)
def test_a_streams_events_are_its_body_in_pieces(gateway, query):
    answer = streamed(gateway, text(), **query)
    assert len(answer.events) > 2
    assert b"".join(answer.events) == answer.body
    assert int(answer.headers["content-length"]) == len(answer.body)


@pytest.mark.parametrize("model", ["nano-banana", "nano-banana-pro", "gemini-2.5-flash-image-preview"])
def test_markdown_is_streamed_whole(gateway, model):
    replies = events(streamed(gateway, text(), model=model, alt="sse"))
    assert part_of(replies[-1]) == parts(gateway, model, text())[0]


@pytest.mark.parametrize(
    "body", [text(generationConfig=IMAGE_ONLY), text("blocked by safety")], ids=["picture", "blocked"]
)
def test_a_reply_of_one_piece_is_one_event(gateway, body):
    assert events(streamed(gateway, body, alt="sse")) == [ask(gateway, FLASH, body)[1]]


@pytest.mark.parametrize(
    "words", ["", "short", "one two " * 20, "x" * 90, "two  spaces and\nlines " * 3, " "]
)
def test_deltas_are_the_text_cut_between_words(words):
    found = replies.split_text(words)
    assert "".join(found) == words
    assert all(len(delta) >= replies.DELTA_CHARS for delta in found[:-1])
    assert not any(one[-1:].isalnum() and other[:1].isalnum() for one, other in pairwise(found))


# Refusals


def config(**fields):
    return text(generationConfig=fields)


BAD = {
    "no JSON": (b"{", "Invalid JSON"),
    "a list": (b"[]", "Invalid value"),
    "not UTF-8": (b'{"contents": "\xff"}', "Invalid JSON"),
    "too deep": (b"[" * 100_000, "Invalid JSON"),
    "no contents": ({}, "contents is not specified"),
    "contents of another type": ({"contents": 7}, "Invalid value at 'contents'"),
    "content of another type": ({"contents": ["a"]}, "Invalid value at 'contents'"),
    "part of another type": ({"contents": [{"parts": ["a"]}]}, "Invalid value at 'contents.parts'"),
    "text of another type": ({"contents": [{"parts": [{"text": 7}]}]}, "TYPE_STRING"),
    "a role nobody has": ({"contents": [{"role": "judge", "parts": [{"text": "a"}]}]}, "valid role"),
    "nothing said": ({"contents": [{"parts": [{"text": " "}]}]}, "text parameter"),
    "null parts": ({"contents": [{"parts": None}]}, "text parameter"),
    "an aspect ratio": (config(imageConfig={"aspectRatio": "5:7"}), "aspect_ratio"),
    "an aspect ratio of another type": (config(imageConfig={"aspectRatio": 1}), "aspect_ratio"),
    "an image size": (config(imageConfig={"imageSize": "1k"}), "image_size"),
    "an image size of another type": (config(imageConfig={"imageSize": ["1K"]}), "image_size"),
    "candidates": (config(candidateCount=2), "Multiple candidates"),
    "a modality": (config(responseModalities=["VIDEO"]), "modality"),
    "an unknown field": (config(imageOutputOptions={}), 'Unknown name "imageOutputOptions"'),
    "an unknown inner field": (
        config(imageConfig={"imageOutputOptions": {}}),
        'Unknown name "imageOutputOptions"',
    ),
    "a wrong label": (greyed(turn("user", inline(small(), "image/jpeg"))), "Unable to process input image"),
    "no picture": (greyed(turn("user", inline(b"GIF89a"))), "Unsupported MIME type"),
    "a broken picture": (greyed(turn("user", inline(small()[:40]))), "Unable to process input image"),
    "no base64": (greyed(turn("user", {"inlineData": {"mimeType": "image/png", "data": "!"}})), "Base64"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_gets_googles_error(gateway, case):
    body, message = BAD[case]
    status, reply = ask(gateway, FLASH, body)
    assert (status, reply["error"]["code"], reply["error"]["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert message in reply["error"]["message"]


@pytest.mark.parametrize(("model", "most"), [("nano-banana", 3), (FLASH, 14), ("someone-elses-model", 14)])
def test_a_model_takes_so_many_pictures_and_no_more(gateway, model, most):
    statuses = [
        ask(gateway, model, greyed(turn("user", *[inline(small())] * count, {"text": "combine"})))[0]
        for count in (most, most + 1)
    ]
    assert statuses == [200, 400]


def test_a_model_without_sizes_takes_none(gateway):
    assert ask(gateway, "nano-banana", config(imageConfig={"imageSize": "1K"}))[0] == 400


@pytest.mark.parametrize(("ratio", "status"), [("7:5", 200), ("9:1", 400), ("0:1", 400), ("a:b", 400)])
def test_a_model_that_is_not_known_takes_any_sensible_ratio(gateway, ratio, status):
    body = config(imageConfig={"aspectRatio": ratio, "imageSize": "512"}, responseModalities=["IMAGE"])
    assert ask(gateway, "someone-elses-model", body)[0] == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1beta/models/:generateContent", 404),
        ("POST", "/v1beta/models/%20:generateContent", 404),
        ("POST", "/v1beta/models/a%2Fb:generateContent", 404),
        ("POST", f"/v1beta/models/{FLASH}:countTokens", 404),
        ("POST", "/v1/images/generations", 404),
        ("GET", "/v1beta/models/nobody", 404),
        ("GET", f"/images/{'0' * 64}.png", 404),
        ("GET", "/images/../../etc/passwd", 404),
        ("GET", "/", 404),
        ("DELETE", "/v1beta/models", 405),
    ],
)
def test_what_is_not_there_is_googles_error(gateway, method, path, status):
    answer = gateway.answer(method, path, {}, b"{}", origin=ORIGIN)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (status, status)


def test_models_are_listed_and_described(gateway):
    listed = json.loads(gateway.answer("GET", "/v1beta/models", {}, b"", origin=ORIGIN).body)["models"]
    assert [entry["name"] for entry in listed] == [f"models/{row.id}" for row in models.CATALOGUE]
    one = gateway.answer("GET", f"/v1beta/models/{FLASH}", {}, b"", origin=ORIGIN)
    assert json.loads(one.body) == listed[0]
    assert listed[0]["supportedGenerationMethods"] == ["generateContent"]


# Inside the process


def test_the_embedded_transport_answers_httpx():
    async def main():
        async with httpx.AsyncClient(
            transport=OfflineTransport(), base_url="http://offline.invalid"
        ) as client:
            reply = await client.post(
                "/v1beta/models/gemini-2.5-flash-image-preview:generateContent",
                json=text(generationConfig=IMAGE_ONLY),
            )
            link = reply.json()["candidates"][0]["content"]["parts"][0]["text"][len("![Image](") : -1]
            assert link.startswith("http://offline.invalid/images/")
            hosted = await client.get(link)
            assert int(hosted.headers["content-length"]) == len(hosted.content)
            assert hosted.content.startswith(b"\x89PNG")

    anyio.run(main)


# Over HTTP


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
    status, body, _ = request(server, "GET", f"/v1beta/models?key={offline_server.REJECTED_KEY}")
    assert (status, json.loads(body)["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")


def test_a_hosted_picture_needs_no_key(server):
    path = "/v1beta/models/gemini-2.5-flash-image-preview:generateContent?key=k"
    _, body, _ = request(server, "POST", path, json.dumps(text(generationConfig=IMAGE_ONLY)))
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
    body = json.dumps(config(imageConfig={"imageSize": "512"}))
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


def test_a_stopped_server_closes_its_connections():
    with OfflineServer() as server:
        wire = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        wire.sendall(b"GET /v1beta/models?key=k HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")
    while wire.recv(65536):
        pass
    wire.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_a_host_that_is_not_loopback_is_refused(host):
    with pytest.raises(ArgumentError, match="any key"):
        OfflineServer(host=host)


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
    head, rest = post(server, "streamGenerateContent?alt=sse", text())
    assert "transfer-encoding: chunked" in head
    assert "content-length" not in head
    pieces = [b"%x\r\n%s\r\n" % (len(e), e) for e in (*streamed(gateway, text(), alt="sse").events, b"")]
    assert rest == b"".join(pieces)


def test_a_stream_to_an_old_client_is_not_chunked(server, gateway):
    head, rest = post(server, "streamGenerateContent?alt=sse", text(), version="1.0")
    assert "chunked" not in head
    assert rest == streamed(gateway, text(), alt="sse").body


@pytest.mark.parametrize(
    ("verb", "wrapped"),
    [("generateContent", False), ("streamGenerateContent?alt=sse", False), ("streamGenerateContent", True)],
)
@pytest.mark.parametrize(("body", "key"), [({}, "k"), (text(), offline_server.REJECTED_KEY)])
def test_a_failure_is_in_an_array_where_the_reply_would_be_in_one(server, verb, wrapped, body, key):
    _, rest = post(server, verb, body, key=key)
    reply = json.loads(rest)
    assert isinstance(reply, list) is wrapped
    assert (reply[0] if wrapped else reply)["error"]["code"] == 400
