"""The store among kernels that write at the same time and are killed, and on disks that refuse.

`GEMINI_NB_FIRE_SECONDS=30 pytest tests/promises/test_store_under_fire.py` keeps the kernels at it for longer.
"""

from __future__ import annotations

import os
import random
import selectors
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from gemini_nb.errors import GeminiWarning
from gemini_nb.request import ImageRequest
from gemini_nb.store.location import default_folder
from gemini_nb.store.store import Store
from support.disks import full_disk
from support.generations import answer
from support.images import noise_png
from support.paths import TESTS
from support.warned import messages

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = float(os.environ.get("GEMINI_NB_FIRE_SECONDS", "4"))
KERNELS, PROMPTS, ENOUGH = 4, 12, 50


class Kernels:
    """Four kernels on one store, replaced as they are killed; `said` is all that they told."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        self.selector = selectors.DefaultSelector()
        self.running: list[subprocess.Popen] = []
        self.said = b""
        self.killed = 0

    def start(self) -> None:
        seed = str(self.chance.random())
        command = [
            sys.executable,
            str(TESTS / "support" / "store_worker.py"),
            str(self.folder),
            seed,
            str(PROMPTS),
        ]
        kernel = subprocess.Popen(command, stdout=subprocess.PIPE)
        os.set_blocking(kernel.stdout.fileno(), False)
        self.selector.register(kernel.stdout, selectors.EVENT_READ)
        self.running.append(kernel)

    def listen(self, seconds: float) -> None:
        """Hear them out for so long, and on a slow machine until any of them has kept something."""
        until, heard = time.monotonic() + seconds, len(self.said)
        while (left := until - time.monotonic()) > 0 or len(self.said) == heard:
            for key, _ in self.selector.select(max(left, 0.1)):
                self.said += key.fileobj.read() or b""
            assert [kernel.poll() for kernel in self.running] == [None] * KERNELS

    def kill(self, kernel: subprocess.Popen) -> None:
        kernel.kill()
        kernel.wait()
        os.set_blocking(kernel.stdout.fileno(), True)
        self.said += kernel.stdout.read()
        self.selector.unregister(kernel.stdout)
        kernel.stdout.close()
        self.running.remove(kernel)
        self.killed += 1

    def fire(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for _ in range(KERNELS):
            self.start()
        while time.monotonic() < until or self.killed <= KERNELS or self.said.count(b"kept") < ENOUGH:
            self.listen(self.chance.uniform(0.2, 0.6))
            self.kill(self.chance.choice(self.running))
            self.start()
        for kernel in tuple(self.running):
            self.kill(kernel)


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """A store and what its kernels said before they were killed."""
    kernels = Kernels(tmp_path_factory.mktemp("fire") / "store", seed=20261122)
    kernels.fire(SECONDS)
    return Store(kernels.folder), kernels.said.decode().splitlines(), kernels.killed


def test_promise_20_four_kernels_with_kill_9_read_nothing_wrong(aftermath):
    _, said, killed = aftermath
    assert killed > KERNELS
    assert [line for line in said if line.startswith("WRONG")] == []


def test_promise_20_what_was_reported_as_kept_is_there_after_kill_9(aftermath):
    store, said, _ = aftermath
    kept = {int(line.removeprefix("kept ")) for line in said}
    assert len(kept) > 3
    for number in kept:
        assert store.find(ImageRequest(f"prompt {number}")).image.width == number


def test_promise_20_kill_9_leaves_only_sound_files_and_left_overs(aftermath):
    store, _, _ = aftermath
    report = store.verify()
    assert report.ok
    names = {path.name for path in store.folder.iterdir() if not path.name.endswith(".part")}
    assert names == {"README.md", ".gitignore", "records", "images", "contents"}


SAME = """
import sys
from support.store_worker import numbered
from gemini_nb.store.store import Store
sys.stdin.readline()
for noise in range(40):
    assert Store(sys.argv[1]).keep(numbered(7, bytes([int(sys.argv[2]), noise]) * 20_000))
"""


def run_python(code: str, *arguments: str, **options) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stdin=subprocess.PIPE, text=True, **options
    )


def test_promise_20_two_kernels_may_keep_the_same_request(tmp_path):
    both = [run_python(SAME, str(tmp_path / "store"), name) for name in "12"]
    for kernel in both:
        kernel.stdin.write("go\n")
        kernel.stdin.flush()
    assert [kernel.wait() for kernel in both] == [0, 0]
    for kernel in both:
        kernel.stdin.close()
    store = Store(tmp_path / "store")
    assert store.find(ImageRequest("prompt 7")).image.width == 7
    report = store.verify()
    assert (report.ok, report.records, report.left_over) == (True, 1, 0)


KEEPING = """
import sys, warnings
from support.store_worker import numbered
from gemini_nb.store.store import Store
warnings.simplefilter("error")
store = Store(sys.argv[1])
for number in range(1, 101):
    assert store.keep(numbered(number, b""))
    print(number, flush=True)
"""


def test_a_store_that_is_cleared_while_others_keep_refuses_nobody(tmp_path):
    store = Store(tmp_path / "store")
    kernel = run_python(KEEPING, str(store.folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    cleared = sum(store.clear() for line in kernel.stdout if int(line) % 5 == 0)
    _, told = kernel.communicate()
    assert (kernel.returncode, told) == (0, "")
    assert cleared + store.clear() > 100


def whole_files(store: Store) -> list[str]:
    return sorted(path.parent.name for path in store.folder.glob("*/*"))


def test_promise_20_a_full_disk_warns_once_and_the_work_goes_on(tmp_path):
    store, large = Store(tmp_path / "store"), answer("large", noise_png(300_000))
    with full_disk(100_000):
        with pytest.warns(GeminiWarning, match="File too large|file too large") as told:
            assert not store.keep(large)
        assert not Store(store.folder).keep(large)
        assert store.keep(answer("small"))
    (message,) = messages(told)
    assert "everything else goes on" in message
    assert whole_files(store) == ["images", "records"]
    assert store.keep(large)


def test_promise_20_each_store_warns_for_itself(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("a file in the folder's place")
        with pytest.warns(GeminiWarning, match=f"store {tmp_path / name} cannot be written: file exists"):
            assert not Store(tmp_path / name).keep(answer())
        assert Store(tmp_path / name).find(answer().request) is None


def in_mount(options: str, folder: Path, code: str) -> str:
    """Run Python in `folder`, a small disk of its own that only that process sees; return what it says."""
    script = f'mount -t tmpfs -o {options} none "$0" && cd "$0" && exec "$@"'
    kernel = ["unshare", "-m", "sh", "-c", script, str(folder), sys.executable, "-W", "always", "-c", code]
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk")
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    ended = subprocess.run(
        kernel, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


FULL = """
from support.store_worker import numbered
from gemini_nb.store.store import Store
store = Store("store")
kept = [store.keep(numbered(number, bytes(100_000))) for number in range(1, 9)]
found = [store.find(numbered(number, b"").request) is not None for number in range(1, 9)]
assert kept == found, (kept, found)
assert any(kept) and not all(kept), kept
assert store.verify().ok and store.verify().left_over == 0
"""


def test_promise_20_a_disk_that_fills_up_keeps_what_it_reported(tmp_path):
    said = in_mount("size=500k", tmp_path, FULL)
    assert said.lower().count("no space left on device") == 1


READ_ONLY = """
import os, subprocess
from support.generations import answer
from gemini_nb.store.location import default_folder
from gemini_nb.store.store import Store
assert default_folder() == Store(".gemini_nb").folder
assert Store(".gemini_nb").keep(answer("a"))
os.mkdir("empty")
subprocess.run(["mount", "-o", "remount,ro", "."], check=True)
store = Store(".gemini_nb")
assert not store.keep(answer("b")) and not store.keep(answer("b"))
assert store.find(answer("a").request)
assert store.next_take(answer("a").request) == 1
assert store.verify().ok and store.clear() == 0
assert default_folder() == store.folder
os.chdir("empty")
assert "cache" in default_folder().parts
"""


def test_promise_20_a_read_only_store_warns_once_and_still_replays(tmp_path):
    said = in_mount("size=500k", tmp_path, READ_ONLY)
    assert said.lower().count("read-only file system") == 1


def test_a_folder_that_may_not_be_written_to_has_its_store_in_the_cache(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    tmp_path.chmod(0o500)
    assert "cache" in default_folder(tmp_path).parts
