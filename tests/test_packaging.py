"""The sdist and the wheel, built as for a release: what is in them, and that an installation works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.paths import ROOT

PACKAGE = ROOT / "gemini_nb"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the sdist and the wheel that was built from it, without a network."""
    if not (find_spec("build") and find_spec("hatchling")):
        pytest.skip("build and hatchling are not installed; the test extra has them")
    return build(ROOT, tmp_path_factory.mktemp("built"))


def build(tree, folder, *options):
    command = [sys.executable, "-m", "build", "--no-isolation", *options, "--outdir", folder, tree]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def in_sdist(built):
    return names_in(built)


def names_in(folder):
    """The files of a folder's only sdist, without its outermost folder, or else of its only wheel."""
    for path in folder.glob("*.tar.gz"):
        with tarfile.open(path) as archive:
            return {name.partition("/")[2] for name in archive.getnames()}
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    wheel.extractall(folder)
    return folder


def ran(code, installed):
    """What a program prints that finds the installation first."""
    variables = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout.strip()


def metadata(wheel, name):
    (path,) = [path for path in wheel.namelist() if path.endswith(f".dist-info/{name}")]
    return wheel.read(path).decode()


def test_the_wheel_has_every_file_of_the_package(wheel):
    kept = {".py", ".css", ".md", ".typed"}
    files = [path for path in PACKAGE.rglob("*") if path.suffix in kept]
    missing = {path.relative_to(ROOT).as_posix() for path in files} - set(wheel.namelist())
    assert missing == set()


@pytest.mark.parametrize(
    "name",
    [
        "gemini_nb/py.typed",
        "gemini_nb/notebook/studio/compare.css",
        "gemini_nb/notebook/studio/studio.css",
        "gemini_nb/offline/README.md",
        "gemini_nb/notebooks/01_first_image.ipynb",
    ],
)
def test_the_wheel_has_what_is_no_module(wheel, name):
    assert name in wheel.namelist()


def test_the_wheel_has_the_package_and_nothing_beside_it(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gemini_nb"}


def test_nothing_is_loaded_that_the_user_did_not_load(wheel):
    """No file goes to `etc/ipython` or `etc/jupyter`: a wheel would put it into its `.data` folder."""
    assert [name for name in wheel.namelist() if ".data/" in name or "/etc/" in name] == []


PRIVATE = (
    "notebooks/.gemini_nb/records/a.json",
    "gemini_nb/.gemini_nb/records/a.json",
    "gemini_nb/__pycache__/a.pyc",
    "notebooks/.ipynb_checkpoints/a.ipynb",
)


@pytest.mark.parametrize("kind", ["--sdist", "--wheel"])
def test_no_store_and_no_cache_is_shipped(kind, built, tmp_path):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 or newer
        archive.extractall(tmp_path)
    (tree,) = tmp_path.iterdir()
    for name in PRIVATE:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("private")
    names = names_in(build(tree, tmp_path / "out", kind))
    assert "gemini_nb/cli/main.py" in names
    assert [name for name in PRIVATE if name in names] == []


def test_the_page_on_pypi_links_to_the_files_of_its_tag(wheel):
    """There is no checkout beside it: a path of the repository would lead nowhere."""
    page = metadata(wheel, "METADATA")
    targets = re.findall(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)", page)
    assert [link for link in map("".join, targets) if not re.match(r"(https?|data):|#", link)] == []
    assert f"/gemini_nb/v{PROJECT['version']}/notebooks/pictures/first_image.png" in page
    assert f"/gemini_nb/blob/v{PROJECT['version']}/CHANGELOG.md" in page


def test_the_wheel_says_where_the_project_lives(wheel):
    urls = dict(re.findall(r"^Project-URL: (.+), (.+)$", metadata(wheel, "METADATA"), re.MULTILINE))
    assert urls == PROJECT["urls"]
    assert {"Homepage", "Repository", "Issues", "Releases", "Changelog"} <= set(urls)


def test_the_command_is_the_command_lines_main(wheel):
    assert "gemini-nb = gemini_nb.cli:main" in metadata(wheel, "entry_points.txt")


@pytest.mark.parametrize("line", ["Framework :: IPython", "Framework :: Jupyter", "Typing :: Typed"])
def test_the_wheel_says_what_it_is_for(wheel, line):
    assert f"Classifier: {line}" in metadata(wheel, "METADATA")


@pytest.mark.parametrize(
    "name",
    [
        "tests/conftest.py",
        "tests/benchmarks/__main__.py",
        "notebooks/conftest.py",
        "notebooks/pictures/first_image.png",
        "binder/start",
        ".ci/run",
        ".github/workflows/check.yml",
        ".pre-commit-config.yaml",
        "Makefile",
        "CONTRIBUTING.md",
        "CITATION.cff",
        "CODE_OF_CONDUCT.md",
        "SECURITY.md",
        ".gitattributes",
        ".ci/home.py",
        ".github/ISSUE_TEMPLATE/bug.yml",
    ],
)
def test_the_sdist_has_what_the_tests_need(in_sdist, name):
    assert name in in_sdist


def test_the_sdist_has_every_file_that_is_kept(in_sdist):
    command = ["git", "-C", ROOT, "ls-files", "-z"]
    if not ((ROOT / ".git").exists() and shutil.which("git")):
        pytest.skip("not a git checkout, or there is no git")
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    kept = [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    assert [name for name in kept if name not in in_sdist] == []


def test_an_installation_is_the_one_that_runs(installed):
    assert Path(ran("import gemini_nb; print(gemini_nb.__file__)", installed)).is_relative_to(installed)


def test_an_installation_paints(installed, tmp_path):
    ran(
        "from gemini_nb.cli.main import main; main(['generate', 'a', '-o', 'a.jpg', '-p', 'offline'])",
        installed,
    )
    assert (tmp_path / "a.jpg").read_bytes().startswith(b"\xff\xd8")


def test_an_installation_finds_the_notebook_of_the_demo(installed):
    found = Path(ran("from gemini_nb.cli import demo; print(demo.find())", installed))
    assert found.is_relative_to(installed)
    assert found.read_bytes() == (ROOT / "notebooks" / found.name).read_bytes()
