"""The most used of the studio in Firefox, which npm's puppeteer-core drives: each step once, in one tab."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import threading

import pytest

from support.gateway import Answer, Gateway
from support.jupyter_lab import READY, RUN, studio_cell
from support.jupyter_server import TOKEN, JupyterServer
from support.numbered_pictures import BLOCKED
from support.paths import TESTS
from support.replies import inline, reply
from support.shells import prompt_of

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
SCRIPT = TESTS / "support" / "firefox_studio.mjs"
SECONDS = 900  # until the browser is given up
STEPS = (
    "Ctrl+Enter makes a picture",
    "Generate makes a picture",
    "a click chooses",
    "Enter enlarges and Escape comes back",
    "Download brings the original",
    "pasted, dropped and uploaded files are sources",
    "a mask is painted",
    "two pictures are compared under a slider",
    "Stop stops",
    "a refusal is an alert",
    "saved, it stands without a kernel",
    "no error and no other host",
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """A folder with puppeteer-core and the script."""
    if FIREFOX is None:
        pytest.skip("there is no Firefox: apt-get install firefox-esr")
    folder = tmp_path_factory.mktemp("driver")
    command = [
        "npm",
        "install",
        "puppeteer-core@24",
        "--silent",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ]
    try:
        subprocess.run(["node", "--version"], capture_output=True, check=True)
        subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=True)
    except (OSError, subprocess.SubprocessError) as problem:
        pytest.skip(f"puppeteer-core could not be fetched from npm: {problem}")
    return shutil.copy(SCRIPT, folder)


@pytest.fixture(scope="module")
def outcome(driver, tmp_path_factory, photo):
    """What Firefox said of each step, what the gateway was asked, and the folder of downloads."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    folder = tmp_path_factory.mktemp("firefox")
    files = [folder / "photo.png", folder / "words.png"]
    files[0].write_bytes(photo)
    files[1].write_text("no picture")

    def answer(request):
        if "blocked" in prompt_of(request):
            return BLOCKED
        return Answer(reply(inline(photo)), hold=threading.Event() if "held" in prompt_of(request) else None)

    with JupyterServer(folder) as server, Gateway(answer) as gateway:
        server.write_notebook("studio", studio_cell(gateway))
        path = "studio/notebook.ipynb"
        given = {
            "executablePath": FIREFOX, "url": f"{server.url}doc/tree/{path}?token={TOKEN}", "ready": READY,
            "run": RUN, "path": path, "files": [str(file) for file in files], "downloads": str(folder),
        }  # fmt: skip
        done = subprocess.run(
            ["node", driver, json.dumps(given)],
            check=False,
            env={**os.environ, "HOME": str(folder)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        said = [json.loads(line) for line in done.stdout.splitlines()]
        problems = {one["step"]: one["problem"] for one in said}
        return problems or dict.fromkeys(STEPS, done.stderr), gateway, folder


@pytest.mark.parametrize("step", STEPS)
def test_firefox(outcome, step):
    problems, _, _ = outcome
    assert problems.get(step, "not reached") == ""


def test_what_firefox_sent_and_downloaded(outcome, photo):
    _, gateway, folder = outcome
    assert gateway.wait_for_disconnects(1)
    assert [prompt_of(request).split("\n")[0] for request in gateway.requests] == [
        "a red fox", "a blue whale", "masked", "held", "blocked",
    ]  # fmt: skip
    assert len(gateway.requests[2].json["contents"][0]["parts"]) == 3
    downloaded = (folder / "a-red-fox.png").read_bytes()
    assert hashlib.sha256(downloaded).hexdigest() == hashlib.sha256(photo).hexdigest()
