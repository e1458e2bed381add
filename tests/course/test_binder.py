"""What repo2docker would build from `binder/`, asked without building."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT


@pytest.fixture(scope="module")
def recipe():
    """The Dockerfile that repo2docker makes of this checkout, and what it says of it."""
    program = Path(sys.executable).with_name("jupyter-repo2docker")
    if not program.exists():
        pytest.skip("repo2docker is not installed; the dev extra has it")
    done = subprocess.run(
        [program, "--no-build", "--debug", "."], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def test_the_python_is_the_one_that_is_asked_for(recipe):
    assert "python=3.12" in recipe


def test_the_package_is_installed_from_binders_requirements(recipe):
    assert "binder/requirements.txt" in recipe
    assert (ROOT / "binder" / "requirements.txt").read_text() == "-e .[demo]\n"


def test_the_notebooks_are_trusted_and_the_start_is_ours(recipe):
    assert "binder/postBuild" in recipe
    assert "binder/start" in recipe


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_a_script_can_be_run_and_stops_at_the_first_failure(name):
    path = ROOT / "binder" / name
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()
    assert shutil.which("bash")


def test_a_session_starts_without_any_key():
    variables = {**os.environ, "CRAZYROUTER_API_KEY": "a", "GEMINI_API_KEY": "b", "GOOGLE_API_KEY": "c"}
    done = subprocess.run(
        [ROOT / "binder" / "start", "env"], env=variables, capture_output=True, text=True, check=True
    )
    assert "_API_KEY=" not in done.stdout
    assert "GEMINI_NB_PROVIDER=auto" in done.stdout
