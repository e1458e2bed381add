"""A studio in a real shell with real widgets, and somebody who uses it."""

from __future__ import annotations

import html
import re
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
    """Somebody at a studio: `press`es its buttons, and reads what it shows."""

    def __init__(self, shell) -> None:
        self.shell = shell
        self.shown = []
        shell.shell.display_pub.publish = lambda data, **rest: self.shown.append((data, rest))
        self.studio = shell.run("%gemini studio").result
        self.controls = self.studio._controller.controls

    @property
    def status(self) -> str:
        return words(self.controls.status)

    @property
    def price(self) -> str:
        return words(self.controls.price)

    @property
    def page(self) -> str:
        return self.shown[-1][0]["text/html"]

    def press(self, name) -> None:
        (self.controls.go if name in ("Generate", "Stop") else self.controls.actions[name]).click()

    def wait(self) -> None:
        """Wait until nothing is being made."""
        idle = threading.Event()
        self.controls.go.observe(lambda change: change["new"] == "Generate" and idle.set(), "description")
        if self.controls.go.description == "Stop":
            assert idle.wait(SECONDS), self.status
        self.controls.go.unobserve_all("description")

    def wait_for_a_picture(self) -> None:
        came = threading.Event()
        self.controls.picture.observe(lambda _change: came.set(), "options")
        assert self.controls.picture.options or came.wait(SECONDS)

    def generate(self, prompt, **settings) -> None:
        self.controls.prompt.value = prompt
        for name, value in settings.items():
            getattr(self.controls, name).value = value
        self.press("Generate")
        self.wait()

    def choose(self, number) -> None:
        self.controls.picture.value = number


def words(line) -> str:
    """The text of a line of HTML."""
    return html.unescape(re.sub("<[^>]*>", "", line.value))


@contextmanager
def visiting(*answers):
    with Gateway(*(answers or (OK,))) as gateway, a_shell(gateway.url) as shell:
        yield Visitor(shell), gateway


@contextmanager
def offline():
    with a_shell() as shell:
        yield Visitor(shell)
