"""Starting: what importing and `%load_ext` add to a bare interpreter and a bare IPython.

Run: python tests/benchmarks/bench_loading.py
Whole processes, interleaved, medians; "in the shell" is timed around the one call in a warm process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 9

SHELL = "from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance()"
LOAD = f"{SHELL}; shell.run_line_magic('load_ext', 'gemini_nb')"
TIMED = f"""{SHELL}
import time
start = time.perf_counter()
shell.run_line_magic('load_ext', 'gemini_nb')
print((time.perf_counter() - start) * 1e3)"""
FIRST = """import time
start = time.perf_counter()
from gemini_nb import Client
Client('offline')
print((time.perf_counter() - start) * 1e3)"""

PROCESSES = {
    "bare Python": "pass",
    "import gemini_nb": "import gemini_nb",
    "import google.genai": "import google.genai",
    "bare IPython": SHELL,
    "IPython and %load_ext gemini_nb": LOAD,
}


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def seconds(code: str) -> float:
    start = time.perf_counter()
    run(code)
    return time.perf_counter() - start


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in PROCESSES}
    for _ in range(ROUNDS):
        for name, code in PROCESSES.items():
            times[name].append(seconds(code) * 1e3)
    median = {name: statistics.median(values) for name, values in times.items()}
    print("| process | ms | over its base |\n| --- | --- | --- |")
    bases = {
        "import gemini_nb": "bare Python",
        "import google.genai": "bare Python",
        "IPython and %load_ext gemini_nb": "bare IPython",
    }
    for name, value in median.items():
        over = f"+{value - median[bases[name]]:.1f}" if name in bases else ""
        print(f"| {name} | {value:.0f} | {over} |")
    for name, code in (("%load_ext gemini_nb, in the shell", TIMED), ("first client, offline", FIRST)):
        print(f"| {name} | {statistics.median(float(run(code)) for _ in range(ROUNDS)):.1f} | |")


if __name__ == "__main__":
    main()
