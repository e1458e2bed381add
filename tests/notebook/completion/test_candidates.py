"""Candidates of a completion: files, variables and fields, found without running their code."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gemini_nb.notebook.completion import candidates
from support.completions import offered, pressed
from support.images import png


def test_files_that_are_pictures_and_folders_are_offered(shell):
    for name in ("a.png", "b.txt", ".hidden.png", "it's.png", "a\"b'c.png", "two\nlines.png"):
        Path(name).write_bytes(b"")
    Path("my photos").mkdir()
    Path("my photos", "an owl.jpg").write_bytes(b"")
    assert offered(shell, "%%gemini_image -i ¦") == ["a.png", '"it\'s.png"', '"my photos/']
    assert offered(shell, '%%gemini_image -s "my photos/¦') == ["my photos/an owl.jpg"]
    assert offered(shell, "%%gemini_image -s .h¦") == [".hidden.png"]
    assert offered(shell, "%%gemini_image -i nowhere/¦") == []
    assert candidates.list_paths("a\0/") == candidates.list_paths("~nobody-of-this-name/") == []


def test_a_path_under_the_home_keeps_its_tilde(shell, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "owl.png").write_bytes(b"")
    assert pressed(shell, "%%gemini_image -i ~/o¦") == [("~/o", "~/owl.png")]


class Watched:
    """It tells when anything of it runs."""

    ran: list = []  # noqa: RUF012 - one list for the test

    @property
    def city(self):
        Watched.ran.append("property")

    def __getattr__(self, name):
        Watched.ran.append(f"__getattr__ {name}")
        raise AttributeError(name)

    def __getitem__(self, key):
        Watched.ran.append("__getitem__")

    def __call__(self):
        Watched.ran.append("__call__")

    def __len__(self):
        Watched.ran.append("__len__")
        return 1

    def __eq__(self, other):
        Watched.ran.append("__eq__")

    __hash__ = None


class Disguised(Watched):
    @property
    def __class__(self):
        Watched.ran.append("__class__")
        return bytes


class Slotted:
    __slots__ = ("inner",)


class Unlisted:
    def __dir__(self):
        raise OSError("no list")


def add_variables(shell):
    from matplotlib.figure import Figure
    from PIL import Image

    slotted = Slotted()
    slotted.inner = SimpleNamespace(deep=1)
    shell.user_ns.update(
        p_bytes=png(), p_pil=Image.new("RGB", (1, 1)), p_array=np.zeros((4, 4, 3)), p_figure=Figure(),
        p_path=Path("a.png"), p_no_text="a", p_no_bytes=b"abc", p_no_array=np.zeros(5), p_no_list=[1],
        rows=[{"city": "Oslo", "year of it": 1, 5: 2}], place=SimpleNamespace(name="x", at=slotted),
        watched=Watched(), p_watched=Disguised(), unlisted=Unlisted(), _hidden=1,
        a_function=add_variables, Placebo=1,
    )  # fmt: skip


def test_variables_that_can_be_input_images_are_offered(shell):
    add_variables(shell)
    Watched.ran.clear()
    assert offered(shell, "%%gemini_image -i p_¦") == ["p_array", "p_bytes", "p_figure", "p_path", "p_pil"]
    assert Watched.ran == []


FIELDS = {
    "name": ("%%gemini_image\na {{pla¦", [("pla", "place")]),
    "in a later line, behind a closed one": ("%%gemini_image\n\n{{x}} {{ pla¦ }} y\nz", [("pla", "place")]),
    "attribute": ("%%gemini_image\na {{place.n¦", [("n", "name")]),
    "no methods and nothing private": ("%%gemini_image\n{{place.¦", [("", "at"), ("", "name")]),
    "methods only": ("%%gemini_image\n{{p_no_text.¦", []),
    "attribute through a slot": ("%%gemini_image\n{{place.at.inner.d¦", [("d", "deep")]),
    "column": ('%%gemini_image\n{{rows[0]["¦', [("", "city"), ("", "year of it")]),
    "item of an item": ("%%gemini_image\n{{rows[-1]['ci¦", [("ci", "city")]),
    "an attribute with a property in it": ("%%gemini_image\n{{watched.city.¦", []),
    "property by name": ("%%gemini_image\n{{watched.ci¦", [("ci", "city")]),
    "item of an unknown kind": ("%%gemini_image\n{{watched[0].¦", []),
    "call": ("%%gemini_image\n{{a_function().¦", []),
    "function": ("%%gemini_image\n{{a_fu¦", []),
    "private": ("%%gemini_image\n{{_hid¦", []),
    "closed": ("%%gemini_image\n{{place}}.n¦", []),
    "escaped": ("%%gemini_image\n\\{{pla¦", []),
    "raw": ("%%gemini_image --raw\n{{pla¦", []),
    "format": ("%%gemini_image\n{{place:pla¦", []),
    "edit": ("%%gemini_edit\n{{pla¦", [("pla", "place")]),
    "line magic": ('pic = %gemini_image "a {{pla¦', [("pla", "place")]),
    "line magic without quotes": ("%gemini_image a {{pla¦", [("pla", "place")]),
    "another cell magic": ("%%html\n{{pla¦", []),
    "failing __dir__": ("%%gemini_image\n{{unlisted.¦", []),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_field_is_completed_without_running_the_users_code(shell, case, capsys):
    add_variables(shell)
    Watched.ran.clear()
    source, expected = FIELDS[case]
    if "watched" in source or "unlisted" in source:  # IPython's own matchers read what they like
        assert offered_alone(shell, source) == expected
        assert Watched.ran == []
    else:
        assert pressed(shell, source) == expected
    assert capsys.readouterr() == ("", "")


def cursor_of(source):
    before = source.partition("¦")[0]
    return before.count("\n"), len(before.rpartition("\n")[2])


def offered_alone(shell, source):
    """What our matcher says, without those of IPython."""
    line, column = cursor_of(source)
    (matcher,) = shell.Completer.custom_matchers
    context = SimpleNamespace(full_text=source.replace("¦", ""), cursor_line=line, cursor_position=column)
    found = matcher(context)
    return [(found["matched_fragment"], one.text) for one in found["completions"]]
