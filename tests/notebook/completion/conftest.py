"""A shell whose completion is installed anew for each test."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gemini_nb.notebook.completion import matcher
from support.shells import put_away


@pytest.fixture(scope="module")
def bare():
    """A shell with the extension loaded and completion taken out again."""
    shell = InteractiveShell()
    shell.Completer.use_jedi = False  # it would be asked where we have nothing to say, and takes its time
    shell.run_line_magic("load_ext", "gemini_nb")
    matcher.remove(shell)
    yield shell
    shell.run_line_magic("unload_ext", "gemini_nb")
    put_away(shell)


@pytest.fixture
def shell(bare, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matcher.install(bare, bare.magics_manager.registry["GeminiMagics"].session)
    names = set(bare.user_ns)
    yield bare
    matcher.remove(bare)
    for name in bare.user_ns.keys() - names:
        del bare.user_ns[name]
