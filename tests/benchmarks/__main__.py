"""Run the benchmarks in turn: `python tests/benchmarks`, or `make bench`.

Each `bench_NAME.py` beside this file is a program of its own. Prints Markdown and writes JSON.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import peers

HERE = Path(__file__).parent
PACKAGES = (
    "gemini-nb", "httpx", "h11", "anyio", "pybase64", "pillow", "ipython", "ipykernel", "google-genai",
    "ipyparallel", "distributed", "pyarrow",
)  # fmt: skip


def main() -> int | str:
    asked = _parser().parse_args()
    found = {}
    for name in asked.only or names():
        print(f"\n## {name.replace('_', ' ')}\n", flush=True)
        found[name] = measured(name, quick=asked.quick)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine(), "quick": asked.quick, "benchmarks": found}
    asked.json.write_text(json.dumps(report, ensure_ascii=False, indent=1))
    print(f"\nWritten to {asked.json}")
    failed = [name for name, one in found.items() if one["failure"]]
    return f"Failed: {', '.join(failed)}." if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    add = parser.add_argument
    add("--only", action="append", choices=names(), metavar="NAME", help=f"one of: {', '.join(names())}")
    add("--quick", action="store_true", help="tiny sizes: whether they run, not how fast")
    add("--json", type=Path, default=peers.FOLDER / "benchmarks.json", metavar="PATH", help="where to write")
    return parser


def names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def measured(name: str, *, quick: bool) -> dict[str, Any]:
    """Run one benchmark, whose Markdown goes to the output; return its tables and what it said of itself."""
    path = HERE / f"bench_{name}.py"
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder, "tables.json")
        command = [sys.executable, str(path), "--json", str(tables), *(["--quick"] if quick else [])]
        done = subprocess.run(command, env=peers.environment(), check=False)
        found = json.loads(tables.read_text()) if tables.exists() else []
    failure = f"exit code {done.returncode}" if done.returncode or not found else ""
    return {"seconds": round(time.perf_counter() - start, 1), "failure": failure, "tables": found}


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "peers": peers.versions(),
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
