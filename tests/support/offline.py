"""Requests to the offline provider and what comes back, in the process and over HTTP."""

from __future__ import annotations

import base64
import io
import json
import socket

import httpx
from PIL import Image

ORIGIN = "http://127.0.0.1:8765"
FLASH = "gemini-3.1-flash-image-preview"
HOSTED = "gemini-2.5-flash-image-preview"
IMAGE_ONLY = {"responseModalities": ["IMAGE"]}


def prompt_body(prompt="a red square on white", **more):
    """A body of one user turn; further fields stand beside its contents."""
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **more}


def config_body(**fields):
    """A body with these fields in its generationConfig."""
    return prompt_body(generationConfig=fields)


def small(colour="red", kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(out, kind)
    return out.getvalue()


def inline(data, mime_type="image/png"):
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def turn(role, *turn_parts):
    return {"role": role, "parts": list(turn_parts)}


def conversation(*contents):
    """A body of these turns, which asks for pictures alone."""
    return {"contents": list(contents), "generationConfig": IMAGE_ONLY}


def ask(gateway, model, body):
    """The status and the JSON that a gateway answers with, in the process."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = gateway.answer("POST", f"/v1beta/models/{model}:generateContent", {}, raw, origin=ORIGIN)
    return answer.status, json.loads(answer.body)


def parts(gateway, model, body):
    """The parts of a reply that has to be a success."""
    status, reply = ask(gateway, model, body)
    assert status == 200, reply
    return reply["candidates"][0]["content"]["parts"]


def stream(gateway, body, *, model=FLASH, **query):
    """The response to a streamed call, in the process."""
    raw = json.dumps(body).encode()
    path = f"/v1beta/models/{model}:streamGenerateContent"
    return gateway.answer("POST", path, query, raw, origin=ORIGIN)


def picture(part):
    return Image.open(io.BytesIO(base64.b64decode(part["inlineData"]["data"])))


def near(image, colour, at=(0.5, 0.5)):
    """Whether an image has about this colour at a place, given in shares of its sides."""
    pixel = image.convert("RGB").getpixel((int(image.width * at[0]), int(image.height * at[1])))
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) < 12


def image_body(prompt="a red square on white", **image_config):
    """A body that asks for a picture alone, small unless told otherwise."""
    config = {"responseModalities": ["IMAGE"], "imageConfig": image_config or {"imageSize": "512"}}
    return {"contents": [{"parts": [{"text": prompt}]}], "generationConfig": config}


def post_prompt(server, prompt, *, model=FLASH, verb="generateContent", **options):
    """Send a prompt over HTTP."""
    url = f"{server.url}/v1beta/models/{model}:{verb}?key={options.pop('key', 'k')}"
    config = {"aspectRatio": "1:1"} if model == HOSTED else {}  # it takes no size
    return httpx.post(url, json=image_body(prompt, **config), timeout=60)


def post_fault(server, fault, **options):
    """Send a prompt with a fault's mark over HTTP."""
    return post_prompt(server, f"a red square on white [fault: {fault}]", **options)


def begin_fault(server, fault, *, verb="generateContent"):
    """A connection on which a fault's answer has begun, and its first bytes."""
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    content = json.dumps(image_body(f"a red square on white [fault: {fault}]")).encode()
    path = f"/v1beta/models/{FLASH}:{verb}?key=k"
    wire.sendall(f"POST {path} HTTP/1.1\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
    return wire, wire.recv(65536)


def read_rest(wire):
    """What else comes until the connection ends, and the error it ends with."""
    received = b""
    with wire:
        try:
            while piece := wire.recv(65536):
                received += piece
        except ConnectionResetError as reset:
            return received, reset
    return received, None
