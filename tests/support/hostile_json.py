"""Texts that are hard on a JSON reader, by class, after the classes of JSONTestSuite."""

# ruff: noqa: SIM905 - as a list of literals, quotes inside quotes cannot be read

from __future__ import annotations


def cases() -> dict[str, bytes]:
    """Every case by name; whether one may be read is up to the reader, that nothing else happens is not."""
    held = {
        f"{kind} {place} {ascii(text)[:40]}": holder.replace(b"@", text)
        for kind, texts in CLASSES.items()
        for text in (text if isinstance(text, bytes) else text.encode() for text in texts)
        for place, holder in HOLDERS.items()
    }
    truncated = {f"truncated at {size}": REPLY[:size] for size in range(0, len(REPLY), 3)}
    return held | WHOLE | truncated


REPLY = b'{"candidates":[{"content":{"parts":[{"text":"a\\u00e9\xc3\xa9"}]},"finishReason":"STOP"}],"n":-1.5}'
HOLDERS = {
    "alone": b"@",
    "in a list": b"[@]",
    "as a text": b'{"candidates":[{"content":{"parts":[{"text":@}]}}]}',
}
NUMBERS = [
    *"- +1 01 -01 1. .5 1e 1e+ 1E400 -1E400 1e-400 0x1F 1_000 --1 NaN -NaN Infinity -Infinity nan".split(),
    *"inf 1e99999999 0e1 -0 1.0e+0 1a 0.e1 2.e3 1eE2 \uff11 1\u0663".split(),
    *("1 2", "9" * 4000, "9" * 5000, "-" + "9" * 5000, "0." + "1" * 5000),
]
STRINGS = [
    *r""" " "a 'a' "\" "\x00" "\u" "\u12" "\u12G4" "\U0041" "\a" "\\ "\ud800" "\udc00" """.split(),
    *r""" "\ud800\ud800" "\udc00\ud800" "\ud83d\ude00" "\u0000" "\/" "\ud800\n" "\ud800a" "a""b" """.split(),
    *('"a" "b"', '"\x00"', '"\n"', '"\t"', '"\x1f"', '"\x7f"', '"\u2028"', '"\ufeff"', '"\U0010ffff"'),
]
BYTES = [
    *(b'"\xff"', b'"\x80"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe9"', b'"\xc3"'),
    *(b"\xff", b"\xfe\xff", b'"\xf8\x88"', b'"\xed\xb0\x80\xed\xa0\x80"', b'"\xfc\x83\xbf"', b'"\xe2\x82"'),
]
STRUCTURES = [
    *"""[1,] [,1] [1,,2] [ ] { } [} {] {"a"} {"a":} {:1} {"a":1,} {,} {a:1} {1:1} {'a':1}""".split(),
    *"""{"a":1,"a":2} {"":0} [[[[ ]]]] {"a":{"a": [1]] {}{} [1]x /*c*/1 [1]# <a> * $ \\ @@""".split(),
    *("null", "true", "True", "nul", "tru", "None", "undefined", "[1 2]", '{"a" 1}', '{"a":1 "b":2}'),
    *("// c\n1", "", " ", "\u00a0", "\u200b1", "\x0c1", "\x0b1", '{"__proto__":1}', "[" * 500 + "]" * 500),
]
CLASSES: dict[str, list] = {"number": NUMBERS, "string": STRINGS, "bytes": BYTES, "structure": STRUCTURES}
WHOLE = {
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep lists without end": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "UTF-16": REPLY.decode().encode("utf-16"),
    "UTF-16-LE": REPLY.decode().encode("utf-16-le"),
    "UTF-16-BE": REPLY.decode().encode("utf-16-be") + b"\x00\n",
    "UTF-32": REPLY.decode().encode("utf-32"),
    "UTF-16 and half a letter": REPLY.decode().encode("utf-16-le")[:-1],
    "a byte order mark": b"\xef\xbb\xbf" + REPLY,
    "a byte order mark alone": b"\xef\xbb\xbf",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + REPLY,
    "half a byte order mark": b"\xef\xbb" + REPLY,
    "space and a byte order mark": b" \n\xef\xbb\xbf" + REPLY,
    "trailing NUL": REPLY + b"\0",
    "trailing garbage": REPLY + b"garbage",
    "twice": REPLY + b"\n" + REPLY,
    "server-sent event": b"data: " + REPLY,
}
