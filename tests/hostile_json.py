"""Texts that are hard on a JSON reader, by class, after the classes of JSONTestSuite."""

from __future__ import annotations


def cases() -> dict[str, bytes]:
    """Every case by name; whether one may be read is up to the reader, that nothing else happens is not."""
    made: dict[str, bytes] = {}
    for kind, texts in _CLASSES.items():
        for text in texts:
            for place, holder in _HOLDERS.items():
                body = holder.replace("@", "%s").encode() % (text if isinstance(text, bytes) else text.encode())
                made[f"{kind} {place} {ascii(text)[:40]}"] = body
    for name, body in _WHOLE.items():
        made[name] = body
    for cut_at in range(0, len(_REPLY), 3):
        made[f"truncated at {cut_at}"] = _REPLY[:cut_at]
    return made


_REPLY = b'{"candidates":[{"content":{"parts":[{"text":"a\\u00e9\xc3\xa9"}]},"finishReason":"STOP"}],"n":-1.5e3}'
_HOLDERS = {"alone": "@", "in a list": "[@]", "as a text": '{"candidates":[{"content":{"parts":[{"text":@}]}}]}'}
_NUMBERS = [
    *("-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1E400", "-1E400", "1e-400", "0x1F", "1_000", "1 2", "--1"),
    *("NaN", "-NaN", "Infinity", "-Infinity", "nan", "inf", "9" * 4000, "9" * 5000, "-" + "9" * 5000, "0." + "1" * 5000),
    *("1e99999999", "0e1", "-0", "1.0e+0", "\uff11", "1\u0663", "1a", "0.e1", "2.e3", "1eE2"),
]
_STRINGS = [
    *('"', '"a', "'a'", '"\\"', '"\\x00"', '"\\u"', '"\\u12"', '"\\u12G4"', '"\\U0041"', '"\\a"', '"\\\\', '"\\ud800"'),
    *('"\\udc00"', '"\\ud800\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\x00"', '"\n"', '"\t"'),
    *('"\x1f"', '"\x7f"', '"\u2028"', '"\ufeff"', '"\\/"', '"\\ud800\\n"', '"\\ud800a"', '"\U0010ffff"', '"a" "b"', '"a""b"'),
]
_BYTES = [
    *(b'"\xff"', b'"\x80"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe9"', b'"\xc3"', b'"\xf8\x88"'),
    *(b"\xff", b"\xfe\xff", b'"\xed\xb0\x80\xed\xa0\x80"', b'"\xfc\x83\xbf\xbf\xbf\xbf"', b'"\xe2\x82"'),
]
_STRUCTURES = [
    *("[1,]", "[,1]", "[1,,2]", "[1 2]", "[", "]", "{", "}", "[}", "{]", '{"a"}', '{"a":}', '{:1}', '{"a":1,}', "{,}"),
    *('{"a" 1}', "{a:1}", "{1:1}", "{'a':1}", '{"a":1 "b":2}', '{"a":1,"a":2}', '{"":0}', "[[[[", "]]]]", '{"a":{"a":'),
    *("[1]]", "{}{}", "[1]x", "// c\n1", "/* c */1", "[1]#", "<a>", "*", "$", "\\", "@@", "null", "true", "True", "nul", "tru"),
    *("None", "undefined", "", " ", "\u00a0", "\u200b1", "\x0c1", "\x0b1", '{"__proto__":1}', "[" * 500 + "]" * 500),
]  # fmt: skip
_CLASSES: dict[str, list] = {"number": _NUMBERS, "string": _STRINGS, "bytes": _BYTES, "structure": _STRUCTURES}
_WHOLE = {
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep lists without end": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "UTF-16": _REPLY.decode().encode("utf-16"),
    "UTF-16-LE": _REPLY.decode().encode("utf-16-le"),
    "UTF-16-BE": _REPLY.decode().encode("utf-16-be") + b"\x00\n",
    "UTF-32": _REPLY.decode().encode("utf-32"),
    "UTF-16 and half a letter": _REPLY.decode().encode("utf-16-le")[:-1],
    "a byte order mark": b"\xef\xbb\xbf" + _REPLY,
    "a byte order mark alone": b"\xef\xbb\xbf",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + _REPLY,
    "half a byte order mark": b"\xef\xbb" + _REPLY,
    "space and a byte order mark": b" \n\xef\xbb\xbf" + _REPLY,
    "trailing NUL": _REPLY + b"\0",
    "trailing garbage": _REPLY + b"garbage",
    "twice": _REPLY + b"\n" + _REPLY,
    "server-sent event": b"data: " + _REPLY,
}
