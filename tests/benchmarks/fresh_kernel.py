"""A fresh kernel in any environment, and the milliseconds that some code takes in it once it runs."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import measuring  # noqa: F401 - lets what follows be found
import peers
from jupyter_client.kernelspec import KernelSpecManager

from support.kernels import Manager

SECONDS = 120
TIMED = """
import json, sys, time
def measured(code):
    modules, start, cpu = len(sys.modules), time.perf_counter(), time.process_time()
    exec(code, get_ipython().user_ns)
    spent = time.perf_counter() - start, time.process_time() - cpu
    return spent[0] * 1e3, spent[1] * 1e3, len(sys.modules) - modules
print(json.dumps([measured(code) for code in CODES]))
"""


class Spent(NamedTuple):
    """What a piece of code took: milliseconds, those of all threads on the CPU, and modules loaded."""

    milliseconds: float
    cpu: float
    modules: int


def measured(python: Path | str, *codes: str, before: str = "", **variables: str) -> list[Spent]:
    """Return what each piece of code takes, one after the other; `before` is run first, unmeasured."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "measured", "kernel.json")
        spec.parent.mkdir()
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "measured", "language": "python"}))
        manager = Manager(kernel_name="measured", kernel_spec_manager=KernelSpecManager(kernel_dirs=[folder]))
        manager.start_kernel(env=peers.environment(**variables), cwd=folder, stderr=subprocess.DEVNULL)
        try:
            printed = _ran(manager, f"{before}\nCODES = {list(codes)!r}\n{TIMED}")
        finally:
            manager.shutdown_kernel(now=True)
    return [Spent(*one) for one in json.loads(printed.splitlines()[-1])]


def _ran(manager: Manager, code: str) -> str:
    """Run code and return what it printed; a failure is raised with its traceback."""
    texts: list[str] = []

    def heard(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(content["traceback"]))
        if message["msg_type"] == "stream" and content["name"] == "stdout":
            texts.append(content["text"])

    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        client.execute_interactive(code, timeout=SECONDS, output_hook=heard)
    finally:
        client.stop_channels()
    return "".join(texts)
