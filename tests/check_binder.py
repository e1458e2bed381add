"""What a Binder visitor gets: an environment from `binder/` alone, Jupyter through it, the course run there.

Run: make check-binder. It clones the repository, so only what is committed counts. Binder's image has Python
3.12 and Jupyter; this uses the Python at hand and installs Jupyter beside.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
BASE_IMAGE = ("jupyterlab>=4.4", "nbconvert>=7.16")  # what every Binder image has
KEYS = ("CRAZYROUTER_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
WAIT_SECONDS = 60


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        checkout, environment = home / "checkout", home / "environment"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        venv.create(environment, with_pip=True)
        bin_folder = environment / "bin"
        pip = [str(bin_folder / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *BASE_IMAGE], check=True)
        subprocess.run([*pip, "-r", "binder/requirements.txt"], cwd=checkout, check=True)
        variables = clean_variables(home, bin_folder)
        subprocess.run(["binder/postBuild"], cwd=checkout, env=variables, check=True)
        check_jupyter(checkout, variables)
        run_course(checkout, variables)


def clean_variables(home: Path, bin_folder: Path) -> dict[str, str]:
    """The visitor's environment: no key, a home of its own, the new environment first."""
    variables = {name: value for name, value in os.environ.items() if name not in KEYS}
    return {**variables, "HOME": str(home), "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}


def check_jupyter(checkout: Path, variables: dict[str, str]) -> None:
    """Start JupyterLab as Binder does, and ask it for the first notebook."""
    options = ("--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=8899", "--ServerApp.port_retries=0")
    command = ["binder/start", "jupyter", "lab", *options, "--IdentityProvider.token="]
    server = subprocess.Popen(command, cwd=checkout, env=variables, stderr=subprocess.DEVNULL)
    try:
        found = fetched("http://127.0.0.1:8899/api/contents/notebooks/01_first_image.ipynb?content=0")
    finally:
        server.terminate()
        server.wait()
    assert found["type"] == "notebook", found
    print("Jupyter starts and has the course")


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
    for path in sorted((checkout / "notebooks").glob("*.ipynb")):
        command = ["binder/start", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--stdout"]
        done = subprocess.run(
            [*command, str(path)], cwd=checkout, env=variables, capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(f"{path.name} failed:\n{done.stderr.decode()[-2000:]}")
        print(f"{path.name} runs")


if __name__ == "__main__":
    main()
