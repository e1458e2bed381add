"""Ids of tasks: what an asynchronous gateway answers at once, while its picture is still being made.

`task_id` and its like are one wherever they stand. A plain `id` is one beside a status such as "queued".
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from gemini_nb.reply.errors.quota import plain_name
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ID_CHARS = 200

_MAX_OBJECTS = 1000  # looked at; a task's reply is short
_STRONG = {"taskid", "taskuuid", "jobid", "jobuuid", "predictionid", "operationid", "generationid"}
_WEAK = {"id", "uuid", "requestid", "imageid", "name"}
_BARE = {"data", "result"}  # the id alone stands there, beside a code or a message of success
_STATES = ("status", "state", "taskstatus", "jobstatus", "taskstate", "phase")
_PENDING = {
    *("accepted", "created", "enqueued", "generating", "initialized", "inprogress", "inqueue", "notstarted"),
    *("pending", "processing", "queued", "queueing", "running", "scheduled", "started", "starting"),
    *("submitted", "waiting"),
}
_ENDED = {"failed", "failure", "error", "canceled", "cancelled", "expired", "rejected", "timeout"}
_TO_BE_ASKED = {
    f"{what}url" for what in ("polling", "status", "task", "response", "result", "fetch", "progress")
}
_REPORTS = {"code", "msg", "message", "description", "status", "success"}
_BARE_ID = re.compile(r"(?=.*[0-9])[A-Za-z0-9_.:-]{6,100}")


def find_task_id(value: Any) -> str | None:
    """Return the id of a task that a reply without a picture says was begun, None where it says none."""
    found: str | None = None
    for fields in islice(_objects(value), _MAX_OBJECTS):
        state = next((plain_name(fields[name]) for name in _STATES if isinstance(fields.get(name), str)), "")
        if state in _ENDED:
            return None
        found = found or next(
            (id_ for names in _choose_names(fields, state) for id_ in _ids(fields, names)), None
        )
    return found


def _choose_names(fields: dict[str, Any], state: str) -> Iterator[set[str]]:
    """Yield the names of fields that hold an id, the surest first."""
    yield _STRONG
    is_pending = state in _PENDING or fields.get("done") is False or _names_task(fields.get("object"))
    if is_pending or fields.keys() & _TO_BE_ASKED:
        yield _WEAK
    if fields.keys() & _REPORTS:
        yield {name for name in _BARE if _BARE_ID.fullmatch(str(fields.get(name)))}


def _ids(fields: dict[str, Any], names: set[str]) -> Iterator[str]:
    for name in sorted(names & fields.keys()):
        task_id = fields[name]
        if isinstance(task_id, str | int) and not isinstance(task_id, bool) and task_id != "":
            yield one_line(str(task_id), MAX_ID_CHARS)


def _names_task(value: Any) -> bool:
    return isinstance(value, str) and any(word in value.lower() for word in ("task", "job", "operation"))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in a value, the outer ones first, with the names of their fields in lower case."""
    level = [value]
    while level:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                yield {plain_name(name): field for name, field in item.items()}
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = inner
