"""Nothing that goes wrong after the reply arrived loses the picture or leaves the tree of errors."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gemini_nb import GeminiError
from gemini_nb.batch.result import Batch
from gemini_nb.display import figure, grid
from gemini_nb.errors import SaveError
from gemini_nb.store.store import Store
from support.clients import client_of
from support.command_line import OK, command, environment, generate, run_in_bash
from support.gateway import Answer, Gateway
from support.generations import answer
from support.images import noise_png
from support.processes import ran
from support.replies import inline, reply
from support.shells import a_shell

FAILING_AT_EACH_STEP = """
import itertools, os, shutil, tempfile
warnings.simplefilter("ignore")
from support.failing_disk import FailingDisk
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.replies import inline, reply

SIZE, ONWARDS, MANY = {arguments}
folder = tempfile.mkdtemp()
os.environ["XDG_CACHE_HOME"] = folder + "/cache"
disk, picture = FailingDisk(folder), noise_png(SIZE)

def ask(client, manifest):
    if not MANY:
        return client.generate("x")
    return client.generate_many(["x"], progress=False, manifest=manifest).generations[0]

def paint(_request):
    disk.watch()
    return Answer(reply(inline(picture, thoughtSignature="c2ln" * 2000)))

with Gateway(paint) as gateway:
    for step in itertools.count():
        with client_of(gateway.url, store=f"{{folder}}/{{step}}") as client:
            with disk.failing(step, onwards=ONWARDS):
                generation = ask(client, f"{{folder}}/{{step}}.jsonl")
            assert generation.image.data == picture, step
        if disk.count <= step:
            break
    print(step, gateway.posts)
"""
STEPS = {
    "in memory": (2_000, False, False),
    "in a file": (400_000, False, False),
    "in a file, and the disk stays broken": (400_000, True, False),
    "in a batch with a manifest": (400_000, False, True),
}


@pytest.mark.skipif(sys.platform == "win32", reason="the calls that fail are those of POSIX")
@pytest.mark.parametrize("arguments", STEPS.values(), ids=STEPS)
def test_promise_2_any_call_of_the_disk_may_fail_after_the_reply_and_the_picture_is_there(arguments):
    steps, posts = map(int, ran(FAILING_AT_EACH_STEP.format(arguments=arguments)).split())
    assert posts == steps + 1
    assert steps > 20


FULL_AT_EACH_SIZE = """
import os, resource, shutil, tempfile
warnings.simplefilter("ignore")
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.replies import inline, reply

folder, hard = tempfile.mkdtemp(), resource.getrlimit(resource.RLIMIT_FSIZE)[1]
os.environ["XDG_CACHE_HOME"] = folder + "/cache"
picture = noise_png(300_000)
with Gateway(Answer(reply(inline(picture, thoughtSignature="c2ln" * 20_000)))) as gateway:
    for size in (*range(0, 2_000, 199), *range(2_000, 400_000, 26_111)):
        with client_of(gateway.url, store=f"{folder}/{size}") as client:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            generation = client.generate("x")
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            assert generation.image.data == picture, size
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a file's length is limited as Linux does it")
def test_promise_2_the_disk_may_be_full_at_any_byte():
    ran(FULL_AT_EACH_SIZE)


OF_ANOTHER = """
import os
client = client_of(url, store={folder!r})
from gemini_nb.http import transport  # while it may still be read
os.setgid(65534), os.setuid(65534)
warnings.simplefilter("ignore")
assert client.generate("one").image.width == 6
assert client.generate_many(["two"], progress=False).generations[0].image.width == 6
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes folders for others")
def test_promise_20_the_folder_of_another_user_costs_no_picture(tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    with Gateway(OK) as gateway:
        ran(OF_ANOTHER.format(folder=str(tmp_path / "store")), gateway.url)
        assert gateway.posts == 2


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_promise_20_a_store_whose_name_is_too_long_costs_no_picture(tmp_path, many):
    picture, store = noise_png(300_000), tmp_path / ("s" * 300)
    with (
        Gateway(Answer(reply(inline(picture)))) as gateway,
        client_of(gateway.url, store=store) as client,
    ):
        with pytest.warns(UserWarning, match="cannot be written: file name too long"):
            made = (
                client.generate_many(["x"], progress=False).generations[0] if many else client.generate("x")
            )
        assert made.image.data == picture


@pytest.mark.parametrize(
    "folder", ["~nosuchuser/s", "a\0b", 5, b"s"], ids=["no home", "NUL", "a number", "bytes"]
)
def test_a_store_that_can_be_no_path_is_refused_before_anything_is_sent(folder):
    with pytest.raises(GeminiError, match=r"The store .* cannot be written"):
        Store(folder)


@pytest.mark.parametrize("path", ["~nosuchuser/t", "a\0b", "\ud800", "/dev/full/t"], ids=ascii)
def test_a_table_that_can_be_no_path_is_an_error_of_ours(path):
    batch = Batch((answer("x").request,), (answer("x"),))
    with pytest.raises(SaveError, match="cannot be written"):
        batch.to_parquet(f"{path}.parquet")


class Undrawable:
    """A picture that fails to decode as no picture should."""

    mime_type, width, height, sha256 = "image/png", 4, 4, "0" * 64

    def first_frame(self):
        raise MemoryError


def test_promise_2_a_display_that_fails_shows_the_text():
    bundle = figure.render_bundle(Undrawable(), alt="a cat", caption="PNG")
    text = "PNG · sha256 000000000000\nIt cannot be shown here (MemoryError)."
    assert bundle == {"text/plain": text}
    assert "a cat" in grid.render_bundle([grid.Tile("a cat", "a cat", image=Undrawable())])["text/plain"]


def test_a_grid_that_cannot_be_shown_still_says_what_failed(monkeypatch):
    refused = Answer({"promptFeedback": {"blockReason": "SAFETY"}})
    with Gateway(OK, refused) as gateway, a_shell(gateway.url) as shell:
        monkeypatch.setattr("IPython.display.display", lambda *_: 1 / 0)
        error = shell.run("%%gemini_image batch -n 2 --strict\nx").error
        assert isinstance(error, GeminiError)
        assert len(shell.names["batch"].generations) == 1


TARGETS = {
    "no home": "~nosuchuser/x.png",
    "too long": "n" * 300 + ".png",
    "a folder too long": "n" * 300 + "/",
    "NUL": "a\0b.png",
    "below a file": "/dev/full/x.png",
    "read-only": "/proc/x.png",
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("grid", ["", " -n 2"], ids=["one", "grid"])
def test_a_stored_picture_that_cannot_be_saved_is_in_the_error(target, grid):
    with Gateway(OK) as gateway, a_shell(gateway.url) as shell:
        shell.run(f"%%gemini_image{grid}\nx")
        error = shell.run(f"%%gemini_image{grid} -s {target}\nx").error
        assert type(error).__name__ == "SaveError"
        assert grid or error.image == shell.magics.session.last.image


class BrokenStdout:
    encoding = "ascii"

    def write(self, text):
        raise BrokenPipeError

    flush = write


def test_a_stdout_that_fails_costs_no_cell(monkeypatch):
    with Gateway(OK) as gateway, a_shell(gateway.url) as shell:
        monkeypatch.setattr(sys, "stdout", BrokenStdout())
        shell.magics.gemini_image("hero -m gemini-99-image", "x")  # an unknown model is warned of
        monkeypatch.undo()
        assert shell.names["hero"].image is not None


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "cp936"])
@pytest.mark.parametrize("options", [(), ("--stream",), ("--json",)], ids=["path", "stream", "json"])
def test_the_program_prints_its_path_in_any_encoding(tmp_path, encoding, options):
    with Gateway(Answer(reply("très «rouge» 红色 🟥", inline(noise_png(100))))) as gateway:
        variables = environment(gateway.url, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        name = os.fsdecode("red 红色".encode() + b"\xe9.png")
        done = subprocess.run(
            command("generate", "x", "-o", name, *options), env=variables, capture_output=True, check=False
        )
        assert (done.returncode, gateway.posts) == (0, 1)
    assert (tmp_path / name).exists()
    assert b"red " in done.stdout


def test_a_stderr_that_is_full_costs_no_picture(tmp_path):
    with Gateway(OK) as gateway:
        done = run_in_bash("{} 2>/dev/full", "a red square", "-o", "a.png", url=gateway.url)
    assert (done.returncode, done.stdout) == (0, b"a.png\n")


def test_a_stdout_that_is_full_is_told_with_the_path_of_the_picture(tmp_path):
    with Gateway(OK) as gateway:
        done = run_in_bash("{} >/dev/full", "a red square", "-o", "a.png", url=gateway.url)
    assert done.returncode == 1
    assert b"saved as a.png" in done.stderr


def test_a_store_without_a_home_is_told_by_the_program_too():
    with Gateway(OK) as gateway:
        done = generate("--store", "~nosuchuser/s", url=gateway.url)
    assert (done.returncode, gateway.posts) == (1, 0)
    assert "The store '~nosuchuser/s' cannot be written" in done.stderr


def test_a_picture_whose_file_is_gone_while_it_is_kept_is_a_warning(tmp_path):
    generation = answer("x")
    lost = Store(tmp_path / "a").point_to_files(generation)
    with pytest.warns(UserWarning, match="cannot be written"):
        assert not Store(tmp_path / "b").keep(lost)
