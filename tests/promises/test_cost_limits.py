"""Promise 5: "would be replayed" is said only of what will be; a damaged store lets nothing past a limit."""

from __future__ import annotations

import shutil

import pytest

from gemini_nb import Client, ImageRequest
from support.clients import KEY, OK, client_of
from support.gateway import Answer, Gateway
from support.images import png
from support.shells import a_shell

COUNT = 22  # more than `max_images` allows


def pictures(folder):
    return sorted((folder / "images").iterdir())


def records(folder):
    return sorted((folder / "records").iterdir())


def write_pointer(path):
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{path.stem}\nsize 12345\n")


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def make_link(path):
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved").name)


DAMAGES = {
    "Git LFS pointers": (pictures, write_pointer),
    "records as Git LFS pointers": (records, write_pointer),
    "one byte of a picture flipped": (pictures, flip),
    "one byte of each record flipped": (records, flip),
    "cut short": (pictures, lambda path: path.write_bytes(path.read_bytes()[:-9])),
    "longer": (pictures, lambda path: path.write_bytes(path.read_bytes() + b"\n")),
    "empty": (pictures, lambda path: path.write_bytes(b"")),
    "zeros of the same size": (pictures, lambda path: path.write_bytes(bytes(path.stat().st_size))),
    "other pictures": (pictures, lambda path: path.write_bytes(png(9, 9))),
    "gone": (pictures, lambda path: path.unlink()),
    "links": (pictures, make_link),
    "folders": (pictures, lambda path: (path.unlink(), path.mkdir())),
}


@pytest.fixture
def sound(tmp_path):
    """A store of so many takes of one prompt."""
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url, store=tmp_path / "sound") as client:
        client.generate_many([ImageRequest("a square", take=take) for take in range(COUNT)], progress=False)
    return tmp_path / "sound"


@pytest.fixture
def damaged(sound, request):
    files_of, damage = DAMAGES[request.param]
    for path in files_of(sound):
        damage(path)
    return sound


@pytest.mark.parametrize("damaged", DAMAGES, indirect=True)
def test_promise_5_a_damaged_store_lets_nothing_past_a_limit(damaged, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_STORE", str(damaged))
    with Gateway(Answer(OK)) as gateway, a_shell(gateway.url) as shell:
        said = shell.printed(f"%%gemini_image -n {COUNT} --dry-run\na square")
        assert f"{COUNT} pictures would be requested from crazyrouter, 0 replayed" in said
        assert "It would be refused: This asks for 22 pictures" in said
        assert "max_images is 20" in said
        limit = shell.refused(f"%%gemini_image -n {COUNT} --max-cost 0\na square")
        assert "CostLimitError" in limit
        assert "CostLimitError" in shell.refused(f"%%gemini_image -n {COUNT}\na square")
        assert gateway.posts == 0


def test_promise_5_one_damaged_picture_of_many_is_asked_for_alone(sound, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(sound, other)
    path = records(other)[0]
    flip(path)
    with Client(api_key=KEY, store=other) as client:
        requests = [ImageRequest("a square", take=take) for take in range(COUNT)]
        assert sum(map(client.holds, requests)) == COUNT - 1


def test_a_sound_store_passes_every_limit_at_no_cost(sound, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_STORE", str(sound))
    with Gateway(Answer(OK)) as gateway, a_shell(gateway.url) as shell:
        said = shell.printed(f"%%gemini_image -n {COUNT} --dry-run\na square")
        assert f"0 pictures would be requested from crazyrouter, {COUNT} replayed" in said
        assert "refused" not in said
        shell.printed(f"%%gemini_image -q -n {COUNT} --max-cost 0\na square")
        assert gateway.posts == 0


def test_a_dry_run_says_that_max_cost_would_refuse_it():
    with Gateway(Answer(OK)) as gateway, a_shell(gateway.url) as shell:
        said = shell.printed("%%gemini_image -n 2 --dry-run --max-cost 0.1\na square")
        assert (
            "It would be refused: This asks for 2 pictures, estimated at $0.134; the limit is $0.100." in said
        )
        assert gateway.posts == 0
