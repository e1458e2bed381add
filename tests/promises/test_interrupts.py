"""Interrupts at any moment: no POST that nobody holds, and a second one loses nothing that was gathered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from support.clients import OK
from support.gateway import Answer, Gateway
from support.processes import WAIT_SECONDS, finished, running
from support.shells import prompt_of

NEVER = threading.Event()
TRIES = int(os.environ.get("GEMINI_NB_INTERRUPTS", "0"))  # random moments, so not a part of every run
# `shoot(first, second)` interrupts this thread so many seconds from now, and once more after so many more.
SHOOT = """
import json, random, signal, warnings
from gemini_nb import Cancelled, GeminiWarning
warnings.simplefilter("ignore", GeminiWarning)  # a stream that was dropped may have been billed
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
    "a stream": "list(client.generate(f'{number}', stream=True))",
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
from gemini_nb.prompts import saving
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "gemini_nb")
shell.user_ns["words"] = ["last", "held"]
save_many = saving.save_many

def save_and_interrupt(*arguments, **options):
    signal.raise_signal(signal.SIGINT)  # while the pictures are saved
    return save_many(*arguments, **options)

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


CONVERTING = IN_A_SHELL.replace('["last", "held"]', '["last"]').replace("-s out/", "-s {{words}}.webp")


def test_promise_4_an_interrupt_while_pictures_are_converted_loses_no_batch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Gateway(answer) as gateway, running(CONVERTING, gateway.url) as child:
        assert finished(child) == "1 True"
    assert list(tmp_path.glob("*.webp")) == []


WHILE_IMPORTING = """
import os, signal, sys
import gemini_nb
os.environ["CRAZYROUTER_API_KEY"], os.environ["GEMINI_NB_BASE_URL"] = "sk-test-0123456789", sys.argv[1]
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "gemini_nb")

def run_batch():
    gemini_nb.Client().generate_many(["a"])

def run_cell():
    shell.run_cell_magic("gemini_image", "-q", "a")

class Interrupting:
    def find_spec(self, name, *_):
        if name == {first!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
try:
    {call}
except KeyboardInterrupt:
    print({last!r} in sys.modules)
"""
FIRST_IMPORTS = {
    "a batch": ("gemini_nb.batch.feed", "gemini_nb.batch.progress_bar", "run_batch()"),
    "a cell": ("gemini_nb.prompts.plan", "gemini_nb.notebook.generate", "run_cell()"),
    "a cell's client": ("gemini_nb.client.client", "gemini_nb.store.location", "run_cell()"),
}


@pytest.mark.parametrize(("first", "last", "call"), FIRST_IMPORTS.values(), ids=FIRST_IMPORTS.keys())
def test_promise_7_an_interrupt_breaks_off_no_import_of_ours(first, last, call, tmp_path):
    """It could leave Python's import lock locked: the background loop would wait for it for ever."""
    code = WHILE_IMPORTING.format(first=first, last=last, call=call)
    with Gateway(Answer(OK)) as gateway:
        command = [sys.executable, "-c", code, gateway.url]
        ran = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=WAIT_SECONDS, cwd=tmp_path
        )
        assert (ran.stdout.strip(), ran.stderr) == ("True", "")
        assert gateway.posts == 0
