"""Where pictures, links and text stand in a reply's JSON, in every shape that was seen.

Gemini's parts in camelCase and snake_case, OpenAI's images and chat messages, text around them.
Whatever is missing, null or of the wrong type is passed over. A new shape is a function here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gemini_nb.reply import text_images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gemini_nb.images.file_bytes import Data
    from gemini_nb.images.image import Source
    from gemini_nb.reply.base64_blobs import Cut


@dataclass(frozen=True)
class FoundImage:
    """One picture's bytes as they came, not looked into yet."""

    data: Data = field(repr=False)
    declared_mime_type: str | None
    source: Source


@dataclass
class Findings:
    """All that was found in a reply, family by family, in the reply's order."""

    cut: Cut
    inline: list[FoundImage] = field(default_factory=list)
    openai: list[FoundImage] = field(default_factory=list)
    data_uris: list[FoundImage] = field(default_factory=list)
    drafts: list[FoundImage] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def add(self, text: Any, mime_type: Any, source: Source, into: list[FoundImage]) -> None:
        """Add base64, or note why it is none; a data URI where base64 belongs is read as one."""
        if not isinstance(text, str):
            return
        if text[:5].lower() == "data:":
            for uri in text_images.data_uris(text)[0]:
                self.add_uri(uri, source, into)
            return
        data = self.cut.decode(text)
        if data is None:
            self.refused.append(f"{source} that is not base64")
        else:
            into.append(FoundImage(data, text_or_none(mime_type), source))

    def add_uri(self, uri: text_images.DataURI, source: Source, into: list[FoundImage]) -> None:
        data = None if uri.refused else self.cut.decode(uri.payload)
        if data is None:
            self.refused.append(uri.refused or "a data URI that is not base64")
        else:
            into.append(FoundImage(data, uri.mime_type, source))

    def add_text(self, text: str) -> None:
        uris, rest = text_images.data_uris(text)
        for uri in uris:
            self.add_uri(uri, "data URI", self.data_uris)
        links, prose = text_images.links(self.cut.restore(rest))
        self.links += links
        self.text.append(prose.strip())

    def add_thought(self, text: str) -> None:
        uris, rest = text_images.data_uris(text)
        for uri in uris:
            self.add_uri(uri, "data URI", self.drafts)
        self.thoughts.append(self.cut.restore(rest).strip())

    def add_link(self, url: Any) -> None:
        """Add a link that stands in a field of its own, where a data URI may stand as well."""
        if not isinstance(url, str):
            return
        if url[:5].lower() == "data:":
            self.add(url, None, "data URI", self.data_uris)
        elif url[:8].lower().startswith(("http://", "https://")):
            self.links.append(self.cut.restore(url.strip()))


def find(reply: Any, findings: Findings) -> None:
    """Add to `findings` what one reply object holds."""
    for candidate in dicts(field_of(reply, "candidates")):
        content = field_of(candidate, "content")
        for part in items(field_of(content, "parts")):
            _part(part, findings)
    for choice in dicts(field_of(reply, "choices")):
        _message(field_of(choice, "message"), findings)
    for item in dicts(field_of(reply, "data")):
        findings.add(field_of(item, "b64_json"), field_of(item, "mime_type"), "openai", findings.openai)
        findings.add_link(field_of(item, "url"))


def _part(part: Any, findings: Findings) -> None:
    if isinstance(part, str):
        findings.add_text(part)
        return
    is_thought = field_of(part, "thought") is True
    inline = field_of(part, "inlineData", "inline_data")
    into = findings.drafts if is_thought else findings.inline
    findings.add(field_of(inline, "data"), field_of(inline, "mimeType", "mime_type"), "inlineData", into)
    text = field_of(part, "text")
    if isinstance(text, str):
        findings.add_thought(text) if is_thought else findings.add_text(text)
    if not is_thought:
        file_data = field_of(part, "fileData", "file_data")
        findings.add_link(field_of(file_data, "fileUri", "file_uri"))


def _message(message: Any, findings: Findings) -> None:
    for part in items(field_of(message, "content")):
        text = part if isinstance(part, str) else field_of(part, "text")
        if isinstance(text, str):
            findings.add_text(text)
        _image_url(part, findings)
    for image in items(field_of(message, "images")):
        _image_url(image, findings)
        findings.add(field_of(image, "b64_json"), field_of(image, "mime_type"), "openai", findings.openai)


def _image_url(part: Any, findings: Findings) -> None:
    image_url = field_of(part, "image_url", "imageUrl")
    findings.add_link(image_url if isinstance(image_url, str) else field_of(image_url, "url"))


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


def text_or_none(value: Any) -> str | None:
    """Return a text that is not empty, None for anything else."""
    return value if isinstance(value, str) and value else None
