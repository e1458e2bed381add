"""Ids of tasks: what an asynchronous gateway answers at once, while its picture is still being made.

`task_id` and its like are one wherever they stand. A plain `id` is one beside a status such as "queued".
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ID_CHARS = 200

_MAX_OBJECTS = 1000  # looked at; a task's reply is short
_NAMES = {f"{what}{how}" for what in ("task", "job", "prediction", "operation") for how in ("id", "uuid")}
_NAMES |= {"generationid", "imageid", "requestid", "id", "uuid", "name"}
_STRONG = {"taskid", "taskuuid", "jobid", "jobuuid", "predictionid", "operationid"}
_STATES = ("status", "state", "taskstatus", "jobstatus", "taskstate", "phase")
_PENDING = {
    *("accepted", "created", "enqueued", "generating", "initialized", "inprogress", "inqueue", "notstarted"),
    *("pending", "processing", "queued", "queueing", "running", "scheduled", "started", "starting"),
    *("submitted", "waiting"),
}
_ENDED = {"failed", "failure", "error", "canceled", "cancelled", "expired", "rejected", "timeout"}


def find_task_id(value: Any) -> str | None:
    """Return the id of a task that a reply without a picture says was begun, None where it says none."""
    found: str | None = None
    for fields in islice(_objects(value), _MAX_OBJECTS):
        state = next((_plain(fields[name]) for name in _STATES if isinstance(fields.get(name), str)), "")
        if state in _ENDED:
            return None
        is_pending = state in _PENDING or fields.get("done") is False or _names_task(fields.get("object"))
        names = sorted(fields.keys() & _NAMES, key=lambda name: (name not in _STRONG, name))
        for name in names:
            task_id = fields[name]
            is_id = isinstance(task_id, str | int) and not isinstance(task_id, bool) and task_id != ""
            if found is None and is_id and (name in _STRONG or is_pending):
                found = one_line(str(task_id), MAX_ID_CHARS)
    return found


def _names_task(value: Any) -> bool:
    return isinstance(value, str) and any(word in value.lower() for word in ("task", "job", "operation"))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in a value, the outer ones first, with the names of their fields in lower case."""
    level = [value]
    while level:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                yield {_plain(name): field for name, field in item.items()}
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = inner


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()
