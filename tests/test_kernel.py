"""The extension in a real kernel, as a notebook runs it."""

from __future__ import annotations

import nbclient
import nbformat
import pytest

from gateway import Answer, Gateway
from pictures import encoded
from replies import data_uri, inline, reply

pytestmark = pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")


def executed(*sources, allow_errors=False):
    """A notebook of these cells, run in a fresh kernel."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in ("%load_ext gemini_nb", *sources)]
    return nbclient.NotebookClient(notebook, timeout=60, allow_errors=allow_errors).execute()


def test_a_notebook_with_one_picture_of_1024_pixels_stays_under_200_kb():
    notebook = executed("%%gemini_image\na sunset over the sea behind mountains")
    (shown,) = [output for output in notebook.cells[1].outputs if output.output_type == "execute_result"]
    assert "1024 × 1024" in shown.data["text/plain"]
    assert len(nbformat.writes(notebook)) < 200_000


def test_a_cell_leaves_exactly_one_result_and_no_status_line(monkeypatch):
    answer = Answer(reply(inline(encoded("PNG", 64, 64))), delay=2.5)
    with Gateway(answer) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
        monkeypatch.setenv("GEMINI_NB_BASE_URL", gateway.url)
        notebook = executed("%%gemini_image\na red square")
    assert [output.output_type for output in notebook.cells[1].outputs] == ["execute_result"]


def test_promise_18_a_failed_cell_is_a_failed_cell():
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="no aspect ratio"):
        executed("%%gemini_image -a 16x9\na red square")


def test_an_error_in_a_notebook_is_its_message_and_no_frames(monkeypatch):
    with Gateway(Answer("<html><title>Bad gateway</title>", status=502)) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
        monkeypatch.setenv("GEMINI_NB_BASE_URL", gateway.url)
        notebook = executed("%xmode Verbose", "%%gemini_image\nx", allow_errors=True)
    (error,) = notebook.cells[2].outputs
    assert error.ename == "OutcomeUnknownError"
    assert len(error.traceback) == 2
    assert "Bad gateway" in error.traceback[0]


def test_the_models_words_are_shown_and_are_no_markup(monkeypatch):
    words = "A square. <script>alert(1)</script> ![t](http://tracker.invalid/t.png)"
    answer = reply(f"{words} ![image]({data_uri(encoded('PNG', 64, 64))})")
    with Gateway(Answer(answer)) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
        monkeypatch.setenv("GEMINI_NB_BASE_URL", gateway.url)
        notebook = executed("%%gemini_image\nx")
    page = notebook.cells[1].outputs[0].data["text/html"]
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert gateway.gets == 0


def test_a_result_without_the_extension_is_a_picture_too():
    notebook = executed(
        "%unload_ext gemini_nb\nimport gemini_nb\ngemini_nb.Client('offline').generate('a red square')"
    )
    assert "text/html" in notebook.cells[1].outputs[0].data
