"""What a gateway paints for prompts that are numbers, so that each picture tells whose it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support.clients import client_of
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gemini_nb import Batch, Client, ImageRequest
    from support.gateway import Request, Script

PROMPTS = [str(number) for number in range(8)]
BLOCKED = Answer({"promptFeedback": {"blockReason": "SAFETY"}})


def prompt_of(request: Request) -> str:
    return request.json["contents"][0]["parts"][0]["text"]


def painted(request: Request) -> Answer:
    """A picture one pixel wider than the number that the prompt is."""
    return Answer(reply(inline(png(width=int(prompt_of(request)) + 1))))


def by_prompt(**answers: Answer) -> Script:
    """A script that answers some prompts, number 3 as `n3`, otherwise than with their picture."""
    return lambda request: answers.get(f"n{prompt_of(request)}") or painted(request)


@contextmanager
def client_of_gateway(script: Script = painted, **settings: Any) -> Iterator[Client]:
    """A client of a gateway of its own; `settings` are the client's."""
    with Gateway(script) as gateway, client_of(gateway.url, **settings) as client:
        yield client


def run_batch(
    prompts: list[str | ImageRequest],
    manifest: str | Path | None,
    *,
    script: Script = painted,
    **settings: Any,
) -> Batch:
    """Ask a gateway of its own for a batch; `settings` are the client's."""
    with client_of_gateway(script, **settings) as client:
        return client.generate_many(prompts, manifest=manifest)
