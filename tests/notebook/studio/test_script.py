"""The script of the studio's page: it parses, is formatted, and its types hold."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from support.paths import ROOT

SCRIPT = ROOT / "gemini_nb" / "notebook" / "studio" / "studio.js"
TYPES = [
    "--noEmit",
    "--allowJs",
    "--checkJs",
    "--strict",
    "--target",
    "esnext",
    "--lib",
    "esnext,dom,dom.iterable",
]


def run(*command, cwd=None):
    command = list(map(str, command))
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """Prettier and TypeScript, from npm."""
    folder = tmp_path_factory.mktemp("npm")
    try:
        done = run(
            "npm", "install", "--silent", "--no-audit", "--no-fund", "prettier@3", "typescript@5", cwd=folder
        )
    except (OSError, subprocess.SubprocessError) as problem:
        pytest.skip(f"npm cannot be run: {problem}")
    if done.returncode:
        pytest.skip(f"npm could not fetch prettier and typescript: {done.stderr[-200:]}")
    return folder / "node_modules" / ".bin"


def test_node_reads_the_script():
    node = shutil.which("node") or pytest.skip("node is not installed")
    done = run(node, "--check", SCRIPT)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_is_formatted(tools):
    done = run(tools / "prettier", "--check", "--print-width", "110", SCRIPT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_in_the_scripts_comments_hold(tools):
    done = run(tools / "tsc", *TYPES, SCRIPT)
    assert (done.returncode, done.stdout) == (0, "")
