from __future__ import annotations

import pytest

from gemini_nb.reply.task_ids import MAX_ID_CHARS, find_task_id

# What comes over HTTP is in tests/promises/test_new_shapes.py.
FOUND = {
    "the surest name": ({"id": "a", "status": "queued", "task_id": "b"}, "b"),
    "the outer one": ({"data": {"task_id": "b"}, "task_id": "a"}, "a"),
    "a number": ({"task_id": 1234567890123}, "1234567890123"),
    "two states": ({"task_id": "a", "status": 200, "task_status": "PENDING"}, "a"),
    "a failed task": ({"task_id": "a", "status": "FAILED"}, None),
    "a failed task inside": ({"task_id": "a", "data": {"task_status": "canceled"}}, None),
    "an id and no state": ({"id": "a"}, None),
    "an id that is done": ({"id": "a", "status": "succeeded"}, None),
    "true": ({"task_id": True}, None),
    "nothing": ({"task_id": ""}, None),
    "words": ({"code": 0, "data": "it took 7 s"}, None),
    "digits without a report": ({"data": "abc123"}, None),
    "no object": (["task_id", "a"], None),
}


@pytest.mark.parametrize("case", FOUND)
def test_the_id_of_a_task_is_found_and_no_other(case):
    value, expected = FOUND[case]
    assert find_task_id(value) == expected


def test_a_long_id_with_control_characters_is_one_short_line():
    found = find_task_id({"task_id": "a\n\x1b[31m" * 10_000})
    assert len(found) <= MAX_ID_CHARS
    assert "\x1b" not in found
    assert "\n" not in found


def test_a_deep_and_a_wide_value_are_looked_at_for_a_while_only():
    value = {"task_id": "a"}
    for _ in range(5000):
        value = {"x": value}
    assert find_task_id(value) is None
    assert find_task_id({"x": [{}] * 100_000 + [{"task_id": "a"}]}) is None
