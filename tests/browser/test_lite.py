"""The course in a browser tab: the site that `make lite` builds, without a server and without another host.

The page is loaded once and has one kernel; each test adds cells to it. Skipped, saying why, where Pyodide's
files cannot be had.
"""

from __future__ import annotations

import subprocess
import time
from hashlib import sha256

import pytest

from gemini_nb import Client
from support.gateway import Answer, Gateway
from support.images import png
from support.jupyter_lite import BrowserGateway, LiteSite, build, fetch_wheels
from support.paths import ROOT
from support.replies import inline, reply

MAX_MEGABYTES = 50
PICTURE = png(64, 48)
COMMITTED = "a picture that somebody has committed"
FIRST = "01_first_image.ipynb"


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):  # without a browser nothing need be built
    """The built site: the first notebook and a store that was committed beside it."""
    pytest.importorskip("jupyterlite_core", reason="JupyterLite is not installed: pip install -e '.[lite]'")
    notebooks = tmp_path_factory.mktemp("notebooks")
    (notebooks / FIRST).write_bytes((ROOT / "notebooks" / FIRST).read_bytes())
    with Gateway(Answer(reply(inline(PICTURE)))) as gateway:
        client = Client(base_url=gateway.url, api_key="a-key-of-tests", store=notebooks / ".gemini_nb")
        client.generate(COMMITTED)
    try:
        wheels = fetch_wheels(tmp_path_factory.mktemp("wheels"))
    except (OSError, subprocess.SubprocessError) as problem:
        pytest.skip(f"Pyodide's wheels cannot be had: {problem}")
    return build(tmp_path_factory.mktemp("site"), notebooks=notebooks, wheels=wheels)


@pytest.fixture(scope="module")
def page(site, browser):
    """The first notebook, run from top to bottom as a visitor would."""
    started = time.monotonic()
    with LiteSite(site, browser) as lite, lite.open(FIRST) as page:
        page.tab.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")
        page.tab.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        page.tab.evaluate("() => { window.all = jupyterapp.commands.execute('notebook:run-all-cells'); }")
        page.tab.wait_for_function(f"() => {DRAWN}.length > 0")
        print(f"first picture {time.monotonic() - started:.1f} s after opening")
        page.tab.evaluate("() => window.all")
        yield page


@pytest.fixture
def gateway():
    with BrowserGateway(reply(inline(PICTURE))) as gateway:
        yield gateway


DRAWN = "[...document.querySelectorAll('.jp-OutputArea img')].filter(i => i.complete && i.naturalWidth > 0)"


def ran(page, *cells: str) -> str:
    """Run cells at the end of the notebook and return what stands under the last one."""
    index = -1
    for cell in cells:
        index = page.insert(cell)
        page.run(index)
    return page.outputs(index)


def pay(gateway) -> str:
    """The Python that makes a client of a gateway with a key."""
    key = "a-key-of-tests"
    return (
        f'from gemini_nb import Client\nclient = Client("google", base_url="{gateway.url}", api_key="{key}"'
    )


def test_the_site_is_small(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < MAX_MEGABYTES * 1e6


def test_the_first_notebook_runs_from_top_to_bottom(page):
    states = page.tab.evaluate(
        "() => [...jupyterapp.shell.currentWidget.model.cells].filter(c => c.type === 'code')"
        ".map(c => [c.executionCount, c.sharedModel.outputs.some(o => o.output_type === 'error')])"
    )
    assert states[:6] == [[number, False] for number in range(1, 7)]
    assert page.tab.evaluate(f"() => {DRAWN}.length") >= 4


def test_a_picture_is_edited_in_turns(page):
    assert "→" in ran(page, "%%gemini_edit\nMake it night", "%%gemini_edit\nAdd a yellow moon")


def test_a_committed_store_is_replayed(page):
    text = f"%%gemini_image kept -q --replay only\n{COMMITTED}"
    said = ran(page, text, "print(kept.replayed, kept.image.sha256)")
    assert said.split() == ["True", sha256(PICTURE).hexdigest()]


def test_batches_end_and_read_a_callers_iterator(page):
    assert "3 pictures: 3 made" in ran(page, "%%gemini_image -n 3 -z 512\na red kite")
    said = ran(
        page,
        "def prompts():\n"
        "    for name in ('cat', 'dog'):\n"
        "        Client('offline').generate('a star', image_size='512')  # waits, as a generator may\n"
        "        yield f'a {name}'\n"
        "print(Client('offline').generate_many(prompts(), image_size='512', progress=False).summary)",
        "def broken():\n    yield 'a cup'\n    raise ValueError('of the caller')\n"
        "try:\n    Client('offline').generate_many(broken(), image_size='512', progress=False)\n"
        "except ValueError as error:\n    print(error, error.batch.summary)",
    )
    assert said.startswith("of the caller")


def test_a_failed_cell_is_a_failed_cell_with_one_message(page):
    said = ran(page, "%%gemini_image\nsomething blocked by safety")
    assert said.startswith("BlockedError: The prompt was blocked")
    assert "Traceback" not in said


def test_the_studio_paints(page):
    ran(page, "%gemini studio")
    page.button("Generate").wait_for()
    page.generate("a green star")
    page.pictures(1)


def test_a_paid_picture_comes_by_fetch_and_is_kept(page, gateway):
    ask = f"{pay(gateway)}, store='.gemini_nb')\nmade = client.generate('a paid picture')\n"
    said = ran(page, f"{ask}print(made.replayed, made.image.sha256)", f"{ask}print(made.replayed)")
    assert said.split() == ["True"]
    assert gateway.posts == 1
    assert gateway.refused_headers == []


def test_nothing_else_was_asked_and_nothing_failed(page):
    own = [url for url in page.strangers if "127.0.0.1" not in url]
    assert own == []
    assert page.errors == []
