"""The state of the page, changed by it and by threads at once."""

from __future__ import annotations

import sys
import threading

import pytest

from gemini_nb.notebook.studio.widget import StudioWidget

ROUNDS = 400


@pytest.fixture
def restless_threads():
    """Threads take turns far more often than they do by default."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless_threads")
def test_nothing_is_lost_where_the_page_and_threads_change_the_state_at_once():
    widget = StudioWidget({}, {})
    told = {"entries": [], "work": []}

    def record(_kind, data=None, **_rest):
        for name, value in (data or {}).get("state", {}).items():
            told.setdefault(name, []).append(value)

    widget.comm.publish_msg = record
    begin = threading.Barrier(3)

    def count_entries():
        begin.wait()
        for number in range(ROUNDS):
            widget.change(entries=[number])

    def tell():
        begin.wait()
        for _ in range(ROUNDS):
            widget.tell(status="again")

    threads = [threading.Thread(target=work) for work in (count_entries, tell, tell)]
    for thread in threads:
        thread.start()
    number = 0
    while any(thread.is_alive() for thread in threads):
        number += 1
        state = {"settings": {"prompt": str(number)}}
        widget.comm.handle_msg({"content": {"data": {"method": "update", "state": state}}, "buffers": []})
    assert told["entries"] == [[number] for number in range(ROUNDS)]
    assert [work["turn"] for work in told["work"]] == list(range(1, 2 * ROUNDS + 1))
    assert widget.settings == {"prompt": str(number)}


def test_words_that_were_said_since_stay():
    widget = StudioWidget({}, {})
    widget.tell(status="Generating…")
    widget.replace_status("Generating…", "1 picture made.")
    assert widget.work["status"] == "1 picture made."
    widget.tell(status="Say what to change.")
    widget.replace_status("Generating…", "1 picture made.")
    assert widget.work["status"] == "Say what to change."
