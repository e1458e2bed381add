"""Bodies of replies in every shape that was seen."""

from __future__ import annotations

import base64
import json

from gemini_nb.reply.json_receiver import JSONReceiver, ReceivedBody
from gemini_nb.reply.reply import Reply, read_reply
from support.images import jpeg, png


def received(raw: bytes) -> ReceivedBody:
    """A body that came in one piece."""
    receiver = JSONReceiver()
    receiver.write(raw)
    return receiver.finish()


def read_raw(raw: bytes, **options) -> Reply:
    return read_reply(received(raw), **options)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def data_uri(data: bytes, mime_type: str = "image/png") -> str:
    return f"data:{mime_type};base64,{b64(data)}"


def inline(data: bytes, mime_type: str | None = "image/png", **more) -> dict:
    return {"inlineData": {"mimeType": mime_type, "data": b64(data)}, **more}


def reply(*parts, finish_reason: str | None = "STOP", **more) -> dict:
    """A Gemini reply of one candidate with these parts; a plain string is a text part."""
    content = {"role": "model", "parts": [{"text": p} if isinstance(p, str) else p for p in parts]}
    return {"candidates": [{"content": content, "finishReason": finish_reason, "index": 0}], **more}


def body(value, **options) -> bytes:
    return json.dumps(value, **options).encode()


def text_body(text: str) -> bytes:
    return body(reply(text))


def chat(message: dict, finish_reason: str = "stop") -> dict:
    """An OpenAI chat reply."""
    return {
        "choices": [{"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", **message}}]
    }


def openai(*items: dict) -> dict:
    """An OpenAI Images reply."""
    return {"created": 1, "data": list(items)}


def four_shapes(png_bytes: bytes | None = None, jpeg_bytes: bytes | None = None) -> dict[str, bytes]:
    """The shapes of the four catalogued models by name, the hosted one with a link."""
    picture, photo = png_bytes or png(), jpeg_bytes or jpeg()
    return {
        "inlineData": body(reply(inline(picture))),
        "data URI (JPEG)": text_body(f"![image]({data_uri(photo, 'image/jpeg')})"),
        "data URI (PNG)": text_body(f"![image]({data_uri(picture)})"),
        "hosted URL": text_body("![Image](https://pictures.example/a.png)"),
    }


def never_cut(value) -> bytes:
    """JSON whose every character is escaped, so that nothing in it looks like base64."""
    if isinstance(value, str):
        units = value.encode("utf-16-be", "surrogatepass").hex()
        return b'"%s"' % "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)).encode()
    if isinstance(value, dict):
        return b"{%s}" % b",".join(never_cut(k) + b":" + never_cut(v) for k, v in value.items())
    if isinstance(value, list):
        return b"[%s]" % b",".join(map(never_cut, value))
    return json.dumps(value).encode()
