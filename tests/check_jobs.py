"""Two thousand rows in batch jobs, and a client that is killed (`kill -9`) at ten random moments.

Run: make check-jobs. Every row must be made exactly once, by the server's own count, and the client's peak
memory must be within 64 MiB of that for 50 rows. It prints what it saw; where it is otherwise it ends with
exit code 1.
"""

from __future__ import annotations

import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from support.killed_jobs import choose_moments, try_kills

ROWS, FEW_ROWS = 2000, 50
MAX_MORE_MIB = 64


def main() -> int:
    """Try both, and return the exit code."""
    seed = int(sys.argv[1]) if sys.argv[1:] else secrets.randbelow(10**6)
    moments = choose_moments(random.Random(seed))
    print(f"seed {seed}: " + ", ".join(f"{m.when} {m.path or 'any'} #{m.count}" for m in moments))
    with tempfile.TemporaryDirectory() as folder:
        _, few, _, _ = try_kills([], Path(folder) / "few", FEW_ROWS)
        began = time.monotonic()
        _, all_at_once, _, _ = try_kills([], Path(folder) / "whole", ROWS)
        seconds = time.monotonic() - began
        print(f"{ROWS} rows without a kill: {seconds:.0f} s, peak {all_at_once['peak']:.0f} MiB")
        met, said, made, jobs = try_kills(moments, Path(folder) / "killed", ROWS)
    times = Counter(made.values())
    print(f"{met} of {len(moments)} kills met, {jobs} jobs; rows by how often they were made: {dict(times)}")
    print(
        f"the last run: {said['summary']}; peak {said['peak']:.0f} MiB, for {FEW_ROWS} rows {few['peak']:.0f}"
    )
    is_once = times == {1: ROWS} and said["pictures"] == ROWS and met == len(moments)
    is_small = max(said["peak"], all_at_once["peak"]) - few["peak"] <= MAX_MORE_MIB
    print("every row once:", is_once, "· memory:", is_small)
    return 0 if is_once and is_small else 1


if __name__ == "__main__":
    sys.exit(main())
