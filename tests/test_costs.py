from __future__ import annotations

import pytest

from gemini_nb import Client, ImageRequest
from gemini_nb.costs import Estimate, Spending, estimate
from gemini_nb.errors import CostLimitError, OutcomeUnknownError
from gemini_nb.images.inputs import InputImage
from gemini_nb.text import format_count
from support.clients import OK, client_of
from support.gateway import Answer, Gateway
from support.generations import answer
from support.images import png


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
    unknown = answer(*UNPRICED)
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


KNOWN = tuple(ImageRequest("x", take=take) for take in range(3))
UNPRICED = (ImageRequest("x").with_values(model="somebody/elses"),)


NO_LIMITS = {"max_cost": None, "max_images": 100}


def budget_of(sent=KNOWN, provider="crazyrouter"):
    return Estimate(tuple(sent), (), provider, "https://crazyrouter.com")


ALLOWED = {
    "up to max_images": (budget_of(), None, 3),
    "under max_cost": (budget_of(), 0.202, 1),
    "exactly max_cost": (budget_of(KNOWN[:1]), 0.067, 1),
    "offline": (budget_of(provider="offline"), 0.0, 1),
    "many offline": (budget_of(provider="offline"), None, 1),
    "all replayed": (budget_of(()), 0.0, 1),
    "unknown without a limit": (budget_of(UNPRICED), None, 1),
}
REFUSED = {
    "too many": (budget_of(), None, 2, "3 pictures, estimated at $0.201; max_images is 2"),
    "too dear": (budget_of(), 0.2, 20, "estimated at $0.201; the limit is $0.200"),
    "no number": (budget_of(), float("nan"), 20, "the limit is $nan"),
    "unknown price": (budget_of((*KNOWN, *UNPRICED)), 100.0, 20, "is unknown"),
    "many of unknown price": (budget_of(UNPRICED * 3), None, 2, "estimated at unknown"),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_is_allowed_passes(case):
    costs, max_cost, max_images = ALLOWED[case]
    costs.check(max_cost=max_cost, max_images=max_images)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_allowed_is_refused_and_says_so(case):
    costs, max_cost, max_images, message = REFUSED[case]
    with pytest.raises(CostLimitError, match="Nothing was sent") as refused:
        costs.check(max_cost=max_cost, max_images=max_images)
    assert message in str(refused.value)


def test_what_is_stored_is_told_from_what_would_be_sent(tmp_path):
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url, store=tmp_path) as client:
        client.generate(KNOWN[0])
        costs = estimate(KNOWN, holds=client.holds, provider=client.provider)
        assert gateway.posts == 1
    assert (costs.replayed, costs.sent) == (KNOWN[:1], KNOWN[1:])
    assert costs.cost == pytest.approx(0.134)


def test_equal_requests_are_counted_once():
    with Client("offline") as client:
        assert len(estimate([*KNOWN, *KNOWN], holds=client.holds, provider=client.provider).sent) == 3


def test_a_dry_run_says_price_address_and_body_without_the_pictures_bytes():
    request = ImageRequest("x", images=(InputImage(png(90, 90) + bytes(400), "image/png"),))
    lines = "\n".join(budget_of((request, *KNOWN)).lines(**NO_LIMITS))
    assert "4 pictures would be requested from crazyrouter" in lines
    assert "Estimated price: $0.268" in lines
    assert (
        "POST https://crazyrouter.com/v1beta/models/gemini-3.1-flash-image-preview:generateContent" in lines
    )
    assert "characters of base64" in lines
    assert len(lines) < 1200


def test_offline_a_dry_run_says_what_a_key_would_make_of_it():
    assert (
        "nothing, painted offline; with a key $0.201" in budget_of(provider="offline").lines(**NO_LIMITS)[1]
    )


FLASH = "gemini-3.1-flash-image-preview"


def failure(**facts):
    error = OutcomeUnknownError("502")
    vars(error).update(facts)
    return error


def test_failures_that_may_be_billed_are_told_in_lines_of_their_own():
    ledger = Spending(interrupted=4)
    usage = {"promptTokenCount": 500, "candidatesTokenCount": 250}
    for error in (failure(usage=usage), failure(), failure(may_be_billed=False)):
        ledger.add_failure(error, FLASH)
    assert ledger.lines()[1:4] == [
        "failed        2 requests, perhaps billed, $0.001 by usage",
        "of these      1 at unknown cost",
        "interrupted   4 requests, perhaps billed, at unknown cost",
    ]
