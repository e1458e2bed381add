"""Run every benchmark in turn: `python tests/benchmarks`, or `make bench`.

Each is a program of its own beside this file; times are medians of one run, and what counts are ratios.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    for path in sorted(HERE.glob("bench_*.py")):
        title = path.stem.removeprefix("bench_").replace("_", " ")
        print(f"\n## {title}\n", flush=True)
        subprocess.run([sys.executable, str(path)], check=True)


if __name__ == "__main__":
    main()
