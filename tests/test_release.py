"""What a tag sets off, as far as it can be known without GitHub; `make check-release` runs its commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files

import jsonschema.validators
import pytest
import yaml

from support.paths import ROOT

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").iterdir()
}
RELEASE, SITE = WORKFLOWS["release"], WORKFLOWS["site"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = {name for line in re.findall(r"^([\w -]+):", MAKEFILE, re.MULTILINE) for name in line.split()}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
SCRIPT = ROOT / ".ci" / "release.py"
FILES = (".ci/release.py", "pyproject.toml", "gemini_nb/_version.py", "CITATION.cff", "CHANGELOG.md")


def triggers(workflow):
    return workflow[True]  # YAML 1.1 reads the key `on` as true


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def runs(job):
    return [step["run"] for step in job["steps"] if "run" in step]


# --- every workflow


SCHEMAS = {
    "github-workflows": [f".github/workflows/{name}.yml" for name in WORKFLOWS],
    "github-issue-forms": [f".github/ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "reply", "idea")],
    "github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "dependabot": [".github/dependabot.yml"],
    "citation-file-format": ["CITATION.cff"],
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_file_is_as_its_reader_wants_it(schema):
    """By the schema that `check-jsonschema` brings; its program takes a second to start."""
    text = files("check_jsonschema.builtin_schemas.vendor").joinpath(f"{schema}.json").read_text("utf-8")
    validator = jsonschema.validators.validator_for(json.loads(text))(json.loads(text))
    for name in SCHEMAS[schema]:
        loaded = yaml.safe_load((ROOT / name).read_text("utf-8"))
        if True in loaded:
            loaded["on"] = loaded.pop(True)
        assert [error.message for error in validator.iter_errors(loaded)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_unless_a_job_says_more(name):
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_each_action_is_of_its_own_makers_or_of_pypi_at_a_version(name):
    used = [step["uses"] for step in steps(WORKFLOWS[name]) if "uses" in step]
    assert used
    pinned = re.compile(r"actions/[\w-]+@v\d+|pypa/gh-action-pypi-publish@release/v1")
    assert [action for action in used if not pinned.fullmatch(action)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_step_pastes_what_others_may_write_into_its_shell(name):
    """A tag's or a branch's name inside `${{ }}` would be run; a variable of the shell is only a text."""
    assert [step["run"] for step in steps(WORKFLOWS[name]) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_runs_what_anybody_can_run_at_home(name):
    commands = [step["run"] for step in steps(WORKFLOWS[name]) if "run" in step]
    targets = {words[1] for words in map(str.split, commands) if words[0] == "make"}
    assert targets - TARGETS <= {"docs", "lite"}  # of the documentation, and of the course in the browser
    others = [command for command in commands if not command.startswith("make ")]
    assert len(others) == (name == "release")  # the one that speaks to GitHub


# --- the release


def test_only_a_tag_releases():
    assert triggers(RELEASE) == {"push": {"tags": ["v*"]}}


def test_what_is_published_was_built_once_and_checked_in_three_ways():
    jobs = RELEASE["jobs"]
    assert runs(jobs["build"])[1:] == ["make dist"]
    assert runs(jobs["build"])[0].startswith("make check-tag TAG=")
    assert (jobs["wheel"]["needs"], runs(jobs["wheel"])) == ("build", ["make check-wheel"])
    assert (jobs["sdist"]["needs"], runs(jobs["sdist"])) == ("build", ["make check-sdist"])
    assert jobs["publish"]["needs"] == ["wheel", "sdist"]
    assert jobs["announce"]["needs"] == "publish"
    assert len(jobs["wheel"]["strategy"]["matrix"]["os"]) == 3


def test_the_job_that_may_publish_runs_nothing_of_this_repository():
    jobs = RELEASE["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items() if "permissions" in job} == {
        "publish": {"id-token": "write"},
        "announce": {"contents": "write"},
    }
    used = [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"]]
    assert used == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    assert jobs["publish"]["environment"]["name"] == "pypi"
    assert "secrets." not in str(RELEASE)


def test_the_site_is_the_documentation_with_the_course_below_it():
    jobs = SITE["jobs"]
    assert triggers(SITE) == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    assert runs(jobs["build"]) == ["make docs", "make lite", "make site"]
    upload = jobs["build"]["steps"][-1]["with"]
    assert upload == {"path": "build/site", "include-hidden-files": True}  # stores are hidden folders
    assert jobs["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_the_site_is_put_together(tmp_path):
    for name in (
        "docs/_build/html/index.html",
        "build/lite/index.html",
        "build/lite/files/.gemini_nb/a.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    for _ in range(2):
        command = ["make", "--file", ROOT / "Makefile", "--directory", tmp_path, "site"]
        subprocess.run(command, capture_output=True, check=True)
    site = tmp_path / "build" / "site"
    found = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert found == {"index.html", "lite/index.html", "lite/files/.gemini_nb/a.json"}


# --- the version


def test_the_version_is_the_same_wherever_it_stands():
    from gemini_nb import __version__

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert {__version__, citation["version"], newest[1]} == {VERSION}


@pytest.fixture
def tree(tmp_path):
    """The files that have the version, and the program that writes it."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def release(tree, *words):
    command = [sys.executable, tree / ".ci" / "release.py", *words]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout


OWNER = re.search(r"github\.com/(.+)/gemini_nb\"", (ROOT / "pyproject.toml").read_text("utf-8"))[1]


def test_a_release_is_prepared_by_one_command_and_passes_its_check(tree):
    assert release(tree, "prepare", "9.8.7")[0] == 0
    assert release(tree, "check", "v9.8.7", OWNER) == (0, "gemini_nb 9.8.7 can be published.\n")
    assert (tree / "gemini_nb/_version.py").read_text("utf-8").endswith('__version__ = "9.8.7"\n')
    citation = yaml.safe_load((tree / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == "9.8.7"


@pytest.mark.parametrize("name", FILES[1:])
def test_a_file_with_another_version_holds_the_release_up(tree, name):
    release(tree, "prepare", "9.8.7")
    (tree / name).write_text((tree / name).read_text("utf-8").replace("9.8.7", "9.8.6"), "utf-8")
    status, reasons = release(tree, "check", "v9.8.7", OWNER)
    assert status == 1
    assert reasons == f"{name} has 9.8.6, the tag 9.8.7: make release VERSION=9.8.7\n"


def test_a_changelog_without_a_date_and_links_to_another_home_hold_it_up(tree):
    release(tree, "prepare", VERSION)
    (tree / "CHANGELOG.md").write_text(f"# Changelog\n\n## {VERSION} (unreleased)\n", "utf-8")
    status, reasons = release(tree, "check", f"v{VERSION}", "somebody-else")
    assert status == 1
    assert "CHANGELOG.md has no date" in reasons
    assert "published from somebody-else: make home OWNER=somebody-else" in reasons


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "1.2.3-beta"])
def test_what_is_no_version_is_not_written(tree, version):
    assert release(tree, "prepare", version)[0] == 1
    assert VERSION in (tree / "pyproject.toml").read_text("utf-8")


def test_the_notes_are_the_newest_part_of_the_changelog(tree):
    text = "# Changelog\n\n## 2.0.0 (2027-01-01)\n\n- New.\n\n## 1.0.0 (2026-12-01)\n\n- Old.\n"
    (tree / "CHANGELOG.md").write_text(text, "utf-8")
    assert release(tree, "notes") == (0, "- New.\n")


# --- who comes by


@pytest.mark.parametrize("name", ["bug", "reply"])
def test_an_issue_begins_with_what_the_doctor_says(name):
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text("utf-8"))
    (field,) = [field for field in form["body"] if field.get("id") == "doctor"]
    assert field["attributes"]["label"] == "%gemini doctor"
    assert field["validations"] == {"required": True}
