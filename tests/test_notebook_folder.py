"""What a notebook can link to: files in its folder and below, as Jupyter gives them out."""

from __future__ import annotations

import os

import pytest

from gemini_nb.notebook_folder import link_to

LINKS = {
    "beside the notebook": ("cat.png", "cat.png"),
    "below it": ("out/cat.png", "out/cat.png"),
    "whole paths": ("{here}/out/cat.png", "out/cat.png"),
    "names that need quoting": ("out/a cat: ü?.png", "out/a%20cat%3A%20%C3%BC%3F.png"),
    "a way that leads back": ("out/../cat.png", "cat.png"),
    "a hidden folder": (".gemini_nb/images/cat.png", ""),
    "a hidden file": ("out/.cat.png", ""),
    "above it": ("../cat.png", ""),
    "elsewhere": ("/var/cat.png", ""),
}


@pytest.mark.parametrize(("path", "link"), LINKS.values(), ids=LINKS)
def test_only_what_is_given_out_is_linked(tmp_path, path, link):
    assert link_to(tmp_path / path.format(here=tmp_path)) == link


def test_links_are_those_of_the_notebooks_folder_wherever_the_kernel_is(tmp_path, monkeypatch):
    (tmp_path / "course").mkdir()
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "course" / "lesson.ipynb"))
    assert link_to(tmp_path / "course" / "cat.png") == "cat.png"
    assert link_to(tmp_path / "cat.png") == ""
    os.chdir(tmp_path / "course")
    assert link_to(tmp_path / "course" / "out" / "cat.png") == "out/cat.png"
