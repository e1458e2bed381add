"""The suite on the newest Python that can be had beside this one, in an environment of its own.

Run: make check-python, or make check-python PYTHON=/path/to/python3.14. Without a path the newest Python of
PATH and of pyenv is taken. Where none is newer than this one, Debian's unstable (Python 3.14 in 2026) is
set up in a temporary chroot: that takes root, the package debootstrap and some minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parent.parent
SUITE = (
    "-m",
    "pytest",
    "-q",
    "-n",
    "2",
    "--dist",
    "loadfile",
    "--no-loadscope-reorder",
    "-p",
    "no:cacheprovider",
)
SYSTEM = "sid"
MIRROR = "http://deb.debian.org/debian"
HELP = "Name one: make check-python PYTHON=/path/to/python3.14, or install debootstrap and run this as root."
# What a chroot needs of this machine to reach the package index: its certificates, names and pip's settings.
SETTINGS = (
    "etc/ssl/certs/ca-certificates.crt",
    "etc/resolv.conf",
    "etc/hosts",
    "etc/pip.conf",
    "etc/xdg/pip",
)
VERSION = "import sys, venv, ensurepip; print(*sys.version_info[:3])"


def main() -> int:
    """Run the suite; return pytest's exit code."""
    python = Path(sys.argv[1]) if sys.argv[1:] else find_newest()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # a test becomes another user, who imports from here
        if python:
            print(f"== {python}", flush=True)
            return run_suite(python, Path(folder))
        if os.geteuid() or not shutil.which("debootstrap"):
            sys.exit(f"There is no Python newer than {sys.version.split()[0]} here. {HELP}")
        print(f"== Debian {SYSTEM}, in {folder}", flush=True)
        return run_suite_in_chroot(Path(folder))


def find_newest() -> Path | None:
    """The newest Python of PATH and of pyenv that starts and can make an environment; newer than this one."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    pythons = {path.resolve() for folder in folders if folder.is_dir() for path in folder.glob("python3.*")}
    versions = {version_of(path): path for path in pythons if re.fullmatch(r"python3\.\d+", path.name)}
    newest = max(versions, default=())
    return versions[newest] if newest[:2] > sys.version_info[:2] else None


def version_of(python: Path) -> tuple[int, ...]:
    """A Python's version; empty where it does not start, as pyenv's stand-ins for what is switched off."""
    done = subprocess.run([python, "-c", VERSION], capture_output=True, text=True, check=False)
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()


def run_suite(python: Path, folder: Path) -> int:
    """Install the checkout and run its tests."""
    subprocess.run([python, "-m", "venv", folder / "environment"], check=True)
    python = folder / "environment" / "bin" / "python"
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", ".[test]")
    subprocess.run([python, *install], cwd=ROOT, check=True)
    return subprocess.run([python, *SUITE], cwd=ROOT, check=False).returncode


def run_suite_in_chroot(system: Path) -> int:
    """The same in a minimal Debian, with a copy of what git knows of the checkout."""
    packages = "--include=python3,python3-venv,ca-certificates,git,make"
    subprocess.run(["debootstrap", "--variant=minbase", packages, SYSTEM, system, mirror()], check=True)
    for name in SETTINGS:
        copy(Path("/", name), system / name)
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in files.stdout.splitlines():
        copy(ROOT / name, system / "checkout" / name)
    with ExitStack() as mounted:
        for name in ("proc", "dev"):
            subprocess.run(["mount", "--rbind", "--make-rslave", f"/{name}", system / name], check=True)
            mounted.callback(subprocess.run, ["umount", "--recursive", "--lazy", system / name], check=True)
        inside = [
            "chroot",
            system,
            "sh",
            "-c",
            "cd /checkout && python3 tests/check_python.py /usr/bin/python3",
        ]
        return subprocess.run(inside, check=False).returncode


def mirror() -> str:
    """The mirror that apt uses."""
    said = subprocess.run(["apt-cache", "policy"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"https?://\S+/debian/?(?= )", said)
    return found[0] if found else MIRROR


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, if it is there, over what is there."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy(source, target)


if __name__ == "__main__":
    sys.exit(main())
