from __future__ import annotations

from gemini_nb import ImageRequest
from gemini_nb.costs import Spending
from gemini_nb.text import format_count
from support.generations import answer


def ledger_of(*generations):
    ledger = Spending()
    for generation in generations:
        ledger.add(generation)
    return ledger


def test_what_was_asked_is_added_up_and_the_rest_costs_nothing():
    ledger = ledger_of(answer(), answer(), answer(replayed=True), answer(provider="offline"))
    assert (ledger.asked, ledger.replayed, ledger.offline) == (2, 1, 1)
    assert ledger.lines()[0] == "asked for     2 pictures, estimated at $0.134 (Google's list price)"


def test_promise_5_an_unknown_price_is_unknown_and_never_0():
    unknown = answer(ImageRequest("x", model="nano-banana-2.1", image_size="4K"))
    assert "estimated at unknown" in ledger_of(unknown).lines()[0]
    lines = ledger_of(answer(), unknown).lines()
    assert "estimated at $0.067" in lines[0]
    assert "1 picture of unknown price" in lines[1]


def test_the_usual_time_is_the_median_of_a_model_with_a_provider():
    ledger = ledger_of(
        *(answer(seconds=seconds) for seconds in (1, 9, 300)), answer(seconds=0.1, provider="offline")
    )
    assert ledger.expected_seconds("gemini-3.1-flash-image-preview", "crazyrouter") == 9
    assert ledger.expected_seconds("gemini-3-pro-image-preview", "crazyrouter") is None


def test_a_replayed_picture_tells_how_long_it_took_at_first():
    ledger = ledger_of(answer(seconds=40, replayed=True))
    assert ledger.expected_seconds("gemini-3.1-flash-image-preview", "crazyrouter") == 40


def test_old_times_are_forgotten():
    ledger = ledger_of(*(answer(seconds=1) for _ in range(60)), *(answer(seconds=8) for _ in range(60)))
    assert ledger.expected_seconds("gemini-3.1-flash-image-preview", "crazyrouter") == 8


def test_a_number_of_pictures_is_written_as_people_do():
    assert [format_count(count, "picture") for count in (0, 1, 1200)] == [
        "0 pictures",
        "1 picture",
        "1,200 pictures",
    ]
