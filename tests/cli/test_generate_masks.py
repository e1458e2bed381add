"""Masks of `gemini-nb generate`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gemini_nb.cli import main
from support.masks import MASKS, SIZE, encoded, photo


@pytest.fixture(autouse=True)
def files(tmp_path):
    (tmp_path / "photo.png").write_bytes(encoded(photo()))
    (tmp_path / "blob.png").write_bytes(encoded(MASKS["blob"](SIZE)))


def generate(*words):
    return main(["generate", "darken it", "-p", "offline", "-o", "out.png", *words])


@pytest.mark.parametrize("words", [("--region", "10,5,20,15"), ("--mask", "blob.png", "--feather", "2")])
def test_a_file_is_changed_inside_its_mask(words, tmp_path, capsys):
    assert generate("-i", "photo.png", *words) == 0
    before, after = np.asarray(photo()), np.asarray(Image.open(tmp_path / "out.png"))
    changed = (before != after).any(axis=2)
    assert changed.any()
    assert not changed[:5].any()
    assert "all other pixels are the source's" in capsys.readouterr().err


REFUSED = {
    ("--region", "10,5,20"): (2, "not X,Y,W,H"),
    ("--region", "10,5,20,900"): (1, "reaches beyond the picture"),
    ("--region", "1,1,1,1", "--mask", "blob.png"): (1, "--mask and --region both"),
    ("--mask", "nothing.png"): (1, "No such file"),
}


@pytest.mark.parametrize("words", REFUSED)
def test_refused_before_anything_is_made(words, tmp_path, capsys):
    code, message = REFUSED[words]
    try:
        ended = generate("-i", "photo.png", *words)
    except SystemExit as error:
        ended = error.code
    assert ended == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()
