"""Errors of a job's rows: made from what the provider says, and as JSON in the job's record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb import errors
from gemini_nb.errors import APIError, GeminiError, OutcomeUnknownError
from gemini_nb.jobs import wire
from gemini_nb.models import BATCH
from gemini_nb.reply.errors import api_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gemini_nb.jobs.wire import JobStatus
    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

AGAIN = "Run it again to send it again: only what failed is sent."

_FACTS = ("status", "code", "reason", "text", "may_be_billed", "usage", "retry_after", "url", "task_id")
_MAX_TEXT_CHARS = 2000


def error_of_row(
    error: Mapping[str, Any], *, provider: Provider, model: str, key: Secret | None
) -> GeminiError:
    """Return the error for what a job's results say of a row that failed."""
    body = json.dumps({"error": error}).encode("ascii")
    return api_errors.error_for(wire.http_status(error), {}, body, provider=provider, model=model, key=key)


def error_without_result(status: JobStatus, provider: str) -> GeminiError:
    """Return the error for a row that is not among the results of a job that is over."""
    words = {
        "EXPIRED": "The job expired before this picture was made",
        "CANCELLED": "The job was cancelled before this picture was made",
        "FAILED": f"{provider} says that the job failed",
    }
    if status.state in words:
        problem = f": {status.problem.rstrip('.')}" if status.problem else ""
        return APIError(
            f"{words[status.state]}{problem}.", code=status.state, hint=f"Nothing was billed for it. {AGAIN}"
        )
    return OutcomeUnknownError(
        "The job is done, and its results do not hold this picture.",
        hint=f"It may have been billed all the same. {AGAIN}",
    )


def error_for_gone_results(provider: str) -> GeminiError:
    """Return the error for a row of a job whose results the provider has no more."""
    return OutcomeUnknownError(
        f"{provider} does not have the results of this job any more.",
        hint=f"It was billed. {AGAIN} That is paid for again.",
    )


def encode(error: GeminiError) -> dict[str, Any]:
    """Return an error as JSON values."""
    facts = {name: getattr(error, name, None) for name in _FACTS}
    facts = {name: value for name, value in facts.items() if value}
    if "text" in facts:
        facts["text"] = str(facts["text"])[:_MAX_TEXT_CHARS]
    if "usage" in facts:
        facts["usage"] = dict(error.usage)
    if error.raw_path is not None:
        facts["raw_path"] = str(error.raw_path)
    return {"type": type(error).__name__, "message": str(error.args[0]), "hint": error.hint, **facts}


def decode(facts: Mapping[str, Any]) -> GeminiError:
    """Return the error of such values; of a kind that is not known, a `GeminiError`."""
    kind = getattr(errors, str(facts.get("type")), GeminiError)
    if not (isinstance(kind, type) and issubclass(kind, GeminiError)):
        kind = GeminiError
    error = kind(str(facts.get("message", "")), hint=str(facts.get("hint", "")))
    for name in _FACTS:
        if name in facts:
            setattr(error, name, facts[name])
    if "raw_path" in facts:
        error.raw_path = Path(str(facts["raw_path"]))
    error.tier = BATCH
    return error
