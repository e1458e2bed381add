"""What `%%gemini_image` does: from a line and a prompt to a picture, or a grid of them."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gemini_nb.batch import run
from gemini_nb.batch.result import Batch
from gemini_nb.costs import estimate
from gemini_nb.errors import ArgumentError, Cancelled, GeminiError
from gemini_nb.generation import Generation
from gemini_nb.notebook import options, plan, saving, variables
from gemini_nb.notebook import progress as live
from gemini_nb.request import ImageRequest
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from gemini_nb.client.client import Client
    from gemini_nb.notebook.session import Session


def make(
    session: Session, line: str, cell: str | None, names: Mapping[str, Any]
) -> Generation | Batch | None:
    """Carry out one `%gemini_image`: parse, plan, check the cost, ask, save, assign, and return what to show.

    `names` are the variables that the line and the prompt may name.
    """
    asked = options.image_parser(cell=cell is not None).parse_tokens(options.tokens(line))
    asked.is_cell = cell is not None
    asked.name = asked.name if asked.is_cell else None
    prompt = " ".join(asked.prompt) if cell is None else body(cell)
    client = session.client(replay=asked.replay, dry_run=asked.dry_run)
    planned = _plan(session, asked, prompt, client, names)
    if not check_cost(session, asked, planned.requests, client):
        return None
    if asked.stream and planned.is_grid:
        raise ArgumentError("--stream shows the words of one picture.", hint="Leave it out for several.")
    act = _grid if planned.is_grid else _one
    made = act(session, asked, planned, client)
    return None if asked.quiet and asked.is_cell else made


def body(cell: str) -> str:
    """The prompt in a cell's body; a leading `# NBVAL_…` line is for the test runner."""
    first, _, rest = cell.partition("\n")
    return (rest if first.startswith("# NBVAL_") else cell).strip()


def _plan(
    session: Session, asked: Namespace, prompt: str, client: Client, names: Mapping[str, Any]
) -> plan.Plan:
    if not prompt:
        raise ArgumentError("The prompt is empty.", hint="Say what to paint.")
    sources = variables.read(asked.images, names)
    images = client.read_images(sources) if sources else ()
    return plan.make(
        prompt,
        models=asked.models or [session.defaults.model],
        count=asked.count,
        first_take=asked.take,
        vary=asked.vary,
        each=asked.each,
        raw=asked.raw,
        names=names,
        request=partial(ImageRequest, images=images, **settings(session, asked)),
    )


def settings(session: Session, asked: Namespace) -> dict[str, Any]:
    """What of a request the line sets, else a default of the session."""
    return {
        "aspect_ratio": asked.aspect_ratio or session.defaults.aspect_ratio or None,
        "image_size": asked.image_size or session.defaults.image_size or None,
        "text": asked.text or asked.stream,
    }


def check_cost(session: Session, asked: Namespace, requests: Sequence[ImageRequest], client: Client) -> bool:
    """Check cost and target before anything is sent; a dry run says what it would be and returns False."""
    costs = estimate(requests, holds=client.holds, provider=client.provider)
    if asked.dry_run:
        print("\n".join(costs.lines()))
        return False
    if asked.save:
        saving.check(asked.save, several=len(requests) > 1, is_stored=not costs.sent)
    max_cost = session.defaults.max_cost if asked.max_cost is None else asked.max_cost
    costs.check(max_cost=max_cost, max_images=session.defaults.max_images)
    return True


def _one(session: Session, asked: Namespace, planned: plan.Plan, client: Client) -> Generation:
    (request,) = planned.requests
    waiting = live.one_image(request.model, client.provider.name, session.spending)
    said: list[str] = []
    with live.showing_progress(
        waiting, alone=asked.is_cell, quiet=asked.quiet, offline=client.is_offline, said=said
    ):
        generation = _streamed(client, request, said) if asked.stream else client.generate(request)
    return finish(session, asked, generation, streamed=asked.stream)


def _streamed(client: Client, request: ImageRequest, said: list[str]) -> Generation:
    with client.generate(request, stream=True) as stream:
        for piece in stream:
            if isinstance(piece, str):
                said.append(piece)  # noqa: PERF401 - each is drawn as it comes
        return stream.generation


def finish(
    session: Session, asked: Namespace, generation: Generation, *, streamed: bool = False
) -> Generation:
    """Count, save and assign one picture, and return it as it is to be shown."""
    generation = session.with_preview(generation, full=asked.full, width=asked.width)
    _remember(session, asked, generation, streamed=streamed)
    if asked.save:
        generation = saving.one(generation, asked.save)
    session.assign(asked.name, generation)
    return generation


def _remember(session: Session, asked: Namespace, generation: Generation, *, streamed: bool = False) -> None:
    """Count a picture as the last, with what `%gemini code` has to know of its cell."""
    session.keep(generation)
    session.last_sources, session.last_streamed = tuple(asked.images), streamed


def _grid(session: Session, asked: Namespace, planned: plan.Plan, client: Client) -> Batch:
    """Ask for a grid; what has finished is kept and assigned whatever happens to the rest."""
    places = {request.digest: place for place, request in enumerate(planned.requests)}
    distinct = [planned.requests[place] for place in places.values()]  # equal ones once
    progress = run.Progress(distinct, is_stored=client.holds)
    labels = [planned.labels[place] for place in places.values()]
    counting = live.many_images(progress, client.provider.name, session.spending, asked.concurrency)
    newest = live.latest_images(progress, labels, planned.columns)
    try:
        with live.showing_progress(
            counting, pictures=newest, alone=asked.is_cell, quiet=asked.quiet, offline=client.is_offline
        ):
            client.run(progress, asked.concurrency)
    except Cancelled:
        made, _ = _batch_so_far(session, asked, planned, progress)
        stopped = _stopped(made, asked, is_stored=client.store is not None)
        stopped.batch = made
        raise stopped from None
    made, unsaved = _batch_so_far(session, asked, planned, progress)
    failure = unsaved or _failure(made, strict=asked.strict)
    if failure is not None:
        _show_before(made, asked)
        raise failure
    return made


def _batch_so_far(
    session: Session, asked: Namespace, planned: plan.Plan, progress: run.Progress
) -> tuple[Batch, GeminiError | None]:
    """Return the batch as it stands, counted, saved and assigned, and why a picture could not be saved."""
    for outcome in progress.outcomes:
        if isinstance(outcome, Generation):
            _remember(session, asked, outcome)
    outcomes = {
        request.digest: outcome for request, outcome in zip(progress.requests, progress.outcomes, strict=True)
    }
    problem = None
    if asked.save:
        problem = _save(asked.save, planned, outcomes)
    made = Batch(
        planned.requests,
        tuple(outcomes[request.digest] for request in planned.requests),
        labels=planned.labels,
        values=planned.values,
        columns=planned.columns,
    )
    session.assign(asked.name, made)
    return made, problem


def _save(path: str, planned: plan.Plan, outcomes: dict[str, Any]) -> GeminiError | None:
    """Save the pictures among the outcomes, and put them back with their paths."""
    labels = {request.digest: label for request, label in zip(planned.requests, planned.labels, strict=True)}
    made = [(one, labels[digest]) for digest, one in outcomes.items() if isinstance(one, Generation)]
    saved, problem = saving.into_folder(path, made)
    outcomes.update({one.digest: one for one in saved})
    return problem


def _stopped(made: Batch, asked: Namespace, *, is_stored: bool) -> Cancelled:
    count = len(made.generations)
    where = [f"in {asked.name}"] if asked.name else []
    where += ["in the store"] if is_stored else []
    kept = f", kept {' and '.join(where)}" if count and where else ""
    return Cancelled(f"{count} of {format_count(len(made), 'picture')} had finished{kept}.")


def _failure(made: Batch, *, strict: bool) -> GeminiError | None:
    """The error that fails the cell: every picture failed, or any did where that was asked for."""
    errors = made.errors
    if not errors or (made.generations and not strict):
        return None
    failure = copy(errors[0])
    if len(made) > 1:
        failed = f"{len(errors)} of {format_count(len(made), 'picture')} failed. The first: "
        failure.args = (failed + str(failure.args[0]), *failure.args[1:])
    return failure


def _show_before(made: Batch, asked: Namespace) -> None:
    """Show a batch whose cell is about to fail: its tiles say which failed and why."""
    from IPython.display import display  # noqa: PLC0415 - here only in a shell

    if not asked.quiet and (made.generations or len(made) > 1):
        display(replace(made))
