"""The order in which the workers of pytest-xdist take the test files: the longest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.paths import TESTS

if TYPE_CHECKING:
    import pytest

# A long file that came last would leave the other worker idle. The others follow in the folders' order.
# The studio's files come so that most workers take two of them together, which share a server and a browser.
LONGEST = (
    "browser/test_lite.py",
    "browser/test_studio_pictures.py",
    "browser/test_studio_asking.py",
    "browser/test_studio_gallery.py",
    "course/test_course.py",
    "browser/test_studio_looks.py",
    "browser/test_studio_sources.py",
    "notebook/test_kernel.py",
    "course/test_replay.py",
    "batch/test_clusters.py",
    "promises/test_memory.py",
    "jobs/test_faults.py",
    "benchmarks/test_benchmarks.py",
)


def put_longest_first(items: list[pytest.Item]) -> None:
    """Sort the collected tests in place; those of one file stay together."""
    rank = {str(TESTS / name): place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(str(item.path), len(rank)))
