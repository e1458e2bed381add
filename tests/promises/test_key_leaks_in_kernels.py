"""After every failure, with everything logged, a saved notebook and the files beside it hold no key."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from functools import cache

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from support.gateway import Answer, Gateway
from support.images import png
from support.kernels import client_of, connected, kernel_manager
from support.key_leaks import FAILURES, KEY, MORE, leaks
from support.replies import inline, reply

PLACEMENTS = {"crazyrouter": "CRAZYROUTER_API_KEY", "google": "GEMINI_API_KEY"}
SETUP = """
import logging, sys
for name in ("", "httpx", "httpcore", "httpcore.http11", "httpcore.connection", "asyncio", "anyio"):
    logging.getLogger(name).setLevel(logging.DEBUG)
logging.getLogger().handlers = [logging.StreamHandler(sys.stderr), logging.FileHandler("debug.log")]
%load_ext gemini_nb
%xmode Verbose
"""
MAGIC = "%%gemini_image\na red square on white"
PYTHON = (
    "from gemini_nb import Client\nClient(timeout=seconds).generate('a red square').image.save('picture.png')"
)
# What a person looking for the cause would do next: each of these shows more than the traceback did.
LOOK = """
import ipywidgets, traceback
error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
print("looked at", type(error).__name__)
logging.getLogger("mine").error("it failed", exc_info=error)
traceback.print_exception(error)
for frame, _ in traceback.walk_tb(error and error.__traceback__):
    if "gemini_nb" in frame.f_code.co_filename:
        print({name: repr(value) for name, value in frame.f_locals.items()})
print(vars(error) if error else None, repr(error), repr(error and error.__context__))
ipywidgets.Label(f"{error}")
"""
CELLS = (MAGIC, "%tb", PYTHON, "%tb", LOOK)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function of the placement: the notebook that met every failure there, and the folder it lived in."""

    @cache
    def executed(placement):
        folder = tmp_path_factory.mktemp(placement)
        notebook = new_notebook(cells=[new_code_cell(SETUP)])
        with ExitStack() as stack:
            for name, scene in {**FAILURES, **MORE}.items():
                url = stack.enter_context(scene()).url
                notebook.cells.append(new_code_cell(here(url, 0.5 if name == "stalled" else 60)))
                notebook.cells += map(new_code_cell, CELLS)
            notebook.cells += map(new_code_cell, ("%gemini status", "%history -n", "%config GeminiMagics"))
            client = client_of(notebook, allow_errors=True, resources={"metadata": {"path": str(folder)}})
            client.execute(env=environment(folder, placement))
        nbformat.write(notebook, folder / "saved.ipynb")
        return notebook, folder

    return executed


def here(url, seconds):
    """The cell that turns to a server."""
    return f"""
import os
os.environ['GEMINI_NB_BASE_URL'], seconds = {url!r}, {seconds}
%config GeminiMagics.timeout = {seconds}
"""


def environment(folder, placement):
    return {
        **os.environ,
        PLACEMENTS[placement]: KEY,
        "GEMINI_NB_PROVIDER": placement,
        "IPYTHONDIR": str(folder / "ipython"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }


def outputs(notebook, kind):
    return [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == kind
    ]


def printed(notebook, stream):
    return "".join(o.text for o in outputs(notebook, "stream") if o.name == stream)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_9_no_file_of_a_notebook_that_met_every_failure_holds_the_key(run, placement):
    _, folder = run(placement)
    found = {
        str(file.relative_to(folder)): leaks(file.read_bytes())
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert {"saved.ipynb", "debug.log", "picture.png"} <= found.keys()
    assert sum(name.endswith(".reply") for name in found) >= 3
    assert {name: forms for name, forms in found.items() if forms} == {}


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_9_what_cells_print_holds_no_key(run, placement, stream):
    text = printed(run(placement)[0], stream)
    assert len(text) > 1000
    assert leaks(text) == []


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_9_errors_in_cells_hold_no_key_and_no_frame_of_ours(run, placement):
    errors = outputs(run(placement)[0], "error")
    assert len(errors) > 2 * len(FAILURES)
    text = "\n".join([*(line for error in errors for line in error.traceback), *(e.evalue for e in errors)])
    assert leaks(text) == []
    assert "gemini_nb/client.py" not in text


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_9_the_state_of_widgets_holds_no_key(run, placement):
    state = run(placement)[0].metadata.widgets
    assert "answered 500" in str(state)
    assert leaks(str(state)) == []


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_11_status_says_that_the_key_is_set_and_from_where(run, placement):
    notebook, _ = run(placement)
    assert f"{placement}: set, from {PLACEMENTS[placement]}" in printed(notebook, "stdout")
    assert leaks(printed(notebook, "stdout")) == []


def test_promise_11_a_key_that_is_typed_stays_in_memory(tmp_path, monkeypatch):
    for name, value in environment(tmp_path, "google").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GEMINI_API_KEY")
    said = []
    with (
        kernel_manager(may_end_itself=True, cwd=str(tmp_path)) as manager,
        connected(manager) as kernel,
        Gateway(Answer(reply(inline(png())))) as gateway,
    ):
        for code in (
            "%load_ext gemini_nb\n%gemini key",
            f"%config GeminiMagics.base_url = {gateway.url!r}\n%gemini_image 'a red square'",
            "%gemini status\n%history\n%gemini key forget",
            "_i, _ih, _oh, list(get_ipython().user_ns)",
            "get_ipython().history_manager.writeout_cache()",
        ):
            kernel.execute_interactive(
                code,
                allow_stdin=True,
                stdin_hook=lambda _: kernel.input(KEY),
                output_hook=lambda message: said.append(str(message["content"])),
                timeout=60,
            )
        [request] = gateway.requests
        assert request.headers["x-goog-api-key"] == KEY
    assert "google: set, from what was typed in this session" in "".join(said)
    assert "google: not set" in "".join(said)
    assert leaks("".join(said)) == []
    with sqlite3.connect(tmp_path / "ipython/profile_default/history.sqlite") as history:
        rows = history.execute("select source_raw from history").fetchall()
    history.close()
    assert any("%gemini key" in source for (source,) in rows)
    assert [file for file in tmp_path.rglob("*") if file.is_file() and leaks(file.read_bytes())] == []
