"""`make check-catalogue` notices what is altered by hand, here and in the tables; run on small ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

import check_catalogue
from gemini_nb import models

EXPLAINED = check_catalogue.EXPLAINED
LITE = "gemini-3.1-flash-lite-image"


def tables():
    """Tables that say just what the rows say, in the words of those packages."""
    genai, lite = {}, {}
    for row in models.CATALOGUE:
        prices, offer = row.token_prices, row.at("google")
        dollars = [prices.input, prices.text, prices.image]
        batch = [price * prices.batch for price in dollars]
        genai[row.id] = [[*dollars, prices.search], [*batch, None]]
        names = ("input_cost_per_token", "output_cost_per_token", "output_cost_per_image_token")
        facts = {name: price / 1e6 for name, price in zip(names, dollars, strict=True)}
        facts |= {f"{name}_batches": price / 1e6 for name, price in zip(names, batch, strict=True)}
        facts |= {"output_cost_per_image": row.price(), "supports_web_search": prices.search is not None}
        facts |= {"search_context_cost_per_query": {"search_context_size_medium": 0.014}}
        facts |= {"deprecation_date": offer.shut_down} if offer.shut_down else {}
        facts |= {"successor_model": f"gemini/{offer.successor}"} if offer.successor else {}
        lite[row.id] = facts
    return {"genai-prices": genai, "litellm": lite}


@pytest.fixture
def nothing_explained(monkeypatch):
    monkeypatch.setattr(check_catalogue, "EXPLAINED", {})


def test_tables_that_agree_are_no_difference(nothing_explained, capsys):
    differences = check_catalogue.compare(models.CATALOGUE, tables())
    assert differences == []
    assert check_catalogue.report(differences) == 0
    assert "No difference." in capsys.readouterr().out


@pytest.mark.parametrize("price", ["input", "text", "image", "search", "batch"])
@pytest.mark.parametrize("row", models.CATALOGUE, ids=lambda row: row.id)
def test_a_price_altered_by_hand_is_noticed(nothing_explained, capsys, row, price):
    altered = replace(row.token_prices, **{price: (getattr(row.token_prices, price) or 1) * 1.1})
    rows = [replace(one, token_prices=altered) if one is row else one for one in models.CATALOGUE]
    differences = check_catalogue.compare(rows, tables())
    facts = {(one.table, one.model, one.fact) for one in differences}
    assert {(table, row.id, price) for table in ("genai-prices", "litellm")} <= facts
    assert check_catalogue.report(differences) == 1
    assert "NOT EXPLAINED" in capsys.readouterr().out


@pytest.mark.parametrize(("field", "value"), [("shut_down", "2026-01-01"), ("successor", "gemini-9-image")])
def test_a_shutdown_altered_by_hand_is_noticed(nothing_explained, field, value):
    row = models.find("gemini-3.1-flash-image")
    altered = replace(row, offers=(replace(row.offers[0], **{field: value}),))
    (difference,) = check_catalogue.compare([altered], {"genai-prices": {}, "litellm": tables()["litellm"]})[
        1:2
    ]
    assert (difference.model, difference.ours) == (row.id, value)


def test_a_new_model_and_one_that_is_gone_are_noticed(nothing_explained):
    changed = tables()
    del changed["genai-prices"][LITE]
    changed["litellm"] |= {"gemini-9-image": {}, "imagen-5": {}, "gemini-9-pro": {}}
    found = {(one.model, one.theirs) for one in check_catalogue.compare(models.CATALOGUE, changed)}
    assert found == {(LITE, False), ("gemini-9-image", "listed")}


def test_a_reason_counts_for_the_value_that_it_was_written_for(capsys):
    key = ("litellm", "gemini-2.5-flash-image", "shut down")
    known = check_catalogue.Difference(*key, "2026-10-02", EXPLAINED[key][0])
    assert known.reason == EXPLAINED[key][1]
    assert known._replace(theirs="2031-01-01").reason is None


def test_a_reason_that_explains_nothing_any_more_is_said(capsys):
    assert check_catalogue.report([]) == 1
    assert "Take it out of EXPLAINED." in capsys.readouterr().out
