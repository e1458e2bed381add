"""A Jupyter server with folders of its own, for a browser to visit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.error import URLError

import nbformat

from support.kernels import Manager

TOKEN = "a-token-of-tests"
START_SECONDS = 300
NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}


class JupyterServer:
    """A context manager: JupyterLab and Notebook 7 at `url`, with the notebooks of `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self._own = folder / "own"
        self._python = os.environ.get("GEMINI_NB_KERNEL_PYTHON") or sys.executable
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        try:
            self.url = self._serve()
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        self._closing.close()

    def write_notebook(self, name: str, *cells: str) -> Path:
        """Write a notebook of these cells in a folder `name`; return the path of it, or of the one there."""
        path = self.folder / name / "notebook.ipynb"
        if cells:
            path.parent.mkdir()
            notebook = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            )
            nbformat.write(notebook, path)
        return path

    def _serve(self) -> str:
        (self._own / "settings").mkdir(parents=True)
        app_settings = self._own / "app" / "settings"
        # Elsewhere the names of sockets would be too long.
        self._runtime = Path(self._closing.enter_context(tempfile.TemporaryDirectory()))
        environment = {**os.environ, **{name: str(self._own / at) for name, at in FOLDERS.items()}}
        environment["JUPYTER_RUNTIME_DIR"] = str(self._runtime)
        self._write_kernel_spec()
        app_settings.mkdir(parents=True)
        (app_settings / "overrides.json").write_text(json.dumps(NO_NEWS))
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.folder}",
            "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
            f"--LabApp.app_settings_dir={app_settings}", "--JupyterNotebookApp.expose_app_in_browser=True",
            f"--KernelManager.transport={Manager.transport.default_value}",
            "--ServerApp.terminals_enabled=False", "--LanguageServerManager.autodetect=False",
        ]  # fmt: skip
        log = self._closing.enter_context((self._own / "server.log").open("w"))
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder)
        self._closing.callback(_end, server)
        return self._find_address(server)

    def _write_kernel_spec(self) -> None:
        """A kernel of the chosen Python, under the name that notebooks ask for."""
        at = self._own / "data" / "kernels" / "python3"
        at.mkdir(parents=True)
        argv = [self._python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (at / "kernel.json").write_text(json.dumps(spec))

    def _find_address(self, server: subprocess.Popen) -> str:
        """Wait until the server answers, and return its address."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and server.poll() is None:
            for file in self._runtime.glob("jpserver-*.json"):
                url = json.loads(file.read_text() or "{}").get("url", "")
                try:
                    urllib.request.urlopen(f"{url}api/status?token={TOKEN}", timeout=5).close()
                except (URLError, OSError, ValueError):
                    continue
                return url
            time.sleep(0.05)
        raise RuntimeError((self._own / "server.log").read_text()[-2000:])


def _end(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
