"""Notebooks run by nbclient, and a kernel driven over its message protocol, as a front end would.

A kernel takes a second to start: a file whose tests do not need one each has one `kernel_manager`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import nbclient
import nbformat
from jupyter_client.manager import KernelManager
from traitlets import CaselessStrEnum, default

from support.paths import TESTS

LOAD = "%load_ext gemini_nb"
SECONDS = 60


class Manager(KernelManager):
    """A kernel's manager that speaks to it by way of files, where the system can.

    A kernel takes the ports that Jupyter found free half a second later. Where other tests open ports all the
    time, one of them is gone by then now and then, and the kernel dies.
    """

    transport = CaselessStrEnum(["tcp", "ipc"], "ipc" if sys.platform == "linux" else "tcp")

    @default("connection_file")
    def _make_connection_file(self) -> str:
        return str(Path(tempfile.gettempdir(), f"kernel-{uuid4()}.json"))  # a socket's name must be short


def notebook_of(*sources, first=LOAD):
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in (first, *sources)]
    return notebook


def executed(*sources, manager=None, allow_errors=False):
    """A notebook of these cells, run in a fresh kernel, or in a manager's after its earlier tests."""
    first = as_new() if manager else LOAD
    return client_of(notebook_of(*sources, first=first), km=manager, allow_errors=allow_errors).execute()


def as_new() -> str:
    """A cell after which a used kernel is as a new one: this test's variables and folder, and no names."""
    return (
        f"import os\nos.environ.clear()\nos.environ.update({dict(os.environ)!r})\n"
        f"os.chdir({str(Path.cwd())!r})\n%reset -f\n%reload_ext gemini_nb"
    )


@contextmanager
def kernel_manager(*, may_end_itself=False, **options):
    """A running kernel, perhaps for several tests; what it does when it ends is done if it may end itself."""
    manager = Manager()
    manager.start_kernel(**options)
    try:
        yield manager
    finally:
        manager.shutdown_kernel(now=not may_end_itself)


def client_of(notebook, **settings):
    """A client that waits for a kernel's outputs as long as for the kernel: by itself it drops late ones."""
    settings |= {"timeout": SECONDS, "iopub_timeout": SECONDS, "kernel_manager_class": Manager}
    return nbclient.NotebookClient(notebook, **settings)


def run_nbval(folder, *words):
    """Run notebooks of a folder by a pytest of its own, which compares what their cells put out."""
    options = ("--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-p", "support.nbval_kernels")
    command = [sys.executable, "-m", "pytest", *options, *words]
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
    )


def pages(notebook) -> list[str]:
    """The HTML of every output."""
    return [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]


class Kernel:
    """A kernel with the extension loaded; `errors` are the last cell's."""

    def __init__(self, manager, client) -> None:
        self._manager, self._client = manager, client

    def start(self, source: str) -> str:
        return self._client.execute(source)

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def finish(self, message: str) -> list[dict]:
        """Wait for a cell's end and return what it sent, without its states."""
        return self.until(message, lambda _output: False)

    def until(self, message: str, is_it) -> list[dict]:
        """Return what a cell sent up to the output that was waited for, or its end."""
        sent = []
        while True:
            came = self._client.get_iopub_msg(timeout=SECONDS)
            if came["parent_header"].get("msg_id") != message:
                continue
            if came["content"].get("execution_state") == "idle":
                return sent
            if came["msg_type"] not in ("status", "execute_input"):
                sent.append({"type": came["msg_type"], **came["content"]})
                if is_it(sent[-1]):
                    return sent

    def run(self, source: str) -> list[dict]:
        return self.finish(self.start(source))

    def value(self, expression: str) -> str:
        (shown,) = [one for one in self.run(f"print({expression})") if one["type"] == "stream"]
        return shown["text"].strip()


def kept(sent: list[dict]) -> list[dict]:
    """What a front end keeps of the outputs that a cell sent."""
    outputs: list[dict] = []
    waits = False
    for output in sent:
        if output["type"] == "clear_output":
            waits = output["wait"]
            outputs = outputs if waits else []
        elif output["type"] == "update_display_data":
            same = [one for one in outputs if one.get("transient") == output["transient"]]
            for one in same:
                one["data"] = output["data"]
        else:
            outputs = [] if waits else outputs
            waits = False
            outputs.append(dict(output))
    return outputs


@contextmanager
def connected(manager):
    """A front end's connections to a manager's kernel."""
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield client
    finally:
        client.stop_channels()


@contextmanager
def a_kernel(manager):
    """A manager's kernel as if it were new, and a front end's connections to it."""
    with connected(manager) as client:
        kernel = Kernel(manager, client)
        kernel.run(as_new())
        yield kernel
