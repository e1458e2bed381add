"""The bar on a real terminal, in a pipe and in a real kernel."""

from __future__ import annotations

import sys
from functools import partial

import pytest

from support.clients import OK
from support.gateway import Answer, Gateway
from support.kernels import executed, kernel_manager
from support.numbered_pictures import by_prompt, painted
from support.processes import PREAMBLE, WAIT_SECONDS, finished, running
from support.terminals import on_a_terminal

MANY = """
with client_of(url) as client:
    client.generate_many([str(number) for number in range(8)], concurrency=2{more})
print("done")
"""


def shown_by(code, url) -> str:
    """What a program shows on a terminal that its errors go to."""
    shown, exit_code = on_a_terminal([sys.executable, "-c", PREAMBLE + code, url])
    assert exit_code == 0
    return shown


def test_on_a_terminal_a_bar_says_how_many_how_fast_and_what_it_cost():
    with Gateway(by_prompt(n3=Answer(status=400))) as gateway:
        shown = shown_by(MANY.format(more=""), gateway.url)
    last = shown.rstrip().rpartition("\r")[2]
    assert "8/8 [" in last
    assert "pictures/s" in last or "s/ pictures" in last
    assert "about $" in last
    assert "1 failed" in last


def test_a_price_that_is_not_known_is_said_to_be():
    with Gateway(painted) as gateway:
        shown = shown_by(MANY.format(more=', model="some-model"'), gateway.url)
    assert "cost unknown" in shown
    assert "$" not in shown


def test_what_was_replayed_costs_nothing(tmp_path):
    code = f"""
with client_of(url, store={str(tmp_path)!r}) as client:
    client.generate_many(["1", "2"], progress=False)
    client.generate_many(["1", "2"])
print("done")
"""
    with Gateway(painted) as gateway:
        shown = shown_by(code, gateway.url)
    assert "2 replayed" in shown
    assert "$" not in shown


def test_of_an_iterator_the_bar_counts_without_an_end():
    code = MANY.format(more="").replace("[str(number) for number in range(8)]", "map(str, range(8))")
    with Gateway(painted) as gateway:
        shown = shown_by(code, gateway.url)
    assert "8 pictures [" in shown.rstrip().rpartition("\r")[2]


def test_progress_false_draws_nothing_on_a_terminal():
    with Gateway(painted) as gateway:
        assert shown_by(MANY.format(more=", progress=False"), gateway.url) == ""


def test_in_a_pipe_there_is_no_bar():
    with Gateway(painted) as gateway, running(MANY.format(more=""), gateway.url) as child:
        assert finished(child) == "done"  # and nothing among the errors


def test_in_a_pipe_there_is_one_for_those_who_ask():
    with Gateway(painted) as gateway, running(MANY.format(more=", progress=True"), gateway.url) as child:
        out, err = child.communicate(timeout=WAIT_SECONDS)
    assert out == "done\n"
    assert "8/8" in err


def test_a_coroutines_batch_has_a_bar_too():
    code = """
import anyio
from gemini_nb import AsyncClient
from support.clients import KEY
async def main():
    async with AsyncClient(base_url=url, api_key=KEY) as client:
        await client.generate_many(["1", "2"], progress=True)
anyio.run(main)
"""
    with Gateway(painted) as gateway, running(code, gateway.url) as child:
        _, err = child.communicate(timeout=WAIT_SECONDS)
    assert "2/2" in err


BREAKS = {
    "closed errors": "sys.stderr.close()",
    "no errors": "sys.stderr = None",
    "no tqdm": 'sys.modules["tqdm.auto"] = None',
    "a tqdm that fails": "import tqdm; tqdm.std.tqdm.update = lambda *_: 1 / 0",
}


@pytest.mark.parametrize("breaks", BREAKS.values(), ids=BREAKS.keys())
def test_whatever_goes_wrong_with_the_bar_the_batch_goes_on(breaks):
    code = f"{breaks}\n" + MANY.format(more=", progress=True")
    with Gateway(painted) as gateway, running(code, gateway.url) as child:
        out, _ = child.communicate(timeout=WAIT_SECONDS)
        assert gateway.posts == 8
    assert out == "done\n"


def test_the_bar_leaves_no_thread_behind():
    code = (
        MANY.format(more=", progress=True")
        + """
import threading
print("TMonitor" in [type(thread).__name__ for thread in threading.enumerate()])
"""
    )
    with Gateway(painted) as gateway, running(code, gateway.url) as child:
        out, _ = child.communicate(timeout=WAIT_SECONDS)
    assert out == "done\nFalse\n"


@pytest.fixture(scope="module")
def manager():
    """The kernel of this file."""
    with kernel_manager() as manager:
        yield manager


@pytest.fixture
def in_a_kernel(manager):
    return partial(outputs_of, manager)


def outputs_of(manager, url, *, seconds=2, **settings) -> list[str]:
    """What kinds of output a cell with a batch has in the end; the bar appears after so many seconds."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    code = f"""
from gemini_nb import Client
from gemini_nb.batch import progress_bar
progress_bar._KERNEL_SECONDS = {seconds}
made = Client(base_url={url!r}, api_key="a-key-of-tests").generate_many({arguments})
"""
    cell = executed(code, manager=manager).cells[1]
    return [kind for output in cell.outputs for kind in output.get("data", {"stream": ""})]


def test_in_a_notebook_a_few_pictures_leave_no_trace_however_long_they_take(in_a_kernel):
    with Gateway(Answer(OK)) as gateway:
        assert in_a_kernel(gateway.url, prompts=["1"] * 5, seconds=0) == []


def test_in_a_notebook_there_is_a_widget_for_those_who_ask(in_a_kernel):
    with Gateway(Answer(OK)) as gateway:
        assert "application/vnd.jupyter.widget-view+json" in in_a_kernel(
            gateway.url, prompts=["1"] * 5, progress=True
        )


def test_in_a_notebook_a_batch_that_takes_its_time_has_a_bar(in_a_kernel):
    with Gateway(Answer(OK)) as gateway:
        assert "application/vnd.jupyter.widget-view+json" in in_a_kernel(
            gateway.url, prompts=["1"] * 20, seconds=0
        )


def test_in_a_notebook_many_pictures_that_take_no_time_leave_no_trace(in_a_kernel):
    with Gateway(Answer(OK)) as gateway:
        assert in_a_kernel(gateway.url, prompts=["1"] * 20, seconds=500) == []
