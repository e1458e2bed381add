"""The last resort: pictures in any text of a reply, for a shape that nobody knew yesterday.

It runs only where no known shape gave a picture or a link. A picture's base64 begins with one of a few groups
of letters, whatever stands around it, so one search of each text finds all of them. Passed over are thoughts
and their signatures, what a web search found, pictures that were sent with the request, and tiny ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import GeminiError
from gemini_nb.images.image import OTHER_SOURCE, inspect, type_of
from gemini_nb.reply.base64_blobs import BlobTable, decode_lenient, parse_json
from gemini_nb.reply.errors.quota import plain_name
from gemini_nb.reply.shapes import ReplyImage, digest_of
from gemini_nb.reply.text_images import MAX_LINK_CHARS, find_bare_base64, find_data_uris, is_picture_link

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from gemini_nb.images.file_bytes import ImageBytes
    from gemini_nb.images.image import Facts
    from gemini_nb.request import ImageRequest

    Place = tuple[Any, ...]  # the place around it and the step from there, () for the whole

MIN_PICTURE_BYTES = 64
MAX_PLACE_CHARS = 120

_MIN_SIDE = 3  # of the longer side, in pixels
_MIN_BROKEN_BYTES = 1024  # less that begins like a picture and is none is an accident
_PASSED_OVER = {"encryptedcontent", "groundingmetadata", "partialimages", "partialimageb64"}
_THOUGHTS = ("reasoning", "thinking", "thought")
_LINK = re.compile(rf"https?://[^\s<>\"]{{1,{MAX_LINK_CHARS}}}", re.IGNORECASE)
_LINK_NAME = re.compile(r"image|img|picture|photo", re.IGNORECASE)
_NO_LINK_NAME = re.compile(r"logo|icon|avatar|thumb|preview|doc|help", re.IGNORECASE)
_STEP = re.compile(r"[A-Za-z0-9_$-]{1,40}")
_JSON_TEXT = re.compile(r"\s*(?:```\w{0,10}\s*)?([\[{].*[\]}])\s*(?:```\s*)?\Z", re.DOTALL)


def find_pictures(
    values: list[Any], blobs: BlobTable, *, passed_over: Collection[str] = ()
) -> tuple[list[ReplyImage], list[ReplyImage]]:
    """Return the pictures in the texts of JSON values, the largest last, and what only begins like one.

    `passed_over` are SHA-256 digests.
    """
    whole: list[tuple[int, ReplyImage]] = []
    broken: list[ReplyImage] = []
    for place, text in _texts(values):
        for data, mime_type in _decode(text, blobs) if len(text) > MIN_PICTURE_BYTES else ():
            image = ReplyImage(data, mime_type, OTHER_SOURCE + _format(place))
            facts = _inspect(data) if len(data) >= MIN_PICTURE_BYTES else None
            if facts is None:
                if len(data) >= _MIN_BROKEN_BYTES and type_of(data):
                    broken.append(image)
            elif max(facts.width, facts.height) >= _MIN_SIDE and digest_of(data) not in passed_over:
                whole.append((facts.width * facts.height, image))
    whole.sort(key=lambda found: found[0])  # stable: of those that are equally large the last one is primary
    return [image for _, image in whole], broken


def find_links(values: list[Any], *, request: ImageRequest | None) -> list[str]:
    """Return the links that stand alone where a picture may be meant: by the field's name or the link's end.

    Those that were sent with the request are left out.
    """
    sent = _contents_sent(request) if request else []
    passed_over = {text for _, text in _texts(sent)}
    links = ((_name(place), text) for place, text in _texts(values) if _LINK.fullmatch(text))
    return [
        link
        for name, link in links
        if link not in passed_over
        and not _NO_LINK_NAME.search(name)
        and (_LINK_NAME.search(name) or is_picture_link(link))
    ]


def _name(place: Place) -> str:
    """Return the innermost name on the way to a place."""
    while place:
        place, step = place
        if isinstance(step, str):
            return step
    return ""


def _contents_sent(request: ImageRequest) -> list[Any]:
    return [*request.history, *request.settings]


def digests_sent(request: ImageRequest) -> set[str]:
    """Return the digests of all pictures that were sent with a request, which a server may repeat."""
    sent, _ = find_pictures(_contents_sent(request), BlobTable())
    return {image.sha256 for image in request.inputs} | {digest_of(image.data) for image in sent}


def _texts(values: list[Any]) -> Iterator[tuple[Place, str]]:
    """Yield each text that may hold a picture, in order, with its place; not recursive, however deep it is.

    A text that is JSON is looked into as well.
    """
    pending = [iter([((), value) for value in values])]
    while pending:
        place, value = next(pending[-1], (None, None))
        if place is None:
            pending.pop()
            continue
        inner = _parse(value) if isinstance(value, str) else value
        if isinstance(inner, str):
            yield place, inner
        elif isinstance(inner, list):
            pending.append(_step_into(place, enumerate(inner)))
        elif isinstance(inner, dict) and not _is_thought(inner):
            fields = ((name, field) for name, field in inner.items() if not _is_passed_over(name))
            pending.append(_step_into(place, fields))


def _step_into(place: Place, steps: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Place, Any]]:
    return (((place, step), item) for step, item in steps)


def _parse(text: str) -> Any:
    """Return the object or the array that a text is as JSON, or in a block of Markdown; else the text."""
    match = _JSON_TEXT.match(text)
    try:
        return parse_json(match[1].encode("utf-8", "surrogatepass")) if match else text
    except GeminiError:
        return text


def _is_thought(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    is_thought = isinstance(kind, str) and (kind.startswith(_THOUGHTS) or kind.endswith("partial_image"))
    return is_thought or value.get("thought") is True


def _is_passed_over(name: str) -> bool:
    plain = plain_name(name)
    return plain.endswith("signature") or plain in _PASSED_OVER


def _decode(text: str, blobs: BlobTable) -> Iterator[tuple[ImageBytes, str | None]]:
    """Yield the bytes of what begins like a picture in a text, with the type that a data URI declares."""
    uris, rest = find_data_uris(text)
    for uri in uris:
        data = None if uri.refused else blobs.decode(uri.payload)
        if data is not None:
            yield data, uri.mime_type
    pictures, rest = blobs.take_out(rest)
    yield from ((data, None) for data in pictures)
    for run in find_bare_base64(rest)[0]:
        data = decode_lenient(run)
        if data is not None:
            yield data, None


def _inspect(data: ImageBytes) -> Facts | None:
    try:
        return inspect(data)
    except GeminiError:
        return None


def _format(place: Place) -> str:
    """Write a place as in JavaScript, cut at its beginning; a name that could be anything is left out."""
    steps: list[str] = []
    room = MAX_PLACE_CHARS
    while place and room > 0:
        place, step = place
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step if _STEP.fullmatch(step) else '…'}")
        room -= len(steps[-1])
    written = "".join(reversed(steps))
    return f"…{written}" if place else written.removeprefix(".") or "body"
