"""Masks on the line of a magic, and in the code of a picture that was made with one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gemini_nb.notebook import export
from gemini_nb.notebook.studio.album import Entry
from support.completions import offered
from support.gateway import Answer, Gateway
from support.masks import CHANGED, MASKS, SIZE, changed, encoded, photo
from support.shells import a_shell

SOURCE = photo()


@pytest.fixture
def gateway():
    with Gateway(Answer(changed())) as server:
        yield server


@pytest.fixture
def shell(gateway):
    with a_shell(gateway.url) as shell:
        shell.names.update(picture=SOURCE, blob=MASKS["blob"](SIZE))
        yield shell


def where_changed(generation, source=SOURCE):
    before, after = np.asarray(source), np.asarray(generation.pil)
    assert (after[(before != after).any(axis=2)] == CHANGED).all()
    return Image.fromarray((before != after).any(axis=2)).getbbox()


def test_a_region_of_an_input_picture(shell):
    done = shell.run("%%gemini_image hat -i picture --region 10,5,20,15\na hat")
    assert where_changed(done.result) == (10, 5, 30, 20)
    assert "all other pixels are the source's" in done.result.render_text()


def test_a_mask_by_the_name_of_a_variable_or_a_file(shell, tmp_path):
    (tmp_path / "blob.png").write_bytes(encoded(shell.names["blob"]))
    shell.names["wide"] = np.asarray(shell.names["blob"]) > 0
    made = [
        shell.run(f"%%gemini_image -i picture --mask {word} --feather 2\na hat").result
        for word in ("blob", "blob.png", "wide")
    ]
    assert len({generation.image.sha256 for generation in made}) == 1
    assert made[0].request.mask.feather == 2


def test_a_line_magic_takes_a_region_too(shell):
    shell.run('hat = %gemini_image -i picture --region 0,0,1,1 "a hat"')
    assert where_changed(shell.names["hat"]) == (0, 0, 1, 1)


def test_an_edit_changes_the_last_picture_inside_its_mask(shell):
    shell.run("%%gemini_image -i picture --region 0,0,5,5\na hat")
    edited = shell.run("%%gemini_edit --region 40,20,9,9\na scarf").result
    assert edited.request.images[0].sha256 == edited.chain[0][1].sha256
    assert edited.prompt == "a scarf"
    fresh = shell.run("%%gemini_edit --new -i picture --mask blob\na scarf").result
    assert fresh.request.images[0].data == encoded(SOURCE, compress_level=1)


def test_run_all_is_free_the_second_time(shell, gateway):
    cells = (
        "%%gemini_image first -i picture --region 0,0,5,5\na hat",
        "%%gemini_edit second --mask blob --feather 3\na scarf",
        "%%gemini_edit third\nat night",
    )
    first, again = ([shell.run(cell).result.image.sha256 for cell in cells] for _ in range(2))
    assert first == again
    assert gateway.posts == len(cells)


def test_several_prompts_share_one_mask(shell, gateway):
    shell.names["hats"] = ["top hat", "beret"]
    batch = shell.run("%%gemini_image -i picture --region 0,0,5,5 --vary hats\na {{hats}}").result
    assert [where_changed(generation) for generation in batch.generations] == [(0, 0, 5, 5)] * 2


REFUSED = {
    "%%gemini_image --region 0,0,5,5": "there is none",
    "%%gemini_image -i picture -i picture --region 0,0,5,5": "there are 2",
    "%%gemini_image -i picture --region 0,0,5,500": "reaches beyond the picture of 60 by 40",
    "%%gemini_image -i picture --region 0,0,5": "not X,Y,W,H",
    "%%gemini_image -i picture --region 0,0,5,x": "not X,Y,W,H",
    "%%gemini_image -i picture --feather x --region 0,0,5,5": "not a whole number",
    "%%gemini_image -i picture --feather 5": "there is none",
    "%%gemini_image -i picture --mask blob --region 0,0,5,5": "--mask and --region both",
    "%%gemini_image -i picture --mask nothing.png": "--mask nothing.png: there is no variable and no file",
    "%%gemini_image -i picture --mask small": "5 by 5 pixels, and the picture 60 by 40",
    "%%gemini_image -i picture --mask black": "The mask is empty",
    "%%gemini_edit --new --region 0,0,5,5": "there is none",
}


@pytest.mark.parametrize("line", REFUSED)
def test_refused_before_anything_is_sent(line, shell, gateway):
    shell.names.update(small=Image.new("L", (5, 5), 255), black=Image.new("L", SIZE))
    assert REFUSED[line] in shell.refused(f"{line}\na hat")
    assert gateway.posts == 0


def test_a_dry_run_reads_the_mask_and_sends_nothing(shell, gateway):
    assert "$" in shell.said("%%gemini_image -i picture --mask blob --dry-run\na hat")
    assert gateway.posts == 0


CODED = {
    "region": ("--region 10,5,20,15", "mask=(10, 5, 20, 15)", "--region 10,5,20,15"),
    "variable": ("--mask blob --feather 4", "mask=blob, feather=4", "--mask blob --feather 4"),
    "file of the store": ("--mask gone", 'mask=".gemini_nb/inputs/', "--mask .gemini_nb/inputs/"),
}


@pytest.mark.parametrize("kind", CODED)
def test_the_code_of_a_picture_and_its_cell_have_its_mask(kind, shell, gateway):
    line, in_python, in_cell = CODED[kind]
    shell.names["gone"] = MASKS["stroke"](SIZE)
    made = shell.run(f"%%gemini_image hat -i picture {line}\na hat").result
    del shell.names["gone"]
    code = shell.printed("%gemini code")
    assert in_python in " ".join(code.split()).replace("( ", "(")
    names = {"picture": SOURCE, "blob": shell.names["blob"]}
    exec(code, names)
    assert names["generation"].replayed
    cell = export.cell_source(shell.magics.session, Entry(1, made, "2026-11-30"))
    assert in_cell in cell
    again = shell.run(cell).result
    assert again.image == made.image
    assert gateway.posts == 1


def test_tab_offers_masks_as_it_offers_pictures(shell):
    assert "--mask" in offered(shell.shell, "%%gemini_edit --m¦")
    assert "--region" in offered(shell.shell, "%%gemini_image --r¦")
    assert {"picture", "blob"} <= set(offered(shell.shell, "%%gemini_edit --mask ¦"))


def test_offline_a_mask_holds_as_well():
    with a_shell() as shell:
        shell.run("%%gemini_image\na red square on white")
        edited = shell.run("%%gemini_edit --region 0,0,300,200\nmake it blue").result
        assert edited.provider == "offline"
        before, after = (np.asarray(image.pil) for image in (edited.chain[0][1], edited.image))
        left, top, right, bottom = Image.fromarray((before != after).any(axis=2)).getbbox()
        assert (left, top) >= (0, 0)
        assert (right, bottom) <= (300, 200)
