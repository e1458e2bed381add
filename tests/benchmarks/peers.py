"""The libraries that are measured beside ours, each from PyPI in an environment of its own.

An environment is made once and kept in build/benchmarks; where it cannot be had, its rows are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parents[2] / "build" / "benchmarks"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
MINUTES = 8
FAILED = "failed"  # not tried again within the hour, by one benchmark after the other
REQUIREMENTS = {
    "google-genai": "google-genai>=1.0",
    "jupyter_ai_magics": "jupyter-ai-magics==2.31.*",
    "litellm": "litellm==1.106.*",  # not 1.107.0, which an audit reported as compromised
}


@cache
def python(name: str, *, make: bool = True) -> Path | None:
    """Return a peer's interpreter, None where there is none; `make` installs what is missing."""
    folder = FOLDER / name
    interpreter = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    marker = folder / "installed.txt"
    wanted = REQUIREMENTS[name]
    if marker.exists() and marker.read_text() == wanted and interpreter.exists():
        return interpreter
    if not make or _failed_lately(folder):
        return None
    print(f"Setting up {wanted} for comparison …", file=sys.stderr, flush=True)
    problem = _install(folder, interpreter, wanted)
    if problem:
        print(f"{name} is left out: {problem}", file=sys.stderr, flush=True)
        (folder / FAILED).touch()
        return None
    marker.write_text(wanted)
    return interpreter


def available(
    ways: Mapping[str, tuple[str, str]], *, quick: bool
) -> tuple[dict[str, tuple[str, Path | str]], tuple[str, ...]]:
    """The ways that can be measured here, and what is said of the others.

    A way names its package, "" for ours; what is returned has an interpreter there. `quick` has no peers.
    """
    found: dict[str, tuple[str, Path | str]] = {}
    notes = []
    for name, (way, package) in ways.items():
        interpreter = sys.executable if not package else None if quick else python(package)
        if interpreter is None:
            notes.append(f"Left out: {name}.")
        else:
            found[name] = (way, interpreter)
    return found, tuple(notes)


def _failed_lately(folder: Path) -> bool:
    failed = folder / FAILED
    return failed.exists() and time.time() - failed.stat().st_mtime < 3600


def _install(folder: Path, interpreter: Path, wanted: str) -> str:
    """Make the environment; return why it cannot be had, or ""."""
    try:
        venv.create(folder, clear=True)
        done = subprocess.run(
            [*PIP, "--python", str(interpreter), "install", "--quiet", wanted, "ipykernel"],
            capture_output=True, text=True, timeout=MINUTES * 60, env=environment(), check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)[:200]
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1][:200]


def environment(**more: str) -> dict[str, str]:
    """The variables of a measured process: bytecode as an installed package has it, and no real key."""
    hidden = ("PYTHONDONTWRITEBYTECODE", "CRAZYROUTER_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in hidden and not name.startswith("GEMINI_NB_")
    }
    return kept | {"PYTHONPYCACHEPREFIX": str(FOLDER / "bytecode"), "PYTHON_DOTENV_DISABLED": "1"} | more


def versions() -> dict[str, str]:
    """The versions of the peers whose environments are there."""
    return {name: _version(found, name) for name in REQUIREMENTS if (found := python(name, make=False))}


def _version(interpreter: Path, package: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([str(interpreter), "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
