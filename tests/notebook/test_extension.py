"""Loading and unloading the extension leave nothing behind; pictures in a terminal that draws them."""

from __future__ import annotations

from importlib import import_module

from gemini_nb.notebook import extension
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


def test_a_terminal_that_draws_gets_a_png_and_another_one_text(shell):
    made = shell.run("%gemini_image a cat").result
    formatter = shell.shell.display_formatter
    formatter.active_types = ["text/plain"]
    assert set(formatter.format(made)[0]) == {"text/plain", "text/html", "image/jpeg"}
    formatter.active_types = ["text/plain", "image/png"]
    shell.run("%reload_ext gemini_nb")
    shown = formatter.format(made)[0]
    assert shown["image/png"].startswith(b"\x89PNG") or shown["image/png"].startswith("iVBOR")
    shell.run("%unload_ext gemini_nb")
    assert "image/png" not in formatter.format(made)[0]


def test_the_results_that_are_drawn_are_classes_where_their_names_say():
    for module, name in extension._RESULTS:
        assert isinstance(getattr(import_module(module), name), type)


def footprint(shell):
    """Everything of ours that IPython keeps; it loads magics of its own when they are first needed."""
    manager = shell.magics_manager
    tables = (manager.magics["line"], manager.magics["cell"], manager.registry)
    return (
        [name for table in tables for name in sorted(table) if "gemini" in name.lower()],
        [type(one).__name__ for one in shell.configurables if "Gemini" in type(one).__name__],
        len(shell.Completer.custom_matchers),
    )
