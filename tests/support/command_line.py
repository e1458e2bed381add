"""The command line as a program of its own, asking a loopback gateway."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from support.gateway import Answer
from support.images import png
from support.replies import inline, reply

WAIT_SECONDS = 60


OK = Answer(reply(inline(png(6, 6))))


def command(*arguments):
    return [sys.executable, "-m", "gemini_nb", *map(str, arguments)]


def run_program(*arguments, url=None, **variables):
    """The finished program: its exit code, stdout and stderr."""
    return subprocess.run(
        command(*arguments),
        env=environment(url, **variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=WAIT_SECONDS,
        check=False,
    )


def environment(url=None, **variables):
    served = {"GEMINI_NB_BASE_URL": url, "CRAZYROUTER_API_KEY": "a-key-of-tests"} if url else {}
    return {**os.environ, "PYTHONUTF8": "1", **served, **variables}


def generate(*arguments, output="a.png", **settings):
    return run_program("generate", "a red square", "-o", output, *arguments, **settings)


def run_in_bash(redirections, *arguments, url, words="a red square"):
    """The finished shell: the program between other streams than a terminal's."""
    line = " ".join(map(shlex.quote, command("generate", *arguments)))
    return subprocess.run(
        ["bash", "-c", redirections.format(line)],
        env=environment(url),
        input=words.encode(),
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
