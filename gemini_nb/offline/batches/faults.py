"""Faults of batch jobs and uploads by name: what can go wrong, for trying a client on.

A fault is chosen for a whole server and met by every job; with "-once" after its name by the first job only,
or by its first upload or download, and what comes later goes well. "Every other" begins with the first.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from gemini_nb.offline.responses import bytes_response, dump_json, error_response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gemini_nb.offline.responses import Delivery, Response

_ONCE = "-once"


class Result(NamedTuple):
    """A line of the results: that of the row with this number, changed."""

    row: int
    change: Callable[[bytes], bytes] = bytes


@dataclass(frozen=True)
class BatchFault:
    """A fault: its effect on a client, in one line, and where it differs from a job that goes well.

    `creation` is answered instead of the new job, which is accepted all the same if `is_accepted`;
    `hidden_lists` lists leave it out. Of its rows a `share` is made, and then it ends as `end` says (state,
    code, message), or never. `row` answers the row with a number; `results` are the lines for a number of
    rows. `poll` is what every other question after the job gets, `download` how its results are sent or what
    is answered instead, `upload` how every other answer to a piece of an upload is.
    """

    effect: str
    is_accepted: bool = True
    creation: Response | None = None
    hidden_lists: int = 0
    share: float = 1.0
    end: tuple[str, int, str] | None = None
    row: Callable[[int], Response | None] = lambda _: None
    results: Callable[[int], Iterable[Result]] = lambda count: map(Result, range(count))
    poll: Response | None = None
    download: Response | Delivery = "whole"
    upload: Delivery = "whole"
    once: bool = False


class BatchFaults:
    """Hands the fault of a server, by its name or None, to its jobs and uploads."""

    def __init__(self, name: str | None = None) -> None:
        fault = BATCH_FAULTS[name.removesuffix(_ONCE)] if name else NO_FAULT
        self._fault = replace(fault, once=bool(name and name.endswith(_ONCE)))
        self._jobs = self._pieces = 0
        self._lock = threading.Lock()

    def next_job(self) -> BatchFault:
        """Return the fault that the next job meets."""
        with self._lock:
            self._jobs += 1
            return NO_FAULT if self._fault.once and self._jobs > 1 else self._fault

    def next_piece(self) -> Delivery:
        """Return how the next piece of an upload is answered."""
        with self._lock:
            self._pieces += 1
            is_met = self._pieces == 1 if self._fault.once else self._pieces % 2
            return self._fault.upload if is_met else "whole"


def is_batch_fault(name: str) -> bool:
    """Say whether a fault of batches has this name, with or without "-once"."""
    return name.removesuffix(_ONCE) in BATCH_FAULTS


def _every_other(answer: Response) -> Callable[[int], Response | None]:
    return lambda number: None if number % 2 else answer


def _change_every_other(change: Callable[[bytes], bytes]) -> Callable[[int], Iterable[Result]]:
    return lambda count: [Result(i) if i % 2 else Result(i, change) for i in range(count)]


def _with_head(line: bytes, **head: Any) -> bytes:
    value = json.loads(line)
    return dump_json(head | {name: value[name] for name in value.keys() - {"key", "metadata"}})


def _rename(line: bytes) -> bytes:
    key = "0" * 64
    return _with_head(line, **({"key": key} if "key" in json.loads(line) else {"metadata": {"key": key}}))


def _empty(line: bytes) -> bytes:
    value = json.loads(line)
    return dump_json({name: value[name] for name in value.keys() & {"key", "metadata"}})


def _cut(line: bytes) -> bytes:
    return line[: len(line) // 2]


_RESET = replace(bytes_response(200, "text/plain", b""), delivery="unanswered")
_UNAVAILABLE = error_response(503, "The service is currently unavailable.")
_INTERNAL = error_response(500, "An internal error has occurred.")
_TOO_MANY = error_response(429, "You exceeded your current quota: too many batch jobs.")
_GONE = error_response(404, "Requested entity was not found.")
_BLOCKED = json_response(200, {"promptFeedback": {"blockReason": "SAFETY"}})

NO_FAULT = BatchFault("none")

BATCH_FAULTS = {
    "lost-creation": BatchFault("the job is accepted, then the connection is reset", creation=_RESET),
    "unavailable-creation": BatchFault("the job is accepted and answered by 503", creation=_UNAVAILABLE),
    "failed-creation": BatchFault("the job is accepted and answered by 500", creation=_INTERNAL),
    "late-list": BatchFault(
        "lost-creation, and the first two lists leave the job out", creation=_RESET, hidden_lists=2
    ),
    "dropped-creation": BatchFault(
        "the connection is reset and no job accepted", is_accepted=False, creation=_RESET
    ),
    "refused-creation": BatchFault("429 and no job accepted", is_accepted=False, creation=_TOO_MANY),
    "lost-piece": BatchFault(
        "every other piece of an upload arrives, then the connection is reset", upload="unanswered"
    ),
    "stays-pending": BatchFault("the job stays BATCH_STATE_PENDING for ever", share=0),
    "poll-unavailable": BatchFault("every other question after a job is answered by 503", poll=_UNAVAILABLE),
    "fails": BatchFault(
        "the job ends as BATCH_STATE_FAILED, nothing is made",
        share=0,
        end=("FAILED", 13, "An internal error has occurred."),
    ),
    "expires": BatchFault(
        "the job ends as BATCH_STATE_EXPIRED, nothing is made",
        share=0,
        end=("EXPIRED", 4, "The batch has expired."),
    ),
    "expires-partly": BatchFault(
        "the job ends as BATCH_STATE_EXPIRED with the results of half of its rows",
        share=0.5,
        end=("EXPIRED", 4, "The batch has expired."),
    ),
    "row-errors": BatchFault("every other row is answered by an error", row=_every_other(_INTERNAL)),
    "row-refusals": BatchFault(
        "every other row is refused, promptFeedback.blockReason SAFETY",
        row=_every_other(_BLOCKED),
    ),
    "partial": BatchFault(
        "every other row is made and not in the results", results=lambda n: map(Result, range(1, n, 2))
    ),
    "rows-twice": BatchFault(
        "every row is in the results twice", results=lambda n: [Result(i // 2) for i in range(2 * n)]
    ),
    "rows-not-asked-for": BatchFault(
        "every row is followed by its like under a key that was not asked for",
        results=lambda n: [Result(i // 2, _rename if i % 2 else bytes) for i in range(2 * n)],
    ),
    "out-of-order": BatchFault(
        "the results begin with the last row", results=lambda n: map(Result, reversed(range(n)))
    ),
    "rows-without-keys": BatchFault("every other result has no key", results=_change_every_other(_with_head)),
    "empty-rows": BatchFault(
        "every other result has neither a response nor an error", results=_change_every_other(_empty)
    ),
    "broken-rows": BatchFault("every other result is JSON cut short", results=_change_every_other(_cut)),
    "results-truncated": BatchFault("half the results, then the connection is closed", download="truncated"),
    "results-reset": BatchFault("half the results, then the connection is reset", download="reset"),
    "results-gone": BatchFault("404 where the results were", download=_GONE),
}
"""Every fault of batches by its name, as `gemini-nb serve --fault` takes it."""
