"""Build the course as a site that runs in a browser tab: JupyterLite, with Python as WebAssembly (Pyodide).

    python lite/build.py [FOLDER] [--notebooks FOLDER] [--wheels FOLDER]

The site holds JupyterLite, Pyodide's core, this checkout's wheel with the pure wheels that it needs, and the
notebooks with their stores. Pyodide's own wheels, Pillow's among them, are loaded from Pyodide's usual place,
pinned by their SHA-256; with `--wheels` those that stand in that folder are put into the site, which then
starts without any other host.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parent.parent
PYODIDE = "0.27.7"  # the release that jupyterlite-pyodide-kernel 0.6 is written for; it has Python 3.12
PYODIDE_SHA256 = "89d5d952675eb08e11286e52c7238f1248ce71726e896db9703e73bef23dc343"  # of npm's package
PYODIDE_URL = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE}/full/"
CORE = ("pyodide.asm.js", "pyodide.asm.wasm", "pyodide.js", "python_stdlib.zip")
KERNEL = "extensions/@jupyterlite/pyodide-kernel-extension/static/pypi"

# What the kernel asks for by itself. All of it is named, so that it is loaded at once and not in turn.
KERNEL_PACKAGES = (
    "ssl",
    "sqlite3",
    "micropip",
    "ipython",
    "jedi",
    "piplite",
    "ipykernel",
    "comm",
    "pyodide-kernel",
)
# What the front end has, or the kernel has a stand-in for.
LEFT_OUT = {"ipykernel", "ipython", "jupyterlab-widgets", "widgetsnbextension"}
EXTENSIONS = ("@jupyterlite/pyodide-kernel-extension", "@jupyter-widgets/jupyterlab-manager", "anywidget")

SERVER_NOTEBOOKS = ("02_", "10_", "11_", "12_")
NEEDS_SERVER = """\
> **This notebook needs a server on its machine, which a page cannot start.** Its cells do not run here. What
> stands below them comes from a run on a computer."""
IN_A_TAB = """\
> **You are in a browser tab.** Python runs in this page: nothing is installed, and nothing leaves the page
> but what you ask a provider for with a key. To stop a cell, restart the kernel (Kernel, Restart Kernel): a
> page has no interrupt. What you save stays in this browser."""
LOAD_PANDAS = "import pandas  # a page loads a package when a cell imports it"

# Wheels for any machine, or for one whose compiled modules are then left out.
FOR_PYTHON = (
    "--only-binary=:all:", "--python-version=3.12", "--platform=any", "--platform=manylinux2014_x86_64",
    "--platform=manylinux_2_28_x86_64",
)  # fmt: skip

# Where requirements are read for.
ENVIRONMENT = {
    "extra": "",
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": "3.12.7",
    "python_version": "3.12",
    "sys_platform": "emscripten",
}


def main() -> None:
    """Build the site and print what it weighs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "lite")
    parser.add_argument(
        "--notebooks", type=Path, default=ROOT / "notebooks", help="with their .gemini_nb, if any"
    )
    parser.add_argument(
        "--wheels", type=Path, help="a folder of Pyodide's own wheels, to be put into the site"
    )
    args = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        core = fetch_core(work / "core")
        (work / "site").mkdir()
        build_site(work / "site", args.notebooks)
        packages = add_packages(work, core, args.wheels)
        configure(work / "site", packages)
        shutil.rmtree(args.folder, ignore_errors=True)
        args.folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(work / "site", args.folder)
    print(f"{args.folder}: {megabytes(args.folder):.1f} MB, in {time.monotonic() - started:.0f} s")


def fetch_core(folder: Path) -> Path:
    """Fetch Pyodide's core from npm, check it, and return the folder of its files."""
    folder.mkdir()
    npm = ["npm", "pack", f"pyodide@{PYODIDE}", "--silent"]
    subprocess.run(npm, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    check_sha256(archive, PYODIDE_SHA256)
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 or newer
        tar.extractall(folder)  # noqa: S202 - its bytes are pinned
    return folder / "package"


def check_sha256(path: Path, expected: str) -> None:
    """Leave unless a file has the bytes that were pinned."""
    found = sha256(path)
    if found != expected:
        sys.exit(f"{path.name} has SHA-256 {found}, not {expected}: not used.")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def build_site(folder: Path, notebooks: Path) -> None:
    """Build JupyterLite with the notebooks as its contents."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        contents = work / "contents"
        copy_notebooks(notebooks, contents)
        extensions = [str(find_extension(name)) for name in EXTENSIONS]
        config = {
            "LiteBuildConfig": {
                "apps": ["lab"],
                "contents": [str(contents)],
                "federated_extensions": extensions,
                "ignore_sys_prefix": ["federated_extensions"],
                "no_sourcemaps": True,
                "no_unused_shared_packages": True,
                "output_dir": str(folder),
            },
            "ContentsManager": {"allow_hidden": True},
        }
        (work / "jupyter_lite_config.json").write_text(json.dumps(config))
        command = [sys.executable, "-m", "jupyterlite_core", "build"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"jupyter lite build failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def copy_notebooks(source: Path, target: Path) -> None:
    """Copy the notebooks and the store beside them."""
    target.mkdir()
    for path in sorted(source.glob("*.ipynb")):
        notebook = json.loads(path.read_text())
        notebook["cells"][:0] = cells_before(path.name, json.dumps(notebook))
        (target / path.name).write_text(json.dumps(notebook, indent=1, ensure_ascii=False))
    if (source / ".gemini_nb").is_dir():
        shutil.copytree(source / ".gemini_nb", target / ".gemini_nb")


def cells_before(name: str, source: str) -> list[dict[str, Any]]:
    """The cells that are put before a notebook: what is different in a browser tab."""
    words = NEEDS_SERVER if name.startswith(SERVER_NOTEBOOKS) else IN_A_TAB
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "source": words}]
    if "_frame" in source:
        cells.append({"cell_type": "code", "source": LOAD_PANDAS, "execution_count": None, "outputs": []})
    return [{"id": f"lite-{number}", "metadata": {}, **cell} for number, cell in enumerate(cells)]


def find_extension(name: str) -> Path:
    """The folder of an extension of JupyterLab's that is installed in this environment."""
    folder = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / name
    if not folder.is_dir():
        sys.exit(f"The extension {name} is missing. Run: pip install -e '.[lite]'")
    return folder


def add_packages(work: Path, core: Path, wheels: Path | None) -> list[str]:
    """Put the core, the wheels and Pyodide's lock file into the site; return what is loaded at the start."""
    pyodide = work / "site" / "static" / "pyodide"
    pyodide.mkdir(parents=True)
    for name in CORE:
        shutil.copy(core / name, pyodide)
    lock = json.loads((core / "pyodide-lock.json").read_text())
    packages = lock["packages"]
    at_start = closure(packages, [name for name in KERNEL_PACKAGES if name in packages])
    ours = collect_wheels(work / "wheels", packages, provided=at_start)
    at_start |= closure(
        packages, [name for wheel in ours for name in names_needed(wheel) if name in packages]
    )
    for name, package in packages.items():
        place(package, wheels if name in at_start else None, pyodide)
    for wheel in ours:
        shutil.copy(wheel, pyodide)
        packages[name_of(wheel)] = entry(wheel, wheel.name)
    for wheel in (work / "site" / KERNEL).glob("*.whl"):
        if name_of(wheel) in KERNEL_PACKAGES:
            packages[name_of(wheel)] = entry(wheel, f"../../{KERNEL}/{wheel.name}")
    (pyodide / "pyodide-lock.json").write_text(json.dumps(lock))
    return ["gemini-nb", *KERNEL_PACKAGES]


def place(package: dict[str, Any], wheels: Path | None, folder: Path) -> None:
    """Have one of Pyodide's own wheels in the site, if it is at hand, else at its usual place."""
    name = package["file_name"]
    if wheels is not None and (wheels / name).is_file():
        check_sha256(wheels / name, package["sha256"])
        shutil.copy(wheels / name, folder)
    else:
        package["file_name"] = PYODIDE_URL + name


def closure(packages: dict[str, Any], names: Iterable[str]) -> set[str]:
    """Packages of Pyodide's, and those that they need."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += map(canonicalize_name, packages[name]["depends"])
    return found


def collect_wheels(folder: Path, packages: dict[str, Any], *, provided: set[str]) -> list[Path]:
    """Build this checkout's wheel, and fetch the pure wheels that it needs, and those that they need.

    What is `provided` is the kernel's, in a version that suits it.
    """
    folder.mkdir()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (own,) = folder.glob("*.whl")
    found = {name_of(own): own}
    needed = [*requirements_of(own), Requirement("comm")]
    while needed:
        missing = {
            canonicalize_name(one.name): f"{one.name}{one.specifier}"
            for one in needed
            if canonicalize_name(one.name) not in LEFT_OUT | provided | found.keys()
        }
        fetched = download(
            [text for name, text in missing.items() if not is_compiled(packages.get(name))], folder
        )
        found |= fetched
        needed = [one for wheel in fetched.values() for one in requirements_of(wheel)]
    return list(found.values())


def is_compiled(package: dict[str, Any] | None) -> bool:
    """Whether Pyodide has a package that is no pure Python, so that its own wheel is taken."""
    return package is not None and not package["file_name"].endswith("-none-any.whl")


def download(requirements: list[str], folder: Path) -> dict[str, Path]:
    """Fetch the newest wheels that meet requirements, by their names; without what is compiled in them."""
    before = set(folder.glob("*.whl"))
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        *FOR_PYTHON,
    ]
    if requirements:
        subprocess.run([*pip, *requirements], check=True)
    return {name_of(wheel): to_pure(wheel) for wheel in set(folder.glob("*.whl")) - before}


def to_pure(wheel: Path) -> Path:
    """Return a wheel without its compiled modules: pybase64 and psygnal do without them, only slower."""
    if wheel.stem.endswith("-none-any"):
        return wheel
    pure = wheel.with_name("-".join([*wheel.name.split("-")[:2], "py3-none-any.whl"]))
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(pure, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            if not item.filename.endswith(".so"):
                target.writestr(item, source.read(item))
    wheel.unlink()
    return pure


def requirements_of(wheel: Path) -> list[Requirement]:
    """What a wheel needs in a browser."""
    lines = metadata(wheel).get_all("Requires-Dist") or []
    found = map(Requirement, lines)
    return [one for one in found if one.marker is None or one.marker.evaluate(ENVIRONMENT)]


def names_needed(wheel: Path) -> set[str]:
    """The names of the packages that a wheel needs in a browser."""
    return {canonicalize_name(one.name) for one in requirements_of(wheel)}


def metadata(wheel: Path) -> Any:
    """The METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return BytesParser().parsebytes(archive.read(name))


def name_of(wheel: Path) -> str:
    """The canonical name of a wheel's package."""
    return canonicalize_name(wheel.name.split("-")[0])


def entry(wheel: Path, file_name: str) -> dict[str, Any]:
    """A wheel as Pyodide's lock file has it: where it is, what it needs, and what importing it loads."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0].removesuffix(".py") for name in archive.namelist() if name.endswith(".py")}
    return {
        "name": name_of(wheel),
        "version": wheel.name.split("-")[1],
        "file_name": file_name,
        "install_dir": "site",
        "sha256": sha256(wheel),
        "package_type": "package",
        "imports": sorted(tops),
        "depends": sorted(names_needed(wheel) - LEFT_OUT),
        "unvendored_tests": False,
    }


def configure(site: Path, packages: list[str]) -> None:
    """Have the kernel take Pyodide from the site, and load everything that the course needs at once."""
    path = site / "jupyter-lite.json"
    config = json.loads(path.read_text())
    settings = config["jupyter-config-data"].setdefault("litePluginSettings", {})
    settings["@jupyterlite/pyodide-kernel-extension:kernel"] = {
        **settings.get("@jupyterlite/pyodide-kernel-extension:kernel", {}),
        "pyodideUrl": "./static/pyodide/pyodide.js",
        "loadPyodideOptions": {"packages": packages},
    }
    path.write_text(json.dumps(config))


def megabytes(folder: Path) -> float:
    """What the files of a folder take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
