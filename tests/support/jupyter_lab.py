"""JupyterLab and Notebook 7 in a real browser, driven through their own commands.

A `Lab` is one server and one browser; `open` gives a `Page` with a notebook and a kernel of its own. To load
JupyterLab takes more than most tests do, so its notebooks share a tab, one after the other; each notebook of
Notebook 7 has its own. Menus and key presses fail now and then, `window.jupyterapp` does not.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from support.browsers import RUN_AXE
from support.jupyter_server import TOKEN, JupyterServer

if TYPE_CHECKING:
    from collections.abc import Callable

SCREENSHOTS = os.environ.get("GEMINI_NB_SCREENSHOTS", "")  # a folder for those who look at them
WAIT_MS = 60_000
DOUBLE_CLICK_MS = 400
BEGINS_GENERATE = re.compile("^Generate")
ADDRESSES = {"lab": "doc/tree", "notebook": "notebooks"}


class Lab:
    """A context manager: one Jupyter server in `folder`, visited by a browser."""

    def __init__(self, folder: Path, browser) -> None:
        self._server = JupyterServer(folder)
        self.folder = self._server.folder
        self.browser = browser
        self.idle_tab: Any = None  # where JupyterLab is loaded and no notebook is open

    def __enter__(self) -> Lab:
        with ExitStack() as opened:
            self.url = opened.enter_context(self._server).url
            self._context = self.browser.new_context()  # one cache for all
            opened.callback(self._context.close)
            self._context.grant_permissions(["clipboard-read", "clipboard-write"])
            self._closing = opened.pop_all()
        return self

    def __exit__(self, *_exception) -> None:
        self._closing.close()

    def open(self, name: str, *cells: str, app: str = "lab", height: int = 1000) -> Page:
        """Open a new notebook of these cells, or the one there, in a folder `name`; its kernel is ready."""
        path = self._server.write_notebook(name, *cells)
        tab, self.idle_tab = (self.idle_tab, None) if app == "lab" else (None, self.idle_tab)
        page = Page(self, path, tab or self._context.new_page(), height=height, may_stay=app == "lab")
        at = f"{name}/notebook.ipynb"
        if tab is None:
            page.go(f"{self.url}{ADDRESSES[app]}/{at}?token={TOKEN}")
        else:
            tab.evaluate(_OPEN, at)
        page.tab.evaluate(READY, at)
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


def take_screenshot(tab, name: str) -> None:
    """Keep what a tab shows as NAME.png for somebody to look at, where a folder for that is named."""
    if SCREENSHOTS:
        tab.wait_for_timeout(300)  # what moves has come to rest
        tab.screenshot(path=Path(SCREENSHOTS, f"{name}.png"))


def download(link) -> tuple[str, str]:
    """Follow a link; return the name of the file that comes, and its SHA-256."""
    with link.page.expect_download() as coming:
        link.click()
    return coming.value.suggested_filename, sha256(Path(coming.value.path()).read_bytes()).hexdigest()


class Page:
    """One notebook in one tab, and everything that must not happen there."""

    def __init__(self, lab: Lab, path: Path, tab, *, height: int, may_stay: bool) -> None:
        self.lab = lab
        self._may_stay = may_stay
        self.path = path
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self._next_click = 0.0
        self.tab = tab
        self.tab.set_viewport_size({"width": 1280, "height": height})
        self.tab.set_default_timeout(WAIT_MS)
        self.tab.on("pageerror", self._failed)
        self.tab.on("request", self._requested)

    def __enter__(self) -> Page:
        return self

    def __exit__(self, kind, *_exception) -> None:
        self.shut_down()
        if kind is not None or not self._may_stay:
            self.tab.close()
            return
        # To close the notebook would ask whether to save it.
        self.tab.evaluate("() => jupyterapp.shell.currentWidget.dispose()")
        self.tab.remove_listener("pageerror", self._failed)
        self.tab.remove_listener("request", self._requested)
        self.lab.idle_tab = self.tab

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

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run a cell, and wait until it has ended."""
        self.tab.evaluate(RUN if wait else _START, index)

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

    def screenshot(self, name: str) -> None:
        take_screenshot(self.tab, name)

    def focused(self) -> str:
        """The accessible name of what has the focus."""
        return self.tab.evaluate(_FOCUSED)

    def wait_for_cells(self, count: int) -> None:
        self.tab.wait_for_function("n => jupyterapp.shell.currentWidget.model.cells.length === n", arg=count)

    def upload(self, *files: Path) -> None:
        with self.tab.expect_file_chooser() as choosing:
            self.button("Upload").click()
        choosing.value.set_files(files)

    def digests(self, index: int) -> list[str]:
        """The SHA-256 that each picture under a cell is said to have."""
        return self.tab.evaluate(_DIGESTS, index)

    def violations(self, axe: str, place: str, *, rules: str) -> list[str]:
        """What axe-core finds wrong in a place by "all" of its rules, or by those of "colour"."""
        if not self.tab.evaluate("() => 'axe' in window"):
            self.tab.evaluate(axe)
        # JupyterLab's body has no height: to axe all that lies in it would be hidden, and pass.
        self.tab.evaluate("() => { document.body.style.height = '100vh'; }")
        found = self.tab.evaluate(RUN_AXE, [rules, [place]])
        self.tab.evaluate("() => { document.body.style.height = ''; }")
        return found

    def places(self, what: str) -> list[list[float]]:
        """Where these are: x, y and more."""
        return self.tab.evaluate(
            "at => [...document.querySelectorAll(at)].map(i => Object.values(i.getBoundingClientRect()"
            ".toJSON()))",
            what,
        )

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

    def choice(self, label: str):
        return self.tab.get_by_role("combobox", name=label, exact=True)

    def button(self, name: str):
        """The button of this name; that of "Generate" goes on with what it will do and cost."""
        exact = name != "Generate"
        return self.tab.get_by_role("button", name=name if exact else BEGINS_GENERATE, exact=exact)

    def says(self, words: str) -> None:
        """Wait until the studio's status line says so."""
        self.tab.locator(".gemini-nb-studio [role=status]").filter(has_text=words).first.wait_for()

    def alerts(self, words: str) -> None:
        """Wait until the studio says so as an error."""
        self.tab.locator(".gemini-nb-studio [role=alert]").filter(has_text=words).first.wait_for()

    def generate(self, prompt: str | None = None) -> None:
        """Type a prompt, or leave the one that stands there, and press Generate."""
        if prompt is not None:
            self.field("Prompt").fill(prompt)
        self.press("Generate")

    def press(self, name: str) -> None:
        """Press a button."""
        self._press(self.button(name).click)

    def press_key(self, key: str) -> None:
        """Press a key that starts something."""
        self._press(partial(self.tab.keyboard.press, key))

    def _press(self, act: Callable[[], None]) -> None:
        """Act as with another click, which would otherwise be the second of a double click."""
        self.tab.wait_for_function("at => performance.now() > at", arg=self._next_click)
        act()
        self._next_click = self.tab.evaluate("() => performance.now()") + DOUBLE_CLICK_MS


_OPEN = "async path => { await jupyterapp.commands.execute('docmanager:open', {path}); }"
READY = """async path => {
  await jupyterapp.restored;
  const until = Date.now() + 60000;
  while (jupyterapp.shell.currentWidget?.context?.path !== path && Date.now() < until)
    await new Promise(done => setTimeout(done, 50));
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
}"""
RUN = """async index => {
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
  const waiting = all.filter(i => !i.complete || !i.naturalWidth);
  waiting.find(i => i.loading === 'lazy')?.scrollIntoView({block: 'nearest'}); // it waits to be in view
  return all.length === count && !waiting.length;
}"""
_RESTART = """async () => {
  await jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
  const panel = jupyterapp.shell.currentWidget;
  await panel.sessionContext.restartKernel();
  await panel.sessionContext.session.kernel.info;
}"""
_FOCUSED = """() => {
  const it = document.activeElement;
  const label = it.labels?.[0];
  return it.ariaLabel || (label?.querySelector('span') ?? label ?? it).innerText.trim();
}"""
_DIGESTS = """index => {
  const outputs = jupyterapp.shell.currentWidget.content.widgets[index].outputArea.node;
  return [...outputs.querySelectorAll('figure')].map(figure => figure.dataset.sha256);
}"""
