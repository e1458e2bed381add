"""What a Binder visitor gets: an environment from `binder/` alone, Jupyter through it, the course run there.

Run: make check-binder. It clones the repository, so only what is committed counts. Binder's image has Python
3.12 and Jupyter; this uses the Python at hand and installs the image's Jupyter first. It prints what each
step took, and the environment's size.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
# What repo2docker's base image has; the package must be content with it.
BASE_IMAGE = ("jupyterlab==4.4.9", "ipython==9.6.0", "ipykernel==7.0.1", "ipywidgets==8.1.7")
KEYS = ("CRAZYROUTER_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
WAIT_SECONDS = 60


def main() -> None:
    """Clone, build, start and run; stop at the first failure."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        checkout, environment = home / "checkout", home / "environment"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        bin_folder = environment / "bin"
        pip = [str(bin_folder / "python"), "-m", "pip", "install", "--quiet"]
        with timed("an environment with the image's Jupyter"):
            venv.create(environment, with_pip=True)
            subprocess.run([*pip, *BASE_IMAGE], check=True)
        before = megabytes(environment)
        with timed("binder/requirements.txt"):
            subprocess.run([*pip, "-r", "binder/requirements.txt"], cwd=checkout, check=True)
        more = megabytes(environment) - before
        print(f"{before:8.0f} MB  the image's Jupyter, and {more:.0f} MB more for the course")
        variables = clean_variables(home, bin_folder)
        with timed("binder/postBuild"):
            subprocess.run(["binder/postBuild"], cwd=checkout, env=variables, check=True, capture_output=True)
        with timed("Jupyter starts through binder/start and has every notebook"):
            check_jupyter(checkout, variables)
        run_course(checkout, variables)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long a step took, once it is done."""
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:8.1f} s   {what}", flush=True)


def megabytes(folder: Path) -> float:
    """What the files of a folder take."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def clean_variables(home: Path, bin_folder: Path) -> dict[str, str]:
    """The visitor's environment: no key, a home of its own, the new environment first."""
    variables = {name: value for name, value in os.environ.items() if name not in KEYS}
    return {**variables, "HOME": str(home), "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}


def check_jupyter(checkout: Path, variables: dict[str, str]) -> None:
    """Start JupyterLab as Binder does, and ask its API for each notebook: a page answers for any name."""
    port = free_port()
    options = (
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
    )
    command = ["binder/start", "jupyter", "lab", *options, "--IdentityProvider.token="]
    server = subprocess.Popen(command, cwd=checkout, env=variables, stderr=subprocess.DEVNULL)
    try:
        for path in sorted((checkout / "notebooks").glob("*.ipynb")):
            found = fetched(f"http://127.0.0.1:{port}/api/contents/notebooks/{path.name}?content=0")
            assert found["type"] == "notebook", found
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def fetched(url: str) -> dict[str, object]:
    """The JSON at an address, once somebody answers there."""
    for _ in range(WAIT_SECONDS * 2):
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.5)
    sys.exit(f"No answer from {url}")


def run_course(checkout: Path, variables: dict[str, str]) -> None:
    """Run every notebook through binder/start; leave at the first that fails."""
    for path in sorted((checkout / "notebooks").glob("*.ipynb")):
        command = ["binder/start", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--stdout"]
        with timed(path.name):
            done = subprocess.run(
                [*command, str(path)], cwd=checkout, env=variables, capture_output=True, check=False
            )
        if done.returncode:
            sys.exit(f"{path.name} failed:\n{done.stderr.decode()[-2000:]}")


if __name__ == "__main__":
    main()
