"""A notebook that saves pictures runs three times over, and touches no file of anybody else."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image

from support.gateway import Answer, Gateway
from support.images import jpeg
from support.replies import inline, reply
from support.shells import a_shell, prompt_of

NAMES = {
    "rows": [
        {"sku": "A1", "name": "cup"},
        {"sku": "A1", "name": "jug"},
        {"sku": "../b/c", "name": "pot"},
        {"sku": "nul", "name": "pan"},
        {"sku": "A1-1", "name": "lid"},
    ],
    "tint": ["red", "blue"],
    "version": 2,
}
CELLS = {
    "%%gemini_image -s hero.jpg\n@ at dawn": ["hero.jpg"],
    "%%gemini_image -s bare\n@, bare": ["bare.jpg"],
    "%%gemini_image -s boat.png\n@ at sea": ["boat.png"],
    "%%gemini_image -n 4 -s out.png\n@": ["out-1.png", "out-2.png", "out-3.png", "out-4.png"],
    "%%gemini_image -n 2 -s takes/\n@ again": ["takes/@-again-take-0.jpg", "takes/@-again-take-1.jpg"],
    "%%gemini_image --each rows -s cards/{{sku}}.jpg\n@ on a {{name}}": [
        "cards/A1-2.jpg",
        "cards/A1-3.jpg",
        "cards/b-c.jpg",
        "cards/nul-.jpg",
        "cards/A1-1.jpg",
    ],
    "%%gemini_image --vary tint -s {{tint}}.png\n@ in {{tint}}": ["red.png", "blue.png"],
    "%%gemini_edit -s edit-{{version}}.png\nlouder than @": ["edit-2.png"],
}
FOREIGN = ["hero.png", "out.png", "takes/cat-again.jpg", "cards/A1.jpg", "cards/nul.jpg", "cards/c.jpg"]


@pytest.fixture
def gateway():
    """A gateway whose every reply is a JPEG of a colour of its own; `painted` has them by prompt."""
    painted = defaultdict(list)

    def answer(request):
        count = sum(map(len, painted.values()))
        data = jpeg(16, 16, (count, 255 - count, 40))
        painted[prompt_of(request)].append(data)
        return Answer(reply(inline(data)))

    with Gateway(answer) as gateway:
        gateway.painted = painted
        yield gateway


def stamps(names):
    return [(Path(name).read_bytes(), Path(name).stat().st_mtime_ns) for name in names]


def run_all(subject, url="", cells=CELLS):
    """Run a notebook in a new kernel; return the answers of its cells, each saved where it should be."""
    answers = []
    with a_shell(url) as shell:
        shell.names.update(NAMES)
        for cell, names in cells.items():
            done = shell.run(cell.replace("@", subject))
            assert done.error is None, (cell, done.error)
            made = getattr(done.result, "generations", None) or [done.result]
            assert [str(one.path) for one in made] == [name.replace("@", subject) for name in names]
            answers += made
    return answers


def test_a_notebook_that_saves_runs_three_times_over(tmp_path, gateway):
    for name in FOREIGN:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("mine")
    foreign, pictures, saved = stamps(FOREIGN), sum(map(len, CELLS.values())), []
    for subject, posts in ("cat", pictures), ("cat", pictures), ("dog", 2 * pictures):
        answers = run_all(subject, gateway.url)
        assert gateway.posts == posts
        assert stamps(FOREIGN) == foreign
        for made in answers:
            assert made.image.data in gateway.painted[made.prompt]
            assert holds(made.path, made.image)
        saved.append(stamps(made.path for made in answers))
    assert len({made.path for made in answers}) == pictures
    assert saved[0] == saved[1]  # nothing is written twice


def holds(path, image):
    """Whether a file is the picture: its bytes, or all of its pixels."""
    if path.suffix == image.suffix:
        return path.read_bytes() == image.data
    with Image.open(path) as saved:
        return saved.format == "PNG" and saved.tobytes() == image.pil.tobytes()


OFFLINE = {
    "%%gemini_image -z 512 -s hero.jpg\n@ at dawn": ["hero.jpg"],
    "%%gemini_image -z 512 -n 2 -s out.png\n@": ["out-1.png", "out-2.png"],
}


def test_a_notebook_without_a_key_runs_three_times_over_and_then_with_one(tmp_path, gateway):
    for subject in ("cat", "cat", "dog"):
        for made in run_all(subject, cells=OFFLINE):
            assert made.provider == "offline"
            assert holds(made.path, made.image)
    assert not (tmp_path / ".gemini_nb").exists()
    for made in run_all("dog", gateway.url, cells=OFFLINE):
        assert made.provider == "crazyrouter"
        assert holds(made.path, made.image)


EDITED = {
    "a picture as it came": ("hero.jpg", True),
    "one that was converted": ("hero.png", True),
    "one that was painted offline": ("hero.png", False),
}


@pytest.mark.parametrize(("name", "has_key"), EDITED.values(), ids=EDITED)
def test_a_file_that_was_edited_since_is_somebodys_own(tmp_path, gateway, name, has_key):
    with a_shell(gateway.url if has_key else "") as shell:
        path = shell.run(f"%%gemini_image -z 512 -s {name}\na cat").result.path
        path.write_bytes(path.read_bytes() + b"edited")
        refused = shell.refused(f"%%gemini_image -z 512 -s {name}\na dog")
        assert "exists already" in refused
        assert "--overwrite" in refused
        assert path.read_bytes().endswith(b"edited")
        assert gateway.posts == has_key  # nothing was paid for it
        assert holds(
            shell.run(f"%%gemini_image -z 512 -s {name} --overwrite\na dog").result.path,
            shell.names["_"].image,
        )
