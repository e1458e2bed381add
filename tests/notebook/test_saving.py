"""Saving what a cell made: once however often it runs, and never over another file."""

from __future__ import annotations

import os

import pytest

from support.images import noise_png

PNG = noise_png(3000)


def test_save_writes_the_original_bytes(shell, gateway, tmp_path):
    shell.run(f"%%gemini_image -s {tmp_path}/hero.png\na red square")
    assert (tmp_path / "hero.png").read_bytes() == PNG


def test_an_existing_target_is_refused_before_anything_is_paid_for(shell, gateway, tmp_path):
    (tmp_path / "hero.png").write_text("mine")
    done = shell.run(f"%%gemini_image -s {tmp_path}/hero.png\na red square")
    assert "exists already" in str(done.error)
    assert (tmp_path / "hero.png").read_text() == "mine"
    assert gateway.posts == 0


def test_pictures_of_a_grid_are_saved_under_telling_names(shell, gateway, tmp_path):
    shell.names["x"] = ["cat", "dog"]
    made = shell.run("%%gemini_image --vary x -s out/\na {{x}}").result
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a-cat-cat.png", "a-dog-dog.png"]
    assert [row["path"] for row in made.rows()] == ["out/a-cat-cat.png", "out/a-dog-dog.png"]


SAVING = {
    "%%gemini_image -s hero.png\na": ["hero.png"],
    "%%gemini_image -s hero\na": ["hero.png"],
    "%%gemini_image -s out/\na cat": ["out/a-cat.png"],
    "%%gemini_image -n 2 -s out/\na": ["out/a-take-0.png", "out/a-take-1.png"],
    "%%gemini_image -n 2 -s out\na": ["out/a-take-0.png", "out/a-take-1.png"],
    "%%gemini_image -n 2 -s out.png\na": ["out-1.png", "out-2.png"],
    '%gemini_image -s {{what}}/1.png "a"': ["boat/1.png"],
    "%%gemini_edit --new -s {{what}}.png\na": ["boat.png"],
}


@pytest.mark.parametrize("cell", SAVING)
def test_a_cell_that_saves_can_be_run_again_and_saves_once(shell, gateway, tmp_path, cell):
    shell.names["what"] = "boat"
    first, second = (shell.run(cell) for _ in range(2))
    assert first.error is second.error is None
    assert gateway.posts == len(SAVING[cell])
    assert (
        sorted(
            str(path.relative_to(tmp_path))
            for path in tmp_path.glob("**/*.png")
            if ".gemini_nb" not in path.parts
        )
        == SAVING[cell]
    )


def test_a_grid_without_a_file_to_save_to_is_refused_before_anything_is_paid_for(shell, gateway, tmp_path):
    for taken in ("out", "cat.png"):
        (tmp_path / taken).write_text("mine")
    assert "not a folder" in shell.refused("%%gemini_image -n 2 -s out/\na")
    shell.names["x"] = ["dog", "cat"]
    assert "'cat.png'" in shell.refused("%%gemini_image --vary x -s {{x}}.png\na {{x}}")
    assert "{{y}}" in shell.refused("%%gemini_image --vary x -s {{y}}.png\na {{x}}")
    assert gateway.posts == 0


def test_equal_pictures_are_saved_under_each_name_and_asked_for_once(shell, gateway, tmp_path):
    shell.names["rows"] = [{"sku": sku} for sku in "ab"]
    made = shell.run("%%gemini_image --each rows -s {{sku}}.png\na cup").result
    assert [str(generation.path) for generation in made.generations] == ["a.png", "b.png"]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes() == PNG
    assert gateway.posts == 1


def test_the_types_of_a_grid_are_said_once(shell, tmp_path):
    said = shell.said("%%gemini_image -n 2 -s out.webp\na")
    assert said.startswith(
        "2 files were converted from the PNGs that came. Name them .png to save the original bytes."
    )


def test_another_picture_is_never_overwritten_though_it_could_be_replayed(shell, gateway, tmp_path):
    shell.run("%%gemini_image\na red square")
    (tmp_path / "hero.png").write_text("mine")
    assert "exists already" in str(shell.run("%%gemini_image -s hero.png\na red square").error)
    assert (tmp_path / "hero.png").read_text() == "mine"


def test_a_grid_whose_folder_is_gone_bad_is_assigned_and_says_so(shell, tmp_path, gateway):
    if os.geteuid() == 0:
        (tmp_path / "out").symlink_to(tmp_path / "out")
    else:
        (tmp_path / "out").mkdir(mode=0o500)
    done = shell.run("%%gemini_image two -n 2 -s out/deep/\na cat")
    assert type(done.error).__name__ == "SaveError"
    assert len(shell.names["two"].generations) == 2
