"""A probe of the models: which reply shape does each return today? One request a model, past every store."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb import event_loop
from gemini_nb import models as catalogue
from gemini_nb.client.async_client import AsyncClient
from gemini_nb.display.table import Table
from gemini_nb.errors import (
    APIError,
    ArgumentError,
    AuthenticationError,
    Cancelled,
    ConnectionFailedError,
    GeminiError,
    LinkFailedError,
    LinkRefusedError,
    OutcomeUnknownError,
    ReplayMissError,
)
from gemini_nb.providers.provider import OFFLINE
from gemini_nb.providers.selection import choose_provider
from gemini_nb.request import ImageRequest
from gemini_nb.text import format_dollars

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager

    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.providers.provider import Provider

PROMPT = "a red square on white"
MODELS = tuple(row.id for row in catalogue.CATALOGUE)
FORMATS = ("text", "markdown", "json")
CONCURRENCY = 4

_NUMBERS = frozenset({"status", "seconds", "tokens"})


@dataclass(frozen=True)
class Finding:
    """What one model answered on a day, beside what the catalogue says was last seen of it.

    `status` is the HTTP status, None where no answer came; `tokens` those of the output; `error` the class
    and `problem` the message of what went wrong.
    """

    model: str
    provider: str
    asked: str
    status: int | None = None
    shape: str | None = None
    mime_type: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float = 0.0
    tokens: int | None = None
    error: str | None = None
    problem: str | None = None
    last_shape: str | None = None
    last_observed: str | None = None

    @property
    def changed(self) -> bool:
        """Whether it came in another shape than the one last observed."""
        return None not in (self.shape, self.last_shape) and self.shape != self.last_shape

    @property
    def is_refusal(self) -> bool:
        """Whether the key or its account was refused, as it will be for every other model."""
        return self.status in (401, 403) or self.error == AuthenticationError.__name__


def run(
    provider_name: str | None,
    models: Sequence[str],
    *,
    base_url: str | None,
    confirmed: bool,
    say: Callable[[str], None],
    waiting: Callable[[Sequence[Finding], int], AbstractContextManager[None]],
    interrupted: Callable[[Sequence[Finding]], None],
    **settings: Any,
) -> tuple[Finding, ...] | None:
    """Say what a probe costs and carry it out; without `confirmed` only offline, and else return None.

    `waiting(findings, count)` is held while the answers come; `interrupted` is handed those that came before
    an interrupt, which is raised again. `settings` are those of `AsyncClient`. Raises `ReplayMissError`
    where `GEMINI_NB_REPLAY` locks a course to its store, since a probe pays.
    """
    asked = make_requests(models)
    provider = choose_provider(provider_name, base_url=base_url)
    for line in describe_cost(asked, provider):
        say(line)
    if provider is not OFFLINE:
        check_unlocked()
        if not confirmed:
            say("Nothing was sent. Add --yes to send it.")
            return None
    client = AsyncClient(provider_name, base_url=base_url, replay="off", **settings)
    findings: list[Finding] = []
    task = partial(probe, client, [request.model for request in asked], each=findings.append)
    try:
        with waiting(findings, len(asked)):
            return event_loop.run(task)
    except Cancelled:
        interrupted(findings)
        raise


def make_requests(models: Sequence[str] = (), prompt: str = PROMPT) -> tuple[ImageRequest, ...]:
    """Return one request for each model, the catalogue's if none is named; an alias counts as its model."""
    asked = [ImageRequest(prompt, model=name) for name in models or MODELS]
    return tuple({request.model: request for request in asked}.values())


async def probe(
    client: AsyncClient,
    models: Sequence[str] = (),
    prompt: str = PROMPT,
    *,
    each: Callable[[Finding], Any] | None = None,
) -> tuple[Finding, ...]:
    """Ask each model once and return what came, in the order asked; `each` is called as answers come.

    What a model answers is a finding, whatever its status. A first answer of 401 or 403 ends it, since all
    others would be the same. Raises `ArgumentError` for a client with a store: it would answer in place of
    the models.
    """
    if client.store is not None:
        raise ArgumentError("A probe asks the models themselves.", hint="Give it a client without a store.")
    asked = make_requests(models, prompt)
    found: list[Finding | None] = [None] * len(asked)

    async def ask(place: int) -> None:
        async with limit:
            finding = found[place] = await _ask_model(client, answering, asked[place])
        if each is not None:
            each(finding)

    answering = client.asking()  # a model's time begins when its request is let through, not in the queue
    limit = anyio.CapacityLimiter(CONCURRENCY)
    await ask(0)
    if not (found[0] and found[0].is_refusal):
        async with anyio.create_task_group() as tasks:
            for place in range(1, len(asked)):
                tasks.start_soon(ask, place)
    return tuple(one for one in found if one is not None)


def describe_cost(asked: Sequence[ImageRequest], provider: Provider) -> list[str]:
    """Say what a probe would ask for and cost, a line each."""
    count = "one picture" if len(asked) == 1 else f"{len(asked)} pictures"
    if not provider.key_variables:
        return [f"This paints {count} offline, at no cost."]
    prices = [request.estimated_cost for request in asked]
    known = sum(price for price in prices if price is not None)
    unknown = [request.model for request, price in zip(asked, prices, strict=True) if price is None]
    said = [
        f"This asks {provider.name} ({provider.origin}) for {count}, one of each model, whatever is stored.",
        f"Estimated price: {format_dollars(known)} at Google's list prices; a gateway charges its own.",
    ]
    said += [f"Not in the estimate, since the price is unknown: {', '.join(unknown)}."] if unknown else []
    return said


def check_unlocked() -> None:
    """Raise `ReplayMissError` where `GEMINI_NB_REPLAY` locks a course to its store: a probe pays."""
    if os.environ.get("GEMINI_NB_REPLAY") == "only":
        raise ReplayMissError(
            "GEMINI_NB_REPLAY locks replay to what is stored, and a probe asks the models.",
            hint="Nothing was sent. Unset it first, or probe offline.",
        )


def render(findings: Sequence[Finding], to: str = "text") -> str:
    """Return findings as "text", "markdown" or "json"."""
    if to == "json":
        return json.dumps([{**asdict(one), "changed": one.changed} for one in findings], indent=2)
    if to == "markdown":
        return replace(make_table(findings), notes=()).markdown()
    if to != "text":
        raise ArgumentError(f"There is no format {to[:20]!r}.", hint=f"Choose one of: {', '.join(FORMATS)}.")
    return make_table(findings).text()


def make_table(findings: Sequence[Finding]) -> Table:
    """Return findings as a table, with the message of each failure below it."""
    columns = ("model", "status", "shape", "type", "pixels", "seconds", "tokens", "last seen", "since then")
    problems = tuple(f"{one.model}: {one.problem}" for one in findings if one.problem)
    stopped = tuple(
        "No other model was asked: the key is the same." for one in findings[:1] if one.is_refusal
    )
    whom = sorted({f"Asked of {_describe_provider(one.provider)} on {one.asked}" for one in findings})
    caption = "; ".join(whom) or "Nothing was asked."
    rows = tuple(_format_row(one) for one in findings)
    return Table(columns, rows, caption=caption, notes=problems + stopped, right=_NUMBERS)


def _describe_provider(provider: str) -> str:
    return "the offline provider, which imitates them," if provider == "offline" else provider


def _format_row(one: Finding) -> tuple[str, ...]:
    last = f"{one.last_shape}, {one.last_observed}" if one.last_shape else "never"
    mark = (
        "CHANGED" if one.changed else "same" if one.shape and one.last_shape else "new" if one.shape else ""
    )
    return (
        one.model,
        str(one.status or "none"),
        one.shape or one.error or "",
        one.mime_type or "",
        f"{one.width} × {one.height}" if one.width else "",
        f"{one.seconds:.1f}",
        "" if one.tokens is None else str(one.tokens),
        last,
        mark,
    )


async def _ask_model(
    client: AsyncClient, ask: Callable[[ImageRequest], Awaitable[Generation]], request: ImageRequest
) -> Finding:
    row = catalogue.find(request.model)
    bare = Finding(
        request.model,
        client.provider.name,
        datetime.now().astimezone().date().isoformat(),
        last_shape=row.shape if row else None,
        last_observed=row.observed if row else None,
    )
    started = anyio.current_time()
    try:
        facts = _describe_answer(await ask(request))
    except GeminiError as error:
        facts = {"seconds": round(anyio.current_time() - started, 3), **_describe_failure(error)}
    return replace(bare, **facts)


def _describe_answer(generation: Generation) -> dict[str, Any]:
    image = generation.image
    return {
        "status": 200,
        "shape": _describe_shape(image),
        "mime_type": image.mime_type,
        "width": image.width,
        "height": image.height,
        "seconds": round(generation.seconds, 3),
        "tokens": _check_count(generation.usage.get("candidatesTokenCount")),
    }


def _describe_failure(error: GeminiError) -> dict[str, Any]:
    """What an error tells: the status it names, or 200 where it is about a reply that came."""
    named = isinstance(error, APIError | OutcomeUnknownError)
    unasked = isinstance(error, ConnectionFailedError | ReplayMissError | ArgumentError)
    status = getattr(error, "status", None) if named else None if unasked else 200
    shape = "hosted URL" if isinstance(error, LinkFailedError | LinkRefusedError) else None
    message = str(error.args[0]) if error.args else ""
    return {"status": status, "shape": shape, "error": type(error).__name__, "problem": message}


def _describe_shape(image: GeneratedImage) -> str:
    """How a picture came, in the catalogue's words: a data URI by the type that its label claims."""
    if image.source != "data URI":
        return image.source
    label = (image.declared_mime_type or image.mime_type).lower()
    kinds = {"image/jpeg": "JPEG", "image/jpg": "JPEG", "image/png": "PNG", "image/webp": "WebP"}
    return f"data URI ({kinds.get(label, 'other')})"


def _check_count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
