from __future__ import annotations

import random
import time
import tracemalloc

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb.reply import base64_blobs, text_images
from support.images import noise_png, png
from support.replies import b64, data_uri

PNG = png()
B64 = b64(PNG)
URI = data_uri(PNG)
PERCENT = B64.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
LINES = "\n".join(B64[at : at + 20] for at in range(0, len(B64), 20))
LARGE = noise_png(5000)


def decoded(text: str) -> list[bytes | None]:
    return [
        None if uri.refused else base64_blobs.decode_lenient(uri.payload)
        for uri in text_images.find_data_uris(text)[0]
    ]


FOUND = {
    "Markdown": (f"![image]({URI})", ""),
    "Markdown without a description": (f"![]({URI})", ""),
    "prose on both sides": (f"Here: ![a cat]({URI}) Enjoy!", "Here:  Enjoy!"),
    "angle brackets in Markdown": (f"![x](<{URI}>)", ""),
    "angle brackets and a title": (f'![x](<{URI}> "t")', ""),
    "angle brackets alone": (f"<{URI}>", "<>"),
    "a title": (f'![a]({URI} "a title")', ""),
    "a title in single quotes": (f"![a]({URI} 'a title')", ""),
    "spaces in the parentheses": (f"![a]( {URI} )", ""),
    "a newline in the parentheses": (f"![a]({URI}\n)", ""),
    "a Markdown link": (f"[open]({URI})", "[open]()"),
    "bare": (URI, ""),
    "bare and a newline": (URI + "\n", "\n"),
    "bare and prose below": (URI + "\nHello", "\nHello"),
    "bare and a word of four letters below": (URI + "\nHere", "\nHere"),
    "bare and prose behind": (URI + " is it", " is it"),
    "bare and a full stop": (URI + ".", "."),
    "glued to a line": (f"hello\n{URI}", "hello\n"),
    "glued to a word": (f"text{URI}", "text"),
    "in an HTML tag": (f'<img src="{URI}">', '<img src="">'),
    "in single quotes": (f"<img src='{URI}'>", "<img src=''>"),
    "in a code span": (f"`{URI}`", "``"),
    "no media type": (f"data:;base64,{B64}", ""),
    "no media type and no semicolon": (f"data:base64,{B64}", ""),
    "an odd media type": (f"data:mime;base64,{B64}", ""),
    "a binary type": (f"data:application/octet-stream;base64,{B64}", ""),
    "more parameters": (f"data:image/png;name=a.png;charset=utf-8;base64,{B64}", ""),
    "capitals": (f"DATA:IMAGE/PNG;BASE64,{B64}", ""),
    "mixed case in Markdown": (f"![x](Data:image/Png;Base64,{B64})", ""),
    "percent-encoding": (f"![x](data:image/png;base64,{PERCENT})", ""),
    "percent-encoding, bare": (f"data:image/png;base64,{PERCENT}", ""),
    "unpadded": (f"![x]({URI.rstrip('=')})", ""),
    "unpadded, bare": (URI.rstrip("=") + " x", " x"),
    "URL-safe": (f"![x](data:image/png;base64,{B64.replace('+', '-').replace('/', '_')})", ""),
    "lines in parentheses": (f"![x](data:image/png;base64,{LINES})", ""),
    "CRLF lines in parentheses": (f"![x](data:image/png;base64,{LINES})".replace("\n", "\r\n"), ""),
    "lines in angle brackets": (f"![x](<data:image/png;base64,\n{LINES}\n>)", ""),
    "lines, bare": (f"data:image/png;base64,{LINES}\nHello", "\nHello"),
    "CRLF lines, bare": (f"data:image/png;base64,{LINES}".replace("\n", "\r\n"), ""),
    "brackets never closed": (f"![x]({URI}", "![x]("),
    "brackets in the description": (f"![a [b] c]({URI})", "![a [b] c]()"),
    "data: in the prose before": (f"data: a, b. {URI}", "data: a, b. "),
    "data: twice": (f"data:data:image/png;base64,{B64}", "data:"),
    "lines of MIME, bare": (f"data:image/png;base64,{B64[:76]}\n{B64[76:]}", ""),
    "lines of full width and a word below": (f"data:image/png;base64,{LINES}\nHello", "\nHello"),
}


@pytest.mark.parametrize(("text", "rest"), FOUND.values(), ids=FOUND)
def test_a_data_uri_is_found_and_taken_out(text, rest):
    assert decoded(text) == [PNG]
    assert text_images.find_data_uris(text)[1] == rest


REFUSED = {
    "SVG in percent-encoding": "![x](data:image/svg+xml,%3Csvg%3E%3C/svg%3E)",
    "SVG as text": "data:image/svg+xml;utf8,<svg></svg>",
    "no payload": "![x](data:image/png;base64,)",
    "dots": "data:image/png;base64,...",
    "letters that are none": "![x](data:image/png;base64,@@@@)",
    "one letter": "![x](data:image/png;base64,Q)",
    "two runs": f"![x]({URI}=AAAA)",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_data_uri_that_is_no_base64_is_a_refused_candidate(text):
    assert decoded(text) == [None]


@pytest.mark.parametrize(
    "text", ["", "data:", "data: a, b", "data:a,b", "metadata:x,y", "data:text/plain,hello", "a:b, data"]
)
def test_prose_is_no_data_uri(text):
    assert text_images.find_data_uris(text) == ([], text)


def test_several_are_found_in_order_duplicates_included():
    text = f"![a]({URI})![b]({data_uri(LARGE)})\n{URI} and <{data_uri(LARGE)}>"
    assert decoded(text) == [PNG, LARGE, PNG, LARGE]


def test_a_broken_one_does_not_hide_the_next():
    assert decoded(f"![a](data:image/png;base64,iVBO ![b]({URI})")[-1] == PNG


def test_the_media_type_is_the_declared_one():
    uris, _ = text_images.find_data_uris(f"data:image/JPEG;x=y;base64,{B64} data:;base64,{B64}")
    assert [uri.mime_type for uri in uris] == ["image/jpeg", None]


BELOW = ["Hello", "Here we are", "Good day.", ""]


@pytest.mark.parametrize("prose", BELOW)
def test_prose_below_wrapped_base64_is_no_part_of_it(prose):
    data = random.Random(2).randbytes(45)
    lines = "\n".join(b64(data)[at : at + 20] for at in range(0, 60, 20))
    assert decoded(f"data:image/png;base64,{lines}\n{prose}")[0] == data


def test_padding_ends_a_bare_one():
    data = random.Random(2).randbytes(14)
    assert decoded(f"data:image/png;base64,{b64(data)}\n{'a' * 20}") == [data]


def test_millions_of_open_brackets_take_little_memory():
    tracemalloc.start()
    text_images.find_links("[" * 300_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


A = "https://a.example/"
LINKS = {
    "Markdown image": (f"![x]({A}1)", [A + "1"], ""),
    "Markdown image over http": ("![x](http://a.example/1)", ["http://a.example/1"], ""),
    "Markdown image and prose": (f"See ![x]({A}1) here", [A + "1"], "See  here"),
    "a signed link": (f"![x]({A}1.png?sig=a%2Fb&e=1)", [A + "1.png?sig=a%2Fb&e=1"], ""),
    "ampersands written as entities": (f"![x]({A}1?a=1&amp;b=2)", [A + "1?a=1&b=2"], ""),
    "a title": (f'![x]({A}1 "t (1)")', [A + "1"], ""),
    "angle brackets": (f"![x](<{A}1>)", [A + "1"], ""),
    "angle brackets and a title": (f"![x](<{A}1> 't')", [A + "1"], ""),
    "parentheses in the path": (f"![x]({A}b_(c)_(d(e)).png)", [A + "b_(c)_(d(e)).png"], ""),
    "brackets in the description": (f"![a [b] c]({A}1)", [A + "1"], ""),
    "an escaped bracket in it": (f"![a \\] c]({A}1)", [A + "1"], ""),
    "an image in a link": (f"[![x]({A}1)]({A}2)", [A + "1"], None),
    "two images": (f"![x]({A}1)![y]({A}2)", [A + "1", A + "2"], ""),
    "never closed": (f"![x]({A}1.png", [A + "1.png"], None),
    "a link with an image's suffix": (f"[x]({A}1.png)", [A + "1.png"], None),
    "a link of another kind": (f"Go [there]({A}page)", [], None),
    "a bare link": (f"See {A}1.png now", [A + "1.png"], None),
    "a bare link and a full stop": (f"See {A}1.png.", [A + "1.png"], None),
    "a bare link in parentheses": (f"(see {A}1.png)", [A + "1.png"], None),
    "a bare link in angle brackets": (f"see <{A}1.png>", [A + "1.png"], None),
    "a bare link in bold": (f"see **{A}1.png**", [A + "1.png"], None),
    "a bare link before Chinese": (f"see {A}1.png\u3002\u597d", [A + "1.png"], None),
    "capitals": ("See HTTPS://a.example/1.PNG now", ["HTTPS://a.example/1.PNG"], None),
    "an odd suffix": (f"See {A}1.png!w1024 now", [A + "1.png!w1024"], None),
    "an at sign": (f"See {A}1.jpeg@2x?x=1 now", [A + "1.jpeg@2x?x=1"], None),
    "a query": (f"See {A}1.webp?a=b#c now", [A + "1.webp?a=b#c"], None),
    "a suffix in the query only": (f"See {A}page?file=1.png now", [], None),
    "a suffix in the middle": (f"See {A}1.png/page now", [], None),
    "a longer suffix": (f"See {A}1.pngx now", [], None),
    "a page": (f"See {A}page now", [], None),
    "the whole text": (f"{A}page", [A + "page"], None),
    "the whole text and space": (f"\n {A}page \n", [A + "page"], None),
    "the whole text in angle brackets": (f"<{A}page>", [A + "page"], None),
    "the whole text is a link": (f"[x]({A}page)", [A + "page"], None),
    "no host": ("![x](https://)", [], ""),
    "another scheme": ("![x](ftp://a.example/1.png) ![x](file:///1.png)", [], None),
    "a relative path": ("![x](1.png)", [], None),
    "too long": (f"![x]({A}{'a' * 9000}.png)", [], ""),
    "control characters end it": (f"See {A}1.png\x00b", [A + "1.png"], None),
    "quotes end it": (f'<img src="{A}1.png">', [A + "1.png"], None),
}
MEANT = {
    "a space": (f"![x]({A}my cat.png)", A + "my%20cat.png"),
    "several spaces": (f"![x]({A}my  old cat.png )", A + "my%20%20old%20cat.png"),
    "a space and a title": (f'![x]({A}my cat.png "my cat")', A + "my%20cat.png"),
    "a space and a title in parentheses": (f"![x]({A}my cat.png (mine))", A + "my%20cat.png"),
    "a space and parentheses": (f"![x]({A}my cat (final copy).png)", A + "my%20cat%20(final%20copy).png"),
    "a space in a query": (f"![x]({A}1.png?prompt=a cat)", A + "1.png?prompt=a%20cat"),
    "a space in a link": (f"[x]({A}my cat.png)", A + "my%20cat.png"),
    "a space in angle brackets": (f"![x](<{A}my cat>)", A + "my%20cat"),
    "a bracket in angle brackets": (f"![x](<{A}cat) 1.png>)", A + "cat)%201.png"),
    "angle brackets and a title": (f"![x](<{A}my cat.png> 'x')", A + "my%20cat.png"),
    "angle brackets and a space in front": (f"![x]( <{A}my cat.png> )", A + "my%20cat.png"),
    "angle brackets without Markdown": (f"See <{A}my cat.png>.", A + "my%20cat.png"),
    "quotes of HTML": (f'<img alt="x" src="{A}my cat.png" width="9">', A + "my%20cat.png"),
    "single quotes of HTML": (f"<img src='{A}my cat.png'>", A + "my%20cat.png"),
    "the whole text": (f"\n{A}my cat.png \n", A + "my%20cat.png"),
    "an underscore": (f"![x]({A}my\\_cat.png)", A + "my_cat.png"),
    "an underscore in a bare link": (f"See {A}my\\_cat.png now", A + "my_cat.png"),
    "escaped parentheses": (f"![x]({A}cat\\(1\\).png)", A + "cat(1).png"),
    "an escaped closing one": (f"![x]({A}cat\\).png)", A + "cat).png"),
    "escaped stars, tildes and dots": (f"![x]({A}a\\*b\\~c\\.png)", A + "a*b~c.png"),
    "an escaped ampersand": (f"![x]({A}1?a=1\\&b\\_c=2)", A + "1?a=1&b_c=2"),
    "an escaped hash and brackets": (f"![x]({A}\\[1\\]\\#.png)", A + "[1]#.png"),
    "an escaped host": ("![x](https://my\\-cdn.example/1)", "https://my-cdn.example/1"),
    "an escaped scheme": (f"![x]({A}1)".replace("://", "\\://"), A + "1"),
    "slashes as PHP writes them": (f"![x]({A}b/1)".replace("/", "\\/"), A + "b/1"),
    "escapes in angle brackets": (f"![x](<{A}my\\_cat 1.png>)", A + "my_cat%201.png"),
    "ampersands as numbers": (f"![x]({A}1?a=1&#38;b=2&#x26;c=3)", A + "1?a=1&b=2&c=3"),
    "bold around an escape": (f"**{A}my\\_cat.png**", A + "my_cat.png"),
    "a size behind it": (f"![x]({A}1 =500x300)", A + "1"),
    "a title in parentheses": (f"![x]({A}1 (a cat))", A + "1"),
    "words behind a picture": (f"![x]({A}1.png is a cat)", A + "1.png"),
    "words that do not end": (f"![x]({A}1 is a cat", A + "1"),
    "another link behind it": (f"![x]({A}1 and {A}2)", A + "1"),
    "a line behind it": (f"![x]({A}1 is\na cat)", A + "1"),
    "quoted JSON": (f'{{\\"url\\": \\"{A}1.png\\"}}', A + "1.png"),
    "a line end of quoted JSON": (f"See {A}1.png\\nHello", A + "1.png"),
    "words in quotes": (f'It is "{A}1.png as it was."', A + "1.png"),
    "brackets of LaTeX": (f"\\({A}1.png\\)", A + "1.png"),
}


@pytest.mark.parametrize(("text", "link"), MEANT.values(), ids=MEANT)
def test_promise_2_a_link_goes_to_the_address_that_was_meant(text, link):
    assert text_images.find_links(text)[0][:1] == [link]
    assert httpx.URL(link).host in ("a.example", "my-cdn.example")


@pytest.mark.parametrize("text", [f"See {A}page for the story of my cat.png", f"<{A}page is it>"])
def test_prose_behind_a_link_is_no_part_of_it(text):
    assert text_images.find_links(text) == ([], text)


@pytest.mark.parametrize(("text", "links", "prose"), LINKS.values(), ids=LINKS)
def test_links_to_pictures_are_found_and_markdown_images_taken_out(text, links, prose):
    found, rest = text_images.find_links(text)
    assert found == links
    assert rest == (text if prose is None and "![" not in text else rest if prose is None else prose)


HARD = [
    *("![", "[", "](", "]", "![](", "https://", "https://a", "data:", "data:,", ";base64,", "<", "(",
        ")", "\\"),
    *("data:;base64,", "data:image/png;base64,A\n", "](data:;base64,", "![a](data:image/png;base64,A ", "!"),
    *("https://a/(", "](https://", "![a](https://a/b ", "[a](https://a/b)", "https://a/.png!",
        "<https://", " "),
    *("data:;base64,A%", "\n", "![a](<data:;base64,", "data:;base64,=", "https://a/[", "&amp;https://"),
    *("data:image/svg+xml,%3C", '"data:;base64,A'),
    *("](https://a b", '"https://a b', "<https://a b", "'https://a ", "](<https://a ", "](https://a (b "),
    *("\\_", "https://a\\_", "](https://a (\"", "https:\\/\\/a ", "](https://a 'b "),
]  # fmt: skip


def work(text: str) -> float:
    """The least CPU time of several readings."""

    def once() -> float:
        start = time.process_time()
        text_images.find_links(text_images.find_data_uris(text)[1])
        return time.process_time() - start

    return min(once() for _ in range(2))


def grows_linearly(half: str, whole: str) -> bool:
    """Whether twice the text takes at most 2.5 times the work; four times it would be if quadratic."""
    return any(work(whole) <= 2.5 * work(half) for _ in range(4))


@pytest.mark.parametrize("piece", HARD, ids=repr)
def test_text_of_twice_the_length_takes_twice_the_work(piece):
    length = 100_000
    assert grows_linearly(*(piece * (size // len(piece)) for size in (length, 2 * length)))


@pytest.mark.parametrize("tail", [")", ">", "=", '"', "]("])
@pytest.mark.parametrize("piece", ["![a](data:;base64,A", "![a](https://a/("])
def test_a_late_end_does_not_make_it_slower(piece, tail):
    assert grows_linearly(piece * 5000 + tail, piece * 10_000 + tail)


FRAGMENTS = st.sampled_from(
    [*HARD, URI, B64[:20], "x", ".png", "https://a.example/", "%", "é", "\ud800", "\r\n"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_any_text_is_read(text):
    uris, rest = text_images.find_data_uris(text)
    links, prose = text_images.find_links(rest)
    assert len(prose) <= len(rest) <= len(text)
    assert all(link.lower().startswith(("http://", "https://")) for link in links)
    assert all(uri.refused or isinstance(uri.payload, str) for uri in uris)
