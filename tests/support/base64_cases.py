"""JSON bodies that hold base64: what is cut out of them, what is left in, and any such body at all."""

from __future__ import annotations

import base64
import json
import random

from hypothesis import strategies as st

from gemini_nb.errors import BadResponseError
from gemini_nb.reply.json_receiver import MIN_RUN_CHARS
from support.replies import b64

NOISE = random.Random(1).randbytes(4000)
RUN = b64(NOISE[:900])
UNPADDED = b64(NOISE[:901]).rstrip("=")
URL_SAFE = base64.urlsafe_b64encode(NOISE[:1001]).decode()
MIXED = RUN[:500] + "-_+/" + RUN[504:]
SPARE_BITS = b64(NOISE[:899] + b"\x01")[:-2] + "B="
LINES = "\n".join(RUN[at : at + 76] for at in range(0, len(RUN), 76))
PNG_LINES = "iVBORw0KGgo" + "".join(RUN[at : at + 76] for at in range(0, len(RUN), 76))
PNG_LINES = "\n".join(PNG_LINES[at : at + 64] for at in range(0, len(PNG_LINES), 64))
LF, CRLF = "\n", "\r\n"
PLAIN_START = b64(bytes(3000))

assert len(RUN) >= MIN_RUN_CHARS


def in_lines(text: str, width: int, line_break: str) -> str:
    return line_break.join(text[at : at + width] for at in range(0, len(text), width))


CUT = {
    "inlineData": f'{{"inlineData":{{"data":"{RUN}"}}}}',
    "white space around the colon": f'{{"data" \n\t: \r\n "{RUN}"}}',
    "b64_json": f'[{{"b64_json":"{RUN}"}}]',
    "data URI in Markdown": f'{{"text":"![a](data:image/png;base64,{RUN}) and more"}}',
    "bare data URI": f'{{"text":"data:image/png;base64,{RUN}"}}',
    "bare data URI and a newline": f'{{"text":"data:image/png;base64,{RUN}\\n"}}',
    "data URI in angle brackets": f'{{"text":"![x](<data:image/png;base64,{RUN}>)"}}',
    "data URI and prose": f'{{"text":"data:image/png;base64,{RUN} is it"}}',
    "data URI in escaped quotes": f'{{"text":"<img src=\\"data:image/png;base64,{RUN}\\">"}}',
    "data URI under data": f'{{"data":"data:image/png;base64,{RUN}"}}',
    "slashes escaped": '{"data":"' + RUN.replace("/", "\\/") + '"}',
    "slashes escaped in text": '{"text":"(data:;base64,' + RUN.replace("/", "\\/") + ')"}',
    "unpadded": f'{{"data":"{UNPADDED}"}}',
    "padding too long": f'{{"data":"{RUN}="}}',
    "unpadded before escaped quotes": f'{{"text":"<img src=\\"data:;base64,{UNPADDED}\\">"}}',
    "slashes escaped before escaped quotes": '{"text":"<img src=\\"data:;base64,'
    + RUN.replace("/", "\\/")
    + '\\">"}',
    "slashes escaped, after letters that could be the last": '{"data":"' + "AA\\/AAAA\\/A" * 150 + '"}',
    "slashes escaped and unpadded": '{"data":"' + UNPADDED.replace("/", "\\/") + '"}',
    "URL-safe": f'{{"data":"{URL_SAFE}"}}',
    "URL-safe and unpadded": f'{{"data":"{URL_SAFE.rstrip("=")}"}}',
    "URL-safe in text": f'{{"text":"![](data:image/png;base64,{URL_SAFE})"}}',
    "a key that ends in an escaped quote and data": '{"x\\"data":"' + RUN + '"}',
    "text of a key": f'{{";base64,{RUN}":1}}',
    "a UTF-8 byte order mark": f'\ufeff{{"data":"{RUN}"}}',
    "space before it": f' \n\n{{"data":"{RUN}"}}',
    "spare bits set": f'{{"data":"{SPARE_BITS}"}}',
    "both alphabets": f'{{"data":"{MIXED}"}}',
    "three signs of padding": f'{{"data":"{RUN}==="}}',
    "the URL-safe alphabet late": f'{{"data":"{RUN}-_-_"}}',
    "the standard alphabet late": f'{{"data":"{URL_SAFE.rstrip("=")}+/+/"}}',
    "the URL-safe alphabet late in text": f'{{"text":"data:;base64,{RUN}-_-_"}}',
    "one slash of many escaped": '{"data":"' + RUN.replace("/", "\\/", 1) + '"}',
    "all slashes but one escaped": '{"data":"' + RUN.replace("/", "\\/") + '/QUJ"}',
    "spare bits set, in text": f'{{"text":"data:;base64,{SPARE_BITS} and more"}}',
    "line breaks": json.dumps({"data": LINES}),
    "percent-encoding": f'{{"text":"data:;base64,{RUN}%3D"}}',
    "prose under data": json.dumps({"data": "word " * 500}),
    "lines of 76 in Markdown": json.dumps({"text": f"![a](data:image/png;base64,{LINES})"}),
    "lines of 76 that end in two bytes": json.dumps({"text": f"(data:;base64,{LINES.replace(LF, CRLF)})"}),
    "lines of 76 and a line break behind them": json.dumps({"image": f"{PNG_LINES}\n"}),
    "lines and escaped slashes": json.dumps({"data": LINES}).replace("/", "\\/"),
    "lines and spaces": json.dumps({"data": LINES.replace("\n", " \t\r\n")}),
    "signs as escapes": '{"data":"' + RUN.replace("+", "\\u002b").replace("/", "\\u002F") + '"}',
    "signs as escapes in text": '{"text":";base64,' + RUN.replace("+", "\\u002B") + '\\u003d"}',
    "signs as escapes late": '{"data":"' + PLAIN_START + RUN.replace("+", "\\u002b") + '"}',
    "URL-safe late": '{"data":"' + PLAIN_START + URL_SAFE + '"}',
    "percent-encoding in text": f'{{"text":"(data:;base64,{RUN.replace("+", "%2B").replace("/", "%2f")})"}}',
}
LEFT = {
    "short": '{"data":"iVBORw0KGgo="}',
    "spare bits set, URL-safe": f'{{"data":"{URL_SAFE[:1000]}QUJDQR"}}',
    "an escape among letters": f'{{"data":"{RUN[:500]}\\b{RUN[500:]}"}}',
    "an escape among URL-safe letters": f'{{"data":"{URL_SAFE[:500]}\\b{URL_SAFE[500:]}"}}',
    "an escape among URL-safe letters in text": f'{{"text":";base64,{URL_SAFE[:500]}\\b{URL_SAFE[500:]}"}}',
    "an escape among escaped slashes": '{"data":"' + RUN.replace("/", "\\/")[:600] + "\\b" + RUN[600:] + '"}',
    "padding inside": f'{{"data":"{RUN}QQ==QUJD"}}',
    "padding inside, in text": f'{{"text":"data:;base64,{RUN}QQ==QUJD"}}',
    "a letter too many": f'{{"data":"{RUN}Q"}}',
    "an escaped letter at its end": f'{{"data":"{RUN}\\u0041"}}',
    "an escaped letter in text": f'{{"text":"data:;base64,{RUN}\\u0041"}}',
    "another key": f'{{"thoughtSignature":"{RUN}"}}',
}
LARGE = {
    "plain": lambda text: text,
    "unpadded": lambda text: text.rstrip("="),
    "URL-safe": lambda text: text.replace("+", "-").replace("/", "_"),
    "slashes escaped": lambda text: text.replace("/", "\\/"),
    "slashes escaped from some place on": lambda text: text[:4000] + text[4000:].replace("/", "\\/"),
    "URL-safe from some place on": lambda text: text[:4000] + text[4000:].replace("+", "-").replace("/", "_"),
    "both alphabets, by turns": lambda text: text.replace("/", "_", 2000),
    "signs as escapes": lambda text: text.replace("+", "\\u002b").replace("/", "\\u002F"),
    "lines of 76": lambda text: in_lines(text, 76, "\\r\\n"),
    "lines of 4,096": lambda text: in_lines(text, 4096, "\\n"),
    "lines, escaped slashes and no padding": lambda text: (
        in_lines(text, 64, "\\n").replace("/", "\\/").rstrip("=")
    ),
    "lines and URL-safe": lambda text: in_lines(text, 60, " ").replace("+", "-").replace("/", "_"),
    "broken at the end": lambda text: f"{text[:-200]}\\n{text[-200:]}\\n",
}
FRAGMENTS = st.sampled_from([
    *("data:", "image/png", ";base64,", "DATA:;base64,", "](", "![a](", ")", "<", ">", "\\", '"', "'"),
    *("/", "=", "==", "%3D", "%", " ", "\n", "\r\n", "https://a.example/", ".png", ",", "x", "é", "😀"),
    *("\ud800", '"data":"', RUN, UNPADDED, URL_SAFE, MIXED, SPARE_BITS, LINES, RUN[:76]),
    RUN[:1000] + "\n" + RUN[1000:],
])  # fmt: skip
TEXTS = st.lists(FRAGMENTS, max_size=7).map("".join)
KEYS = st.sampled_from(["data", "b64_json", "text", 'x"data', "x\\", "url"]) | TEXTS
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
BODIES = st.builds(
    lambda value, ascii_only, slashes, spaces: (
        json.dumps(value, ensure_ascii=ascii_only, indent=spaces)
        .replace("/", "\\/" if slashes else "/")
        .encode("utf-8", "surrogatepass")
    ),
    VALUES,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 1]),
)


def plain(body: bytes):
    """What `json` alone makes of a body, or the error's kind."""
    try:
        return json.loads(body.strip(), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return BadResponseError
