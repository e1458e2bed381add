"""What a model searched for and found, and how it rated safety, as a reply's candidate says it.

`groundingMetadata` and `safetyRatings` as google-genai 3.6.1 has them. Both are other people's words: web
addresses alone are taken for links, and everything is bounded.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from gemini_nb.generation import Grounding, WebLink
from gemini_nb.reply.shapes import dicts, field_of
from gemini_nb.text import one_line

_MAX_ITEMS = 50
_MAX_TEXT_CHARS = 300
_MAX_URL_CHARS = 4000
_MAX_PAGE_CHARS = 200_000


def read_grounding(metadata: Any) -> Grounding | None:
    """Return the searches and sources of a candidate's `groundingMetadata`; None where it names none."""
    queries = (
        *_texts(field_of(metadata, "webSearchQueries", "web_search_queries")),
        *_texts(field_of(metadata, "imageSearchQueries", "image_search_queries")),
    )
    chunks = dicts(field_of(metadata, "groundingChunks", "grounding_chunks"))
    sources = tuple(dict.fromkeys(link for chunk in chunks if (link := _source(chunk))))[:_MAX_ITEMS]
    entry = field_of(metadata, "searchEntryPoint", "search_entry_point")
    suggestions = _suggestions(field_of(entry, "renderedContent", "rendered_content"))
    if not (queries or sources or suggestions):
        return None
    return Grounding(tuple(dict.fromkeys(queries))[:_MAX_ITEMS], sources, suggestions)


def read_safety_ratings(ratings: Any) -> tuple[dict[str, Any], ...]:
    """Return a candidate's `safetyRatings`: of each its texts and flags, such as category and probability."""
    return tuple(
        {str(name)[:_MAX_TEXT_CHARS]: _plain(value) for name, value in list(rating.items())[:_MAX_ITEMS]}
        for rating in list(dicts(ratings))[:_MAX_ITEMS]
    )


def _plain(value: Any) -> str | bool | float | None:
    if value is None or isinstance(value, bool | float):
        return value
    return one_line(value if isinstance(value, str) else repr(value), _MAX_TEXT_CHARS)


def _texts(values: Any) -> tuple[str, ...]:
    texts = values if isinstance(values, list) else [values]
    return tuple(one_line(text, _MAX_TEXT_CHARS) for text in texts if isinstance(text, str) and text.strip())


def _source(chunk: dict[str, Any]) -> WebLink | None:
    """Return the page of a chunk; of a picture that is the page where it stands, not its own address."""
    found = field_of(chunk, "web", "image", "retrievedContext", "retrieved_context", "maps")
    for name in ("sourceUri", "source_uri", "uri", "imageUri", "image_uri"):
        if link := web_link(field_of(found, name), field_of(found, "title", "domain")):
            return link
    return None


def web_link(url: Any, title: Any) -> WebLink | None:
    """Return a link to a web address, named by its title or else by its host; None for any other address."""
    if not isinstance(url, str) or len(url) > _MAX_URL_CHARS or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    words = one_line(title, _MAX_TEXT_CHARS) if isinstance(title, str) else ""
    return WebLink(words or host, url)


class _Anchors(HTMLParser):
    """Collects the links of the page that Google sends for its search suggestions."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[WebLink] = []
        self._url: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._url, self._words = dict(attrs).get("href"), []

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and (link := web_link(self._url, "".join(self._words))):
            self.links.append(link)
        if tag == "a":
            self._url = None


def _suggestions(page: Any) -> tuple[WebLink, ...]:
    if not isinstance(page, str):
        return ()
    anchors = _Anchors()
    anchors.feed(page[:_MAX_PAGE_CHARS])
    return tuple(dict.fromkeys(anchors.links))[:_MAX_ITEMS]
