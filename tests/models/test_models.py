"""The catalogue of models: found by id and alias, a guess for a name that is not in it."""

from __future__ import annotations

import warnings

import pytest

from gemini_nb import GeminiWarning, ImageRequest, models
from support.warned import messages


def test_a_model_is_found_by_id_and_alias():
    for row in models.CATALOGUE:
        assert models.find(row.id) is row
        assert row.alias is None or models.find(row.alias) is row
        assert models.find(f" models/{row.id} ") is row
    assert models.find("gemini-9-image") is None
    assert set(models.names()) >= {row.id for row in models.CATALOGUE}


def test_a_price_is_of_a_size_or_of_the_models_own():
    flash = models.find(models.DEFAULT_MODEL)
    assert (flash.default_size, flash.price(), flash.price("4K"), flash.price("8K")) == (
        "1K",
        0.067,
        0.151,
        None,
    )
    nano = models.find("gemini-2.5-flash-image")
    assert (nano.default_size, nano.price()) == ("", 0.039)


def test_an_unknown_name_gives_a_bare_row():
    with pytest.warns(GeminiWarning, match="passed on as it is"):
        row = models.resolve("models/gemini-99-image")
    assert (row.id, row.shape, row.aspect_ratios, row.price()) == ("gemini-99-image", None, (), None)


def test_an_unknown_name_near_a_known_one_is_answered_with_it():
    with pytest.warns(GeminiWarning, match="Did you mean 'nano-banana-pro'"):
        ImageRequest("x", model="nano-banana-por")


def test_the_note_on_a_models_billing_is_shown_once():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ImageRequest("x", model="nano-banana")
        ImageRequest("y", model="nano-banana")
    assert messages(caught) == [models.find("nano-banana").note]
