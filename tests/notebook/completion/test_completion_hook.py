"""Completion where IPython has no matchers yet: 7.34, which Colab ships, has a hook for commands."""

from __future__ import annotations

import IPython
import pytest

from support.shells import a_shell

pytestmark = [
    pytest.mark.skipif(IPython.version_info >= (8, 6), reason="this IPython has matchers"),
    pytest.mark.filterwarnings("ignore:`Completer.complete`:PendingDeprecationWarning"),
]


def completed(line):
    with a_shell() as shell:
        return shell.shell.complete(line.split(" ")[-1], line, len(line))[1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%%gemini_image --asp", "--aspect-ratio"),
        ("%%gemini_image -m nano-banana-p", "nano-banana-pro"),
        ("%gemini_image -z 2", "2K"),
        ("%gemini sta", "status"),
    ],
)
def test_what_begins_like_this_is_offered(line, expected):
    assert expected in completed(line)


def test_unload_takes_the_hook_back():
    with a_shell() as shell:
        shell.run("%unload_ext gemini_nb")
        assert "--aspect-ratio" not in shell.shell.complete("--asp", "%%gemini_image --asp", 20)[1]
