"""What is in dist/, as a user gets it, in environments of their own: `make check-wheel`, `make check-sdist`.

wheel  installed into a fresh environment, it paints the first picture: on the command line and in IPython
sdist  unpacked, it passes its own tests
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
WHEEL = ROOT / "dist" / f"gemini_nb-{VERSION}-py3-none-any.whl"
SDIST = ROOT / "dist" / f"gemini_nb-{VERSION}.tar.gz"
KEYS = ("CRAZYROUTER_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
CELLS = """\
%load_ext gemini_nb


%%gemini_image hero -a 16:9
A sunset over the sea, with a small sailing boat


print("PAINTED", hero.provider, hero.image.width, hero.save("hero.jpg").stat().st_size)


"""


def main(what: str) -> None:
    """Check one of the two; leave with what is wrong."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        check_wheel(folder) if what == "wheel" else check_sdist(folder)
    print(f"{what} of {VERSION} checked in {time.monotonic() - began:.0f} s")


def check_wheel(folder: Path) -> None:
    """Install the wheel where nothing else is, and make the README's first picture."""
    run([sys.executable, "-m", "venv", folder / "environment"], folder)
    programs = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
    run(install, folder)
    version = run([programs / "gemini-nb", "--version"], folder)
    assert version.strip() == f"gemini-nb {VERSION}", version
    run([programs / "gemini-nb", "generate", "a red square", "-o", "red.jpg", "-p", "offline"], folder)
    assert (folder / "red.jpg").read_bytes().startswith(b"\xff\xd8")
    command = [python, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    said = run(command, folder, typed=CELLS)
    painted = next((line for line in said.splitlines() if "PAINTED" in line), said)
    assert "PAINTED offline 1376" in painted, said
    assert (folder / "hero.jpg").read_bytes().startswith(b"\xff\xd8")
    print(f"first picture: {painted[painted.index('PAINTED') :]} bytes")


def check_sdist(folder: Path) -> None:
    """Run `make test` in the unpacked sdist, which sets itself up."""
    with tarfile.open(SDIST) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 or newer
        archive.extractall(folder)
    tree = folder / f"gemini_nb-{VERSION}"
    subprocess.run(
        ["make", "test", f"PYTHON={sys.executable}"], cwd=tree, env=environment(folder), check=True
    )


def run(command: list[str | Path], folder: Path, typed: str = "") -> str:
    """What a program prints, run in a folder that knows nothing of this checkout."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        input=typed,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def environment(folder: Path) -> dict[str, str]:
    """The environment without keys, and without a path to this checkout."""
    left_out = (*KEYS, "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "IPYTHONDIR": str(folder / "ipython"), "PYTHONUTF8": "1"}


if __name__ == "__main__":
    main(sys.argv[1])
