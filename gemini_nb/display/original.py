"""The original of a picture that is shown as a preview: where it was saved, or a link that holds its bytes.

A store is in a hidden folder unless another was chosen, and no Jupyter server gives out what is hidden.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gemini_nb.display.preview import data_uri
from gemini_nb.text import escape_html

if TYPE_CHECKING:
    from gemini_nb.display.preview import Picture

MAX_LINKED_BYTES = 50_000  # base64 is a third more, and saved with the notebook beside the preview

LINK_STYLE = "color:inherit;text-decoration:underline"  # themes colour links for their own background
_HINT = "save the original with -s FILE or .save(FILE)"


@dataclass(frozen=True)
class Original:
    """How the original can be had: as a download called `name`, or as the file `saved_as`.

    `link` is the address for the notebook of that file, or of the store's; "" where none leads there. Without
    a name and a file nothing is said.
    """

    name: str = ""
    saved_as: str = ""
    link: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """What is said of it in text."""
        return (f"saved as {self.saved_as}",) if self.saved_as else ()

    def without_bytes(self) -> Original:
        """Return it for a place where there is no room for the bytes of a download."""
        return self if self.link else replace(self, name="")


NO_ORIGINAL = Original()


def render_original(original: Original, image: Picture) -> str:
    """Return HTML of a few words: the file, else the bytes of a small picture as a link, else what to do."""
    if original.saved_as:
        path = escape_html(original.saved_as)
        return f"saved as {_render_link(original.link, path)}" if original.link else f"saved as {path}"
    if not original.name:
        return ""
    if not original.link and image.size > MAX_LINKED_BYTES:
        return escape_html(_HINT)
    address = original.link or data_uri(image.mime_type, image.data)
    return _render_link(address, "download the original", name=original.name)


def _render_link(address: str, words: str, *, name: str = "") -> str:
    """A link that downloads; the page's own folder or the page itself is all that it leads to."""
    return f'<a href="{html.escape(address)}" download="{html.escape(name)}" style="{LINK_STYLE}">{words}</a>'
