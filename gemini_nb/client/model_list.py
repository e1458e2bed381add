"""The list of models that a provider offers today, asked for free and compared with the catalogue.

Read are Google's pages of `models[].name` and OpenAI's `data[].id`, which some gateways send instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gemini_nb import models
from gemini_nb.display.table import Table
from gemini_nb.errors import APIError, GeminiError
from gemini_nb.jobs.service import without_bill
from gemini_nb.jobs.wire import read_json
from gemini_nb.reply.errors import api_errors
from gemini_nb.request import MODEL_NAME
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from gemini_nb.http.transport import HTTPAnswer
    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

MAX_PAGES = 20
_FREE = "Listing models is free."
_IMAGE_MODEL = re.compile(r"gemini.*image(?!n)|banana", re.IGNORECASE)
_SHOWN = 12  # new models in one line


@dataclass(frozen=True)
class ModelList:
    """The ids that a provider offers on the day `asked`, in its order; `image_models` look like ours."""

    provider: str
    asked: str
    ids: tuple[str, ...]
    image_models: tuple[str, ...]

    @property
    def present(self) -> tuple[str, ...]:
        """The catalogue's models that are offered."""
        return tuple(row.id for row in models.CATALOGUE if row.id in self.ids)

    @property
    def gone(self) -> tuple[str, ...]:
        """Those that the catalogue knows to be offered there, and that are not."""
        missing = (row for row in models.CATALOGUE if row.id not in self.ids)
        return tuple(row.id for row in missing if (offer := row.at(self.provider)) and not offer.is_over)

    @property
    def new(self) -> tuple[str, ...]:
        """Those that look like image models and are not in the catalogue."""
        return tuple(name for name in self.image_models if models.find(name) is None)

    def lines(self) -> list[str]:
        """Return what the list says of the catalogue, one fact a line."""
        known = format_count(len(models.CATALOGUE), "known model")
        lines = [f"{len(self.present)} of {known} offered by {self.provider} on {self.asked}"]
        for what, names in (("new, image models by their names", self.new), ("gone", self.gone)):
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            lines += [f"{what}: {', '.join(names[:_SHOWN])}{more}"] if names else []
        return lines

    def table(self) -> Table:
        """Return the catalogue's models and the new ones, with what is known and what was found of each."""
        rows = [
            (row.id, "offered" if row.id in self.ids else "not listed", describe_offer(row, self.provider))
            for row in models.CATALOGUE
        ]
        rows += [(name, "offered", "NEW, not in the catalogue") for name in self.new]
        return Table(
            ("model", f"at {self.provider} today", "in the catalogue"),
            tuple(rows),
            notes=(*(f"{line[0].upper()}{line[1:]}." for line in self.lines()), _FREE),
        )


def describe_offer(row: models.Model, provider: str) -> str:
    """Return what the catalogue says of a model at a provider, in a few words."""
    offer = row.at(provider)
    if offer is None:
        return "unknown"
    if offer.shut_down is None:
        return f"offered on {offer.source.date}"
    return f"shut down {offer.shut_down}" if offer.is_over else f"offered until {offer.shut_down}"


async def ask_for_models(
    provider: Provider, key: Secret | None, *, deadline: float, embedded: Any = None
) -> ModelList:
    """Ask for every page of a provider's models; raise a `GeminiError`, never one that speaks of a bill."""
    from gemini_nb.http import transport  # noqa: PLC0415 - httpx is loaded with the first request

    found: dict[str, bool] = {}
    token = ""
    for _ in range(MAX_PAGES):
        url = provider.list_url(token)
        answer = await transport.send(provider, key, url, None, deadline=deadline, embedded=embedded)
        page = _read_page(answer, provider, key)
        found |= _read_models(page, key)
        token = page.get("nextPageToken") or ""
        if not isinstance(token, str) or not token:
            break
    if not found:
        raise APIError(f"{provider.name} did not answer with a list of models.", status=200, hint=_FREE)
    today = datetime.now().astimezone().date().isoformat()
    return ModelList(provider.name, today, tuple(found), tuple(name for name in found if found[name]))


def _read_page(answer: HTTPAnswer | GeminiError, provider: Provider, key: Secret | None) -> dict[str, Any]:
    if isinstance(answer, GeminiError):
        raise without_bill(answer, hint=_FREE)
    if not answer.is_reply:
        error = without_bill(
            api_errors.error_for(
                answer.status, answer.headers, answer.body, provider=provider, model="", key=key
            ),
            hint=_FREE,
        )
        if isinstance(error, APIError) and error.status == HTTPStatus.NOT_FOUND:
            error.hint = f"This server does not list its models. {_FREE}"
        raise error
    if answer.broken is not None:
        raise without_bill(answer.broken, hint=_FREE)
    page = read_json(answer.body)
    return page if isinstance(page, dict) else {"data": page}


def _read_models(page: dict[str, Any], key: Secret | None) -> dict[str, bool]:
    """Return the ids of a page, each with whether it looks like one of Gemini's image models."""
    entries = page.get("models") or page.get("data")
    found = {}
    for entry in entries if isinstance(entries, list) else ():
        name = (entry.get("name") or entry.get("id")) if isinstance(entry, dict) else None
        name = name.removeprefix("models/") if isinstance(name, str) else ""
        if MODEL_NAME.fullmatch(name) and (key is None or key.redact(name) == name):
            methods = entry.get("supportedGenerationMethods")
            is_called = not isinstance(methods, list) or "generateContent" in methods
            found[name] = is_called and bool(_IMAGE_MODEL.search(name))
    return found
