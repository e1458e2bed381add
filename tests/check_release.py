"""The release workflow's own commands, here: `make check-release`.

They run in a clone of what is committed, with an account and a date that this checkout may not have yet. What
publishes is left out, and the suite from the sdist is cut to the tests named by --tests=….
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
OWNER = "a-home"
PUBLISHING = {"publish", "announce"}


def main(tests: str) -> None:
    """Run the steps; leave at the first that fails."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder).resolve() / "gemini_nb"
        run(f"git clone --quiet {ROOT} {clone}", ROOT)
        version = (clone / "CITATION.cff").read_text(encoding="utf-8").partition("\nversion: ")[2].split()[0]
        run(f"make home OWNER={OWNER} && make release VERSION={version}", clone)
        workflow = yaml.safe_load((clone / ".github/workflows/release.yml").read_text(encoding="utf-8"))
        variables = {
            "GITHUB_REF_NAME": f"v{version}",
            "GITHUB_REPOSITORY_OWNER": OWNER,
            "PYTEST_ADDOPTS": tests,
        }
        for name, job in workflow["jobs"].items():
            for step in job["steps"] if name not in PUBLISHING else ():
                if "run" in step:
                    run(step["run"], clone, **variables)


def run(command: str, folder: Path, **variables: str) -> None:
    """Run a line of the shell, tell how long it took, and leave where it fails."""
    print(f"$ {command}", flush=True)
    began = time.monotonic()
    left_out = ("VENV", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command], cwd=folder, env={**kept, **variables}, check=False
    )
    print(f"{time.monotonic() - began:.0f} s", flush=True)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main(" ".join(word.removeprefix("--tests=") for word in sys.argv[1:]))
