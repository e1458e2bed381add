from __future__ import annotations

import base64
import html
import json
import random
import tracemalloc
from urllib.parse import quote

import pytest

from gemini_nb.providers.redaction import MASK
from gemini_nb.providers.secret import Secret
from support.key_leaks import KEY, WHOLE, leaks

SECRET = Secret(KEY, where="GEMINI_API_KEY")


@pytest.mark.parametrize("form", WHOLE)
def test_promise_9_each_form_of_the_key_is_masked(form):
    masked = SECRET.redact(f"before {WHOLE[form]} after")
    assert leaks(masked) == []
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert masked.count(MASK) == 1


@pytest.mark.parametrize("form", [name for name in WHOLE if "base64" not in name and "UTF" not in name])
def test_nothing_but_the_key_is_masked(form):
    assert SECRET.redact(f"before {WHOLE[form]} after") == f"before {MASK} after"


@pytest.mark.parametrize("form", WHOLE)
def test_promise_9_each_form_of_the_key_is_masked_in_bytes(form):
    masked = SECRET.redact_bytes(b"\xff before " + WHOLE[form].encode("latin-1") + b" after \xff")
    assert leaks(masked) == []
    assert masked.startswith(b"\xff before ")
    assert masked.endswith(b" after \xff")


@pytest.mark.parametrize("form", WHOLE)
def test_each_form_is_masked_inside_json_inside_json(form):
    text = json.dumps({"error": json.dumps({"message": f"\n\t“bad” {WHOLE[form]} /\\"})})
    masked = SECRET.redact(text)
    assert leaks(masked) == []
    assert "\\u201cbad\\" in masked


def test_promise_9_a_key_that_is_escaped_three_times_is_masked():
    escaped = KEY
    for _ in range(3):
        escaped = quote(escaped, safe="")
    assert SECRET.redact(f"before {escaped} after") == f"before {MASK} after"


def test_promise_9_a_key_in_html_that_was_escaped_again_is_masked():
    entities = html.escape(html.escape("".join(f"&#{ord(c)};" for c in KEY)))
    assert SECRET.redact(f"before {entities} after") == f"before {MASK} after"


def test_promise_9_pieces_that_a_server_cut_off_are_masked():
    for end in range(8, len(KEY)):
        assert leaks(SECRET.redact(f"bad key {KEY[:end]}…")) == []
        assert leaks(SECRET.redact(f"bad key …{KEY[-end:]}")) == []
        assert leaks(SECRET.redact(f"bad key {KEY[:8]}****{KEY[-end:]}")) == []


@pytest.mark.parametrize("lead", range(3))
@pytest.mark.parametrize("cut", [slice(24), slice(-24, None)], ids=["beginning", "end"])
def test_promise_9_pieces_in_base64_are_masked(lead, cut):
    encoded = base64.b64encode(b"?" * lead + KEY.encode()).decode().rstrip("=")
    assert leaks(SECRET.redact(encoded[cut])) == []


def test_neighbouring_text_stays_as_it_was():
    text = f'{{"a": "{KEY}\\n\\"{KEY}\\"", "b": "%20 & &amp; \\\\ {KEY[:5]}"}}'
    assert SECRET.redact(text) == text.replace(KEY, MASK)
    assert json.loads(SECRET.redact(text))["a"] == f'{MASK}\n"{MASK}"'


@pytest.mark.parametrize(
    "text", ["", "crazyrouter answered 401", "%", "%zz \\ &; &amp", "\\u00", "é€😀 %E9 \\ud83d"]
)
def test_text_without_the_key_is_the_same_object(text):
    assert SECRET.redact(text) is text
    data = text.encode()
    assert SECRET.redact_bytes(data) is data


def test_a_word_that_stands_in_the_key_too_is_no_secret():
    assert Secret("my-crazyrouter-key-4711-0815").redact("crazyrouter answered") == "crazyrouter answered"


@pytest.mark.parametrize("key", ["x", "a", "test", "key", "sk-1"])
def test_a_short_key_leaves_prose_readable(key):
    text = "This is a test of a key: x marks the sk-1 spot; mode: xerox, test: tested."
    masked = Secret(key).redact(text)
    assert masked in (text, text.replace("key: x marks", f"key: {MASK} marks"))


@pytest.mark.parametrize(
    "text", ["https://h/?key={}&x", '{{"key": "{}"}}', "key: {}", "bad key '{}'", "key={}"]
)
def test_a_short_key_is_masked_where_it_is_quoted(text):
    assert Secret("x-1").redact(text.format("x-1")) == text.format(MASK)


def test_a_key_that_is_itself_escaped_text_is_masked():
    for key in ("abc%2Fdef%2Fghi-123456", "abc&amp;def&amp;ghi-123456"):
        assert Secret(key).redact(f"?key={key}!") == f"?key={MASK}!"


@pytest.mark.parametrize("form", ["plain", "percent, all of it 0", "JSON in JSON 0", "base64 after 1"])
def test_the_key_is_found_across_the_border_of_what_is_looked_at_in_one_go(form):
    for before in (0, len(WHOLE[form]) // 2, len(WHOLE[form])):
        masked = SECRET.redact("." * (2**20 - before) + WHOLE[form]).lstrip(".")
        assert masked.endswith(MASK)
        assert leaks(masked) == []


@pytest.mark.parametrize(
    "text", [b"\\", b"\\a", b"%41", b"\\u0041", b"&", b"&#", b"a\n", b"\0", b"%25", KEY[:4].encode()]
)
def test_hostile_text_takes_time_in_proportion_to_its_length(text):
    # Each of these took minutes where a pattern began anew at every character.
    data = text * (2**19 // len(text))
    assert SECRET.redact_bytes(data) is data


def write_by(rule, character, rng):
    """One character of the key as a server may write it; `rule` is what it escapes by."""
    code = ord(character)
    return {
        "percent": rng.choice([f"%{code:02x}", f"%{code:02X}", f"%25{code:02x}", f"%2525{code:02X}"]),
        "JSON": rng.choice(
            [f"\\u{code:04x}", f"\\\\u{code:04X}", f"\\x{code:02x}", "\\/" if character == "/" else character]
        ),
        "HTML": rng.choice(
            [
                f"&#{code};",
                f"&#{code:04};",
                f"&#x{code:x};",
                f"&#X{code:04X};",
                f"&amp;#{code};",
                f"&amp;amp;#x{code:x};",
            ]
        ),
    }[rule]


@pytest.mark.parametrize(
    "key", [KEY, "AIzaSyD9Zr4Tb2Lm8Vw3Kd6Np1Hs5YcQq-_x0", "sk-proj-0a1b2c3d4e5f6g7h", "q7Rt-2xVb"]
)
@pytest.mark.parametrize("rule", ["percent", "JSON", "HTML"])
def test_promise_9_any_of_its_characters_may_be_escaped(key, rule):
    secret, rng = Secret(key), random.Random(f"{key}{rule}")
    for share in [0.1, 0.3, 0.5, 0.7, 1.0] * 8:
        written = "".join(write_by(rule, c, rng) if rng.random() < share else c for c in key)
        assert secret.redact(f"before {written} after") == f"before {MASK} after", written


@pytest.mark.parametrize(
    "key", ["q7Rt-2xVb", "x" * 4096, "a=b=c=d=e", "correcthorsebatterystaple", "50%off-4711"]
)
def test_promise_9_an_odd_key_is_masked_in_each_form(key):
    secret, raw = Secret(key), key.encode()
    encoded = base64.b64encode(raw).decode()
    for written in (key, quote(key, safe=""), raw.hex(), encoded, "".join(f"&#{c};" for c in raw)):
        assert secret.redact(f"before {written} after").count(MASK) == 1, written


def test_promise_9_hex_may_have_mixed_case_and_base64_may_be_escaped():
    hexed = "".join(rng.choice([c, c.upper()]) for rng in [random.Random(9)] for c in KEY.encode().hex())
    encoded = base64.b64encode(KEY.encode()).decode()
    for written in (
        hexed,
        encoded.replace("/", "\\/").replace("=", "\\u003d"),
        encoded.replace("+", "&#43;"),
    ):
        assert leaks(SECRET.redact(written)) == []
        assert MASK in SECRET.redact(written)


def test_a_key_between_quotes_is_seen_where_a_window_ends():
    for at in range(2**18 - 4, 2**18 + 4):
        text = "." * (at - 2) + ": x-1 ."
        assert Secret("x-1").redact(text) == text.replace("x-1", MASK)


@pytest.mark.parametrize("hit", [KEY[:8], KEY[:20], KEY, quote(KEY, safe="")])
def test_pieces_one_after_the_other_are_one_mask(hit):
    assert SECRET.redact(f"<{hit * 500}>") == f"<{MASK}>"
    assert SECRET.redact(f"<{hit} {hit}> {hit}") == f"<{MASK} {MASK}> {MASK}"


@pytest.mark.parametrize("form", ["plain", "percent", "hex", "JSON 0", "HTML 0"])
def test_line_breaks_between_two_keys_stay(form):
    assert SECRET.redact(f"{WHOLE[form]}\r\n\n{WHOLE[form]}\\n{KEY}") == f"{MASK}\r\n\n{MASK}\\n{MASK}"


@pytest.mark.parametrize("end", [b"", KEY.encode()], ids=["without the key", "with it"])
@pytest.mark.parametrize("junk", [b"%41", b"\\u0041", b"&#65;", b"AbC+/z9Q", KEY[:7].encode()])
def test_memory_is_bounded_by_the_window_and_the_result(junk, end):
    data = junk * (2**24 // len(junk)) + end
    tracemalloc.start()
    masked = SECRET.redact_bytes(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (masked is data) == (not end)
    assert peak < 8 * 2**20 + (1.3 * len(data) if end else 0)
