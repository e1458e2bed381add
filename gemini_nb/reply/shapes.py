"""Shapes of a reply's JSON: where pictures, links and text stand in it, in every one that was seen.

Gemini's parts in camelCase and snake_case, OpenAI's images and chat messages, text around them.
Fields that are missing, null or of the wrong type are passed over. A new shape is a function here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any

from gemini_nb.reply import text_images

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gemini_nb.images.file_bytes import ImageBytes
    from gemini_nb.images.image import Source
    from gemini_nb.reply.base64_blobs import BlobTable

_KNOWN_FIELDS = ("image_url", "imageUrl", "b64_json")
_OTHER_FIELDS = (
    *("url", "image", "data", "base64", "image_base64", "bytesBase64Encoded", "result"),
    *("inlineData", "inline_data"),
)
_OUTPUT_LISTS = ("data", "images", "output", "predictions")
_TEXT_FIELDS = {"text", "thought", "thoughtSignature", "thought_signature"}


@dataclass(frozen=True)
class ReplyImage:
    """One picture's bytes as they came, not looked into yet."""

    data: ImageBytes = field(repr=False)
    declared_mime_type: str | None
    source: Source


@dataclass
class ReplyParts:
    """All that was found in a reply, family by family, in the reply's order."""

    blobs: BlobTable
    inline: list[ReplyImage] = field(default_factory=list)
    openai: list[ReplyImage] = field(default_factory=list)
    data_uris: list[ReplyImage] = field(default_factory=list)
    others: list[ReplyImage] = field(default_factory=list)
    drafts: list[ReplyImage] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def add(self, text: Any, mime_type: Any, source: Source, into: list[ReplyImage]) -> None:
        """Add base64, or note why it is none; a data URI where base64 belongs is read as one."""
        if not isinstance(text, str):
            return
        if text[:5].lower() == "data:":
            for uri in text_images.find_data_uris(text)[0]:
                self.add_uri(uri, source, into)
            return
        data = self.blobs.decode(text)
        if data is None:
            self.refused.append(f"{source} that is not base64")
        else:
            into.append(ReplyImage(data, text_or_none(mime_type), source))

    def add_uri(self, uri: text_images.DataURI, source: Source, into: list[ReplyImage]) -> None:
        """Add a data URI's picture, or note why it has none."""
        data = None if uri.refused else self.blobs.decode(uri.payload)
        if data is None:
            self.refused.append(uri.refused or "a data URI that is not base64")
        else:
            into.append(ReplyImage(data, uri.mime_type, source))

    def add_text(self, text: str) -> None:
        """Add the model's words, and the pictures and links among them."""
        uris, rest = text_images.find_data_uris(text)
        for uri in uris:
            self.add_uri(uri, "data URI", self.data_uris)
        links, prose = text_images.find_links(self.blobs.take_out(rest)[1])
        self.links += links
        self.text.append(prose.strip())

    def add_thought(self, text: str) -> None:
        """Add the pictures in a thought, which are drafts; its words and links are passed over."""
        for uri in text_images.find_data_uris(text)[0]:
            self.add_uri(uri, "data URI", self.drafts)

    def add_link(self, url: Any) -> None:
        """Add a link that stands in a field of its own, where a data URI may stand as well."""
        if not isinstance(url, str):
            return
        if url[:5].lower() == "data:":
            self.add(url, None, "data URI", self.data_uris)
        elif url[:8].lower().startswith(("http://", "https://")):
            self.links.append(self.blobs.restore(url.strip()))

    def add_field(self, value: Any, mime_type: Any, source: Source, into: list[ReplyImage]) -> None:
        """Add what stands where a picture may stand: a link, a data URI, or the base64 of a picture."""
        if not isinstance(value, str):
            return
        self.add_link(value)
        is_base64 = self.blobs.get(value) is not None or text_images.begins_like_picture(value)
        if is_base64 and (data := self.blobs.decode(value)) is not None:
            into.append(ReplyImage(data, text_or_none(mime_type), source))


def collect_parts(reply: Any, reply_parts: ReplyParts) -> None:
    """Add to `reply_parts` what one reply object holds."""
    for candidate in dicts(field_of(reply, "candidates")):
        content = field_of(candidate, "content")
        for part in items(field_of(content, "parts")):
            _collect_part(part, reply_parts)
    for choice in dicts(field_of(reply, "choices")):
        _collect_message(field_of(choice, "message"), reply_parts)
    for item in dicts(field_of(reply, "data")):
        reply_parts.add(field_of(item, "b64_json"), field_of(item, "mime_type"), "openai", reply_parts.openai)
        reply_parts.add_link(field_of(item, "url"))
    if field_of(reply, "candidates", "choices", "data") is None:
        for name in ("images", "image", "predictions", "output", "result", "artifacts"):
            _collect_fields(field_of(reply, name), name, reply_parts)
        reply_parts.add_link(field_of(reply, "image_url", "imageUrl"))
        for partial in items(field_of(reply, "partial_images")):
            reply_parts.add_field(partial, None, "other: partial_image_b64", reply_parts.drafts)


def _collect_fields(value: Any, name: str, reply_parts: ReplyParts) -> None:
    """Add the pictures of a list on top of a reply; those of a Responses API are beside its texts."""
    for index, item in enumerate(items(value)):
        place = f"other: {name}[{index}]" if isinstance(value, list) else f"other: {name}"
        if field_of(item, "type") == "reasoning":
            continue
        _collect_picture(item, place, reply_parts.others, reply_parts)
        for content in items(field_of(item, "content")):
            text = field_of(content, "text", "output_text")
            if isinstance(text, str):
                reply_parts.add_text(text)
            _collect_picture(content, f"{place}.content", reply_parts.others, reply_parts)


def _collect_picture(
    value: Any,
    source: Source,
    into: list[ReplyImage],
    reply_parts: ReplyParts,
    *,
    names: Sequence[str] = (*_KNOWN_FIELDS, *_OTHER_FIELDS),
) -> None:
    """Add a picture that stands alone, or in a field with one of the usual names."""
    if isinstance(value, str):
        reply_parts.add_field(value, None, source, into)
        return
    mime_type = field_of(value, "mimeType", "mime_type", "media_type")
    for name in names:
        inner = field_of(value, name)
        place = source if source == "openai" else f"{source}.{name}"
        if isinstance(inner, dict):
            _collect_picture(inner, place, into, reply_parts)
        else:
            reply_parts.add_field(inner, mime_type, place, into)


def _collect_part(part: Any, reply_parts: ReplyParts) -> None:
    if isinstance(part, str):
        reply_parts.add_text(part)
        return
    is_thought = field_of(part, "thought") is True
    inline = field_of(part, "inlineData", "inline_data")
    into = reply_parts.drafts if is_thought else reply_parts.inline
    reply_parts.add(field_of(inline, "data"), field_of(inline, "mimeType", "mime_type"), "inlineData", into)
    text = field_of(part, "text")
    if isinstance(text, str):
        reply_parts.add_thought(text) if is_thought else reply_parts.add_text(text)
    if not is_thought:
        file_data = field_of(part, "fileData", "file_data")
        reply_parts.add_link(field_of(file_data, "fileUri", "file_uri"))


def _collect_message(message: Any, reply_parts: ReplyParts) -> None:
    for part in items(field_of(message, "content")):
        text = part if isinstance(part, str) else field_of(part, "text")
        if isinstance(text, str):
            reply_parts.add_text(text)
        _collect_image_url(part, reply_parts)
        if isinstance(part, dict):
            _collect_picture(part, "openai", reply_parts.openai, reply_parts, names=_OTHER_FIELDS)
    for image in (*items(field_of(message, "images")), *items(field_of(message, "image"))):
        _collect_image_url(image, reply_parts)
        reply_parts.add(
            field_of(image, "b64_json"), field_of(image, "mime_type"), "openai", reply_parts.openai
        )
        _collect_picture(image, "openai", reply_parts.openai, reply_parts, names=_OTHER_FIELDS)


def _collect_image_url(part: Any, reply_parts: ReplyParts) -> None:
    image_url = field_of(part, "image_url", "imageUrl")
    reply_parts.add_link(image_url if isinstance(image_url, str) else field_of(image_url, "url"))


def field_of(value: Any, *names: str) -> Any:
    """Return the first of the named fields that is there and not null, else None."""
    if isinstance(value, dict):
        for name in names:
            if value.get(name) is not None:
                return value[name]
    return None


def items(value: Any) -> list[Any]:
    """Return a list as it is, a single object or text as a list of one, and nothing for the rest."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, (dict, str)) else []


def dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of what `items` gives."""
    return (item for item in items(value) if isinstance(item, dict))


def has_output(reply: Any) -> bool:
    """Whether anything of an answer stands in a reply, thoughts and parts that nobody can read included."""
    found: list[Any] = []
    for candidate in dicts(field_of(reply, "candidates")):
        for part in items(field_of(field_of(candidate, "content"), "parts")):
            found += part.values() if isinstance(part, dict) else [part]
    for choice in dicts(field_of(reply, "choices")):
        for message in dicts(field_of(choice, "message", "delta")):
            found += (value for name, value in message.items() if name != "role")
    for name in _OUTPUT_LISTS:
        listed = field_of(reply, name)
        found += listed if isinstance(listed, list) else []
    return any(found)


def digest_of(data: ImageBytes) -> str:
    """Return the SHA-256 of a picture's bytes."""
    return sha256(data).hexdigest() if isinstance(data, bytes) else data.sha256


def text_or_none(value: Any) -> str | None:
    """Return a text that is not empty, None for anything else."""
    return value if isinstance(value, str) and value else None


def parts(chunk: Any) -> list[Any]:
    """Return the parts of a chunk's candidate."""
    candidate = next(dicts(field_of(chunk, "candidates")), None)
    return items(field_of(field_of(candidate, "content"), "parts"))


def are_chunks(replies: Sequence[dict[str, Any]]) -> bool:
    """Whether several replies are one that was streamed: none has a second candidate, or another shape."""
    counts = [len(items(field_of(reply, "candidates"))) for reply in replies]
    others = any(field_of(reply, "choices", "data") is not None for reply in replies)
    return len(replies) > 1 and max(counts) == 1 and not others


def join_chunks(replies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one reply with the parts of all chunks, where text that goes on from one to the next is one.

    >>> join_chunks([{"candidates": [{"content": {"parts": [{"text": text}]}}]} for text in ("a r", "ed")])
    {'candidates': [{'content': {'parts': [{'text': 'a red'}]}}]}
    """
    return {"candidates": [{"content": {"parts": list(_join_texts(map(parts, replies)))}}]}


def join_content(replies: Sequence[dict[str, Any]]) -> Any:
    """Return the model's turn: every part exactly as it came, since signatures belong to single parts."""
    contents = (field_of(next(dicts(field_of(reply, "candidates")), None), "content") for reply in replies)
    first = next((content for content in contents if isinstance(content, dict)), None)
    return first and {**first, "parts": list(chain.from_iterable(map(parts, replies)))}


def continues_text(part: Any, other: Any) -> bool:
    """Whether a chunk's first part goes on with the text of the last part of the chunk before it."""
    is_mere_text = _is_text(other) and other.keys() <= _TEXT_FIELDS
    return is_mere_text and _is_text(part) and field_of(part, "thought") is field_of(other, "thought")


def _join_texts(chunks: Iterator[list[Any]]) -> Iterator[Any]:
    """Yield the parts; a chunk's first text continues the last of the chunk before it."""
    open_part: Any = None
    deltas: list[str] = []
    for chunk in chunks:
        for place, part in enumerate(chunk):
            if place == 0 and continues_text(open_part, part):
                deltas.append(part["text"])
                continue
            yield from _close_part(open_part, deltas)
            open_part, deltas = part, [part["text"]] if _is_text(part) else []
    yield from _close_part(open_part, deltas)


def _close_part(part: Any, deltas: list[str]) -> Iterator[Any]:
    if len(deltas) > 1:
        yield {**part, "text": "".join(deltas)}
    elif part is not None:
        yield part


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)
