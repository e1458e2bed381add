"""What can be set, and that what is shown is text."""

from __future__ import annotations

import pytest

from support.gateway import Answer
from support.replies import inline, reply
from support.studios import PNG, offline, visiting

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


def test_the_ratios_and_sizes_are_those_of_the_model():
    with offline() as visitor:
        visitor.controls.ratio.value, visitor.controls.size.value = "8:1", "4K"
        visitor.controls.model.value = "gemini-3-pro-image"
        assert (visitor.controls.ratio.value, visitor.controls.size.value) == ("", "4K")


HOSTILE = '<script>alert(1)</script>" onerror="x'


def test_every_text_is_escaped():
    words = Answer(reply(HOSTILE, inline(PNG)))
    with visiting(words, Answer({"error": {"message": HOSTILE}}, status=400)) as (visitor, _):
        visitor.generate(HOSTILE)
        visitor.generate(HOSTILE)
        for page in (visitor.page, visitor.controls.status.value):
            assert "&lt;script&gt;" in page
            assert "<script" not in page
