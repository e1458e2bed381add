"""What `%%gemini_image` does: from a line and a prompt to a picture, or a grid of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gemini_nb import batch, save
from gemini_nb.errors import ArgumentError, Cancelled, GeminiError
from gemini_nb.notebook import budget, live, options, plan

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from gemini_nb.client import Client
    from gemini_nb.generation import Batch, Generation
    from gemini_nb.notebook.magics import GeminiMagics
    from gemini_nb.request import ImageRequest


def make(magics: GeminiMagics, line: str, cell: str | None) -> Generation | Batch | None:
    """Carry out one `%gemini_image`: parse, plan, check the cost, ask, save, assign, and return what to show."""
    asked = options.image_parser(cell=cell is not None).parse_tokens(options.tokens(line))
    prompt = " ".join(asked.prompt) if cell is None else body(cell)
    client = magics.client(replay=asked.replay or ("only" if asked.dry_run else None))
    planned = _plan(magics, asked, prompt, client)
    if asked.save:
        save.check_free(asked.save, folder=planned.is_grid)
    if not afforded(magics, asked, planned.requests, client):
        return None
    name = asked.name if cell is not None else None
    made = (
        _grid(magics, asked, planned, client, name)
        if planned.is_grid
        else _one(magics, asked, planned, client)
    )
    if name:
        magics.shell.user_ns[name] = made
    return None if asked.quiet and cell is not None else made


def body(cell: str) -> str:
    """The prompt in a cell's body; a leading `# NBVAL_…` line is for the test runner."""
    first, _, rest = cell.partition("\n")
    return (rest if first.startswith("# NBVAL_") else cell).strip()


def _plan(magics: GeminiMagics, asked: Namespace, prompt: str, client: Client) -> plan.Plan:
    if not prompt:
        raise ArgumentError("The prompt is empty.", hint="Say what to paint.")
    sources = [magics.source(text) for text in asked.images]
    first: list[Any] = []

    def request(text: str, *, model: str, take: int) -> ImageRequest:
        """Input images are read with the first request and shared by the others."""
        made = client.request(
            text,
            model=model,
            take=take,
            images=first[0].images if first else sources,
            aspect_ratio=asked.aspect_ratio or magics.aspect_ratio or None,
            image_size=asked.image_size or magics.image_size or None,
            text=asked.text,
        )
        first.append(made) if not first else None
        return made

    return plan.make(
        prompt,
        models=asked.models or [magics.model],
        count=asked.count,
        vary=asked.vary,
        each=asked.each,
        raw=asked.raw,
        names=magics.shell.user_ns,
        request=request,
    )


def afforded(
    magics: GeminiMagics, asked: Namespace, requests: Sequence[ImageRequest], client: Client
) -> bool:
    """Check the cost before anything is sent; a dry run says it and returns False."""
    costs = budget.plan(requests, client)
    if asked.dry_run:
        print("\n".join(costs.lines()))
        return False
    max_cost = magics.max_cost if asked.max_cost is None else asked.max_cost
    costs.check(max_cost=max_cost, max_images=magics.max_images)
    return True


def _one(magics: GeminiMagics, asked: Namespace, planned: plan.Plan, client: Client) -> Generation:
    (request,) = planned.requests
    with live.shown(live.waiting(request.model, magics.ledger)):
        generation = client.generate(request)
    generation = magics.keep(magics.shown(generation, full=asked.full, width=asked.width))
    if asked.save:
        generation.save(asked.save)
    return generation


def _grid(
    magics: GeminiMagics, asked: Namespace, planned: plan.Plan, client: Client, name: str | None
) -> Batch:
    progress = batch.Progress(planned.requests)
    try:
        with live.shown(live.counting(progress, planned.labels)):
            client.run(progress, asked.concurrency)
    except Cancelled:
        made = _kept(magics, asked, planned, progress)
        if name:
            magics.shell.user_ns[name] = made
        raise
    made = _kept(magics, asked, planned, progress)
    _check(made, strict=asked.strict)
    return made


def _kept(magics: GeminiMagics, asked: Namespace, planned: plan.Plan, progress: batch.Progress) -> Batch:
    """The batch as it stands: counted, labelled, saved."""
    made = replace(progress.batch(), labels=planned.labels, columns=planned.columns)
    for generation in made.generations:
        magics.keep(generation)
        if asked.save:
            generation.image.save(f"{asked.save}/", unique=True, stem=save.safe_stem(generation.prompt))
    return made


def _check(made: Batch, *, strict: bool) -> None:
    """Fail the cell if every picture failed, or any where that was asked for."""
    errors = made.errors
    if errors and (strict or not made.generations):
        first: GeminiError = errors[0]
        if len(made) > 1:
            first.args = (f"{len(errors)} of {len(made)} pictures failed. The first: {first.args[0]}",)
        raise first
