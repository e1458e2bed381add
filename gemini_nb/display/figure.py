"""One picture as a notebook shows it: an HTML figure with alt text and a small preview, a JPEG, text.

Prompts and the model's words are other people's text: they are escaped, never rendered.
"""

from __future__ import annotations

import html
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from gemini_nb.display.original import LINK_STYLE, NO_ORIGINAL, Original, render_original
from gemini_nb.display.preview import (
    MAX_PREVIEW_HEIGHT,
    PIXELS_PER_CSS_PIXEL,
    TYPE_NAMES,
    data_uri,
    encode,
    encode_jpeg,
    fit,
    limit,
    scale,
)
from gemini_nb.errors import GeminiError
from gemini_nb.text import escape_html, format_count, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gemini_nb.display.preview import Picture

PREVIEW_WIDTH = 768  # pixels
_FALLBACK_SIZE = 256, 1024  # what LaTeX and other front ends without HTML get
_FOLDED_CHARACTERS = 280
_THUMBNAIL_WIDTH = 128
_MAX_CHAIN = 8
_DRAFT_WIDTH = 256
_MAX_DRAFTS = 4

_FIGURE = "margin:0.25em 0"
_IMAGE = "display:block;max-width:100%;height:auto;border-radius:4px"
CAPTION_STYLE = "white-space:pre-wrap;font-size:0.85em;opacity:0.75;margin-top:0.35em"
_ROW = "display:flex;flex-wrap:wrap;align-items:center;gap:8px;margin:0.25em 0"
_THUMBNAIL = "height:auto;border-radius:3px"
_REMARK = "font-size:0.9em;margin:0.35em 0 0;white-space:pre-wrap;overflow-wrap:anywhere;max-width:46em"


def describe(image: Picture) -> str:
    """Return a picture's type and pixels: "PNG · 1024 × 1024"."""
    return f"{TYPE_NAMES[image.mime_type]} · {image.width} × {image.height}"


def render_text(
    image: Picture,
    *,
    caption: str,
    original: Original = NO_ORIGINAL,
    remarks: Iterable[str] = (),
    links: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> str:
    """Return the text of one picture, which ends its first line with the beginning of the bytes' SHA-256.

    So a picture that has changed is noticed where texts are compared, as nbval does.
    """
    first = " · ".join((caption, *original.words, f"sha256 {image.sha256[:12]}"))
    rows = (
        f"{label}: " + ", ".join(f"{title} ({url})" for title, url in row)
        for label, row in (links or {}).items()
    )
    return "\n".join(map(printable, (first, *remarks, *rows)))


def render_bundle(
    image: Picture,
    *,
    alt: str,
    caption: str,
    original: Original = NO_ORIGINAL,
    remarks: Iterable[str] = (),
    width: int | None = PREVIEW_WIDTH,
    chain: Sequence[tuple[str, Picture]] = (),
    drafts: Sequence[Picture] = (),
    links: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> dict[str, Any]:
    """Return the MIME bundle of one picture: HTML, a small JPEG, and text. Never raises.

    `width` is the preview's width in pixels at most; None embeds the original bytes. `chain` are the pictures
    that led to this one with their prompts, shown small above it; `drafts` are folded away below it.
    `links` are titles and web addresses, by what they are. `original` says how the picture itself can be had.
    """
    links = links or {}
    remarks = [printable(remark) for remark in remarks]
    plain = render_text(image, caption=caption, original=original, remarks=remarks, links=links)
    try:
        preview = scale(image, width or _FALLBACK_SIZE[0])  # decoded once, for HTML and JPEG
        page = render_html(
            image, preview, alt=alt, caption=caption, original=original, remarks=remarks, width=width
        )
        fallback = encode_jpeg(limit(preview, *_FALLBACK_SIZE))
        below = "".join(_render_links(*row) for row in links.items())
        page = _render_chain(chain) + page + below + _render_drafts(drafts, alt=alt)
    except GeminiError as error:
        return {"text/plain": f"{plain}\n{error}"}
    except Exception as error:  # noqa: BLE001 - a Pillow without WebP, no memory: its bytes are there
        return {"text/plain": f"{plain}\nIt cannot be shown here ({type(error).__name__})."}
    return {"text/html": page, "image/jpeg": b64encode(fallback).decode("ascii"), "text/plain": plain}


def render_html(
    image: Picture,
    preview: Any,
    *,
    alt: str,
    caption: str,
    original: Original = NO_ORIGINAL,
    remarks: Iterable[str] = (),
    width: int | None,
) -> str:
    """Return the HTML of one picture; every text is escaped here.

    `preview` is the PIL image that `scale` made for `width` pixels, or the bytes that `encode_webp` made of
    it; without a `width` the original bytes are embedded instead.
    """
    css_width, css_height = image.width, image.height
    if width:
        most = (round(side / PIXELS_PER_CSS_PIXEL) for side in (width, MAX_PREVIEW_HEIGHT))
        css_width, css_height = fit(css_width, css_height, *most)
    source = _webp_uri(preview) if width else data_uri(image.mime_type, image.data)
    words = " · ".join(filter(None, (escape_html(caption), render_original(original, image))))
    return (
        f'<figure style="{_FIGURE}" data-sha256="{image.sha256}">'
        f'<img src="{source}" alt="{html.escape(printable(alt))}"'
        f' width="{css_width}" height="{css_height}" style="{_IMAGE}">'
        f'<figcaption style="{CAPTION_STYLE}">{words}</figcaption>'
        f"{''.join(map(_render_remark, remarks))}</figure>"
    )


def _render_chain(chain: Sequence[tuple[str, Picture]]) -> str:
    """A row of small pictures, oldest first, each followed by an arrow."""
    thumbnails = [_render_thumbnail(image, alt, width=_THUMBNAIL_WIDTH) for alt, image in chain[-_MAX_CHAIN:]]
    cells = "".join(f'{tag}<span aria-hidden="true">→</span>' for tag in thumbnails if tag)
    return f'<div style="{_ROW}">{cells}</div>' if cells else ""


def _render_drafts(drafts: Sequence[Picture], *, alt: str) -> str:
    """A picture's drafts, small, in a box that a click unfolds."""
    first = drafts[:_MAX_DRAFTS]
    thumbnails = "".join(
        _render_thumbnail(draft, f"{alt} (draft {number})", width=_DRAFT_WIDTH)
        for number, draft in enumerate(first, 1)
    )
    if not thumbnails:
        return ""
    more = f", the first {len(first)} shown" if len(drafts) > len(first) else ""
    summary = f"{format_count(len(drafts), 'draft')} that the model made on the way{more}"
    row = f'<div style="{_ROW}">{thumbnails}</div>'
    return f'<details style="{_REMARK}"><summary>{summary}</summary>{row}</details>'


def _render_thumbnail(image: Picture, alt: str, *, width: int) -> str:
    """An image of `width` pixels, half as wide on the page; "" if its bytes are broken: it is an extra."""
    try:
        small = scale(image, width, 2 * width)
    except GeminiError:
        return ""
    return (
        f'<img src="{_webp_uri(small)}" alt="{html.escape(printable(alt))}"'
        f' width="{max(1, small.width // 2)}" style="{_THUMBNAIL}">'
    )


def _render_remark(text: str) -> str:
    if len(text) <= _FOLDED_CHARACTERS:
        return f'<p style="{_REMARK}">{escape_html(text)}</p>'
    summary = escape_html(text[:80].rsplit(" ", 1)[0])
    return f'<details style="{_REMARK}"><summary>{summary} …</summary>{escape_html(text)}</details>'


def _render_links(label: str, links: Sequence[tuple[str, str]]) -> str:
    """A line of links; opened, they learn nothing of the notebook."""
    anchors = (
        f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer" style="{LINK_STYLE}">'
        f"{escape_html(title)}</a>"
        for title, url in links
    )
    return f'<p style="{_REMARK}">{label}: {" · ".join(anchors)}</p>'


def encode_webp(preview: Any) -> bytes:
    """Encode a PIL image as the WebP of a preview."""
    return encode(preview, "WEBP", quality=65, method=4)  # a tenth of a photograph's PNG, at the same width


def _webp_uri(preview: Any) -> str:
    return data_uri("image/webp", preview if isinstance(preview, bytes) else encode_webp(preview))
