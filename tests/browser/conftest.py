"""A browser and a server, started once for this folder; skipped with a message where there is no browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.browsers import CHROMIUM, FLAGS, fetch_axe
from support.gateway import Answer, Gateway
from support.jupyter_lab import Lab
from support.replies import inline, reply


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: in a real browser, some minutes in all")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser():
    """One for the files of this folder that a worker takes together; other files need the event loop."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def lab(browser, tmp_path_factory):
    """A Jupyter server, whose notebooks share a tab in which JupyterLab is loaded once."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    with Lab(tmp_path_factory.mktemp("lab"), browser) as lab:
        yield lab


@pytest.fixture
def gateway(photo):
    with Gateway(Answer(reply(inline(photo)))) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A real photograph as the PNG of 1024 × 1024 that a model would send."""
    import io

    from PIL import Image
    from skimage import data

    into = io.BytesIO()
    Image.fromarray(data.astronaut()).resize((1024, 1024)).save(into, "PNG")
    return into.getvalue()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    source = fetch_axe()
    if source is None:
        pytest.skip("axe-core could not be fetched from npm")
    return source
