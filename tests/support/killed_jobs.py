"""A client of batch jobs in a process of its own, which is killed (`kill -9`) at chosen moments."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from gemini_nb.offline.server import OfflineServer
from support import paths
from support.trap_proxy import Moment, TrapProxy

if TYPE_CHECKING:
    import random
    from pathlib import Path

WAIT_SECONDS = 60
CODE = """
import json, sys, warnings
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
from gemini_nb import Client
from support.jobs import generate
from support.peak_memory import peak_mib
client = Client("google", api_key="k", base_url=sys.argv[2], store=sys.argv[3])
batch = generate(client, int(sys.argv[4]), progress=False)
print(json.dumps({"summary": batch.summary, "pictures": len(batch.generations), "peak": peak_mib()}))
"""
CREATION, POLL, RESULTS = ":batchGenerateContent", "/batches/", ":download"


def start(url: str, folder: Path, rows: int) -> subprocess.Popen:
    """Start the client."""
    command = [sys.executable, "-c", CODE, str(paths.TESTS), url, str(folder), str(rows)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(url: str, folder: Path, rows: int) -> dict:
    """Run the client to its end, and return what it says."""
    child = start(url, folder, rows)
    out, err = child.communicate(timeout=WAIT_SECONDS * 10)
    assert child.returncode == 0, err
    return json.loads(out)


def kill_at(proxy: TrapProxy, moment: Moment, folder: Path, rows: int) -> bool:
    """Start the client and kill it at a moment; return False where it came to its end before that."""
    proxy.set(moment)
    child = start(proxy.url, folder, rows)
    try:
        while not proxy.is_trapped.wait(0.05):
            if child.poll() is not None:
                return False
        return True
    finally:
        child.kill()
        child.communicate()
        proxy.set(None)


def choose_moments(chance: random.Random) -> list[Moment]:
    """Return ten moments for two jobs in files, each of which comes: some are any request, by chance.

    Two are between a job and the answer to it, two in the middle of results.
    """

    def any_request() -> Moment:
        return Moment("", chance.choice(("before", "after", "half")), chance.randint(1, 2))

    sent, polled, fetched = Moment(CREATION, "after"), Moment(POLL, "after"), Moment(RESULTS, "half")
    sending = [any_request(), any_request(), sent, any_request(), sent]
    return [*sending, any_request(), polled, fetched, Moment(POLL, "before", chance.randint(1, 2)), fetched]


def try_kills(moments: list[Moment], folder: Path, rows: int) -> tuple[int, dict, dict[str, int], int]:
    """Kill a client at all these moments, then let it end.

    Returns how many were met, what the last run says, how often the server has made each row, and the number
    of jobs.
    """
    with OfflineServer(batch_seconds=0.5) as server, TrapProxy(server.url) as proxy:
        met = sum(kill_at(proxy, moment, folder, rows) for moment in moments)
        said = run(proxy.url, folder, rows)
        return met, said, dict(server.batches.rows_made), len(server.batches.created)
