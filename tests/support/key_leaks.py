"""A key that every encoding changes, the search for any form of it, and failures that echo it."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote

from support.faults import FaultServer, junk, reset_after_request, sized, then_stall
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import b64, data_uri, inline, reply

KEY = "AIzaSyD+9/Zr=4_Tb.2~Lm-8Vw3Kd6Np1Hs5Yc"


def _windows(text: str, size: int) -> set[str]:
    return {text[at : at + size] for at in range(len(text) - size + 1)}


def _base64(lead: int) -> str:
    """What is the same in every base64 text that holds the key after `lead` bytes, or 3 more, or 6 …"""
    return base64.b64encode(b"?" * lead + KEY.encode()).decode()[2 * lead : -4]


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


# What is searched for: any 8 characters of the key, 9 of them in hex, 9 bytes of it in base64.
FORMS = {
    "plain": _windows(KEY, 8),
    "reversed": _windows(KEY[::-1], 8),
    "percent": _windows(quote(KEY, safe=""), 16),
    "percent, lower case": {
        quote(KEY, safe="").replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")
    },
    "percent, all of it": {_percent(KEY), _percent(KEY).lower()},
    "percent, twice": {quote(quote(KEY, safe=""), safe="")},
    "base64": set().union(*(_windows(_base64(lead), 12) for lead in range(3))),
    "base64, URL-safe": set().union(
        *(_windows(_base64(lead).translate(str.maketrans("+/", "-_")), 12) for lead in range(3))
    ),
    "base64 of the percent form": {b64(quote(KEY, safe="").encode())[:-4]},
    "hex": _windows(KEY.encode().hex(), 18) | _windows(KEY.encode().hex().upper(), 18),
    "JSON": {"".join(f"\\u{ord(c):04x}" for c in KEY), "".join(f"\\u{ord(c):04X}" for c in KEY)},
    "JSON in JSON": {"".join(f"\\\\u{ord(c):04x}" for c in KEY)},
    "JSON, slash": {KEY.replace("/", "\\/"), KEY.replace("/", "\\\\/")},
    "HTML": {
        "".join(f"&#{ord(c)};" for c in KEY),
        "".join(f"&#x{ord(c):x};" for c in KEY),
        KEY.replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;").replace("_", "&lowbar;"),
    },
    "UTF-16": {KEY.encode("utf-16-le").decode("latin-1")},
}
WHOLE = {
    "plain": KEY,
    "reversed": KEY[::-1],
    "percent": quote(KEY, safe=""),
    "base64 of the percent form": b64(quote(KEY, safe="").encode()),
    "hex": KEY.encode().hex(),
    "hex, upper case": KEY.encode().hex().upper(),
    **{f"base64 after {n}": b64(b"?" * n + KEY.encode()) for n in range(3)},
    **{
        f"base64, URL-safe, after {n}": base64.urlsafe_b64encode(b"?" * n + KEY.encode()).decode()
        for n in range(3)
    },
    "base64 in lines": "\r\n".join(b64(b"?" + KEY.encode())[at : at + 20] for at in range(0, 60, 20)),
    "percent in base64, quoted": quote(b64(KEY.encode()), safe=""),
    **{
        f"{name} {number}": text
        for name, texts in FORMS.items()
        if name not in ("plain", "reversed", "percent", "base64", "base64, URL-safe", "hex")
        for number, text in enumerate(sorted(texts))
    },
}


def leaks(evidence: str | bytes) -> list[str]:
    """The names of the forms of the key that occur in what somebody could read."""
    text = evidence.decode("latin-1") if isinstance(evidence, bytes) else evidence
    return [name for name, forms in FORMS.items() if any(form in text for form in forms)]


def shown(error: BaseException) -> str:
    """What a debugger, a logger or a crash report could show of an error and of those behind it."""
    texts, queue, seen = [], [error], set()
    while queue:
        one = queue.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        frames = traceback.TracebackException.from_exception(one, capture_locals=True)
        texts += [str(one), repr(one), repr(one.args), repr(vars(one)), "".join(frames.format())]
        queue += [one.__cause__, one.__context__]
    return "\n".join(texts)


Scene = Callable[[], AbstractContextManager[Any]]
URL = f"http://gateway/v1beta/models/m:generateContent?key={KEY}"
QUOTED_URL = f"http://gateway/v1beta/models/m:generateContent?key={quote(KEY, safe='')}"
PICTURE = inline(png())


def _error(message: str, status: int, **more: Any) -> Answer:
    return Answer({"error": {"message": message, "status": "ODD", **more}}, status=status)


def _answering(answer: Answer) -> Scene:
    return lambda: Gateway(answer)


def _garbage() -> bytes:
    """No JSON, with the key in base64 at each alignment and in escapes, and pieces of it at its end."""
    forms = "\n".join(WHOLE.values())
    return f'{{"candidates": [{forms}, "{KEY}", "{KEY[:20]}'.encode()


# Each answers every POST in the same way; all echo the key, as gateways do.
FAILURES: dict[str, Scene] = {
    "401 with the key": _answering(_error(f"Incorrect API key provided: {KEY}.", 401, code=f"bad:{KEY}")),
    "400 with the URL": _answering(_error(f"cannot serve {QUOTED_URL}", 400, type=quote(KEY, safe=""))),
    "500 with a page": _answering(
        Answer(f"<html><head><title>500 {URL}</title></head>{KEY}</html>", 500, {"Content-Type": "text/html"})
    ),
    "307 to a link with the key": _answering(
        Answer(f"see {QUOTED_URL}", 307, {"Location": QUOTED_URL, "X-Key": KEY, "Set-Cookie": f"key={KEY}"})
    ),
    "reset after the request": lambda: FaultServer(reset_after_request),
    "stalled": lambda: FaultServer(then_stall(sized(10_000) + f'{{"error": "{KEY}'.encode())),
    "unreadable": _answering(Answer(_garbage())),
    "refusal with the key": _answering(
        Answer(reply(f"no: {KEY}", finish_reason="SAFETY", promptFeedback={"blockReason": f"ODD {KEY}"}))
    ),
}
# Further ones of the same eight classes.
MORE: dict[str, Scene] = {
    "picture, with the key around it": _answering(
        Answer(
            reply(
                f"painted for {KEY}",
                inline(png(), f"image/png;{KEY}"),
                finish_reason=f"STOP {KEY}",
                modelVersion=f"m-{KEY}",
                usageMetadata={"trafficType": KEY, KEY: [KEY]},
            )
        )
    ),
    "words only": _answering(Answer(reply(f"{'x ' * 145}{KEY}", finish_reason=f"OTHER {KEY}"))),
    "words cut off inside the key": _answering(Answer(reply(f"{' ' * 1190}{KEY}"))),
    "400 cut off inside the key": _answering(Answer(b" " * 4080 + KEY.encode(), 400)),
    "200 with an error": _answering(Answer({"error": {"message": KEY, "code": KEY}})),
    "a link with the key": _answering(
        Answer(reply(f"![x](https://127.0.0.1:9/a.png?key={quote(KEY, safe='')})"))
    ),
    "a link to a port, with the key": _answering(Answer(reply(f"![x](http://127.0.0.1:9/{KEY}/a.png)"))),
    "no picture in the data": _answering(Answer(reply(inline(KEY.encode() * 3)))),
    "no picture in the link": _answering(Answer(reply(data_uri(f"<svg>{KEY}</svg>".encode())))),
    "encoded as the key": _answering(Answer(b"{}", headers={"Content-Encoding": KEY[:19]})),
    "no HTTP": lambda: FaultServer(junk(f"{KEY} {QUOTED_URL}\r\n\r\n".encode())),
    "an error of another dialect": _answering(
        Answer(
            json.dumps([{"error": {"code": KEY, "metadata": {"raw": KEY}, "details": [{"reason": KEY}]}}]),
            403,
        )
    ),
}
