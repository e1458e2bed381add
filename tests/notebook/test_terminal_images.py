"""Pictures in a terminal that draws them."""

from __future__ import annotations

from importlib import import_module

from gemini_nb.notebook import terminal_images


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
    for module, name in terminal_images._RESULTS:
        assert isinstance(getattr(import_module(module), name), type)
