"""How many cases of each promised class were tried: the table that closes a run, and the documentation's.

A class is a list of beginnings of test names; a test that loops over many inputs says so with
`record_property("cases", n)`.
"""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    wide = max(map(len, CLASSES))
    return [
        f"{row['name']:{wide}}  {row['passed']:>5} of {row['promised']}"
        for row in count(reports)
        if row["passed"]
    ]


def write(reports: list[pytest.TestReport], path: str, *, complete: bool) -> None:
    """Write the counts of a run as JSON, unless it failed or left a class out."""
    rows = count(reports)
    if not complete or not all(row["passed"] for row in rows):
        print(f"\n{path} was left alone: a test failed, or a class was not run.")
        return
    facts = {
        "when": datetime.now(UTC).date().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.system(),
        "classes": rows,
    }
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def count(reports: list[pytest.TestReport]) -> list[dict[str, Any]]:
    """Return for each class how many cases are promised, and how many of these reports' passed."""
    return [
        {"name": name, "promised": promised, "passed": sum(map(cases, of(reports, beginnings)))}
        for name, (promised, beginnings) in CLASSES.items()
    ]


def of(reports: list[pytest.TestReport], beginnings: tuple[str, ...]) -> list[pytest.TestReport]:
    """The reports of tests whose names begin so."""
    return [report for report in reports if report.nodeid.rpartition("tests/")[2].startswith(beginnings)]


def cases(report: pytest.TestReport) -> int:
    return int(dict(report.user_properties).get("cases", 1))
