"""Interrupts at any moment: no POST that nobody holds, and a second one loses nothing that was gathered."""

from __future__ import annotations

import json
import os
import threading

import pytest

from support.clients import OK
from support.gateway import Answer, Gateway
from support.processes import finished, running
from support.shells import prompt_of

NEVER = threading.Event()
TRIES = int(os.environ.get("GEMINI_NB_INTERRUPTS", "0"))  # random moments, so not a part of every run
# `shoot(first, second)` interrupts this thread so many seconds from now, and once more after so many more.
SHOOT = """
import json, random, signal
from gemini_nb import Cancelled
shots = []
def shoot(*seconds):
    shots[:] = seconds
    signal.setitimer(signal.ITIMER_REAL, shots.pop(0))
def hit(*_):
    if shots:
        signal.setitimer(signal.ITIMER_REAL, shots.pop(0))
    signal.raise_signal(signal.SIGINT)
signal.signal(signal.SIGALRM, hit)
"""
RANDOM_MOMENTS = (
    SHOOT
    + """
client, told = client_of(url), {{}}
for number in range({tries}):
    try:
        shoot(random.uniform(1e-6, 0.005))
        {call}
    except Cancelled as cancelled:
        told[number] = str(cancelled)
    except KeyboardInterrupt:
        pass  # it came before the call, or after it
client.generate("last")
print(json.dumps(told), flush=True)
input()
"""
)
CALLS = {
    "generate": "client.generate(f'{number}')",
    "a batch": "client.generate_many([f'{number}'])",
    "a chat": "client.chat().send(f'{number}')",
}


def answer(request):
    return Answer(OK, hold=None if prompt_of(request) == "last" else NEVER)


@pytest.mark.skipif(not TRIES, reason="GEMINI_NB_INTERRUPTS=200 interrupts so often at random moments")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_promise_7_an_interrupt_in_the_first_milliseconds_leaves_no_post_that_nobody_holds(call):
    """While the client lives on, the server has lost every client whose POST it has, and the client knows."""
    tries = TRIES if "generate(" in call else TRIES // 4
    code = RANDOM_MOMENTS.format(call=call, tries=tries)
    with Gateway(answer) as gateway, running(code, gateway.url, stdin=True) as child:
        told = json.loads(child.stdout.readline())
        assert gateway.wait_until_idle()
        came = [prompt_of(request) for request in gateway.requests[:-1]]
        assert len(gateway.disconnects) == len(came) == len(set(came))
        finished(child, "\n")
    unbilled = {number for number, words in told.items() if "nothing was billed" in words}
    assert not unbilled & set(came)


GATHERING = """
import signal
from gemini_nb import Cancelled, ImageRequest
from gemini_nb.batch.run import Progress

class Interrupted(Progress):
    def batch(self):
        signal.raise_signal(signal.SIGINT)
        return super().batch()

progress = Interrupted([ImageRequest("last"), ImageRequest("held")])
progress.listeners.append(lambda *_: signal.raise_signal(signal.SIGINT))
try:
    client_of(url).run_batch(progress)
except Cancelled as cancelled:
    print(cancelled.batch.summary)
"""


def test_promise_4_an_interrupt_while_the_batch_is_gathered_does_not_lose_it():
    with Gateway(answer) as gateway, running(GATHERING, gateway.url) as child:
        assert finished(child) == "2 pictures: 1 made, 1 interrupted and perhaps billed"


IN_A_SHELL = """
import os, signal
os.environ["CRAZYROUTER_API_KEY"], os.environ["GEMINI_NB_BASE_URL"] = "sk-test-0123456789", url
from IPython.core.interactiveshell import InteractiveShell
from gemini_nb import Cancelled
from gemini_nb.notebook import saving
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "gemini_nb")
shell.user_ns["words"] = ["last", "held"]
save_many = saving.save_many

def save_and_interrupt(*arguments):
    signal.raise_signal(signal.SIGINT)  # while the pictures are saved
    return save_many(*arguments)

saving.save_many = save_and_interrupt
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
signal.setitimer(signal.ITIMER_REAL, 4.0)
try:
    shell.run_cell_magic("gemini_image", "both --vary words -s out/", "{{words}}")
except Cancelled as cancelled:
    print(len(cancelled.batch.generations), shell.user_ns["both"] is cancelled.batch)
"""


def test_promise_4_a_second_interrupt_while_a_cell_saves_loses_no_batch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Gateway(answer) as gateway, running(IN_A_SHELL, gateway.url) as child:
        assert finished(child) == "1 True"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["last.png"]
