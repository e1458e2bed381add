"""One server and one browser for each file; skipped with a message where there is no browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.gateway import Answer, Gateway
from support.jupyter_lab import CHROMIUM, Lab
from support.replies import inline, reply


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: in a real browser, some minutes in all")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A Jupyter server and a browser; closed before other files' tests need the main thread's event loop."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
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
def axe(tmp_path_factory) -> str:
    """The source of axe-core, from npm."""
    folder = tmp_path_factory.mktemp("axe")
    try:
        done = subprocess.run(
            ["npm", "pack", "axe-core@4", "--silent"], cwd=folder, capture_output=True, timeout=60, check=True
        )
        archive = done.stdout.decode().split()[-1]
        subprocess.run(["tar", "xzf", archive, "package/axe.min.js"], cwd=folder, check=True)
    except (OSError, subprocess.SubprocessError, IndexError) as problem:
        pytest.skip(f"axe-core could not be fetched from npm: {problem}")
    return (folder / "package" / "axe.min.js").read_text()
