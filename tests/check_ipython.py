"""The magics on older IPythons, each in an environment of its own: 7.34, which Colab ships, and 8.

Run: make check-ipython. What is new in 8.6, completion by matchers, has a hook in its place on 7.34.
"""

from __future__ import annotations

import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAGICS = tuple(
    f"notebook/test_{module}.py"
    for module in (
        "magics",
        "call_site",
        "generate",
        "edit",
        "progress",
        "variables",
        "saving",
        "defaults",
        "extension",
        "kernel",
    )
)
VERSIONS = {
    "ipython==7.34.0": (*MAGICS, "notebook/completion/test_completion_hook.py"),
    "ipython>=8.37,<9": (*MAGICS, "notebook/completion"),
}


def main() -> None:
    for version, files in VERSIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            print(f"== {version}", flush=True)
            check(Path(folder), version, files)


def check(environment: Path, version: str, files: tuple[str, ...]) -> None:
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    packages = (version, "ipykernel<7", "--editable", f"{ROOT}[test]")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    paths = [ROOT / "tests" / name for name in files]
    subprocess.run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
