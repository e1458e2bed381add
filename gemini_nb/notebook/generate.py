"""`%%gemini_image` and `%gemini_image`: from a line and a prompt to one picture, or to a grid of them."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gemini_nb import event_loop, interrupts
from gemini_nb.batch.result import Batch
from gemini_nb.batch.run import Progress
from gemini_nb.call import Call
from gemini_nb.costs import estimate
from gemini_nb.errors import ArgumentError, Cancelled, GeminiError, SaveError
from gemini_nb.generation import Generation
from gemini_nb.notebook import jobs, options, variables
from gemini_nb.notebook.error_boundary import explain_missing_key
from gemini_nb.notebook.progress import batch_jobs, latest_images, many_images, one_image, showing_progress
from gemini_nb.prompts import saving
from gemini_nb.prompts.plan import make_plan
from gemini_nb.request import ImageRequest
from gemini_nb.settings.words import check_mask_options, read_options
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping, Sequence

    from gemini_nb.client.async_client import Tier
    from gemini_nb.client.client import Client
    from gemini_nb.images.inputs import InputImage
    from gemini_nb.notebook.call_site import CallSite
    from gemini_nb.notebook.session import Session
    from gemini_nb.prompts.plan import Plan


def run(
    session: Session, line: str, cell: str | None, names: Mapping[str, Any], site: CallSite
) -> Generation | Batch | None:
    """Carry out one `%gemini_image`: parse, plan, check the cost, ask, save, assign, and return what to show.

    `names` are the variables that the line and the prompt may name, `site` is where the magic was called.
    """
    parser = options.image_parser(cell=cell is not None)
    args = parser.parse_words(options.split_words(line))
    args.site = site
    args.name = None if cell is None else args.name
    prompt = " ".join(args.prompt) if cell is None else read_prompt(cell, parser, args)
    client = session.client(replay=args.replay, dry_run=args.dry_run)
    if args.batch:
        jobs.check_batch(session, client, replay=args.replay)
    plan = _make_plan(session, args, prompt, client, names)
    tier: Tier | None = "batch" if args.batch else None
    if not check_cost(session, args, plan.requests, client, paths=plan.paths, tier=tier):
        return None
    if args.stream and plan.is_grid:
        raise ArgumentError("--stream works for one picture only.", hint="Leave it out for several.")
    if args.batch and not plan.is_grid:
        raise ArgumentError("--batch is for several pictures.", hint="Nothing was sent. Add --each FRAME.")
    result = (_generate_many if plan.is_grid else _generate_one)(session, args, plan, client)
    return None if args.quiet and not site.is_taken else result


def read_prompt(cell: str, parser: options.Parser, args: Namespace) -> str:
    """Return the prompt in a cell's body; a leading `# NBVAL_…` line is for the test runner.

    Warns of options in it; raises `ArgumentError` where there is none.
    """
    first, _, rest = cell.partition("\n")
    prompt = (rest if first.startswith("# NBVAL_") else cell).strip()
    if not prompt:
        name = f" {args.name!r} on the line is the name of the result." if args.name else ""
        raise ArgumentError("The prompt is empty.", hint=f"Write it below the line, in the body.{name}")
    parser.warn_of_options_in(prompt)
    return prompt


def _make_plan(
    session: Session, args: Namespace, prompt: str, client: Client, names: Mapping[str, Any]
) -> Plan:
    if not prompt:
        raise ArgumentError("The prompt is empty.", hint='Say what to paint: %gemini_image "a red square"')
    images = read_images(args, names, client)
    given = read_given_mask(args, names, client)
    mask = client.read_mask(given, images, feather=args.feather)
    return make_plan(
        prompt,
        models=args.models or [session.defaults.model],
        count=args.count,
        first_take=args.take,
        vary=args.vary,
        each=args.each,
        raw=args.raw,
        names=names,
        save=args.save,
        request=partial(
            ImageRequest,
            images=images,
            mask=mask,
            provider=client.provider.name,
            **request_settings(session, args, names),
        ),
        provider=client.provider.name,
    )


def read_images(args: Namespace, names: Mapping[str, Any], client: Client) -> tuple[InputImage, ...]:
    """Read the input images that the line names, off the main thread: an interrupt is heard."""
    if not args.images:
        return ()
    found = variables.find_images(args.images, names)
    return tuple(event_loop.run(variables.read_images, found, client.asynchronous))


def read_given_mask(args: Namespace, names: Mapping[str, Any], client: Client) -> Any:
    """Return what the line gives as the mask of an edit: an array, a box or a picture, else None."""
    check_mask_options(args)
    if args.mask is None:
        return args.region
    return event_loop.run(variables.read_mask, args.mask, names, client.asynchronous)


def request_settings(session: Session, args: Namespace, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of `ImageRequest` that the line sets, or else the defaults of the session."""
    return {
        **read_options(args),
        "system": variables.read_text("--system", args.system, names),
        "aspect_ratio": args.aspect_ratio or session.defaults.aspect_ratio or None,
        "image_size": args.image_size or session.defaults.image_size or None,
        "text": args.text or args.stream,
    }


def check_cost(
    session: Session,
    args: Namespace,
    requests: Sequence[ImageRequest],
    client: Client,
    *,
    paths: Sequence[str],
    tier: Tier | None = None,
) -> bool:
    """Check cost and targets before anything is sent; a dry run says what it would be and returns False.

    `tier` is "batch" for batch jobs.
    """
    session.say_where_store_is(client)
    costs = estimate(requests, holds=client.holds, provider=client.provider, tier=tier)
    max_cost = session.defaults.max_cost if args.max_cost is None else args.max_cost
    max_images = session.defaults.max_images
    args.is_sent = bool(costs.sent) and client.may_ask and not client.is_offline
    if args.dry_run:
        print("\n".join(costs.lines(max_cost=max_cost, max_images=max_images)))
        return False
    if paths:
        saving.check_paths(requests, paths, costs=costs, client=client, overwrite=args.overwrite)
    costs.check(max_cost=max_cost, max_images=max_images)
    return True


def _generate_one(session: Session, args: Namespace, plan: Plan, client: Client) -> Generation:
    (request,) = plan.requests
    words: list[str] = []
    with waiting_for_one(session, args, request, client, words):
        generation = _stream(client, request, words) if args.stream else client.generate(request)
    return finish(session, args, generation, paths=plan.paths)


@contextmanager
def waiting_for_one(
    session: Session, args: Namespace, request: ImageRequest, client: Client, words: Sequence[str]
) -> Iterator[None]:
    """Draw a line while the block asks for one picture, and count the request where it fails.

    What the block appends to `words` is drawn below the line.
    """
    call = Call()
    render = one_image(request.model, client.provider.name, session.spending, call)
    progress = showing_progress(
        session, render, site=args.site, quiet=args.quiet, instant=not args.is_sent, words=words, call=call
    )
    with session.counting_failures(request, client), progress:
        yield


def _stream(client: Client, request: ImageRequest, words: list[str]) -> Generation:
    with client.generate(request, stream=True) as stream:
        for piece in stream:
            if isinstance(piece, str):
                words.append(piece)  # noqa: PERF401 - each is drawn as it comes
        return stream.generation


def finish(session: Session, args: Namespace, generation: Generation, *, paths: Sequence[str]) -> Generation:
    """Count, save and assign one picture, and return it as it is to be shown."""
    width = None if args.full else args.width or session.defaults.preview_width
    generation = replace(generation, preview_width=width)
    session.keep(generation, sources=args.images, streamed=args.stream)
    for path in paths:
        generation = saving.save_one(generation, path, overwrite=args.overwrite)
    session.assign(args.name, generation)
    return generation


def _generate_many(session: Session, args: Namespace, plan: Plan, client: Client) -> Batch:
    """Ask for a grid; what has finished is kept and assigned whatever happens to the rest."""
    positions = {request.digest: position for position, request in enumerate(plan.requests)}
    distinct = [plan.requests[position] for position in positions.values()]  # equal ones once
    labels = [plan.labels[position] for position in positions.values()]
    progress = Progress(distinct, is_stored=client.holds)
    if args.batch:
        render = batch_jobs(progress.call)
    else:
        render = many_images(progress, client.provider.name, session.spending, args.concurrency)
    latest = latest_images(progress, labels, plan.columns)
    is_cancelled = False
    with interrupts.held() as hold:  # a second interrupt must not lose what has finished
        try:
            with showing_progress(
                session, render, pictures=latest, site=args.site, quiet=args.quiet, instant=not args.is_sent
            ):
                client.run_batch(progress, args.concurrency, tier="batch" if args.batch else None)
        except Cancelled:
            is_cancelled = True
        batch, save_error = _collect_batch(session, args, plan, client, progress)
        if is_cancelled or hold.is_pending or isinstance(save_error, Cancelled):
            going_on = progress.call.words_after_stop
            cancelled = _cancelled_error(batch, args, going_on, is_stored=client.store is not None)
            cancelled.batch = batch
            raise cancelled
    error = save_error or batch_error(batch, strict=args.strict)
    if error is not None:
        if not args.quiet and (batch.generations or len(batch) > 1):
            from IPython.display import display  # noqa: PLC0415 - here only in a shell

            with suppress(Exception):  # a display that fails must not hide the error
                display(replace(batch))  # its tiles say which failed and why
        raise error
    return batch


def _collect_batch(
    session: Session, args: Namespace, plan: Plan, client: Client, progress: Progress
) -> tuple[Batch, SaveError | Cancelled | None]:
    """Return the batch as it stands, counted, saved and assigned, and why a picture could not be saved."""
    for outcome in progress.outcomes:
        if isinstance(outcome, Generation):
            session.keep(outcome, sources=args.images)
    asked = progress.batch()
    session.count_failures(asked, client)
    by_digest = {request.digest: place for place, request in enumerate(asked.requests)}
    places = [by_digest[request.digest] for request in plan.requests]  # equal ones share an outcome
    answers: list[Any] = [asked.outcomes[place] for place in places]
    save_error = None
    if plan.paths:
        answers, save_error = saving.save_many(answers, plan.paths, plan.labels, overwrite=args.overwrite)
    batch = Batch(
        plan.requests,
        tuple(answers),
        labels=plan.labels,
        values=plan.values,
        columns=plan.columns,
        source=plan.source,
        interrupted=frozenset(at for at, place in enumerate(places) if place in asked.interrupted),
        in_jobs=frozenset(at for at, place in enumerate(places) if place in asked.in_jobs),
        seconds=asked.seconds,
    )
    session.last_error = batch_error(batch, strict=True) or session.last_error
    session.assign(args.name, batch)
    return batch, save_error


def _cancelled_error(batch: Batch, args: Namespace, going_on: str, *, is_stored: bool) -> Cancelled:
    count = len(batch.generations)
    where = [f"in {args.name}"] if args.name else []
    where += ["in the store"] if is_stored else []
    kept = f", kept {' and '.join(where)}" if count and where else ""
    finished = f"{count} of {format_count(len(batch), 'picture')} had finished{kept}"
    billed = f"; {len(batch.interrupted)} under way may have been billed" if batch.interrupted else ""
    return Cancelled(f"{finished}{billed}. {going_on}".rstrip())


def batch_error(batch: Batch, *, strict: bool) -> GeminiError | None:
    """Return the error that fails the cell: every picture failed, or any did where that was asked for."""
    errors = batch.errors
    if not errors or (batch.generations and not strict):
        return None
    error = copy(errors[0])
    explain_missing_key(error)
    if len(batch) > 1:
        first = ". The first" if len(errors) > 1 else ""
        summary = f"{len(errors)} of {format_count(len(batch), 'picture')} failed{first}: "
        error.args = (summary + str(error.args[0]), *error.args[1:])
    return error
