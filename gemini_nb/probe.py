"""A probe of the models: which reply shape does each return today? One request a model, past every store."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb import errors, event_loop, interrupts
from gemini_nb import models as catalogue
from gemini_nb.client.async_client import AsyncClient
from gemini_nb.costs import Spending
from gemini_nb.display.table import Table
from gemini_nb.errors import ArgumentError, Cancelled, GeminiError, ReplayMissError
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

    Generate = Callable[[ImageRequest], Awaitable[Generation]]

PROMPT = "a red square on white"
MODELS = tuple(row.id for row in catalogue.CATALOGUE)
FORMATS = ("text", "markdown", "json")
CONCURRENCY = 4


@dataclass(frozen=True)
class Finding:
    """What one model answered on a day, and what the catalogue says was last seen of it.

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
        """Whether the picture came in another shape than the one last observed."""
        return None not in (self.shape, self.last_shape) and self.shape != self.last_shape

    @property
    def is_refusal(self) -> bool:
        """Whether the key or its account was refused, as it will be for every other model."""
        is_account = self.error == errors.QuotaExhaustedError.__name__ and self.status in (401, 403)
        return is_account or self.error == errors.AuthenticationError.__name__


def run(
    provider_name: str | None,
    models: Sequence[str],
    *,
    base_url: str | None,
    confirmed: bool,
    say: Callable[[str], None],
    waiting: Callable[[Sequence[Finding], int], AbstractContextManager[None]],
    interrupted: Callable[[Sequence[Finding]], None],
    spending: Spending | None = None,
    **settings: Any,
) -> tuple[Finding, ...] | None:
    """Say what a probe costs and carry it out; without `confirmed` only offline, and else return None.

    `waiting(findings, count)` is held while the answers come; `interrupted` is handed those that came before
    an interrupt, which is raised again. `spending` counts what it costs. `settings` are those of
    `AsyncClient`. Raises `ReplayMissError` where `GEMINI_NB_REPLAY` locks a course to its store, since a
    probe pays.
    """
    provider = choose_provider(provider_name, base_url=base_url)
    requests = make_requests(models, provider.name)
    for line in describe_cost(requests, provider):
        say(line)
    if provider is not OFFLINE:
        if os.environ.get("GEMINI_NB_REPLAY") == "only":
            raise ReplayMissError(
                "GEMINI_NB_REPLAY locks replay to what is stored, and a probe asks the models.",
                hint="Nothing was sent. Unset it first, or probe offline.",
            )
        if not confirmed:
            say("Nothing was sent. Add --yes to send it.")
            return None
    client = AsyncClient(provider_name, base_url=base_url, replay="off", **settings)
    findings: list[Finding] = []
    names = [request.model for request in requests]
    task = partial(probe, client, names, each=findings.append, spending=spending)
    with interrupts.held():  # a second interrupt must not lose what is printed after the first
        try:
            with waiting(findings, len(requests)):
                return event_loop.run(task)
        except Cancelled:
            interrupted(findings)
            raise


def make_requests(
    models: Sequence[str], provider: str = catalogue.DEFAULT_PROVIDER
) -> tuple[ImageRequest, ...]:
    """Return one request for each model; an alias counts as its model.

    If none is named, they are the catalogue's that are not known to be shut down at the provider.
    """
    names = models or [name for name in MODELS if not catalogue.describe_shutdown(name, provider)]
    named = [ImageRequest(PROMPT, model=name, provider=provider) for name in names]
    return tuple({request.model: request for request in named}.values())


async def probe(
    client: AsyncClient,
    models: Sequence[str] = (),
    *,
    each: Callable[[Finding], Any] | None = None,
    spending: Spending | None = None,
) -> tuple[Finding, ...]:
    """Ask each model once and return what came, in the order asked; `each` is called as answers come.

    What a model answers is a finding, whatever its status. A first answer of 401 or 403 ends it, since all
    others would be the same. Raises `ArgumentError` for a client with a store: it would answer in place of
    the models.
    """
    if client.store is not None:
        raise ArgumentError("A probe asks the models themselves.", hint="Give it a client without a store.")
    requests = make_requests(models, client.provider.name)
    findings: dict[int, Finding] = {}

    async def ask(position: int) -> None:
        async with limit:
            finding = findings[position] = await _ask_model(client, generate, requests[position], counted)
        if each is not None:
            each(finding)

    # a model's time begins when it is let through, not in the queue
    generate, counted = client.generate_function(), spending or Spending()
    limit = anyio.CapacityLimiter(CONCURRENCY)
    await ask(0)
    if not findings[0].is_refusal:
        async with anyio.create_task_group() as tasks:
            for position in range(1, len(requests)):
                tasks.start_soon(ask, position)
    return tuple(findings[position] for position in sorted(findings))


def describe_cost(requests: Sequence[ImageRequest], provider: Provider) -> list[str]:
    """Say what a probe would ask for and cost, a line each."""
    count = "one picture" if len(requests) == 1 else f"{len(requests)} pictures"
    if not provider.key_variables:
        return [f"This paints {count} offline, at no cost."]
    prices = [request.estimated_cost for request in requests]
    known = sum(price for price in prices if price is not None)
    unknown = [request.model for request, price in zip(requests, prices, strict=True) if price is None]
    lines = [
        f"This asks {provider.name} ({provider.origin}) for {count}, one from each model, stored or not.",
        f"Estimated price: {format_dollars(known)} at Google's list prices; a gateway charges its own.",
    ]
    lines += filter(None, (catalogue.describe_shutdown(r.model, provider.name) for r in requests))
    lines += [f"Not in the estimate, since the price is unknown: {', '.join(unknown)}."] if unknown else []
    return lines


def render(findings: Sequence[Finding], to: str = "text") -> str:
    """Return findings as "text", "markdown" or "json"."""
    if to == "json":
        return json.dumps([{**asdict(finding), "changed": finding.changed} for finding in findings], indent=2)
    if to == "markdown":
        return replace(make_table(findings), notes=()).markdown()
    if to != "text":
        raise ArgumentError(f"There is no format {to[:20]!r}.", hint=f"Choose one of: {', '.join(FORMATS)}.")
    return make_table(findings).text()


def make_table(findings: Sequence[Finding]) -> Table:
    """Return findings as a table, with the message of each failure below it."""
    columns = ("model", "status", "shape", "type", "pixels", "seconds", "tokens", "last seen", "since then")
    problems = tuple(f"{finding.model}: {finding.problem}" for finding in findings if finding.problem)
    stopped = tuple(
        "No other model was asked: the key is the same." for first in findings[:1] if first.is_refusal
    )
    names = {"offline": "the offline provider, which imitates them,"}
    sources = {f"{names.get(finding.provider, finding.provider)} on {finding.asked}" for finding in findings}
    caption = "; ".join(f"Asked of {source}" for source in sorted(sources)) or "Nothing was asked."
    rows, numbers = tuple(map(_format_row, findings)), frozenset({"status", "seconds", "tokens"})
    return Table(columns, rows, caption=caption, notes=problems + stopped, right=numbers)


def _format_row(finding: Finding) -> tuple[str, ...]:
    last = f"{finding.last_shape}, {finding.last_observed}" if finding.last_shape else "never"
    mark = ""
    if finding.shape:
        mark = "CHANGED" if finding.changed else "same" if finding.last_shape else "new"
    return (
        finding.model,
        str(finding.status or "none"),
        finding.shape or finding.error or "",
        finding.mime_type or "",
        f"{finding.width} × {finding.height}" if finding.width else "",
        f"{finding.seconds:.1f}",
        "" if finding.tokens is None else str(finding.tokens),
        last,
        mark,
    )


async def _ask_model(
    client: AsyncClient, generate: Generate, request: ImageRequest, spending: Spending
) -> Finding:
    """Ask one model for its picture, and count that, or what its failure may have cost."""
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
        generation = await generate(request)
    except GeminiError as error:
        spending.add_failure(error, request.model)
        facts = {"seconds": round(anyio.current_time() - started, 3), **_describe_failure(error)}
    else:
        spending.add(generation)
        facts = _describe_answer(generation)
    return replace(bare, **facts)


def _describe_answer(generation: Generation) -> dict[str, Any]:
    image, tokens = generation.image, generation.usage.get("candidatesTokenCount")
    is_count = isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0
    return {
        "status": 200,
        "shape": _describe_shape(image),
        "mime_type": image.mime_type,
        "width": image.width,
        "height": image.height,
        "seconds": round(generation.seconds, 3),
        "tokens": tokens if is_count else None,
    }


def _describe_failure(error: GeminiError) -> dict[str, Any]:
    """Return the fields of a failure; its status is the error's, or 200 for an error about a reply."""
    status: int | None = 200
    if isinstance(error, errors.APIError | errors.OutcomeUnknownError):
        status = getattr(error, "status", None)
    elif isinstance(error, errors.ConnectionFailedError | ReplayMissError | ArgumentError):
        status = None
    shape = "hosted URL" if isinstance(error, errors.LinkFailedError | errors.LinkRefusedError) else None
    message = str(error.args[0]) if error.args else ""
    return {"status": status, "shape": shape, "error": type(error).__name__, "problem": message}


def _describe_shape(image: GeneratedImage) -> str:
    """Return how a picture came, in the catalogue's words: a data URI by the type that its label claims."""
    if image.source != "data URI":
        return image.source
    label = (image.declared_mime_type or image.mime_type).lower()
    kinds = {"image/jpeg": "JPEG", "image/jpg": "JPEG", "image/png": "PNG", "image/webp": "WebP"}
    return f"data URI ({kinds.get(label, 'other')})"
