from __future__ import annotations

from argparse import ArgumentParser

import pytest

from gemini_nb.cli import generate
from gemini_nb.client.async_client import TIMEOUT_SECONDS
from gemini_nb.errors import ArgumentError
from gemini_nb.notebook.magics import GeminiMagics
from gemini_nb.store import replay_mode

CHOSEN = {  # asked for and the variable: what holds
    ("auto", ""): "auto",
    ("off", ""): "off",
    ("auto", "refresh"): "refresh",
    ("off", "refresh"): "off",
    ("off", "only"): "only",
    ("refresh", "only"): "only",
}


@pytest.mark.parametrize(("asked", "variable"), CHOSEN)
def test_the_variable_stands_in_for_auto_and_only_is_a_lock(monkeypatch, asked, variable):
    monkeypatch.setenv("GEMINI_NB_REPLAY", variable)
    assert replay_mode.choose_mode(asked) == CHOSEN[asked, variable]


def test_another_mode_is_refused_with_those_there_are():
    with pytest.raises(ArgumentError, match="one of: auto, only, refresh, off"):
        replay_mode.choose_mode("never")


def test_the_trait_has_the_modes_that_there_are():
    """It has them as literals, since loading the extension imports nothing that it can do without."""
    assert GeminiMagics.replay.values == replay_mode.MODES


def test_magics_and_the_command_line_wait_as_long_as_a_client():
    """They have it as literals: the client, which is heavy, is loaded when it is needed."""
    parser = ArgumentParser()
    generate.add(parser)
    assert {GeminiMagics.timeout.default_value, parser.get_default("timeout")} == {TIMEOUT_SECONDS}
