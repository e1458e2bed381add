from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"httpx", "PIL", "IPython", "ipywidgets", "pandas", "numpy", "anyio", "tenacity"}


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after `code`."""
    print_them = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{print_them}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert not modules_after("import gemini_nb") & HEAVY


def test_loading_the_extension_loads_neither_httpx_nor_pillow():
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "import gemini_nb\n"
        "gemini_nb.load_ipython_extension(InteractiveShell.instance())"
    )
    assert not modules_after(code) & {"httpx", "PIL", "ipywidgets", "pandas", "anyio", "tenacity"}


def test_promise_19_importing_and_loading_write_no_file(tmp_path):
    before = set(tmp_path.rglob("*"))
    subprocess.run(
        [sys.executable, "-c", "import gemini_nb; gemini_nb.Client; gemini_nb.GeminiError"],
        cwd=tmp_path,
        check=True,
    )
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", __import__("gemini_nb").__all__)
def test_every_public_name_is_there(name):
    import gemini_nb

    assert getattr(gemini_nb, name) is not None
    assert name in dir(gemini_nb)


def test_another_name_is_an_attribute_error():
    import gemini_nb

    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = gemini_nb.Clint
