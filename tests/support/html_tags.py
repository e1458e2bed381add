"""The tags of a page, as a browser would see them."""

from __future__ import annotations

from html.parser import HTMLParser


class Tags(HTMLParser):
    """Pairs of a tag's name and its attributes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag):
        """Return the attributes of each tag of this name."""
        return [attrs for name, attrs in self.tags if name == tag]
