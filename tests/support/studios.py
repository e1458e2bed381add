"""A studio in a real shell with its real widget, and somebody who uses it by the messages of its page."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from support.gateway import Answer, Gateway
from support.images import encoded
from support.replies import inline, reply
from support.shells import a_shell

PNG = encoded("PNG", 64, 48)
OK = Answer(reply(inline(PNG)))
SECONDS = 60


class Visitor:
    """Somebody at a studio: sends what its page sends, and reads what that is told.

    `sent` are the messages to the page, each with its buffers, `shown` the outputs of the cell.
    """

    def __init__(self, shell) -> None:
        self.shell = shell
        self.shown = []
        self.sent = []
        self._told = threading.Condition()
        shell.shell.display_pub.publish = self._show
        self.studio = shell.run("%gemini studio").result
        self.widget = self.studio._controller.widget
        self.widget.comm.publish_msg = self._record
        self.widget.observe(lambda _change: self._notify())

    def _record(self, _kind, data=None, buffers=None, **_rest) -> None:
        if (data or {}).get("method") == "custom":
            self.sent.append((data["content"], buffers))
            self._notify()

    def _show(self, data, **rest) -> None:
        self.shown.append((data, rest))
        self._notify()

    def _notify(self) -> None:
        with self._told:
            self._told.notify_all()

    def until(self, condition) -> None:
        """Wait until something is so."""
        with self._told:
            assert self._told.wait_for(condition, SECONDS), (self.work, self.widget.sources)

    @property
    def work(self):
        return self.widget.work

    @property
    def status(self) -> str:
        return self.work["status"]

    @property
    def problem(self) -> str:
        return f"{self.work['problem']}\n{self.work['hint']}"

    @property
    def page(self) -> str:
        return self.shown[-1][0]["text/html"]

    @property
    def chips(self) -> list[str]:
        return [source["name"] for source in self.widget.sources]

    def ask(self, kind, *buffers, **details) -> None:
        """Send a message as the page does."""
        self._send({"method": "custom", "content": {"kind": kind, **details}}, list(buffers))

    def _send(self, data, buffers=()) -> None:
        self.widget.comm.handle_msg({"content": {"data": data}, "buffers": buffers})

    def set(self, **settings) -> None:
        """Fill fields."""
        values = {**self.widget.settings, **{name: str(value) for name, value in settings.items()}}
        self._send({"method": "update", "state": {"settings": values}, "buffer_paths": []})

    def start(self, prompt, **settings) -> None:
        """Press Generate."""
        values = {"prompt": prompt, **{name: str(value) for name, value in settings.items()}}
        self.ask("generate", settings={**self.widget.settings, **values})

    def wait(self) -> None:
        """Wait until nothing is being made."""
        self.until(lambda: not self.work["running"])

    def generate(self, prompt, **settings) -> None:
        """Press Generate, and wait until the pictures are there or failed."""
        self.start(prompt, **settings)
        self.wait()

    def press(self, kind, number=1) -> None:
        """Press a button of a picture, and wait for what it says."""
        turn = self.work["turn"]
        self.ask(kind, number=number)
        self.until(lambda: self.work["turn"] > turn)

    def add_source(self, word) -> None:
        """Name a source picture, and wait for its chip."""
        count = len(self.widget.sources)
        self.ask("source", word=word)
        self.until(lambda: len(self.widget.sources) > count)

    def upload(self, name, *pieces, size=None) -> None:
        """Send a file in pieces, and wait for its chip."""
        count = len(self.widget.sources)
        about = {"id": name, "name": name, "size": sum(map(len, pieces)) if size is None else size}
        for place, piece in enumerate(pieces):
            self.ask("upload", piece, **about, last=place == len(pieces) - 1)
        if not pieces:
            self.ask("upload", **about, last=True)
        self.until(lambda: len(self.widget.sources) > count)

    def recall(self) -> None:
        """Take in all pictures of the store's first page, and wait for them."""
        self.ask("store", page=0)
        self.until(lambda: any(message["kind"] == "store" for message, _ in self.sent))
        pictures = next(message["pictures"] for message, _ in self.sent if message["kind"] == "store")
        self.ask("recall", digests=[picture["digest"] for picture in pictures])
        self.until(lambda: len(self.widget.entries) >= len(pictures))

    def text(self, kind, number=1) -> str:
        """Press Copy as cell or Python, and return the text that the page is given."""
        count = len(self.sent)
        self.ask(kind, number=number)
        self.until(lambda: any(message["kind"] == "text" for message, _ in self.sent[count:]))
        return next(message["text"] for message, _ in self.sent[count:] if message["kind"] == "text")


@contextmanager
def visiting(*answers):
    with Gateway(*(answers or (OK,))) as gateway, a_shell(gateway.url) as shell:
        yield Visitor(shell), gateway


@contextmanager
def offline():
    with a_shell() as shell:
        yield Visitor(shell)
