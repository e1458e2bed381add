"""How many cases of each promised class were tried: the table that closes a test run.

A class is a list of beginnings of test names; a test that loops over many inputs says so with
`record_property("cases", n)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

CLASSES: dict[str, tuple[int, tuple[str, ...]]] = {
    "statuses × advised waits": (60, ("promises/test_money.py::test_promise_1_", "http/test_retry.py::")),
    "transport": (26, ("http/test_transport", "http/test_environment.py::")),
    "hostile JSON": (318, ("reply/test_reply.py::test_hostile_json",)),
    "reply shapes": (
        60,
        (
            "promises/test_shapes.py::",
            "reply/test_reply.py::test_an_image_is_read",
            "promises/test_recorded.py::",
        ),
    ),
    "base64 and data URIs": (
        40,
        (
            "reply/test_text_images.py::test_a_data_uri",
            "reply/test_base64_blobs.py::",
            "reply/test_reply.py::test_base64",
        ),
    ),
    "hostile and valid images": (150, ("images/test_image.py::",)),
    "links": (
        60,
        (
            "http/test_link_policy.py::",
            "http/test_link_fetch.py::",
            "http/test_addresses.py::test_what_is_not_public",
        ),
    ),
    "sizes and bombs": (10, ("promises/test_memory.py::", "http/test_transport.py::test_promise_13")),
    "naughty strings × 3": (
        1545,
        (
            "promises/test_naughty_prompts.py::test_a_prompt_is_sent",
            "promises/test_naughty_prompts.py::test_in_html",
            "promises/test_naughty_prompts.py::test_a_file",
        ),
    ),
    "key: sinks × placements × failures": (160, ("promises/test_key_leaks",)),
    "paths and disks": (36, ("images/test_save.py::", "reply/test_kept.py::", "test_files.py::")),
    "store": (
        24,
        ("store/test_", "promises/test_store_under_fire"),
    ),
}


def lines(reports: list[pytest.TestReport]) -> list[str]:
    """Return the table's lines for the classes of which any test was run."""
    counts = {name: sum(map(cases, of(reports, beginnings))) for name, (_, beginnings) in CLASSES.items()}
    wide = max(map(len, CLASSES))
    return [
        f"{name:{wide}}  {counts[name]:>5} of {wanted}"
        for name, (wanted, _) in CLASSES.items()
        if counts[name]
    ]


def of(reports: list[pytest.TestReport], beginnings: tuple[str, ...]) -> list[pytest.TestReport]:
    """The reports of tests whose names begin so."""
    return [report for report in reports if report.nodeid.rpartition("tests/")[2].startswith(beginnings)]


def cases(report: pytest.TestReport) -> int:
    return int(dict(report.user_properties).get("cases", 1))
