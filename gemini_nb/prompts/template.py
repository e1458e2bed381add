r"""Fields of a prompt and their Python values: `{{city}}`, `{{frame.price[0]:.2f}}`, `{{name!r}}`.

The rule: `{{`, a name with its attributes and indices, and `}}`, in one line and without other braces, is
a field; every other brace is text; and `\{{` writes two braces. So JSON, LaTeX and single braces pass as
they are, and `\frac{{a}}{b}` holds a field, unless the magic is told `--raw`.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import traceback
import warnings
from collections import ChainMap
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

from gemini_nb.errors import ArgumentError
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_EXPRESSION_CHARS = 200  # deeper nesting than a prompt needs stays out of Python's own parser
MAX_FILLED_CHARS = 1_000_000  # of all values in one prompt: several times what any image model reads
_MAX_EXPONENT = 1000  # of a Decimal, which a format may write out as so many zeros

# No run of it can be read twice from two starts, since a field ends at the next brace.
_MARK = re.compile(r"\\\{\{|\{\{([^{}\n]*)\}\}")
_TOKEN = re.compile(r""" "[^"]*" | '[^']*' | [\[\]():] | !(?!=) """, re.VERBOSE)
_AS_TEXT = r"Write \{{ for braces that are text, or use --raw to fill nothing in."
_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"": lambda value: value, "r": repr, "s": str, "a": ascii}
_REFUSED = {
    ast.Call: "calls are",
    ast.BinOp: "operators are",
    ast.BoolOp: "operators are",
    ast.Compare: "operators are",
    ast.UnaryOp: "operators are",
    ast.IfExp: "a condition is",
    ast.Tuple: "several values are",
    ast.NamedExpr: "an assignment is",
    ast.Lambda: "a function is",
    ast.Constant: "a constant is",
}
_LONG_NUMBER = re.compile(r"\d{5,}")  # digits of any script, as `format` reads them
_NOTHING = object()
_SEARCHED_NAMES = 1000


@dataclass(frozen=True)
class _Field:
    expression: str
    node: ast.expr
    conversion: str
    spec: str


def fill(text: str, names: Mapping[str, Any], *, adapt: Callable[[str], str] = lambda value: value) -> str:
    r"""Return `text` with its fields replaced by the values that `names` gives them, adapted if need be.

    An expression is a name with attributes and indices: nothing is called and nothing computed. What is
    filled in is not read again. Raises `ArgumentError` for other expressions, undefined names, missing
    values (None, NaN), texts that hold a memory address, a width or precision of five digits, values of more
    than `MAX_FILLED_CHARS` in all, and whatever an object raises while it is read.

    >>> fill(r'{"city": "{{city}}", "\{{n}}": {{n:.1f}}}', {"city": "Łódź", "n": 2})
    '{"city": "Łódź", "{{n}}": 2.0}'
    """
    left = MAX_FILLED_CHARS

    def fill_mark(mark: re.Match[str]) -> str:
        nonlocal left
        if mark[1] is None:
            return "{{"
        if not _is_field(mark):
            return mark[0]
        value = _run_for_field(mark[1], lambda source: _format_value(_parse_field(source), names, left))
        left -= len(value)
        return adapt(value)

    return _MARK.sub(fill_mark, text)


def list_fields(text: str) -> list[str]:
    """Return the expressions of the fields, each once, as written and without format.

    Raises `ArgumentError` for a field that could not be filled whatever the names.

    >>> list_fields("{{city}} in {{ year:>6 }}, {{city}} again")
    ['city', 'year']
    """
    sources = (mark[1] for mark in _MARK.finditer(text) if _is_field(mark))
    expressions = (_run_for_field(source, lambda s: _parse_field(s).expression) for source in sources)
    return list(dict.fromkeys(expressions))


def find_open_field(line: str) -> str | None:
    """Return what stands in a field that is opened before the end of `line` and not closed, else None."""
    before, mark, rest = line.rpartition("{{")
    if not mark or before.endswith("\\") or "{" in rest or "}" in rest:
        return None
    return rest.lstrip(" \t")


def _is_field(mark: re.Match[str]) -> bool:
    return mark[1] is not None and mark[1].lstrip(" \t")[:1].isidentifier()


def _run_for_field(source: str, act: Callable[[str], str]) -> str:
    """Run `act(source)`; whatever goes wrong becomes an `ArgumentError` that names the field."""
    try:
        return act(source)
    except ArgumentError as refused:
        message, hint = refused.args[0], refused.hint
    except Exception as problem:  # noqa: BLE001 - attributes and formats are the user's own code
        lines = "".join(traceback.format_exception_only(problem)).splitlines()
        message, hint = one_line(next(line for line in lines if not line.startswith(" ")), 300), ""
    raise ArgumentError(f"{{{{{one_line(source, 60)}}}}}: {message}", hint=hint)


@lru_cache(maxsize=64)  # a table fills the same fields once for each of its rows
def _parse_field(source: str) -> _Field:
    expression, conversion, spec = _split_field(source)
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise ArgumentError(f"an expression has at most {MAX_EXPRESSION_CHARS} characters.", hint=_AS_TEXT)
    if conversion not in _CONVERSIONS:
        raise ArgumentError("after ! only r, s or a can stand.", hint=_AS_TEXT)
    if _LONG_NUMBER.search(spec):
        raise ArgumentError("a width or precision has at most four digits.", hint=_AS_TEXT)
    node = parse_expression(expression)
    _check(node)
    return _Field(expression, node, conversion, spec)


def _split_field(source: str) -> tuple[str, str, str]:
    """Split as an f-string does: expression, conversion, format; marks in quotes and brackets are neither."""
    depth = 0
    for token in _TOKEN.finditer(source):
        depth += (token[0] in "[(") - (token[0] in "])")
        if depth == 0 and token[0] in "!:":
            rest = source[token.start() :]
            conversion, _, spec = rest[1:].partition(":") if rest[0] == "!" else ("", "", rest[1:])
            if rest[0] == "!" and not conversion.strip():
                conversion = "!"
            return source[: token.start()].strip(), conversion.strip(), spec.rstrip()
    return source.strip(), "", ""


def parse_expression(expression: str) -> ast.expr:
    """Return the syntax tree of an expression; raise `ArgumentError` for what is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "invalid escape sequence" would name a file that is none
        try:
            return ast.parse(expression, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    raise ArgumentError("this is not a name that can be filled in.", hint=_AS_TEXT)


def _check(node: ast.expr) -> None:
    """Let names, attributes and indices through; raise `ArgumentError` for what would run code."""
    match node:
        case ast.Name(id=name) if not (name.startswith("__") and name.strip("_")):
            return
        case ast.Attribute(value=inner, attr=name) if not name.startswith("_"):
            _check(inner)
        case ast.Subscript(value=inner, slice=index):
            _check(inner)
            _check_index(index)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            raise ArgumentError(f"{name} is private and not filled in.", hint=_AS_TEXT)
        case _:
            kind = _REFUSED.get(type(node), "this kind of expression is")
            raise ArgumentError(f"{kind} not filled in; assign the value to a name first.", hint=_AS_TEXT)


def _check_index(node: ast.expr) -> None:
    match node:
        case ast.Constant() | ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return
        case ast.Tuple() | ast.Slice():
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr):
                    _check_index(part)
        case ast.Name():
            _check(node)
        case _:
            raise ArgumentError(
                "an index must be a constant, a name or a slice; assign anything else to a name first.",
                hint=_AS_TEXT,
            )


def _format_value(field: _Field, names: Mapping[str, Any], most: int) -> str:
    value = _evaluate(field.node, names)
    if _is_missing(value):
        raise ArgumentError(f"the value is {value}.", hint="Give it a value, or leave the field out.")
    if field.spec and isinstance(value, Decimal) and abs(value.adjusted()) > _MAX_EXPONENT:
        raise ArgumentError(
            "a Decimal of this size has no format: it may have a digit for each power of ten.",
            hint="Fill it in without a format.",
        )
    text = format(_CONVERSIONS[field.conversion](value), field.spec)
    if not isinstance(value, str) and text.startswith("<") and " at 0x" in text:
        # such a text differs in each run, so that no stored picture would be found again
        raise ArgumentError(
            f"its value, a {type(value).__name__}, has no text of its own.",
            hint="Fill in one of its values instead.",
        )
    if len(text) > most:
        raise ArgumentError(
            f"with this value, the values filled in have more than {MAX_FILLED_CHARS:,} characters.",
            hint="Fill in a part of it: no image model reads that much.",
        )
    return text


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):  # pandas, which need not be there
        return True
    return isinstance(value, Real) and bool(value != value)  # noqa: PLR0124 - NaN of any library


def _evaluate(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Attribute(value=inner, attr=name):
            return _get_attribute(_evaluate(inner, names), name, of=inner)
        case ast.Subscript(value=inner, slice=index):
            return _get_item(_evaluate(inner, names), _evaluate_index(index, names), of=inner, written=index)
    name = cast("ast.Name", node).id
    try:
        return names[name]
    except KeyError:
        hint = suggest_name(name, names) or _AS_TEXT
    raise ArgumentError(f"the name {name!r} is not defined.", hint=hint)


def _evaluate_index(node: ast.expr | None, names: Mapping[str, Any]) -> Any:
    match node:
        case None | ast.Constant() | ast.UnaryOp():
            return node and ast.literal_eval(node)
        case ast.Tuple(elts=parts):
            return tuple(_evaluate_index(part, names) for part in parts)
        case ast.Slice(lower=lower, upper=upper, step=step):
            return slice(*(_evaluate_index(bound, names) for bound in (lower, upper, step)))
    return _evaluate(node, names)


def _get_attribute(value: Any, name: str, *, of: ast.expr) -> Any:
    try:
        return getattr(value, name)
    except AttributeError:
        if inspect.getattr_static(value, name, _NOTHING) is not _NOTHING:
            raise  # it is there, and failed by itself
    hint = _suggest_key(name, value, of=of) or suggest_name(name, dir(value))
    raise ArgumentError(f"{ast.unparse(of)} has no attribute {name!r}.", hint=hint)


def _get_item(value: Any, key: Any, *, of: ast.expr, written: ast.expr) -> Any:
    try:
        return value[key]
    except LookupError:
        hint = _suggest_key(key, value, of=of) if isinstance(key, str) else ""
    raise ArgumentError(f"{ast.unparse(of)} has no item {ast.unparse(written)}.", hint=hint)


def _suggest_key(name: str, value: Any, *, of: ast.expr) -> str:
    """Return a hint at the key or column of this or nearly this name, else ""."""
    keys = value.keys() if callable(getattr(value, "keys", None)) else getattr(value, "columns", ())
    near = _find_nearest(name, keys)
    return f"Did you mean {{{{{ast.unparse(of)}[{near!r}]}}}}?" if near else ""


def suggest_name(name: str, known: Iterable[Any]) -> str:
    """Return a hint at the known name that is nearest to one that is not known, else ""."""
    near = _find_nearest(name, known)
    return f"Did you mean {near!r}?" if near else ""


def _find_nearest(name: str, known: Iterable[Any]) -> str | None:
    """Return the nearest name; of layered names the first layer that has one decides."""
    if isinstance(known, ChainMap):
        return next(filter(None, (_find_nearest(name, layer) for layer in known.maps)), None)
    names = (other for other in known if isinstance(other, str) and not other.startswith("_"))
    short = [other for other in islice(names, _SEARCHED_NAMES) if len(other) <= MAX_EXPRESSION_CHARS]
    return next(iter(difflib.get_close_matches(name, short, n=1)), None)
