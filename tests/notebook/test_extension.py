"""Loading and unloading the extension leave nothing behind."""

from __future__ import annotations

from support.shells import a_shell


def test_unload_leaves_nothing_behind():
    with a_shell() as shell:
        shell.run("%unload_ext gemini_nb")
        without = footprint(shell.shell)
        shell.run("%load_ext gemini_nb")
        assert footprint(shell.shell) != without
        shell.run("%unload_ext gemini_nb")
        assert footprint(shell.shell) == without == ([], [], without[2])


def test_reload_appends_no_second_instance(keyless):
    before = footprint(keyless.shell)
    keyless.run("%reload_ext gemini_nb")
    keyless.run("%reload_ext gemini_nb")
    assert footprint(keyless.shell) == before


def footprint(shell):
    """Everything of ours that IPython keeps; it loads magics of its own when they are first needed."""
    manager = shell.magics_manager
    tables = (manager.magics["line"], manager.magics["cell"], manager.registry)
    return (
        [name for table in tables for name in sorted(table) if "gemini" in name.lower()],
        [type(one).__name__ for one in shell.configurables if "Gemini" in type(one).__name__],
        len(shell.Completer.custom_matchers),
    )
