"""Pictures and links in a model's text: data URIs, Markdown images, bare links.

Data URIs are taken out first, so that no pattern for links runs over megabytes of base64. Text is
hostile: everything here is linear in it. `link_policy` decides whether a link may be fetched.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINK_CHARS = 8192
MAX_LINE_CHARS = 100  # wrapped base64 has lines of 64 (PEM) or 76 (MIME)

# ` data:` may stand in the middle of a word; the header ends at the first comma.
_HEADER = re.compile(r"([^\s,:()<>]{0,200}),")
_BARE_RUN = re.compile(r"[A-Za-z0-9+/_%-]*={0,2}")
_LINE_END = re.compile(r"\r?\n")
_ENCLOSED_RUN = re.compile(r"[A-Za-z0-9+/_%=\s-]*")
_PLAIN_PAYLOAD = re.compile(r"[^\s\"'<>()]*")
_OPENING = re.compile(r"!\[[^\[\]\n]{0,500}\]\(\s{0,5}<?\Z|[<\"'(]\Z")
# How the base64 of a PNG, JPEG, GIF or WebP begins; JSON may escape its slashes, and JSON in a text twice.
_STARTS = ("iVBORw0KGgo", "/9j/", r"/9j\\/", r"/9j\\\\/", "_9j_", "R0lGODdh", "R0lGODlh", "UklGR")
PICTURE_START = "|".join((*_STARTS, *(r"\\" + start for start in _STARTS if start[0] == "/")))
_PICTURE_START = re.compile(rf"\s*(?:{PICTURE_START})")
# Behind each start, and not before it, is looked at what stands before: so a search runs at full speed.
_PICTURE_RUN = re.compile(
    "|".join(
        rf"{start}(?:(?<![A-Za-z0-9+/=_-]{start})|(?<=\\[nrt]{start}))(?=[A-Za-z0-9+/_%\\-]{{40}})"
        for start in _STARTS
    )
)
_ESCAPED_RUN = re.compile(r"(?:[A-Za-z0-9+/_-]++|\\++/|)*+={0,2}")  # "|)" as in base64_blobs
_QUOTED_BYTES = ("b'", 'b"')
_MIN_RUN_CHARS = 84  # of 63 bytes
_CLOSING = {"<": ">", '"': '"', "'": "'"}
_TITLE_AND_END = re.compile(
    # A title, or the size that some dialects write: `=300x200`.
    r"""\s{0,5}(?:"[^"\n]{0,500}"|'[^'\n]{0,500}'|\([^()\n]{0,500}\)|=[0-9x%*]{1,12})?\s{0,5}\)"""
)

_SCHEME = r"https?\\?:\\?/\\?/"
_TOKENS = re.compile(rf"\\.|!\[|\[|\]\(?|{_SCHEME}", re.IGNORECASE | re.DOTALL)
_TARGET = re.compile(rf"\s{{0,5}}(<?)({_SCHEME})", re.IGNORECASE)
_SECOND_URL = re.compile(_SCHEME, re.IGNORECASE)
# Markdown's backslash before punctuation, but not before what would end a link where JSON or HTML is quoted.
_ESCAPE = re.compile(r"\\([!#$%&()*+,./:;=?@\[\]^_`{|}~-])")
_URL_PIECES = re.compile(
    # No URL holds these; the last are the punctuation of Chinese and Japanese, which no space precedes.
    r"""[^\s\x00-\x1f\x7f<>"`\\()\[\]{}|^\u3000-\u3020\uff01-\uff1f]+|[()\[\]]|""" + _ESCAPE.pattern
)
_SPACES = re.compile(r"[ \t]+")
_ENCLOSED = {
    "<": re.compile(r"[^<>\n]{1,8192}(?=>)"),
    '"': re.compile(r"""[^<>"\n]{1,8192}(?=")"""),
    "'": re.compile(r"""[^<>'\n]{1,8192}(?=')"""),
}
_WHOLE_TEXT = re.compile(r"[^<>\n]{1,8192}(?<=\S)(?=\s*\Z)")
_AMPERSAND = re.compile(r"&(?:amp|#38|#x26);", re.IGNORECASE)
_MAX_BRACKETS = 100  # open at a time
_TRAILING = ".,;:!?'*_~"
_IMAGE_SUFFIX = re.compile(r"\.(?:png|jpe?g|webp|gif)(?=[!@~_:;,-]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class DataURI:
    """One data URI of a text: its base64 as written, or the reason why it has none."""

    mime_type: str | None
    payload: str
    refused: str | None = None


def find_data_uris(text: str) -> tuple[list[DataURI], str]:
    """Return the data URIs of a text in order, and the text without them.

    >>> find_data_uris("Here: ![cat](data:image/png;base64,iVBORw==) Enjoy!")
    ([DataURI(mime_type='image/png', payload='iVBORw==', refused=None)], 'Here:  Enjoy!')
    """
    uris: list[DataURI] = []
    pieces: list[str] = []
    done = 0
    for start in _schemes(text):
        if start < done or (header := _HEADER.match(text, start + len("data:"))) is None:
            continue
        media, *parameters = (part.strip().lower() for part in header[1].split(";"))
        is_base64 = "base64" in (media, *parameters)
        if not is_base64 and not media.startswith("image/"):
            continue
        mime_type = media if "/" in media else None
        opening = _OPENING.search(text, max(done, start - 600), start)
        begin, payload, end = _extent(text, start, header.end(), opening, is_base64)
        refused = None if is_base64 else f"a data URI of {mime_type} that is not base64"
        uris.append(DataURI(mime_type, unquote(payload), refused))
        pieces.append(text[done:begin])
        done = end
    return uris, "".join((*pieces, text[done:])) if uris else text


def begins_like_picture(text: str) -> bool:
    """Whether a text begins with the base64 of a picture."""
    return _PICTURE_START.match(text) is not None


def find_bare_base64(text: str) -> tuple[list[str], str]:
    """Return the base64 of pictures that stands in a text without a data URI, and the text without it.

    >>> find_bare_base64("b'iVBORw0KGgo" + "A" * 80 + "'")[1]
    ''
    """
    runs: list[str] = []
    pieces: list[str] = []
    done = 0
    for match in _PICTURE_RUN.finditer(text):
        start = match.start()
        if start < done:
            continue
        end = _bare_end(text, start)
        if text[end : end + 1] == "\\" and (escaped := _ESCAPED_RUN.match(text, start)):
            end = escaped.end()
        if end - start < _MIN_RUN_CHARS:
            continue
        runs.append(unquote(text[start:end].replace("\\", "")))
        is_quoted = text[start - 2 : start] in _QUOTED_BYTES and text[end : end + 1] == text[start - 1]
        pieces.append(text[done : start - 2 * is_quoted])
        done = end + is_quoted
    return runs, "".join((*pieces, text[done:])) if runs else text


def _schemes(text: str) -> Iterator[int]:
    """Yield where `data:` begins, in any case; base64 has no colons, so few places are looked at."""
    colon = text.find(":")
    while colon >= 0:
        if colon >= 4 and text[colon - 4 : colon].lower() == "data":
            yield colon - 4
        colon = text.find(":", colon + 1)


def _extent(
    text: str, start: int, payload_start: int, opening: re.Match[str] | None, is_base64: bool
) -> tuple[int, str, int]:
    """Return where a data URI and the Markdown around it begin, its payload, and where they end."""
    is_image = opening is not None and opening[0].startswith("!")
    begin = opening.start() if is_image and opening else start
    if not is_base64:
        match = _PLAIN_PAYLOAD.match(text, payload_start)
        end = match.end() if match else payload_start
        closed = is_image and text[end : end + 1] == ")"
        return (begin if closed else start), text[payload_start:end], end + closed
    if opening:
        match = _ENCLOSED_RUN.match(text, payload_start)
        stop = match.end() if match else payload_start
        end = _closing_end(text, stop, opening[0])
        if end:
            return begin, text[payload_start:stop], end if is_image else stop
    end = _bare_end(text, payload_start)
    return start, text[payload_start:end], end


def _closing_end(text: str, stop: int, opening: str) -> int:
    """Return the end of what `opening` opened if it closes at `stop`, else 0."""
    closing = _CLOSING.get(opening[-1])
    if closing is None:
        title = _TITLE_AND_END.match(text, stop)
        return title.end() if title else 0
    if text[stop : stop + 1] != closing:
        return 0
    title = _TITLE_AND_END.match(text, stop + 1) if closing == ">" else None
    return title.end() if title else stop + 1


def _bare_end(text: str, start: int) -> int:
    """Return where bare base64 ends; it goes on over line ends only in lines as wide as the first."""
    first = _BARE_RUN.match(text, start)
    end = first.end() if first else start
    width = end - start
    if not 0 < width <= MAX_LINE_CHARS:
        return end
    while text[end - 1] != "=" and (line_end := _LINE_END.match(text, end)):
        line = _BARE_RUN.match(text, line_end.end())
        if line is None or line.end() - line.start() != width:
            return line.end() if line and _is_last(text, line, width, is_second=end - start == width) else end
        end = line.end()
    return end


def _is_last(text: str, line: re.Match[str], width: int, *, is_second: bool) -> bool:
    """Whether a line is the shorter last one of base64, and no word of the prose below it."""
    is_whole_line = line.end() == len(text) or text[line.end()] in "\r\n"
    is_usual_width = not is_second or width in (60, 64, 72, 76)
    return 0 < len(line[0]) < width and len(line[0]) % 4 == 0 and is_whole_line and is_usual_width


def find_links(text: str) -> tuple[list[str], str]:
    """Return the links of a text that may be pictures, and the text without its Markdown images.

    Markdown images always; other links only when their path ends like a picture's or they are all
    there is. Data URIs must be out of the text.

    >>> find_links("See https://a.example/ and ![x](https://b.example/1?sig=2).")
    (['https://b.example/1?sig=2'], 'See https://a.example/ and .')
    """
    urls: list[str] = []
    pieces: list[str] = []
    done = 0
    first, last = len(text) - len(text.lstrip("< \t\r\n")), len(text.rstrip("> \t\r\n"))
    for begin, end, url, is_image in _urls(text):
        if is_image:
            pieces.append(text[done:begin])
            done = end
        is_all = not urls and begin <= first and last <= end
        if url and (is_image or is_all or is_picture_link(url)):
            urls.append(url)
    return urls, "".join((*pieces, text[done:])) if pieces else text


def is_picture_link(url: str) -> bool:
    """Whether a link's path ends like a picture's."""
    name = url.partition("#")[0].partition("?")[0].rpartition("/")[2]
    return _IMAGE_SUFFIX.search(name) is not None


def _urls(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """Yield begin, end, URL and whether it is a Markdown image, in one pass over the text."""
    openings: deque[tuple[int, bool]] = deque(maxlen=_MAX_BRACKETS)
    position, first = 0, len(text) - len(text.lstrip())
    while token := _TOKENS.search(text, position):
        position = token.end()
        written = token[0]
        if written in ("[", "!["):
            openings.append((token.start(), written == "!["))
        elif written == "]" and openings:
            openings.pop()
        elif written == "](":
            begin, is_image = openings.pop() if openings else (token.start(), False)
            target = _TARGET.match(text, position)
            if target:
                end = _target_end(text, target.start(2), is_enclosed=target[1] == "<")
                url = _clean_url(text[target.start(2) : end])
                title = _TITLE_AND_END.match(text, end + (text[end : end + 1] == ">"))
                position = title.end() if title else end
                yield begin, position, url, is_image
        elif written != "]" and written[0] != "\\":
            position = _bare_url_end(text, token.start(), is_first=token.start() == first)
            url = _clean_url(text[token.start() : position]).rstrip(_TRAILING)
            yield token.start(), position, url, False


def _url_end(text: str, start: int, *, is_markdown: bool) -> int:
    """Return where a URL ends: at what no URL holds, or at a bracket that it did not open.

    In the parentheses of Markdown a bracket behind a backslash is a mere character.
    """
    depth = {"(": 0, "[": 0}
    end = start
    while piece := _URL_PIECES.match(text, end):
        written = piece[0] if is_markdown else piece[0][-1:]
        opened = {")": "(", "]": "["}.get(written)
        if opened:
            if depth[opened] == 0:
                break
            depth[opened] -= 1
        elif written in depth:
            depth[written] += 1
        end = piece.end()
    return end


def _target_end(text: str, start: int, *, is_enclosed: bool) -> int:
    """Return where the URL of a Markdown link ends; it may hold spaces, which Markdown forbids there."""
    if is_enclosed and (enclosed := _ENCLOSED["<"].match(text, start)):
        return enclosed.end()
    end = _url_end(text, start, is_markdown=True)
    if not _may_go_on(text, start, end) or _TITLE_AND_END.match(text, end):
        return end
    return _spaced_end(text, start) or end


def _spaced_end(text: str, start: int) -> int:
    """Return where a URL with spaces ends in the parentheses of Markdown, 0 where it does not end there."""
    depth, end = 0, start
    while end - start < MAX_LINK_CHARS:
        if spaces := _SPACES.match(text, end):
            if _TITLE_AND_END.match(text, end):
                return end
            end = spaces.end()
            continue
        piece = _URL_PIECES.match(text, end)
        if piece is None or piece[0] in ("[", "]") or (end > start and _SECOND_URL.match(text, end)):
            return 0
        if piece[0] == ")" and depth == 0:
            return end
        depth += (piece[0] == "(") - (piece[0] == ")")
        end = piece.end()
    return 0


def _bare_url_end(text: str, start: int, *, is_first: bool) -> int:
    """Return where a URL ends outside of Markdown's links.

    One in angle brackets or quotes, or that is the whole text, may hold spaces if it ends like a picture's.
    """
    end = _url_end(text, start, is_markdown=False)
    if _may_go_on(text, start, end):
        pattern = _ENCLOSED.get(text[start - 1 : start]) or (_WHOLE_TEXT if is_first else None)
        spaced = pattern.match(text, start) if pattern else None
        if spaced and is_picture_link(spaced[0]) and not _SECOND_URL.search(text, end, spaced.end()):
            return spaced.end()
    return end


def _may_go_on(text: str, start: int, end: int) -> bool:
    """Return whether a URL may go on behind the space that it stops at."""
    url = text[start:end]
    return text[end : end + 1] in (" ", "\t") and ("?" in url or not is_picture_link(url))


def _clean_url(url: str) -> str:
    """Return the URL without Markdown's escapes, or nothing where it is too long or has no host."""
    scheme, _, rest = _ESCAPE.sub(r"\1", url).strip().partition("://")
    if len(url) > MAX_LINK_CHARS or not rest.strip("/"):
        return ""
    rest = _AMPERSAND.sub("&", rest)  # Markdown writes `&` so, and signatures hold many
    return f"{scheme}://{_SPACES.sub(lambda spaces: '%20' * len(spaces[0]), rest)}"
