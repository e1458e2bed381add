"""Other people's text made safe to show; numbers, money, sizes and times in words.

Prompts, replies and error bodies are other people's text: what a notebook, a terminal or a log shows of them
passes through `printable`, `one_line` or `escape_html`.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from datetime import datetime

TEXT_COLUMNS = 80  # of a line in a notebook's output, which breaks longer ones in mid-word
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all of C0 and C1 but tab and newline
_LONE = "[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]"  # compiled when needed
_REORDERING = dict.fromkeys(
    (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFFF9, 0xFFFC)), " "
)
_SPOKEN_YOU = r"u(int|s[aeiou]|t[ei]|fu|u|ni[^dmn])"


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


def wrap(text: str, width: int) -> str:
    """Break lines at spaces, so that none but a long word takes more than `width` columns of a terminal.

    What continues a line stands under its value where it is a label, two spaces or more, and a value.

    >>> print(wrap("store    a folder with a long name", 24))
    store    a folder with a
             long name
    """
    return "\n".join(piece for line in text.split("\n") for piece in _wrap_line(line, width))


def _wrap_line(line: str, width: int) -> list[str]:
    gap = line.find("  ")
    indent = 0 if gap < 0 else len(line) - len(line[gap:].lstrip(" "))
    if indent > width // 2:
        indent = 0
    pieces, used = [line[:indent]], indent
    for word in line[indent:].split(" "):
        columns = terminal_columns(word)
        if used > indent and used + 1 + columns > width:
            pieces.append(" " * indent + word)
            used = indent + columns
        else:
            glue = " " if used > indent else ""
            pieces[-1] += glue + word
            used += len(glue) + columns
    return pieces


def find_text_width() -> int:
    """Return the columns of the terminal that stdout is, or 80: a notebook's text is the same everywhere."""
    if not (sys.stdout and sys.stdout.isatty()):
        return TEXT_COLUMNS
    import shutil  # noqa: PLC0415 - loads compression, which only a terminal has to wait for

    return shutil.get_terminal_size().columns


def terminal_columns(text: str) -> int:
    """Count the columns of a terminal that a text takes: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    spacing = (
        c for c in text if not unicodedata.combining(c) and unicodedata.category(c) not in ("Cf", "Mn", "Me")
    )
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in spacing)


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


def with_article(name: str) -> str:
    """Write the name of a type with "A" or "An", as it is spoken.

    >>> [with_article(name) for name in ("int", "Foo", "UserDict", "HTML", "ndarray")]
    ['An int', 'A Foo', 'A UserDict', 'An HTML', 'An ndarray']
    """
    first = name.lstrip("_")
    if first[:2].isupper():  # spoken letter by letter
        vowel = first[0] in "AEFHILMNORSX"
    else:
        vowel = first[:1].lower() in set("aeiou") and not re.match(_SPOKEN_YOU, first, re.IGNORECASE)
        vowel = vowel or first.startswith("nd")
    return f"{'An' if vowel else 'A'} {name}"


def format_dollars(amount: float | None) -> str:
    """Write an amount, to the tenth of a cent where it is small; None is "unknown".

    >>> format_dollars(0.067), format_dollars(1234.5), format_dollars(None)
    ('$0.067', '$1,234.50', 'unknown')
    """
    if amount is None:
        return "unknown"
    return f"${amount:.3f}" if round(amount, 3) < 10 else f"${amount:,.2f}"


def format_seconds(seconds: float) -> str:
    """Write a duration in whole seconds, with minutes where there are many.

    >>> format_seconds(12.3), format_seconds(456)
    ('12 s', '7 min 36 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


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
    return f"{size / 1000:.0f} kB" if size < 999_500 else f"{size / 1e6:.1f} MB"
