"""Loading and unloading the extension leave nothing behind; pictures in terminals and in data frames."""

from __future__ import annotations

from importlib import import_module

import pytest

from gemini_nb.notebook import extension
from support.html_tags import Tags
from support.shells import a_shell


def test_unload_leaves_nothing_behind():
    with a_shell() as shell:
        shell.run("%unload_ext gemini_nb")
        without = footprint(shell.shell)
        shell.run("%load_ext gemini_nb")
        assert footprint(shell.shell) != without
        shell.run("%unload_ext gemini_nb")
        assert footprint(shell.shell) == without == ([], [], without[2], [])


def test_reload_appends_no_second_instance(keyless):
    before = footprint(keyless.shell)
    keyless.run("%reload_ext gemini_nb")
    keyless.run("%reload_ext gemini_nb")
    assert footprint(keyless.shell) == before


def test_a_terminal_that_draws_gets_a_png_and_another_one_text(shell):
    made = shell.run("%gemini_image a cat").result
    formatter = shell.shell.display_formatter
    assert set(formatter.format(made)[0]) == {"text/plain", "text/html", "image/jpeg"}
    formatter.active_types = ["text/plain", "image/png"]
    shell.run("%reload_ext gemini_nb")
    shown = formatter.format(made)[0]
    assert shown["image/png"].startswith(b"\x89PNG") or shown["image/png"].startswith("iVBOR")
    shell.run("%unload_ext gemini_nb")
    assert "image/png" not in formatter.format(made)[0]


def test_a_terminal_says_which_file_to_open_and_a_notebook_names_no_place(shell, gateway, tmp_path):
    one = shell.run("%gemini_image a cat").result
    several = shell.run("%gemini_image -n 2 -s out/ a cat").result
    formatter = shell.shell.display_formatter
    shown = [formatter.format(made)[0] for made in (one, several)]
    assert not any(str(tmp_path) in page for bundle in shown for page in bundle.values())
    formatter.active_types = ["text/plain"]
    shell.run("%reload_ext gemini_nb")
    picture, batch = (formatter.format(made)[0]["text/plain"] for made in (one, several))
    assert picture.endswith(f"\nTo open it: {one.path}")
    assert one.path.read_bytes() == one.image.data
    assert [line for line in batch.splitlines() if line.startswith("/")] == [
        str(tmp_path / "out" / f"a-cat-take-{take}.png") for take in (0, 1)
    ]
    shell.run("%unload_ext gemini_nb")
    assert "text/html" in formatter.format(one)[0]


def test_a_terminal_says_how_to_open_what_is_in_no_file(keyless):
    shell, made = keyless, keyless.run("%gemini_image a cat").result
    shell.shell.display_formatter.active_types = ["text/plain"]
    shell.run("%reload_ext gemini_nb")
    text = shell.shell.display_formatter.format(made)[0]["text/plain"]
    assert text.splitlines()[1:] == ['To open it, save it: .save("a-cat.jpg")']


def test_the_results_that_are_drawn_are_classes_where_their_names_say():
    for module, name in extension._RESULTS:
        assert isinstance(getattr(import_module(module), name), type)


def html_of(shell, frame):
    return shell.shell.display_formatter.format(frame)[0].get("text/html", "")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_of_pictures_shows_them_while_the_extension_is_loaded(shell, library):
    frame = pytest.importorskip(library).DataFrame({"what": ["cat", "dog"]})
    shell.names["frame"] = frame
    made = shell.run("%%gemini_image made --each frame\na {{what}}").result
    pictures = made.to_frame(with_source=True, images=True)[["what", "image"]]
    assert html_of(shell, pictures).count("<img") == 2
    assert html_of(shell, frame) == frame._repr_html_()
    shell.run("%unload_ext gemini_nb")
    assert html_of(shell, pictures) == pictures._repr_html_()


def test_a_column_may_hold_what_a_batch_yields(shell):
    pandas = pytest.importorskip("pandas")
    made = shell.run("%gemini_image -n 2 a cat").result
    frame = pandas.DataFrame({"n": [1, 2]}).assign(made=made, image=[one.image for one in made])
    tags = Tags(html_of(shell, frame)).all("img")
    assert [tag["alt"] for tag in tags] == ["a cat", "a picture of 1 × 1"] * 2


def test_a_formatter_that_somebody_else_has_set_stays(shell):
    pandas = pytest.importorskip("pandas")
    formatter = shell.shell.display_formatter.formatters["text/html"]
    shell.run("%unload_ext gemini_nb")
    formatter.for_type_by_name(pandas.DataFrame.__module__, "DataFrame", lambda _frame: "mine")
    for word in ("load_ext", "reload_ext", "unload_ext"):
        shell.run(f"%{word} gemini_nb")
        shell.run("pass")
        assert html_of(shell, pandas.DataFrame({"n": [1]})) == "mine"


def footprint(shell):
    """Everything of ours that IPython keeps; it loads magics of its own when they are first needed."""
    manager = shell.magics_manager
    tables = (manager.magics["line"], manager.magics["cell"], manager.registry)
    return (
        [name for table in tables for name in sorted(table) if "gemini" in name.lower()],
        [type(one).__name__ for one in shell.configurables if "Gemini" in type(one).__name__],
        len(shell.Completer.custom_matchers),
        [key for key in html_printers(shell) if "DataFrame" in key],
    )


def html_printers(shell):
    formatter = shell.display_formatter.formatters["text/html"]
    return [str(key) for key in (*formatter.deferred_printers, *formatter.type_printers)]
