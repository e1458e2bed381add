"""Other people's text made safe to show; numbers, money, sizes and times in words.

Prompts, replies and error bodies are other people's text: what a notebook, a terminal or a log shows of them
passes through `printable`, `one_line` or `escape_html`.
"""

from __future__ import annotations

import html
import re
from datetime import datetime

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all of C0 and C1 but tab and newline
_LONE = "[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]"  # compiled when needed
_REORDERING = dict.fromkeys(
    (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFFF9, 0xFFFC)), " "
)


def printable(text: str) -> str:
    r"""Return text, its lines kept, that can be sent as UTF-8 and cannot steer a terminal.

    Control characters become U+FFFD, lone surrogates too.

    >>> printable("two\nlines\x1b[2J")
    'two\nlines�[2J'
    """
    return _CONTROLS.sub("�", replace_surrogates(text))


def one_line(text: str, limit: int) -> str:
    r"""Return printable text on one line of at most `limit` characters; "…" ends what was cut.

    Marks that reorder a line (bidirectional controls, interlinear annotations) become spaces: others' words
    stand on it. They are not removed, which could put a key together that was broken up to pass redaction.
    Text is cut before it is split, so that of a hostile megabyte little is read.

    >>> one_line("a  cat\nin the rain", 9)
    'a cat in…'
    """
    text = text.strip()
    words = text[: 4 * limit].translate(_REORDERING).split()
    line = printable(" ".join(words))
    if len(line) <= limit and len(text) <= 4 * limit:
        return line
    return f"{line[: limit - 1].rstrip()}…"


def escape_html(text: str) -> str:
    """Return printable text escaped for HTML, in which notebooks typeset no mathematics."""
    safe = html.escape(printable(text))
    for mark in ("$", "\\"):  # a tag between the marks hides them from MathJax
        safe = safe.replace(mark, f"<span>{mark}</span>")
    return safe


def replace_surrogates(text: str) -> str:
    """Return text that has an encoding: surrogate pairs joined, lone surrogates replaced by U+FFFD.

    JSON can name lone surrogates; no file, socket or notebook takes them.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return re.sub(_LONE, "�", text).encode("utf-16", "surrogatepass").decode("utf-16")
    return text


def format_dollars(amount: float | None) -> str:
    """Write an amount, to the tenth of a cent where it is small; None is "unknown".

    >>> format_dollars(0.067), format_dollars(1234.5), format_dollars(None)
    ('$0.067', '$1,234.50', 'unknown')
    """
    if amount is None:
        return "unknown"
    return f"${amount:.3f}" if amount < 10 else f"${amount:,.2f}"


def format_time(created: str) -> str:
    """Write an ISO 8601 time as local date and minutes; what is no time is "unknown"."""
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "unknown"


def format_count(number: int, singular: str, plural: str = "") -> str:
    """Write a number with its noun; the plural is made with an s unless it is given.

    >>> format_count(2, "reply", "replies")
    '2 replies'
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def format_size(size: int) -> str:
    """Write a number of bytes in decimal units, as file managers do."""
    if size < 1000:
        return format_count(size, "byte")
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
