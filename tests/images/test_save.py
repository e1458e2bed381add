from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb.errors import GeminiWarning, SaveError
from gemini_nb.images import save
from gemini_nb.images.image import GeneratedImage
from support.images import jpeg, noise_png, png
from support.paths import ROOT

PNG, OTHER, JPEG = png(), png(colour=(0, 0, 255)), jpeg()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own that finds this package."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def picture(data: bytes) -> GeneratedImage:
    return GeneratedImage.from_bytes(data, source="inlineData")


def test_the_bytes_are_written_as_they_are(tmp_path):
    path = picture(PNG).save(tmp_path / "hero.png")
    assert path == tmp_path / "hero.png"
    assert path.read_bytes() == PNG
    assert names(tmp_path) == ["hero.png"]


def test_an_existing_file_is_kept_and_the_error_says_how_to_go_on(tmp_path):
    picture(PNG).save(tmp_path / "hero.png")
    with pytest.raises(SaveError, match="overwrite=True") as caught:
        picture(OTHER).save(tmp_path / "hero.png")
    assert (tmp_path / "hero.png").read_bytes() == PNG
    assert caught.value.image.data == OTHER
    assert names(tmp_path) == ["hero.png"]


def test_overwrite_replaces(tmp_path):
    picture(PNG).save(tmp_path / "hero.png")
    picture(OTHER).save(tmp_path / "hero.png", overwrite=True)
    assert (tmp_path / "hero.png").read_bytes() == OTHER
    assert names(tmp_path) == ["hero.png"]


def test_unique_counts_up(tmp_path):
    written = [picture(PNG).save(tmp_path / "hero.png", unique=True).name for _ in range(3)]
    assert written == ["hero.png", "hero-2.png", "hero-3.png"]


def test_many_writers_at_once_never_clobber(tmp_path):
    datas = [noise_png(2000, seed=n) for n in range(12)]
    threads = [
        threading.Thread(target=picture(data).save, args=(tmp_path / "a.png",), kwargs={"unique": True})
        for data in datas
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == sorted(datas)


NAMED = {
    "a missing suffix is added": ("hero", PNG, "hero.png"),
    "of the bytes' type": ("hero", JPEG, "hero.jpg"),
    "behind a dot that begins none": ("v1.2", PNG, "v1.2.png"),
    "a suffix of another kind is not one": ("hero.py", PNG, "hero.py.png"),
    "capitals are kept": ("HERO.PNG", PNG, "HERO.PNG"),
    "jpeg is as good as jpg": ("hero.jpeg", JPEG, "hero.jpeg"),
    "parents are made": ("a/b/hero.png", PNG, "a/b/hero.png"),
    "two dots the user typed are followed": ("a/../hero.png", PNG, "a/../hero.png"),
    "a slash at the end is a folder": ("pictures/", PNG, "pictures/a-red-square.png"),
    "an existing folder is a folder": (".", PNG, "a-red-square.png"),
}


@pytest.mark.parametrize(("path", "data", "expected"), NAMED.values(), ids=NAMED)
def test_the_name_is_the_users_and_the_suffix_that_of_the_bytes(tmp_path, monkeypatch, path, data, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    assert picture(data).save(path, stem="A red square!".lower()) == Path(expected)
    assert Path(expected).read_bytes() == data


def test_the_same_picture_is_left_alone_and_another_is_not(tmp_path):
    image, other = picture(PNG), picture(OTHER)
    path = image.save(tmp_path / "hero.png")
    before = path.stat()
    assert image.save(path) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    with pytest.raises(SaveError, match="overwrite=True"):
        other.save(path)
    assert other.save(path, overwrite=True).read_bytes() == OTHER
    assert image.save(path, unique=True).name == "hero-2.png"


def test_a_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert picture(PNG).save("~/hero.png") == tmp_path / "hero.png"


def no_folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("x")
    return tmp_path / "file" / "hero.png"


def a_folder(tmp_path: Path) -> Path:
    (tmp_path / "hero.png").mkdir()
    (tmp_path / "hero.png" / "image.png").mkdir()
    return tmp_path / "hero.png"


FAILING = {
    "NUL": lambda tmp_path: f"{tmp_path}/a\0b.png",
    "300 characters": lambda tmp_path: tmp_path / ("x" * 300 + ".png"),
    "a file as folder": no_folder,
    "a folder as file": a_folder,
    "no such user": lambda _: "~no-such-user-here/hero.png",
    "a loop of links": lambda tmp_path: (tmp_path / "loop").symlink_to("loop") or tmp_path / "loop" / "a.png",
    "a device folder": lambda _: "/proc/self/hero.png",
    "a surrogate": lambda tmp_path: tmp_path / "a\ud800.png",
}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("target", FAILING.values(), ids=FAILING)
def test_what_cannot_be_written_is_a_save_error_that_holds_the_image(tmp_path, target, overwrite):
    made = picture(PNG)
    path = target(tmp_path)
    before = names(tmp_path)
    with pytest.raises(SaveError) as caught:
        made.save(path, overwrite=overwrite)
    assert caught.value.image is made
    assert caught.value.__context__ is None
    assert names(tmp_path) == before


READ_ONLY = """
import os, sys
from gemini_nb.images.image import GeneratedImage
from gemini_nb.errors import SaveError
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setuid(65534)  # root may write anywhere
try:
    GeneratedImage(b"x", "image/png", 1, 1, "inlineData").save("hero.png")
except SaveError as error:
    print(error.image.data, error)
"""


def test_a_read_only_folder_is_a_save_error(tmp_path):
    tmp_path.chmod(0o555)
    done = run(READ_ONLY, tmp_path)
    assert done.stdout.startswith("b'x' The picture could not be saved"), done.stderr
    assert "permission denied" in done.stdout


def test_a_dangling_link_is_not_written_through(tmp_path):
    (tmp_path / "hero.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(SaveError):
        picture(PNG).save(tmp_path / "hero.png")
    picture(PNG).save(tmp_path / "hero.png", overwrite=True)
    assert names(tmp_path) == ["hero.png"]


STEMS = {
    "a red square": "a-red-square",
    "A Red  Square, please!": "A-Red-Square-please",
    "../../etc/passwd": "etc-passwd",
    "..\\..\\windows": "windows",
    "/absolute": "absolute",
    "~root": "root",
    ".hidden": "hidden",
    "a\0b\x1b[31m\nc": "a-b-31m-c",
    "C:\\x": "C-x",
    "-rf": "rf",
    "con": "con-",
    "NUL": "NUL-",
    "com1": "com1-",
    "LPT9.png": "LPT9-png",
    "console": "console",
    "": "image",
    "...": "image",
    "🎨": "image",
    "\u202egnp.exe": "gnp-exe",
    "\u2066a\u2069b": "a-b",
    "%2e%2e%2f": "2e-2e-2f",
    "猫が寝ている": "猫が寝ている",
    "ein schöner Tag": "ein-schöner-Tag",
    "x" * 300: "x" * 80,
    "猫" * 300: "猫" * 40,
    "$(rm -rf) `x` *?<>|\"'": "rm-rf-x",
}


@pytest.mark.parametrize(("prompt", "stem"), STEMS.items(), ids=map(ascii, STEMS))
def test_a_name_made_of_a_prompt_is_safe(prompt, stem):
    assert save.safe_stem(prompt) == stem


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text("./\\-\0\u202e conCON1aé ", max_size=200))
def test_a_name_made_of_any_prompt_is_one_plain_component(prompt):
    stem = save.safe_stem(prompt)
    assert 0 < len(stem) <= 81
    assert len(stem.encode()) <= 121
    assert not set(stem) & set('/\\:*?"<>|.\0 ~')
    assert all(unicodedata.category(c)[0] in "LNM" or c in "-_" for c in stem)
    assert stem.lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}
    assert save.safe_stem(stem) in (stem, stem.rstrip("-") + "-", stem.rstrip("-"))


def test_a_folder_gets_the_name_made_of_the_stem_and_stays_inside(tmp_path):
    path = picture(PNG).save(tmp_path, stem="../../up")
    assert path == tmp_path / "up.png"


def test_facts_go_into_a_sidecar_that_is_replaced_if_that_was_asked_for(tmp_path):
    path = picture(PNG).save(tmp_path / "hero.png")
    save.write_sidecar(path, {"prompt": "old"})
    sidecar = save.write_sidecar(path, {"prompt": "eine Köchin \ud800", "path": path}, overwrite=True)
    assert sidecar.name == "hero.png.json"
    facts = json.loads(sidecar.read_text())
    assert (facts["prompt"], facts["path"]) == ("eine Köchin \ud800", str(path))
    assert names(tmp_path) == ["hero.png", "hero.png.json"]


def make_link(path):
    path.with_name("mine").write_text("my notes")
    path.symlink_to("mine")


TAKEN = {
    "another's JSON": lambda path: path.write_text('{"mine": "a day of work"}'),
    "an empty file": lambda path: path.write_text(""),
    "a link": make_link,
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_promise_15_a_sidecar_takes_no_other_files_place(tmp_path, kind):
    taken = tmp_path / "hero.png.json"
    TAKEN[kind](taken)
    before = taken.lstat()
    image = picture(PNG)
    with pytest.warns(GeminiWarning, match=r"hero\.png\.json was there already .* hero\.png-2\.json"):
        path = image.save(tmp_path / "hero.png", sidecar={"prompt": "a"})
    assert path.read_bytes() == PNG
    assert (taken.lstat().st_ino, taken.lstat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert json.loads((tmp_path / "hero.png-2.json").read_text()) == {"prompt": "a"}


@pytest.mark.filterwarnings("error")
def test_the_same_facts_beside_the_same_picture_are_left_alone(tmp_path):
    image = picture(PNG)
    for _ in range(2):
        image.save(tmp_path / "hero.png", sidecar={"prompt": "a"})
    assert names(tmp_path) == ["hero.png", "hero.png.json"]


def test_a_picture_that_is_replaced_takes_its_sidecar_along(tmp_path):
    image = picture(PNG)
    for prompt in ("old", "new"):
        image.save(tmp_path / "hero.png", overwrite=True, sidecar={"prompt": prompt})
    assert names(tmp_path) == ["hero.png", "hero.png.json"]
    assert json.loads((tmp_path / "hero.png.json").read_text()) == {"prompt": "new"}


FULL = """
import resource, signal, sys
from gemini_nb.images.image import GeneratedImage
from gemini_nb.errors import SaveError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    image = GeneratedImage(b"x" * 300_000, "image/png", 1, 1, "inlineData")
    image.save(sys.argv[1], overwrite=sys.argv[2] == "overwrite")
except SaveError as error:
    print(len(error.image.data))
"""


@pytest.mark.parametrize("how", ["new", "overwrite"])
def test_a_full_disk_leaves_nothing_and_the_bytes_are_still_held(tmp_path, how):
    if how == "overwrite":
        (tmp_path / "hero.png").write_bytes(PNG)
    before = names(tmp_path)
    done = run(FULL, tmp_path / "hero.png", how)
    assert done.stdout.strip() == "300000", done.stderr
    assert names(tmp_path) == before
    assert how == "new" or (tmp_path / "hero.png").read_bytes() == PNG


WRITER = """
import sys
from pathlib import Path
from gemini_nb.images.image import GeneratedImage
image = GeneratedImage.from_bytes(Path(sys.argv[1]).read_bytes(), source="inlineData")
print("ready", flush=True)
while True:
    image.save(Path(sys.argv[2]) / "new.png", unique=True)
    image.save(Path(sys.argv[2]) / "same.png", overwrite=True)
"""


def test_kill_leaves_whole_files_only(tmp_path):
    data, folder = noise_png(300_000), tmp_path / "out"
    (tmp_path / "data").write_bytes(data)
    folder.mkdir()
    for round_ in range(24):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "data"), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writer:
            writer.stdout.readline()
            # No sleep: the kill falls wherever so many further looks at the folder take the clock.
            for _ in range(round_ * 40):
                names(folder)
            writer.send_signal(signal.SIGKILL)
        assert {path.read_bytes() == data for path in folder.iterdir()} <= {True}
        for path in folder.glob("new*"):  # or each look would take longer than the one before
            path.unlink()
    assert "same.png" in names(folder)
