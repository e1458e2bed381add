"""100 prompts from a frame against a gateway that fails for every tenth, once with each class of failure."""

from __future__ import annotations

from collections import Counter

import pytest

from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply
from support.shells import a_shell, prompt_of

COUNT = 100
SOON = {"retry-after-ms": "20"}
QUOTA = {"error": {"message": "no", "code": "insufficient_user_quota"}}
BLOCKED = {"promptFeedback": {"blockReason": "SAFETY"}}

# what comes, what it is called, and how often such a request is sent
FAILURES = {
    "bad request": (Answer(status=400), "APIError", 1),
    "key refused": (Answer(status=401), "AuthenticationError", 1),
    "forbidden": (Answer(status=403), "AuthenticationError", 1),
    "no such model": (Answer(status=404), "APIError", 1),
    "timed out": (Answer(status=408), "OutcomeUnknownError", 1),
    "server error": (Answer(status=500), "OutcomeUnknownError", 1),
    "bad gateway": (Answer("<html>", status=502), "OutcomeUnknownError", 1),
    "gateway timeout": (Answer(status=504), "OutcomeUnknownError", 1),
    "cut off": (Answer(b"{", headers={"Content-Length": "999"}), "OutcomeUnknownError", 1),
    "out of quota": (Answer(QUOTA, status=429), "QuotaExhaustedError", 1),
    "blocked": (Answer(BLOCKED), "BlockedError", 1),
    "no picture": (Answer(reply("words only")), "NoImageError", 1),
    "no JSON": (Answer(b"no JSON"), "BadResponseError", 1),
    "no image": (Answer(reply(inline(b"<svg/>"))), "ImageRefusedError", 1),
    "refused for now": (Answer(status=429, headers=SOON), "ok", 2),
    "overloaded": (Answer(status=503, headers=SOON), "ok", 2),
}


def number_of(request) -> int:
    return int(prompt_of(request).split()[-1])


def failing(failure):
    """Every tenth prompt fails, where it is tried again only the first time."""
    answer, status, _ = failure
    seen = Counter()

    def script(request):
        number = number_of(request)
        seen[number] += 1
        fails = number % 10 == 5 and (status != "ok" or seen[number] == 1)
        return answer if fails else Answer(reply(inline(png(number + 1, 1))))

    return script


@pytest.mark.parametrize("name", FAILURES)
def test_promise_4_of_100_rows_every_success_is_kept_and_no_post_is_one_too_many(name):
    pandas = pytest.importorskip("pandas")
    failure = FAILURES[name]
    with Gateway(failing(failure)) as gateway, a_shell(gateway.url) as shell:
        shell.magics.store = "off"  # a hundred files flushed to disk take their time
        shell.names["frame"] = pandas.DataFrame({"number": range(COUNT)})
        done = shell.run("%%gemini_image made --each frame --max-cost 10 --concurrency 8\nnumber {{number}}")
        sent = Counter(number_of(request) for request in gateway.requests)
    frame = shell.names["made"].to_frame(with_source=True)
    assert done.error is None
    assert list(frame["number"]) == list(range(COUNT))
    rows = shell.names["made"].rows()
    expected = [failure[1] if n % 10 == 5 else "ok" for n in range(COUNT)]
    assert [row["error_type"] or row["status"] for row in rows] == expected
    assert list(frame["status"]) == ["ok" if name == "ok" else "failed" for name in expected]
    good = frame[frame["status"] == "ok"]
    assert list(good["width"]) == [n + 1 for n in good["number"]]
    assert sent == {n: failure[2] if n % 10 == 5 else 1 for n in range(COUNT)}


def test_promise_1_run_again_only_the_failures_are_asked_again():
    pandas = pytest.importorskip("pandas")
    cell = "%%gemini_image made --each frame --max-cost 10\nnumber {{number}}"
    frame = pandas.DataFrame({"number": range(COUNT)})
    with Gateway(failing(FAILURES["bad gateway"])) as gateway, a_shell(gateway.url) as shell:
        shell.names["frame"] = frame
        shell.run(cell)
        shell.run(cell)
        assert gateway.posts == COUNT + 10
        assert shell.names["made"].to_frame()["replayed"].sum() == COUNT - 10


def test_the_default_for_requests_per_minute_spaces_out_what_a_grid_sends():
    with Gateway(Answer(reply(inline(png())))) as gateway, a_shell(gateway.url) as shell:
        shell.run("%config GeminiMagics.requests_per_minute = 60")
        assert shell.run('%gemini_image -n 3 --concurrency 3 "a cat"').error is None
        times = [request.at for request in gateway.requests]
    assert times[-1] - times[0] >= 1  # of two: the first may be long under way


def test_a_rate_that_is_none_stays_out():
    with a_shell() as shell:
        said = shell.run("%config GeminiMagics.requests_per_minute = 0").stdout
        assert "requests_per_minute" in said
        assert shell.magics.requests_per_minute is None


def test_what_is_odd_about_every_row_is_said_once():
    with a_shell() as shell:
        shell.names["frame"] = [{"number": number} for number in range(20)]
        said = shell.run("%%gemini_image --each frame --dry-run -a 7:5\nnumber {{number}}").stdout
    assert said.count("7:5 is not a known aspect ratio") == 1
