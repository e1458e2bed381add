"""JupyterLab and Notebook 7 in a real browser, driven through their own commands.

A `Lab` is one server and one browser; `open` gives a `Page` with a notebook and a kernel of its own.
Menus and key presses fail now and then, `window.jupyterapp` does not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.error import URLError

import nbformat

from support.paths import TESTS

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = TESTS / "screenshots"
TOKEN = "a-token-of-tests"
START_SECONDS = 120
WAIT_MS = 60_000
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
ADDRESSES = {"lab": "doc/tree", "notebook": "notebooks"}
NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}


class Lab:
    """A context manager: one Jupyter server in `folder`, and Chromium."""

    def __init__(self, folder: Path, *, python: str | None = None) -> None:
        self.folder = folder / "work"
        self._own = folder / "own"
        self._python = python or os.environ.get("GEMINI_NB_KERNEL_PYTHON") or sys.executable
        self._closing = ExitStack()

    def __enter__(self) -> Lab:
        from playwright.sync_api import sync_playwright

        self.folder.mkdir(parents=True)
        try:
            self.url = self._serve()
            playwright = self._closing.enter_context(sync_playwright())
            self.browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            self._closing.callback(self.browser.close)
            self._context = self.browser.new_context()  # one cache for all
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        self._closing.close()

    def _serve(self) -> str:
        (self._own / "settings").mkdir(parents=True)
        app_settings = self._own / "app" / "settings"
        environment = {**os.environ, **{name: str(self._own / at) for name, at in FOLDERS.items()}}
        self._kernel_spec()
        self._overrides(app_settings)
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.folder}",
            "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
            f"--LabApp.app_settings_dir={app_settings}", "--JupyterNotebookApp.expose_app_in_browser=True",
            "--ServerApp.terminals_enabled=False",
        ]  # fmt: skip
        log = self._closing.enter_context((self._own / "server.log").open("w"))
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder)
        self._closing.callback(_ended, server)
        return self._address(server)

    def _kernel_spec(self) -> None:
        """A kernel of the chosen Python, under the name that notebooks ask for."""
        at = self._own / "data" / "kernels" / "python3"
        at.mkdir(parents=True)
        argv = [self._python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (at / "kernel.json").write_text(json.dumps(spec))

    def _overrides(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "overrides.json").write_text(json.dumps(NO_NEWS))

    def _address(self, server: subprocess.Popen) -> str:
        """Wait until the server answers, and return its address."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and server.poll() is None:
            for file in (self._own / "runtime").glob("jpserver-*.json"):
                url = json.loads(file.read_text() or "{}").get("url", "")
                try:
                    urllib.request.urlopen(f"{url}api/status?token={TOKEN}", timeout=5).close()
                except (URLError, OSError, ValueError):
                    continue
                return url
            time.sleep(0.05)
        raise RuntimeError((self._own / "server.log").read_text()[-2000:])

    def open(self, name: str, *cells: str, app: str = "lab", height: int = 1000) -> Page:
        """Open a new notebook of these cells, or the one there, in a folder `name`; its kernel is ready."""
        path = self.folder / name / "notebook.ipynb"
        if cells:
            path.parent.mkdir()
            notebook = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            )
            nbformat.write(notebook, path)
        page = Page(self, path, self._context.new_page(), height=height)
        page.go(f"{self.url}{ADDRESSES[app]}/{name}/notebook.ipynb?token={TOKEN}")
        return page


def studio_cell(gateway, *more: str) -> str:
    """The cell that opens a studio on a gateway."""
    settings = {"CRAZYROUTER_API_KEY": "a-key-of-tests", "GEMINI_NB_BASE_URL": gateway.url}
    return "\n".join(
        [f"import os; os.environ.update({settings!r})", "%load_ext gemini_nb", *more, "%gemini studio"]
    )


def open_studio(lab: Lab, name: str, *cells: str, **options) -> Page:
    """A notebook whose first cell, with the studio, was run; what the application did itself is forgotten."""
    page = lab.open(name, *cells, **options)
    page.errors.clear()
    page.run(0)
    page.button("Generate").wait_for()
    return page


def _ended(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


class Page:
    """One notebook in one tab, and everything that must not happen there."""

    def __init__(self, lab: Lab, path: Path, tab, *, height: int) -> None:
        self.lab = lab
        self.path = path
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.tab = tab
        self.tab.set_viewport_size({"width": 1280, "height": height})
        self.tab.set_default_timeout(WAIT_MS)
        self.tab.on("pageerror", self._failed)
        self.tab.on("request", self._requested)

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_exception) -> None:
        self.shut_down()
        self.tab.close()

    def _failed(self, error) -> None:
        # JupyterLab's widgets ask each kernel for a subshell; one that is shut down at once never answers.
        if "Canceled future for create_subshell_request" not in str(error):
            self.errors.append(str(error))

    def _requested(self, request) -> None:
        if not request.url.startswith((self.lab.url, "data:", "blob:", self.lab.url.replace("http", "ws"))):
            self.strangers.append(request.url)

    def go(self, url: str) -> None:
        self.tab.goto(url)
        self.tab.wait_for_function("() => window.jupyterapp")
        self.tab.evaluate(_READY)

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run a cell, and wait until it has ended."""
        self.tab.evaluate(_RUN if wait else _START, index)

    def insert(self, source: str) -> int:
        """Add a cell at the end and return its place."""
        return self.tab.evaluate(_INSERT, source)

    def sources(self) -> list[str]:
        """What stands in each cell."""
        return self.tab.evaluate(
            "() => [...jupyterapp.shell.currentWidget.model.cells].map(c => c.sharedModel.source)"
        )

    def outputs(self, index: int) -> str:
        """The text of a cell's outputs."""
        return self.tab.evaluate(
            "i => jupyterapp.shell.currentWidget.content.widgets[i].outputArea.node.innerText", index
        )

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook and read it back from the disk."""
        self.tab.evaluate("() => jupyterapp.shell.currentWidget.context.save()")
        return nbformat.read(self.path, as_version=4)

    def interrupt(self) -> None:
        self.tab.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")

    def restart(self) -> None:
        """Restart the kernel, and clear the outputs so that none of them can pass for a new one."""
        self.tab.evaluate(_RESTART)

    def shut_down(self) -> None:
        """Shut the kernel down."""
        self.tab.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def theme(self, name: str) -> None:
        self.tab.evaluate("name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        self.tab.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        self.tab.locator("#jupyterlab-splash").wait_for(state="detached")

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self.tab.wait_for_timeout(300)  # for looking at, not for a test: what moves has come to rest
        self.tab.screenshot(path=path)

    def focused(self) -> str:
        """The accessible name of what has the focus."""
        return self.tab.evaluate(_FOCUSED)

    def wait_for_cells(self, count: int) -> None:
        self.tab.wait_for_function("n => jupyterapp.shell.currentWidget.model.cells.length === n", arg=count)

    def upload(self, name: str, data: bytes) -> None:
        with self.tab.expect_file_chooser() as choosing:
            self.tab.get_by_role("button", name="Upload").click()
        choosing.value.set_files({"name": name, "mimeType": "image/png", "buffer": data})

    def violations(self, axe: str, *places: str) -> list[str]:
        """What axe-core finds wrong in these places."""
        self.tab.evaluate(axe)
        return self.tab.evaluate(_AXE, list(places))

    def places(self, what: str) -> list[list[float]]:
        """Where these are: x, y and more."""
        return self.tab.evaluate(
            "at => [...document.querySelectorAll(at)].map(i => Object.values(i.getBoundingClientRect()"
            ".toJSON()))",
            what,
        )

    def clip(self, what: str) -> str:
        return self.tab.evaluate("at => getComputedStyle(document.querySelector(at)).clipPath", what)

    def overflow(self, place: str) -> int:
        """By how many pixels a place is wider than the room it has."""
        return self.tab.evaluate(
            "at => { const n = document.querySelector(at); return n.scrollWidth - n.clientWidth; }", place
        )

    def pictures(self, count: int, within: str = ".gemini-nb-gallery") -> list[str]:
        """Wait until so many pictures are drawn, each wider than nothing, and return their alt texts."""
        self.tab.wait_for_function(_DRAWN, arg=[within, count])
        return self.tab.evaluate("at => [...document.querySelectorAll(`${at} img`)].map(i => i.alt)", within)

    def field(self, label: str):
        return self.tab.get_by_label(label, exact=True)

    def button(self, name: str):
        return self.tab.get_by_role("button", name=name, exact=True)

    def says(self, words: str) -> None:
        """Wait until the studio's status line says so."""
        self.tab.locator(".gemini-nb-studio [role=status]").filter(has_text=words).first.wait_for()

    def generate(self, prompt: str) -> None:
        self.field("Prompt").fill(prompt)
        self.button("Generate").click()


_READY = """async () => {
  await jupyterapp.restored;
  const until = Date.now() + 60000;
  while (!jupyterapp.shell.currentWidget?.context && Date.now() < until)
    await new Promise(done => setTimeout(done, 50));
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
}"""
_RUN = """async index => {
  jupyterapp.shell.currentWidget.content.activeCellIndex = index;
  await jupyterapp.commands.execute('notebook:run-cell');
}"""
_START = """index => {
  jupyterapp.shell.currentWidget.content.activeCellIndex = index;
  jupyterapp.commands.execute('notebook:run-cell');
}"""
_INSERT = """source => {
  const model = jupyterapp.shell.currentWidget.model.sharedModel;
  model.insertCell(model.cells.length, {cell_type: 'code', source});
  return model.cells.length - 1;
}"""
_DRAWN = """([within, count]) => {
  const all = [...document.querySelectorAll(`${within} img`)];
  return all.length === count && all.every(i => i.complete && i.naturalWidth > 0);
}"""
_RESTART = """async () => {
  await jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
  const panel = jupyterapp.shell.currentWidget;
  await panel.sessionContext.restartKernel();
  await panel.sessionContext.session.kernel.info;
}"""
_FOCUSED = """() => {
  const it = document.activeElement;
  return it.labels?.[0]?.innerText.trim() || it.getAttribute('aria-label') || it.innerText.trim();
}"""
_AXE = """async places => {
  const found = await axe.run({include: places.map(p => [p])});
  return found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 160)).join(' | ')}`);
}"""
