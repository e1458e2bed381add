from __future__ import annotations

import subprocess
import sys

import pytest

A_KERNELS_SHELL = """
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets.config import Config
shell = ZMQInteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
shell.find_line_magic("load_ext")  # IPython loads its own magics late
"""
LOAD = "shell.run_line_magic('load_ext', 'gemini_nb')"
LOADED = {
    "gemini_nb",
    "gemini_nb._version",
    "gemini_nb.notebook",
    "gemini_nb.notebook.completion",
    "gemini_nb.notebook.completion.matcher",
    "gemini_nb.notebook.magics",
    "gemini_nb.notebook.extension",
    "gemini_nb.notebook.session",
}
HEAVY = {"IPython", "PIL", "anyio", "httpx", "ipywidgets", "numpy", "pandas", "pybase64", "tqdm"}
LATER = HEAVY - {"IPython"} | {"argparse", "difflib", "gemini_nb.errors", "gemini_nb.models", "statistics"}


def brought(code: str, *, before: str = "") -> set[str]:
    """The modules that `code` loads in a fresh interpreter which has run `before`."""
    watched = f"{before}\nimport sys\nbefore = set(sys.modules)\n{code}\nprint(*set(sys.modules) - before)"
    return set(printed(watched).split())


def printed(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_loads_nothing_heavy():
    assert not brought("import gemini_nb") & HEAVY


def test_loading_the_extension_in_a_kernel_brings_a_few_small_modules_and_nothing_else():
    found = brought(LOAD, before=A_KERNELS_SHELL)
    assert found == LOADED


def test_loading_the_extension_leaves_what_costs_milliseconds_for_later():
    shell = "from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance()"
    assert not brought(LOAD, before=shell) & LATER


def test_magics_and_defaults_are_there_at_once_without_another_import():
    use = "shell.find_cell_magic('gemini_image'); shell.magics_manager.registry['GeminiMagics'].timeout"
    assert brought(use, before=A_KERNELS_SHELL + LOAD) == set()


def test_loading_in_a_kernel_makes_none_of_its_formatters():
    look = "print(shell.display_formatter.trait_has_value('formatters'))"
    assert printed(f"{A_KERNELS_SHELL}{LOAD}\n{look}") == "False\n"


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
