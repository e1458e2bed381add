"""A picture as a notebook shows it: a figure with alt text and a small preview, one line of facts.

Prompts and the model's words are other people's text: they are escaped, never rendered.
"""

from __future__ import annotations

import html
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from gemini_nb.display.preview import (
    encode,
    encode_jpeg,
    limit_width,
    scale,
)
from gemini_nb.errors import GeminiError
from gemini_nb.text import escape_html, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gemini_nb.display.preview import Picture

PREVIEW_WIDTH = 768  # pixels
_DENSITY = 1.5  # preview pixels to a CSS pixel, so that it stays sharp on dense screens
_FALLBACK_WIDTH = 256  # what LaTeX and other front ends without HTML get
_WEBP_QUALITY = 65  # with these two, a photograph takes a tenth of its PNG, be it no wider than the preview
_FOLDED_CHARACTERS = 280
_THUMB_WIDTH = 128
_MAX_CHAIN = 8
_DRAFT_WIDTH = 256
_MAX_DRAFTS = 4

_FIGURE = "margin:0.25em 0"
_IMAGE = "max-width:100%;height:auto;border-radius:4px"
CAPTION_STYLE = "white-space:pre-wrap;font-size:0.85em;opacity:0.75;margin-top:0.35em"
_STRIP = "display:flex;flex-wrap:wrap;align-items:center;gap:8px;margin:0.25em 0"
_THUMB = "height:auto;border-radius:3px"
_REMARK = "font-size:0.9em;margin:0.35em 0 0;white-space:pre-wrap;overflow-wrap:anywhere;max-width:46em"


def facts(image: Picture) -> str:
    """Return type, pixels and the beginning of the bytes' SHA-256: enough to notice a changed picture."""
    kind = image.mime_type.removeprefix("image/").upper()
    return f"{kind} · {image.width} × {image.height} · sha256 {image.sha256[:12]}"


def bundle(
    image: Picture,
    *,
    alt: str,
    caption: str,
    remarks: Iterable[str] = (),
    width: int | None = PREVIEW_WIDTH,
    chain: Sequence[tuple[str, Picture]] = (),
    drafts: Sequence[Picture] = (),
) -> dict[str, Any]:
    """Return the MIME bundle of one picture: HTML, a small JPEG, and text. Never raises `GeminiError`.

    `width` is the preview's width in pixels at most; None embeds the original bytes. `chain` are the pictures
    that led to this one with their prompts, shown small above it; `drafts` are folded away below it.
    """
    remarks = [printable(remark) for remark in remarks]
    plain = "\n".join((printable(caption), *remarks))
    try:
        picture = scale(image, width or _FALLBACK_WIDTH)  # decoded once, for both
        page = drawn(image, picture, alt=alt, caption=caption, remarks=remarks, width=width)
        fallback = encode_jpeg(limit_width(picture, _FALLBACK_WIDTH))
    except GeminiError as error:
        return {"text/plain": f"{plain}\n{error}"}
    page = strip(chain) + page + folded(drafts, alt=alt)
    return {"text/html": page, "image/jpeg": b64encode(fallback).decode("ascii"), "text/plain": plain}


def drawn(
    image: Picture,
    picture: Any,
    *,
    alt: str,
    caption: str,
    remarks: Iterable[str] = (),
    width: int | None,
) -> str:
    """Return the HTML of a picture whose preview was scaled before; without a `width`, of its original."""
    shown = min(image.width, round(width / _DENSITY)) if width else image.width
    return figure(
        _webp(picture) if width else _original(image),
        alt=alt,
        caption=caption,
        remarks=remarks,
        width=shown,
        height=max(1, round(shown * image.height / image.width)),
    )


def strip(chain: Sequence[tuple[str, Picture]]) -> str:
    """Return a row of small pictures, oldest first, each followed by an arrow; "" for none."""
    cells = "".join(
        f'{thumb}<span aria-hidden="true">→</span>'
        for thumb in (_thumb(image, alt) for alt, image in chain[-_MAX_CHAIN:])
        if thumb
    )
    return f'<div style="{_STRIP}">{cells}</div>' if cells else ""


def folded(drafts: Sequence[Picture], *, alt: str) -> str:
    """Return the drafts of a picture, to be unfolded; "" for none."""
    some = drafts[:_MAX_DRAFTS]
    thumbs = [
        _thumb(draft, f"{alt} (draft {count})", width=_DRAFT_WIDTH) for count, draft in enumerate(some, 1)
    ]
    if not any(thumbs):
        return ""
    words = "1 draft" if len(drafts) == 1 else f"{len(drafts)} drafts"
    more = f", the first {len(some)} shown" if len(drafts) > len(some) else ""
    row = f'<div style="{_STRIP}">{"".join(thumbs)}</div>'
    summary = f"{words} that the model made on the way{more}"
    return f'<details style="{_REMARK}"><summary>{summary}</summary>{row}</details>'


def _thumb(image: Picture, alt: str, *, width: int = _THUMB_WIDTH) -> str:
    """A small picture, half as wide on the page; "" for one that is broken: it is not what was asked for."""
    try:
        source = _webp(scale(image, width))
    except GeminiError:
        return ""
    return (
        f'<img src="{source}" alt="{html.escape(printable(alt))}"'
        f' width="{max(1, min(width, image.width) // 2)}" style="{_THUMB}">'
    )


def figure(source: str, *, alt: str, caption: str, remarks: Iterable[str], width: int, height: int) -> str:
    """Return the HTML of one picture; every text is escaped here."""
    words = "".join(_remark(remark) for remark in remarks)
    return (
        f'<figure style="{_FIGURE}">'
        f'<img src="{source}" alt="{html.escape(printable(alt))}"'
        f' width="{width}" height="{height}" style="{_IMAGE}">'
        f'<figcaption style="{CAPTION_STYLE}">{escape_html(caption)}</figcaption>{words}</figure>'
    )


def _remark(text: str) -> str:
    if len(text) <= _FOLDED_CHARACTERS:
        return f'<p style="{_REMARK}">{escape_html(text)}</p>'
    summary = escape_html(text[:80].rsplit(" ", 1)[0])
    return f'<details style="{_REMARK}"><summary>{summary} …</summary>{escape_html(text)}</details>'


def _original(image: Picture) -> str:
    return f"data:{image.mime_type};base64,{b64encode(image.data).decode('ascii')}"


def _webp(picture: Any) -> str:
    data = encode(picture, "WEBP", quality=_WEBP_QUALITY, method=4)
    return f"data:image/webp;base64,{b64encode(data).decode('ascii')}"
