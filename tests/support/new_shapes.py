"""Replies in shapes that are not Gemini's own, each with one picture in it."""

from __future__ import annotations

import json

from support.replies import b64, chat, data_uri, inline, reply
from support.streams import event


def chunk(**delta) -> dict:
    """One chunk of a chat that is streamed."""
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}


def message(text: str) -> dict:
    """An item of a Responses API."""
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def call(data: bytes) -> dict:
    """The item of a Responses API that brings a picture."""
    return {"type": "image_generation_call", "status": "completed", "result": b64(data)}


def wrapped(text: str, width: int = 76) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def whole(png: bytes) -> dict[str, tuple[object, str]]:
    """Each shape by name: the JSON, and the source that its picture gets."""
    code, uri = b64(png), data_uri(png)
    gemini = reply(inline(png))
    return {
        "Responses API, Markdown": ({"output": [message(f"Here:\n![image]({uri})")]}, "data URI"),
        "Responses API, a call": ({"output": [message("Here"), call(png)]}, "other: output[1].result"),
        "Responses API, output_image": (
            {"output": [{"type": "message", "content": [{"type": "output_image", "image_url": uri}]}]},
            "data URI",
        ),
        "chat, one image": (chat({"content": "Here", "image": {"url": uri}}), "data URI"),
        "chat, one image as a text": (chat({"content": None, "image": code}), "openai"),
        "chat, images as texts": (chat({"content": "", "images": [uri]}), "data URI"),
        "chat, images as bare base64": (chat({"content": "", "images": [code]}), "openai"),
        "chat, images[].url": (chat({"content": "", "images": [{"url": uri}]}), "data URI"),
        "chat, a part of type image": (chat({"content": [{"type": "image", "data": code}]}), "openai"),
        "Imagen": (
            {"predictions": [{"bytesBase64Encoded": code, "mimeType": "image/png"}]},
            "other: predictions[0].bytesBase64Encoded",
        ),
        "images on top": ({"images": [{"url": uri}]}, "data URI"),
        "images on top, bare base64": ({"images": [code]}, "other: images[0]"),
        "artifacts": ({"artifacts": [{"base64": code}]}, "other: artifacts[0].base64"),
        "a reply under response": ({"response": gemini, "traceId": "7"}, "inlineData"),
        "a reply under data": ({"code": 0, "data": gemini}, "inlineData"),
        "a reply under result": ({"result": gemini}, "inlineData"),
        "a reply under data in a list": ({"code": 0, "data": [gemini]}, "inlineData"),
        "a reply, wrapped twice": ({"ok": True, "body": {"value": gemini}}, "inlineData"),
        "a chat, wrapped": ({"data": chat({"content": f"![i]({uri})"})}, "data URI"),
        "images, wrapped": ({"result": {"images": [{"url": uri}]}}, "data URI"),
        "base64 alone": (reply(code), "other: candidates[0].content.parts[0].text"),
        "base64 in lines": (reply(wrapped(code)), "other: candidates[0].content.parts[0].text"),
        "base64 in a fence": (reply(f"```\n{code}\n```"), "other: candidates[0].content.parts[0].text"),
        "base64 in prose": (reply(f"Here: {code} Enjoy!"), "other: candidates[0].content.parts[0].text"),
        "b'…'": (reply(f"b'{code}'"), "other: candidates[0].content.parts[0].text"),
        "JSON as the text": (
            reply(json.dumps({"image": code})), "other: candidates[0].content.parts[0].text.image",
        ),
        "JSON in a fence": (
            reply(f"```json\n{json.dumps({'a': [code]})}\n```"),
            "other: candidates[0].content.parts[0].text.a[0]",
        ),
        "a dict of Python": (reply(repr({"image": code})), "other: candidates[0].content.parts[0].text"),
        "JSON as a text, slashes escaped": (
            {"payload": json.dumps({"p": code}).replace("/", "\\/")}, "other: payload.p",
        ),
        "a name that nobody knows": ({"a": {"b-c": [None, {"$d": code}]}}, "other: a.b-c[1].$d"),
        "a data URI where nobody knows": ({"a": f"see {uri}."}, "other: a"),
        "URL-safe and unpadded": (
            {"x": code.replace("+", "-").replace("/", "_").rstrip("=")}, "other: x",
        ),
        "a text on top": (code, "other: body"),
        "a list on top": ([[code]], "other: [0]"),
    }  # fmt: skip


def streamed(png: bytes) -> dict[str, bytes]:
    """Each way to stream a picture by name."""
    code, uri = b64(png), data_uri(png)
    half = len(uri) // 2
    gemini = reply(inline(png))
    done = event("[DONE]").replace(b'"', b"")
    completed = {"type": "response.completed", "response": {"status": "completed", "output": [call(png)]}}
    item = {"type": "response.output_item.done", "item": call(png)}
    words = [{"type": "response.output_text.delta", "delta": text} for text in ("Her", "e")]
    return {
        "Gemini's events": event(reply("Here")) + event(gemini),
        "deltas with images": event(chunk(content="Here"))
        + event(chunk(images=[{"image_url": {"url": uri}}]))
        + done,
        "deltas with images as texts": event(chunk(content="Here")) + event(chunk(images=[uri])),
        "a data URI over two deltas": event(chunk(content=f"![i]({uri[:half]}"))
        + event(chunk(content=f"{uri[half:]})")) + done,
        "bare base64 over two deltas": event(chunk(content=uri[22:half])) + event(chunk(content=uri[half:])),
        "a message at the end": event(chunk(content="")) + event(chat({"content": f"![i]({uri})"})),
        "Responses API, completed": b"".join(map(event, [*words, completed])),
        "Responses API, an item": b"".join(map(event, [*words, item])),
        "Responses API, both": b"".join(map(event, [*words, item, completed])),
        "Responses API, words of an event": b"event: response.completed\n" + event(completed),
        "wrapped events": event({"response": reply("Here")}) + event({"response": gemini}),
        "an unknown event": event({"type": "image_generation.completed", "b64_json": code}),
        "one event": event(gemini),
        "an array in an event": event([gemini]),
        "several lines of data": b"data: {\ndata: " + event(gemini)[7:],
        "keep-alives": b"".join(
            b"data: %s\n\n" % noise + event(reply("Here"))
            for noise in (b": keepalive", b": OPENROUTER PROCESSING", b"ping", b"heartbeat", b"", b"[DONE]")
        )
        + event(gemini),
        "a keep-alive that is JSON": event({"type": "ping"}) + event("ping") + event(7) + event(gemini),
        "comments": b": ping\n\n" + event(gemini) + b": pong\n\n",
        "carriage returns": event(reply("Here"), end=b"\r\r") + event(gemini, end=b"\r\r"),
        "NDJSON": b"\n".join(json.dumps(value).encode() for value in (reply("Here"), gemini)),
        "NDJSON with a keep-alive": b"ping\n%s\nping\n%s\n" % (_line(reply("Here")), _line(gemini)),
        "NDJSON, blank lines": b"\r\n\r\n%s\r\n\r\n%s\r\n" % (_line(reply("Here")), _line(gemini)),
        "JSON after JSON": b"%s%s" % (_line(reply("Here")), json.dumps(gemini, indent=1).encode()),
        "an array of chunks": _line([reply("Here"), gemini]),
    }  # fmt: skip


def _line(value: object) -> bytes:
    return json.dumps(value).encode()
