"""The rows: facts with source and date, aliases that mean a living model, and what nobody may lose."""

from __future__ import annotations

import re

import pytest

from gemini_nb import models
from gemini_nb.models.model import Offer

PROVIDERS = ("crazyrouter", "google")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# Crazyrouter's page of 2026-04-14, and the ids that stand beside it.
SEED = {
    "default": "gemini-3.1-flash-image-preview",
    "nano-banana-2": "gemini-3.1-flash-image-preview",
    "nano-banana": "gemini-2.5-flash-image",
    "nano-banana-pro": "gemini-3-pro-image-preview",
}


@pytest.mark.parametrize("row", models.CATALOGUE, ids=lambda row: row.id)
def test_each_fact_of_a_row_has_its_source_and_date(row):
    assert {"limits", "options", "prices"} <= set(row.sources)
    assert {f"at {offer.provider}" for offer in row.offers} <= set(row.sources)
    assert bool(row.shape) == ("shape" in row.sources)
    for source in row.sources.values():
        assert source.text
        assert ISO_DATE.fullmatch(source.date)


@pytest.mark.parametrize("row", models.CATALOGUE, ids=lambda row: row.id)
def test_each_size_has_a_price_and_tokens_that_agree(row):
    assert (
        {size for size, _ in row.prices} == {size for size, _ in row.tokens} == {*(row.image_sizes or ("",))}
    )
    for size, tokens in row.tokens:
        assert row.price_of_tokens(input=0, text=0, image=tokens) == pytest.approx(row.price(size), rel=0.02)
    assert row.token_prices.batch == 0.5


@pytest.mark.parametrize("row", models.CATALOGUE, ids=lambda row: row.id)
def test_pixels_are_those_of_the_ratio(row):
    for ratio, _ in row.pixels:
        across, down = map(int, ratio.split(":"))
        width, height = row.pixel_size(ratio)
        assert width / height == pytest.approx(across / down, rel=0.06)
    assert row.pixel_size("7:5") is None
    assert row.pixel_size("1:1", "8K") is None


@pytest.mark.parametrize("alias", models.ALIASES)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_alias_means_a_row_that_is_not_shut_down(alias, provider):
    row = models.find(alias, provider)
    assert row.id == models.ALIASES[alias].at(provider)
    assert models.describe_shutdown(row.id, provider) is None


@pytest.mark.parametrize("alias", SEED)
def test_crazyrouters_names_are_those_of_its_page(alias):
    assert models.find(alias, "crazyrouter").id == models.find(alias, "offline").id == SEED[alias]


@pytest.mark.parametrize("row", models.CATALOGUE, ids=lambda row: row.id)
def test_a_successor_is_offered_where_its_predecessor_was_shut_down(row):
    for offer in row.offers:
        if offer.shut_down is not None:
            assert ISO_DATE.fullmatch(offer.shut_down)
            successor = models.find(offer.successor).at(offer.provider)
            assert successor is not None
            assert successor.shut_down is None


@pytest.mark.parametrize("alias", models.ALIASES)
def test_what_an_alias_meant_in_the_first_release_is_among_its_ids(alias):
    first = SEED | {name: models.find(name).id for name in ("nano-banana-2-lite", "nano-banana-2.1")}
    assert first[alias] in models.ALIASES[alias].ids


def test_a_day_of_shutdown_that_has_not_come_is_no_shutdown():
    source = models.Source("a page", "2026-11-29")
    assert not Offer("google", source, shut_down="9999-01-01", successor="x").is_over
    assert Offer("google", source, shut_down="2026-01-01", successor="x").is_over


def test_former_ids_of_an_alias_count_anywhere_and_another_providers_only_there():
    former = models.former_ids("gemini-3.1-flash-image-preview", "nano-banana-2")
    assert former == {"gemini-nano-banana-2.1": {"google"}}
    former = models.former_ids("gemini-nano-banana-2.1", "nano-banana-2")
    assert former == {"gemini-3.1-flash-image-preview": {"crazyrouter", "google"}}


def test_a_name_with_preview_counts_only_where_it_is_shut_down():
    assert models.former_ids("gemini-3-pro-image") == {"gemini-3-pro-image-preview": {"google"}}
    assert models.former_ids("gemini-3-pro-image-preview") == {}
    assert models.former_ids("somebody/elses") == {}
