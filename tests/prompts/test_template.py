"""Fields of a prompt: what is one, what may stand in it, and what happens when it cannot be filled."""

from __future__ import annotations

import datetime as dt
import math
from collections import ChainMap
from contextlib import suppress
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_nb.errors import ArgumentError
from gemini_nb.prompts.template import fill, find_open_field, list_fields


class Column:
    """As much of a data frame as a prompt sees."""

    def __init__(self, **columns):
        self._columns = columns

    def __getattr__(self, name):
        try:
            return self.__dict__["_columns"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name):
        return self._columns[name]

    def keys(self):
        return self._columns.keys()


class Troubled:
    @property
    def broken(self):
        raise OSError("the disk is gone")

    @property
    def half(self):
        raise AttributeError("inner part missing")

    def __format__(self, spec):
        raise ValueError("no such format")


NAMES = {
    "city": "Łódź",
    "n": 2,
    "price": 3.14159,
    "odd": {"\\d": "found"},
    "rows": [{"city": "Oslo", "a:b": 1, "it's": 5}, {"city": "Rome"}],
    "frame": Column(city=["Bern", "Nice"], price=[1.5, 2.25]),
    "array": np.array([[1, 2], [3, 4]]),
    "place": SimpleNamespace(name="Köln", at=SimpleNamespace(x=1)),
    "day": dt.date(2026, 5, 1),
    "key": "city",
    "braces": "{{n}} \\{{n}}",
    "nothing": None,
    "nan": math.nan,
    "naïve": "yes",
    "_": "last",
    "troubled": Troubled(),
    "plain": object(),
    "__builtins__": {"x": 1},
}


FILLED = {
    "name": ("a view of {{city}}", "a view of Łódź"),
    "blanks": ("{{ city }}", "Łódź"),
    "twice": ("{{n}}{{n}}", "22"),
    "attribute": ("{{place.at.x}}", "1"),
    "column": ("{{frame.city[0]}}", "Bern"),
    "item of a column": ('{{frame["price"][1]:.1f}}', "2.2"),
    "key": ('{{rows[1]["city"]}}', "Rome"),
    "key by name": ("{{rows[0][key]}}", "Oslo"),
    "key with a colon": ('{{rows[0]["a:b"]:03}}', "001"),
    "key with a quote": ('{{rows[0]["it\'s"]}}', "5"),
    "key with a backslash": (r'{{odd["\d"]}}', "found"),
    "from the end": ("{{rows[-1]['city']}}", "Rome"),
    "slice": ("{{city[1:3]}}", "ód"),
    "several indices": ("{{array[1, 0]}}", "3"),
    "format": ("{{price:.2f}}", "3.14"),
    "format after a blank": ("{{ price:.2f }}", "3.14"),
    "fill and align": ("{{n: >4}}", "   2"),
    "format of a date": ("{{day:%d %B %Y}}", "01 May 2026"),
    "repr": ("{{city!r}}", "'Łódź'"),
    "repr aligned": ("{{city!r:>8}}", "  'Łódź'"),
    "ascii": ("{{city!a}}", r"'\u0141\xf3d\u017a'"),
    "NumPy scalar": ("{{array[0, 1]}}", "2"),
    "last result": ("{{_}}", "last"),
    "unicode name": ("{{naïve}}", "yes"),
    "in JSON": ('{"a": {"n": {{n}}}}', '{"a": {"n": 2}}'),
    "three braces": ("{{{n}}}", "{2}"),
    "in LaTeX": (r"\frac{{n}}{b}", r"\frac2{b}"),
    "escaped": (r"\{{city}} {{n}}", "{{city}} 2"),
    "escaped and unclosed": (r"\{{ and", "{{ and"),
    "filled once": ("{{braces}}", r"{{n}} \{{n}}"),
}


@pytest.mark.parametrize("case", FILLED)
def test_a_field_is_filled(case):
    text, filled = FILLED[case]
    assert fill(text, NAMES) == filled


UNTOUCHED = {
    "empty": "",
    "single braces": "a {city} and ${city} and $city",
    "JSON": '{"a": {"b": 1}, "c": [{"d": {}}]}',
    "JSON fragments": '{{"a": 1}, {"b": 2}}',
    "JSON in a list": '[{{"a": 1}}]',
    "LaTeX": r"$\frac{a}{b} \sqrt{{2}} {{\bf x}} \text{{}}$",
    "f-string": "f'{city!r:>{n}}'",
    "empty field": "{{}} {{ }}",
    "number": "{{1+1}} {{ 2 }}",
    "sign": "{{-n}} {{(n)}} {{[n]}} {{*n}}",
    "quote": "{{'city'}}",
    "handlebars": "{{#if x}} {{/if}} {{> part}} {{! note }}",
    "unclosed": "{{city and {{",
    "one brace closes": "{{city}",
    "brace inside": "{{city {n} }}",
    "two lines": "{{city\n}}",
    "closing only": "city}}",
    "backslash": r"C:\new \ \{ \}",
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_other_braces_are_text(case):
    assert fill(UNTOUCHED[case], NAMES) == UNTOUCHED[case]
    assert list_fields(UNTOUCHED[case]) == []


REFUSED = {
    "call": ("{{len(rows)}}", "{{len(rows)}}: calls are not filled in; assign the value to a name first."),
    "method": ("{{city.upper()}}", "calls are not filled in"),
    "sum": ("{{n + 1}}", "operators are not filled in"),
    "comparison": ("{{n != 1}}", "operators are not filled in"),
    "and": ("{{n and 1}}", "operators are not filled in"),
    "not": ("{{not n}}", "operators are not filled in"),
    "condition": ("{{n if n else 0}}", "a condition is not filled in"),
    "tuple": ("{{n, n}}", "several values are not filled in"),
    "filter of a template": ("{{city | upper}}", "operators are not filled in"),
    "lambda": ("{{lambda: 0}}", "not a name that can be filled in"),
    "constant": ("{{True}}", "a constant is not filled in"),
    "two words": ("{{foo bar}}", "not a name that can be filled in"),
    "keyword": ("{{class}}", "not a name that can be filled in"),
    "open bracket": ("{{rows[0}}", "not a name that can be filled in"),
    "call in an index": ("{{rows[len(rows)]}}", "an index must be a constant"),
    "attribute in an index": ("{{rows[place.at]}}", "an index must be a constant"),
    "dunder": ("{{city.__class__}}", "__class__ is private"),
    "private": ("{{frame._columns}}", "_columns is private"),
    "private inside": ("{{city.__class__.mro}}", "__class__ is private"),
    "builtins": ('{{__builtins__["x"]}}', "__builtins__ is private"),
    "conversion": ("{{city!q}}", "after ! only r, s or a"),
    "no conversion": ("{{city!}}", "after ! only r, s or a"),
    "long": ("{{a" + ".a" * 50_000 + "}}", "at most 200 characters"),
    "NUL": ("{{city\0}}", "not a name that can be filled in"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_run_code_is_refused_before_anything_is_read(case):
    text, message = REFUSED[case]
    for act in (lambda: fill(text, NAMES), lambda: list_fields(text)):
        with pytest.raises(ArgumentError) as caught:
            act()
        assert message in str(caught.value)
        assert r"\{{" in caught.value.hint


UNFILLABLE = {
    "undefined": ("{{citty}}", "{{citty}}: the name 'citty' is not defined.\nDid you mean 'city'?"),
    "undefined and far": ("{{xyzzy}}", r"Write \{{ for braces"),
    "undefined index": ("{{rows[m]}}", "the name 'm' is not defined"),
    "attribute": ("{{place.at.y}}", "place.at has no attribute 'y'"),
    "attribute near": ("{{place.nam}}", "Did you mean 'name'?"),
    "attribute of a frame": ("{{frame.town}}", "frame has no attribute 'town'"),
    "index": ("{{rows[7]}}", "rows has no item 7"),
    "key near": ('{{rows[0]["citty"]}}', "rows[0] has no item 'citty'.\nDid you mean {{rows[0]['city']}}?"),
    "column near": ('{{frame["prise"]}}', "Did you mean {{frame['price']}}?"),
    "no index": ("{{n[0]}}", "TypeError: 'int' object is not subscriptable"),
    "None": ("{{nothing}}", "the value is None"),
    "None as repr": ("{{nothing!r}}", "the value is None"),
    "NaN": ("{{nan}}", "the value is nan"),
    "format": ("{{city:.2f}}", "ValueError: Unknown format code 'f'"),
    "property": ("{{troubled.broken}}", "{{troubled.broken}}: OSError: the disk is gone"),
    "property's own attribute": ("{{troubled.half}}", "AttributeError: inner part missing"),
    "__format__": ("{{troubled}}", "ValueError: no such format"),
    "address": ("{{plain}}", "its value, a object, has no text of its own"),
    "method not called": ("{{city.upper}}", "has no text of its own"),
}


@pytest.mark.parametrize("case", UNFILLABLE)
def test_a_field_without_a_value_is_an_error_that_names_it(case):
    text, message = UNFILLABLE[case]
    with pytest.raises(ArgumentError) as caught:
        fill(f"before {text} after", NAMES)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


class Formatted:
    """Says in which formats it was asked for: each would have cost what it says."""

    def __init__(self):
        self.specs = []
        self.inner = {"a": self}

    def __format__(self, spec):
        self.specs.append(spec)
        return spec

    __repr__ = __str__ = lambda self: format(self, "as text")


# Of five digits, so that even a guard that is gone costs no more than 100 kB.
COSTLY = {
    "width": "{{x:>999999999}}",
    "least that is refused": "{{x:10000}}",
    "zeros before it": "{{x:0000000009}}",
    "zero fill": "{{x:0999999999d}}",
    "precision": "{{x:.999999999f}}",
    "width and precision": "{{x:10.99999}}",
    "centred": "{{x:*^99999999}}",
    "other digits": "{{x:>٩٩٩٩٩٩}}",
    "wide digits": "{{x:>" + "\uff19" * 6 + "}}",
    "a percentage": "{{x:.99999%}}",
    "of a text": "{{x!r:>99999999}}",
    "as ASCII": "{{x!a:^99999}}",
    "more digits than a number has": "{{x:>" + "9" * 5000 + "}}",
    "of an attribute": '{{x.inner["a"]:<77777}}',
    "of a date": "{{x:%099999Y}}",
    "between signs": "{{x:+#055555,.5e}}",
}


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_a_format_that_would_cost_gigabytes_is_refused_before_it_is_used(text):
    value = Formatted()
    for act in (lambda: fill(f"before {text}", {"x": value}), lambda: list_fields(text)):
        with pytest.raises(ArgumentError, match="at most four digits") as caught:
            act()
        assert str(caught.value).startswith("{{x")
    assert value.specs == []


@pytest.mark.parametrize("spec", ["f", ".2f", ",", "F", ">9"])
@pytest.mark.parametrize("number", ["1e9999", "-1e9999", "1e-9999", "0e9999"])
def test_a_decimal_of_thousands_of_digits_is_refused_in_any_format(number, spec):
    with pytest.raises(ArgumentError, match=r"\{\{d:.*a digit for each power of ten"):
        fill(f"{{{{d:{spec}}}}}", {"d": Decimal(number)})
    assert fill("{{d}}", {"d": Decimal(number)}) == str(Decimal(number))


def test_a_decimal_of_any_other_size_has_its_format():
    assert fill("{{d:,.2f}}", {"d": Decimal("1234567.891")}) == "1,234,567.89"


@pytest.mark.parametrize(
    "fields", [["{{s}}"], ["{{n:>9999}}"] * 101, ["{{s!r}}"]], ids=["one", "many", "repr"]
)
def test_values_past_a_million_characters_are_refused(fields):
    with pytest.raises(ArgumentError, match=r"^\{\{.*more than 1,000,000 characters"):
        fill(" ".join(fields), {"s": "s" * 1_000_001, "n": 2})


def test_a_million_characters_are_filled_and_what_is_no_field_does_not_count():
    assert len(fill("x" * 1_000_000 + "{{s}}", {"s": "s" * 1_000_000})) == 2_000_000


def test_an_error_keeps_no_chain_to_the_users_objects():
    with pytest.raises(ArgumentError) as caught:
        fill("{{troubled.broken}}", NAMES)
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("kind", ["NAType", "NaTType"])
def test_a_missing_value_of_pandas_is_missing(kind):
    with pytest.raises(ArgumentError, match="the value is"):
        fill("{{x}}", {"x": type(kind, (), {})()})


def test_an_interrupt_is_no_error_of_the_field():
    class Slow:
        def __format__(self, spec):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill("{{slow}}", {"slow": Slow()})


def test_a_text_that_mentions_an_address_is_filled():
    assert fill("{{x}}", {"x": "<eggs at 0x7f>"}) == "<eggs at 0x7f>"


def test_names_may_be_layered_and_are_looked_up_when_used():
    assert fill("{{city}} {{n}}", ChainMap({"city": "Oslo"}, NAMES)) == "Oslo 2"


def test_the_fields_are_listed_once_in_order():
    assert list_fields('{{b.c[0]:.2f}} {{ a }} \\{{x}} {{a!r}} {"y"}') == ["b.c[0]", "a"]


@given(st.text())
def test_a_text_without_two_braces_is_its_own_filling(text):
    text = text.replace("{{", "{")
    assert fill(text, {}) == text


@given(st.text())
def test_what_is_filled_in_arrives_unchanged(value):
    assert fill("<{{x}}>", {"x": value}) == f"<{value}>"


@given(st.text("{}\\ \nax1.[]:!'\"", max_size=40))
def test_whatever_is_written_is_filled_or_refused(text):
    with suppress(ArgumentError):
        assert isinstance(fill(text, {"a": "A", "x": 1}), str)


LONG = {
    "opened": "{{" * 200_000,
    "opened names": "{{a " * 200_000,
    "quotes": "{{a" + "'\\" * 200_000 + "}}",
    "two kinds of quotes": "{{a" + "'\"" * 200_000 + "}}",
    "backslashes": "\\" * 400_000,
    "brackets": "{{a" + "[" * 400_000 + "}}",
    "blanks": "{{" + " " * 400_000,
}


@pytest.mark.parametrize("case", LONG)
def test_long_texts_are_read_in_one_go(case):
    with suppress(ArgumentError):
        assert fill(LONG[case], {}) == LONG[case]


BEGUN = {
    "nothing": ("a prompt", None),
    "opened": ("a {{", ""),
    "name": ("a {{ci", "ci"),
    "blanks": ("a {{ ci", "ci"),
    "path": ('{{rows[0]["ci', 'rows[0]["ci'),
    "after a closed one": ("{{a}} {{b", "b"),
    "closed": ("{{a}}", None),
    "half closed": ("{{a}", None),
    "one brace": ("{a", None),
    "brace inside": ("{{a {", None),
    "escaped": (r"\{{a", None),
    "three": ("{{{a", "a"),
}


@pytest.mark.parametrize("case", BEGUN)
def test_a_field_that_is_being_typed_is_seen(case):
    line, rest = BEGUN[case]
    assert find_open_field(line) == rest
