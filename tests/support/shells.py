"""A real IPython shell with the extension loaded, asking a loopback gateway."""

from __future__ import annotations

import atexit
import os
from contextlib import contextmanager
from unittest.mock import patch

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

KEY = "a-key-of-tests"


class Shell:
    """`run` a cell: its `result`, `stdout`, `error` and the `shown` bundles; `names` are the variables.

    `said` is its `stdout` on one line: words are not where lines break.
    """

    def __init__(self) -> None:
        self.shell = InteractiveShell()
        self.run("%load_ext gemini_nb")

    @property
    def names(self):
        return self.shell.user_ns

    @property
    def magics(self):
        return self.shell.magics_manager.registry["GeminiMagics"]

    def run(self, source):
        with capture_output() as captured:
            done = self.shell.run_cell(source, store_history=True)
        done.stdout, done.stderr, done.shown = captured.stdout, captured.stderr, captured.outputs
        done.said = " ".join(captured.stdout.split())
        done.error = done.error_in_exec or done.error_before_exec
        return done

    def printed(self, source) -> str:
        """What a cell prints that must not fail."""
        done = self.run(source)
        assert done.error is None
        return done.stdout

    def said(self, source) -> str:
        """What a cell prints that must not fail, on one line."""
        return " ".join(self.printed(source).split())

    def refused(self, source) -> str:
        """The error of a cell that must fail, by class and message: three lines at most."""
        error = self.run(source).error
        assert error is not None
        assert len(str(error).splitlines()) <= 3
        return f"{type(error).__name__}: {error}"

    def close(self) -> None:
        if "GeminiMagics" in self.shell.magics_manager.registry:
            self.run("%unload_ext gemini_nb")
        put_away(self.shell)


def put_away(shell: InteractiveShell) -> None:
    """End a shell for good, with its threads and files: a process of tests makes hundreds of them.

    Its own farewell at exit collects garbage several times, for each.
    """
    atexit.unregister(shell.atexit_operations)
    history = shell.history_manager
    history.end_session()
    history.save_thread.stop()
    history.db.close()
    shell.history_manager = None
    shell.restore_sys_module_state()


@contextmanager
def a_shell(url: str = ""):
    """A shell whose magics ask the server at `url`, or paint offline."""
    variables = {"CRAZYROUTER_API_KEY": KEY, "GEMINI_NB_BASE_URL": url} if url else {}
    with patch.dict(os.environ, variables):
        shell = Shell()
        try:
            yield shell
        finally:
            shell.close()


def prompt_of(request) -> str:
    """The newest words in a request, as a gateway received it."""
    return request.json["contents"][-1]["parts"][0]["text"]
