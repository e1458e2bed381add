"""The extension in a real kernel, as a notebook runs it."""

from __future__ import annotations

import subprocess
import sys
import threading

import nbclient
import nbformat
import pytest

from support import streams
from support.faults import FaultServer, chunk
from support.gateway import Answer, Gateway
from support.images import encoded
from support.kernels import a_kernel, executed, kernel_manager, notebook_of, run_nbval
from support.replies import data_uri, inline, reply
from support.shells import KEY, prompt_of

pytestmark = pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")

PICTURE = Answer(reply(inline(encoded("PNG", 64, 64))))


@pytest.fixture(scope="module")
def manager():
    """The kernel of this file."""
    with kernel_manager() as manager:
        yield manager


@pytest.fixture
def asking(monkeypatch):
    """Let the kernels of a test ask this gateway."""

    def ask(gateway):
        monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
        monkeypatch.setenv("GEMINI_NB_BASE_URL", gateway.url)
        return gateway

    return ask


def test_a_notebook_with_one_picture_of_1024_pixels_stays_under_200_kb(manager):
    notebook = executed("%%gemini_image\na sunset over the sea behind mountains", manager=manager)
    (shown,) = [output for output in notebook.cells[1].outputs if output.output_type == "execute_result"]
    assert "1024 × 1024" in shown.data["text/plain"]
    assert len(nbformat.writes(notebook)) < 200_000


SLOW = Answer(PICTURE.body, delay=1.4)  # long enough for a line to be drawn
LIVE = {
    "one picture": ("%%gemini_image\na cat", ["execute_result"]),
    "quiet": ("%%gemini_image hero -q\na dog", []),
    "grid": ("%%gemini_image -n 2\na horse", ["execute_result"]),
    "edit": ("%%gemini_edit --new\na cow", ["execute_result"]),
}


def test_a_cell_leaves_exactly_its_result_and_no_status_line(asking, manager):
    with Gateway(SLOW) as gateway:
        asking(gateway)
        notebook = executed(*(source for source, _ in LIVE.values()), manager=manager)
    left = [[output.output_type for output in cell.outputs] for cell in notebook.cells[1:]]
    assert left == [outputs for _, outputs in LIVE.values()]


@pytest.mark.parametrize(
    "cell", ["%%gemini_image\na cat", "%%gemini_image -n 2\na horse"], ids=["one", "grid"]
)
def test_a_wait_that_the_server_asks_for_is_told_and_gone_at_the_end(asking, manager, cell):
    refused = Answer(status=429, headers={"Retry-After": "3"})
    with Gateway(refused, PICTURE) as gateway:
        asking(gateway)
        with a_kernel(manager) as kernel:
            sent = kernel.run(cell)
    told = [output for output in sent if "rate limited; asking again in" in str(output.get("data"))]
    assert told
    assert {output["type"] for output in told} <= {"display_data", "update_display_data"}
    assert sent[-1]["type"] == "execute_result"
    assert "rate limited" not in str(sent[-1])


def test_promise_18_a_slow_reply_leaves_the_outputs_of_a_fast_one(asking, manager, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_STORE", "off")
    cell = "print('before')\ngrid = %gemini_image -n 2 a cat\nprint('after')"
    outputs = []
    for answer in (PICTURE, SLOW):
        with Gateway(answer) as gateway:
            asking(gateway)
            outputs.append(executed(cell, manager=manager).cells[1].outputs)
            assert gateway.posts == 2
    assert outputs[0] == outputs[1]
    assert [output.get("text") for output in outputs[0] if output.get("data") != {}] == [
        "before\n",
        "after\n",
    ]


def test_a_strict_grid_is_shown_with_its_failures_above_the_error(asking, manager):
    def answers(request):
        return Answer(status=400) if prompt_of(request) == "2" else PICTURE

    with Gateway(answers) as gateway:
        asking(gateway)
        notebook = executed(
            "x = [1, 2]", "%%gemini_image --vary x --strict\n{{x}}", allow_errors=True, manager=manager
        )
    shown, error = notebook.cells[2].outputs
    assert shown.data["text/html"].count("<img") == 1
    assert "APIError" in shown.data["text/html"]
    assert error.evalue.startswith("1 of 2 pictures failed: ")


def test_promise_18_a_failed_cell_is_a_failed_cell(manager):
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="not an aspect ratio"):
        executed("%%gemini_image -a 16x9\na red square", manager=manager)


def test_an_error_in_a_notebook_is_its_message_and_no_frames(asking, manager):
    with Gateway(Answer("<html><title>Bad gateway</title>", status=502)) as gateway:
        asking(gateway)
        notebook = executed("%xmode Verbose", "%%gemini_image\nx", allow_errors=True, manager=manager)
    (error,) = notebook.cells[2].outputs
    assert error.ename == "OutcomeUnknownError"
    assert "Bad gateway" in error.traceback[0]
    assert len(error.traceback) == 3  # the message, and a hint of two lines
    assert "File" not in "".join(error.traceback)


def test_the_models_words_are_shown_and_are_no_markup(asking, manager):
    words = "A square. <script>alert(1)</script> ![t](http://tracker.invalid/t.png)"
    answer = reply(f"{words} ![image]({data_uri(encoded('PNG', 64, 64))})")
    with Gateway(Answer(answer)) as gateway:
        asking(gateway)
        notebook = executed("%%gemini_image\nx", manager=manager)
    page = notebook.cells[1].outputs[0].data["text/html"]
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert gateway.gets == 0


def test_a_result_without_the_extension_is_a_picture_too(manager):
    notebook = executed(
        "%unload_ext gemini_nb\nimport gemini_nb\ngemini_nb.Client('offline').generate('a red square')",
        manager=manager,
    )
    assert "text/html" in notebook.cells[1].outputs[0].data


FAILING = "%%gemini_image -a 16x9\na red square"


WAITING = (
    "print('before')\nhero = %gemini_image --stream a cat\nprint('after')",
    "%%gemini_image hero --stream -q\na dog",
)


def slow_stream(visit):
    """Words, a moment in which they are drawn, and a picture."""
    visit.read_request()
    visit.send(streams.HEAD + chunk(streams.words("here ")))
    visit.pause(0.7)
    visit.send(chunk(streams.picture()) + chunk(b""))


def test_promise_18_nbval_sees_a_failed_cell_and_no_waiting_line(tmp_path, asking):
    failing = notebook_of(FAILING)
    failing.cells[0].execution_count = 1
    nbformat.write(failing, tmp_path / "failing.ipynb")
    waiting = notebook_of(*WAITING)
    for count, cell in enumerate(waiting.cells, 1):
        cell.execution_count = count
    waiting.cells[1].outputs = [nbformat.v4.new_output("stream", text="before\nafter\n")]
    nbformat.write(waiting, tmp_path / "waiting.ipynb")
    with FaultServer(slow_stream) as server:
        asking(server)
        done = run_nbval(tmp_path, "-q", "failing.ipynb", "waiting.ipynb")
    assert "1 failed, 4 passed" in done.stdout
    assert "not an aspect ratio" in done.stdout


def test_promise_18_papermill_sees_a_failed_cell(tmp_path):
    pytest.importorskip("papermill")
    nbformat.write(notebook_of(FAILING), tmp_path / "failing.ipynb")
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "failing.ipynb", "out.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0
    assert "not an aspect ratio" in done.stderr


def error_of(outputs):
    (error,) = [output for output in outputs if output["type"] == "error"]
    return error


def test_promise_7_an_interrupt_ends_one_picture_in_one_line_and_the_next_works(asking, manager):
    never = threading.Event()
    with Gateway(Answer(PICTURE.body, hold=never), PICTURE) as gateway:
        asking(gateway)
        with a_kernel(manager) as kernel:
            cell = kernel.start("hero = 'old'\nhero = %gemini_image a cat")
            after = kernel.start("print('Run All went on')")
            assert gateway.wait_for_posts(1)
            kernel.interrupt()
            error = error_of(kernel.finish(cell))
            assert kernel.finish(after) == []
            assert gateway.wait_for_disconnects(1)
            assert kernel.value("hero") == "old"
            kernel.run("%%gemini_image hero\na cat")
            assert kernel.value("hero.image.width") == "64"
    assert error["ename"] == "Cancelled"
    assert len(error["traceback"]) == 1


def held(*prompts):
    """A script that never answers these prompts."""
    never = threading.Event()
    return lambda request: Answer(PICTURE.body, hold=never if prompt_of(request) in prompts else None)


def test_promise_7_an_interrupt_of_a_grid_keeps_and_assigns_what_has_finished(asking, manager):
    with Gateway(held("3", "4")) as gateway:
        asking(gateway)
        with a_kernel(manager) as kernel:
            kernel.run("x = range(8)")
            cell = kernel.start("%%gemini_image grid --vary x --concurrency 2\n{{x}}")
            assert gateway.wait_for_posts(5)
            kernel.interrupt()
            error = error_of(kernel.finish(cell))
            assert gateway.wait_for_disconnects(2)
            assert kernel.value("[row['status'] for row in grid.rows()]") == str(
                ["ok"] * 3 + ["interrupted"] * 2 + ["not asked"] * 3
            )
            assert gateway.posts == 5
    assert (error["ename"], len(error["traceback"])) == ("Cancelled", 1)
    assert error["evalue"] == (
        "3 of 8 pictures had finished, kept in grid and in the store; 2 under way may have been billed."
    )


def test_promise_7_after_an_interrupt_the_pictures_that_were_drawn_stay(asking, manager):
    with Gateway(held("1")) as gateway:
        asking(gateway)
        with a_kernel(manager) as kernel:
            kernel.run("x = range(2)")
            cell = kernel.start("%%gemini_image --vary x\n{{x}}")
            sent = kernel.until(cell, lambda output: "<img" in output.get("data", {}).get("text/html", ""))
            kernel.interrupt()
            sent += kernel.finish(cell)
    assert "clear_output" not in [output["type"] for output in sent]
    assert sent[-1]["ename"] == "Cancelled"


def test_promise_7_an_interrupted_edit_leaves_the_conversation_as_it_was(asking, manager):
    with Gateway(held("never")) as gateway:
        asking(gateway)
        with a_kernel(manager) as kernel:
            kernel.run("%%gemini_edit --new\na cow")
            cell = kernel.start("%%gemini_edit\nnever")
            assert gateway.wait_for_posts(2)
            kernel.interrupt()
            assert error_of(kernel.finish(cell))["ename"] == "Cancelled"
            kernel.run("%%gemini_edit\nat night")
        assert "never" not in gateway.requests[2].body.decode()
        assert len(gateway.requests[2].json["contents"]) == 3
