"""Text that is safe to show, and numbers, money, sizes and times in words.

Prompts, replies and error bodies are other people's text: what a notebook, a terminal or a log shows of them
passes through `printable`, `one_line` or `escape_html`.
"""

from __future__ import annotations

import html
from datetime import datetime


def escape_html(text: str) -> str:
    """Escape text for HTML, and keep notebooks from typesetting the mathematics in it."""
    safe = html.escape(printable(text))
    for mark in ("$", "\\"):  # a tag between the marks hides them from MathJax
        safe = safe.replace(mark, f"<span>{mark}</span>")
    return safe


def printable(text: str) -> str:
    """Return text that can be sent as UTF-8 and does not steer a terminal."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() or c in "\n\t" or ord(c) > 0x9F else "�" for c in text)


def format_dollars(amount: float | None) -> str:
    """Write an amount, to the tenth of a cent where it is small; None is "unknown".

    >>> format_dollars(0.067), format_dollars(1234.5), format_dollars(None)
    ('$0.067', '$1,234.50', 'unknown')
    """
    if amount is None:
        return "unknown"
    return f"${amount:.3f}" if amount < 10 else f"${amount:,.2f}"


def format_time(created: str) -> str:
    """Return a record's time as the clock on this machine's wall shows it."""
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "unknown"


def format_count(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun.

    >>> format_count(2, "reply", "replies")
    '2 replies'
    """
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def format_size(size: int) -> str:
    """Return bytes in words, in the units that file managers use."""
    if size < 1000:
        return format_count(size, "byte")
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"


def one_line(prompt: str, characters: int) -> str:
    """A prompt on one line, cut to a readable length."""
    line = " ".join(prompt[: 4 * characters].split())
    return line if len(line) <= characters else f"{line[: characters - 1]}…"
