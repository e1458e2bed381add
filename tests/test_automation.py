"""What runs by itself, the workflow, CI, pre-commit and dependabot, is `make check` or a part of it."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib

import pytest
import yaml

from support.paths import ROOT, TESTS
from support.work_order import LONGEST

MAKEFILE = (ROOT / "Makefile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def loaded(name):
    return yaml.safe_load((ROOT / name).read_text())


def steps():
    """What the workflow runs, without what it fetches."""
    jobs = loaded(".github/workflows/check.yml")["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_the_workflow_runs_make_check_and_nothing_else():
    assert steps() == ["make check"]


def test_the_catalogue_is_compared_every_week_and_not_by_check():
    workflow = loaded(".github/workflows/catalogue.yml")
    (when,) = workflow[True]["schedule"]  # YAML 1.1 reads the key `on` as true
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", when["cron"])
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make check-catalogue"]
    assert not re.search(r"^check: .*catalogue", MAKEFILE, re.MULTILINE)


def test_the_workflow_runs_on_every_python_that_is_named_and_on_three_systems():
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    (job,) = loaded(".github/workflows/check.yml")["jobs"].values()
    matrix = job["strategy"]["matrix"]
    assert (matrix["os"], matrix["python"]) == (["ubuntu-latest"], named)
    others = {(row["os"], row["python"]) for row in matrix["include"]}
    assert others == {
        (system, python) for system in ("macos-latest", "windows-latest") for python in (named[0], named[-1])
    }
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_ci_ends_with_make_check():
    script = ROOT / ".ci" / "run"
    assert script.read_text().splitlines()[-1] == "make check"
    assert os.access(script, os.X_OK)


def test_check_is_lint_the_pages_and_the_tests_with_and_without_a_browser():
    assert re.search(r"^check: .*\blint check-docs\n\t\$\(PYTEST\)$", MAKEFILE, re.MULTILINE)
    assert re.search(r"^check-docs: .*\bdocs$", MAKEFILE, re.MULTILINE)
    assert re.search(r"^test: .*\n\t\$\(PYTEST\) -m \"not browser\"$", MAKEFILE, re.MULTILINE)
    assert re.search(r"^test-browser: .*\n\t\$\(PYTEST\) tests/browser$", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    "target",
    [
        "demo",
        "test",
        "check",
        "lint",
        "docs",
        "check-docs",
        "notebooks",
        "bench",
        "check-binder",
        "check-catalogue",
        "check-jobs",
        "check-python",
        "lite",
        "home",
        "release",
        "check-tag",
        "dist",
        "check-wheel",
        "check-sdist",
        "check-release",
        "site",
    ],
)
def test_the_makefile_knows_how(target):
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_files_that_workers_begin_with_are_there():
    assert [name for name in LONGEST if not (TESTS / name).exists()] == []


def test_pre_commit_runs_the_same_lint_so_that_there_is_one_version_of_each_tool():
    hooks = [hook for repo in loaded(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert [repo["repo"] for repo in loaded(".pre-commit-config.yaml")["repos"]] == ["local"]
    assert [hook["entry"] for hook in hooks] == ["make lint"]


def test_dependabot_looks_after_packages_and_actions():
    updates = loaded(".github/dependabot.yml")["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"pip", "github-actions"}
    assert all((ROOT / update["directory"].lstrip("/")).is_dir() for update in updates)
