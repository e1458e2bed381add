"""`gemini-nb generate`: a picture from a prompt, saved where it is wanted or else where it can be found.

Many of them, a row of a file each, are `each`'s.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb import models
from gemini_nb.cli import each
from gemini_nb.cli.terminal import discard_stdout, say, say_words
from gemini_nb.errors import ArgumentError, SaveError
from gemini_nb.files import is_folder
from gemini_nb.settings.words import add_mask_options, add_options, check_mask_options, read_options
from gemini_nb.store import replay_mode

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from contextlib import AbstractContextManager
    from typing import TextIO

    from gemini_nb.client.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.request import ImageRequest

_HINT = "Name another file, or let --overwrite replace it."


def add(parser: ArgumentParser) -> None:
    """Add the options to the parser of `generate`."""
    parser.set_defaults(command=_generate)
    add = parser.add_argument
    add("prompt", help="what to paint; - reads it from stdin")
    about = "file or folder/; the suffix says the type, without one the bytes are what came; - is stdout"
    add("-o", "--output", required=True, metavar="PATH", help=about)
    about = "let -o replace any file, not only one saved from the store and not changed since"
    add("--overwrite", action="store_true", help=about)
    about = "model id or alias (default: the provider's own)"
    add("-m", "--model", default=models.DEFAULT, metavar="NAME", help=about)
    about = "input image: a file or an https address; repeatable"
    add("-i", "--image", action="append", default=[], dest="images", metavar="SOURCE", help=about)
    about = "mask of the -i picture, of its size and white where it may change; all other pixels stay"
    add_mask_options(add, about=about)
    add("-a", "--aspect-ratio", metavar="W:H", help="e.g. 16:9")
    size = "512, 1K, 2K or 4K, where the model has a choice"
    add("-z", "--image-size", metavar="SIZE", help=size)
    add_options(add)
    add_provider(parser)
    store = 'folder to replay from and keep in, or "off" (default: GEMINI_NB_STORE, else off, but '
    store += ".gemini_nb with --each)"
    add("--store", metavar="FOLDER", help=store)
    replay = "auto, only, refresh or off (default: GEMINI_NB_REPLAY, else auto)"
    add("--replay", choices=replay_mode.MODES, default="auto", metavar="MODE", help=replay)
    about = "say what would be sent and what it would cost; send nothing"
    add("--dry-run", action="store_true", help=about)
    add("--json", action="store_true", help="print the result as JSON instead of only the path")
    about = "also ask for text and print it as it arrives, before the path; to stderr with --json or -o -"
    add("--stream", action="store_true", help=about)
    each.add_options(parser)


def _generate(args: Namespace) -> None:
    from gemini_nb.cli.terminal import progress  # noqa: PLC0415
    from gemini_nb.costs import estimate  # noqa: PLC0415
    from gemini_nb.images.save import check_free  # noqa: PLC0415 - each command loads what it needs

    check_mask_options(args)
    each.check(args)
    if args.each:
        each.generate_each(args, _client(args), _read_prompt(args))
        return
    to_stdout = args.output == "-"
    if to_stdout and not args.dry_run:
        _check_stdout(args)
    client = _client(args)
    if not to_stdout:
        may_exist = args.overwrite or client.is_offline  # then nothing is paid for in vain
        check_free(args.output, archive=client.saved_files, overwrite=may_exist, hint=_HINT)
    request = client.request(
        _read_prompt(args),
        model=args.model,
        images=args.images,
        mask=args.region if args.mask is None else args.mask,
        feather=args.feather,
        aspect_ratio=args.aspect_ratio,
        image_size=args.image_size,
        text=args.stream,
        **read_options(args),
    )
    if args.dry_run:
        costs = estimate([request], holds=client.holds, provider=client.provider)
        print("\n".join(costs.lines(max_cost=None, max_images=1)))
        return
    waiting = progress(lambda: f"{client.provider.name} for {request.model}", verb="Asking ")
    if args.stream:
        out = sys.stderr if to_stdout or args.json else sys.stdout
        generation = _print_stream(client, request, waiting, out)
    else:
        with waiting:
            generation = client.generate(request)
    if to_stdout:
        _write_out(generation)
    else:
        path = _save(generation, args.output, overwrite=args.overwrite)
        _print_answer(json.dumps(_facts(generation, path), indent=2) if args.json else str(path), path)
    for line in (generation.caption, *generation.notes):
        say(line)


def _client(args: Namespace) -> Client:
    from gemini_nb.client.client import Client  # noqa: PLC0415 - each command loads what it needs
    from gemini_nb.store.location import NAME  # noqa: PLC0415

    usual = NAME if args.each else "off"  # a table is seldom done in one run
    folder: str | None = args.store or os.environ.get("GEMINI_NB_STORE") or usual
    mode = args.replay
    if folder == "off":  # without a store a client wants its key at once, and a dry run needs none
        folder, mode = (NAME, "off") if args.dry_run else (None, mode)
    return Client(args.provider, base_url=args.base_url, store=folder, replay=mode, timeout=args.timeout)


def _print_stream(
    client: Client, request: ImageRequest, waiting: AbstractContextManager[None], out: TextIO
) -> Generation:
    """Print the words of a reply as they come; the line that tells of waiting ends with the first of them."""
    with waiting:
        stream = client.generate(request, stream=True)
        first = next(stream, None)
    with stream:
        say_words(chain([first], stream), out)
        return stream.generation


def _check_stdout(args: Namespace) -> None:
    hint = "Nothing was sent. Name a file, or pipe the bytes to a program."
    if args.json:
        raise ArgumentError("-o - and --json both write to stdout.", hint=hint)
    if sys.stdout.isatty():
        raise ArgumentError("A picture is not written to a terminal.", hint=hint)


def _read_prompt(args: Namespace) -> str:
    if args.prompt != "-":
        return str(args.prompt)
    if sys.stdin is None:
        raise ArgumentError("The prompt should come from stdin, but stdin is closed.")
    return sys.stdin.buffer.read().decode("utf-8", "replace").strip()


def _write_out(generation: Generation) -> None:
    try:
        sys.stdout.buffer.write(generation.image.data)
        sys.stdout.flush()
    except OSError as error:
        discard_stdout()
        problem = f"The picture could not be written to stdout: {error.strerror or error}."
        raise _keep_unsaved(generation, problem) from None


def _print_answer(answer: str, path: Path) -> None:
    try:
        print(answer, flush=True)
    except OSError:
        say(f"gemini-nb: the picture is saved as {path}")
        raise


def _save(generation: Generation, output: str, *, overwrite: bool) -> Path:
    from gemini_nb.images import save  # noqa: PLC0415 - each command loads what it needs

    image, stem, folder = generation.image, save.safe_stem(generation.prompt), Path(output).expanduser()
    try:
        if output.endswith("/") or is_folder(folder):
            return save.save_into(image, folder, stem=stem).path
        saved = save.save(image, output, overwrite=overwrite, hint=_HINT)
    except SaveError as error:
        advice = f"{_HINT} " if error.hint == _HINT else ""  # the others speak of Python
        raise _keep_unsaved(generation, str(error.args[0]), advice) from None
    if remark := save.describe_conversions([saved]):
        save.warn(remark)
    return saved.path


def _keep_unsaved(generation: Generation, problem: str, advice: str = "") -> SaveError:
    """Keep a picture, since it may have been paid for, in the cache folder; return the error that says so."""
    from gemini_nb.images.save import safe_stem  # noqa: PLC0415 - each command loads what it needs
    from gemini_nb.reply.kept import cache_folder  # noqa: PLC0415

    name = f"{safe_stem(generation.prompt)}{generation.image.suffix}"
    try:
        path = generation.save(cache_folder().with_name("unsaved") / name, unique=True)
        hint = f"{advice}The picture is kept in {path}"
    except (SaveError, OSError, RuntimeError):  # the last two: no cache folder can be named
        hint = f"{advice}The picture could not be kept in the cache folder either."
    return SaveError(problem, hint=hint, image=generation.image)


def _facts(generation: Generation, path: Path) -> dict[str, Any]:
    image = generation.image
    return {
        "path": str(path),
        "prompt": generation.prompt,
        "model": generation.model,
        "provider": generation.provider,
        "mime_type": image.mime_type,
        "width": image.width,
        "height": image.height,
        "sha256": image.sha256,
        "source": image.source,
        "digest": generation.digest,
        "replayed": generation.replayed,
        "seconds": round(generation.seconds, 3),
        "estimated_cost": 0.0 if generation.replayed else generation.estimated_cost,
        "notes": list(generation.notes),
    }


def add_provider(parser: ArgumentParser) -> None:
    """Add the options that say who is asked, and for how long."""
    add = parser.add_argument
    about = "crazyrouter, google, offline or auto (default: GEMINI_NB_PROVIDER, else crazyrouter)"
    add("-p", "--provider", metavar="NAME", help=about)
    add("--base-url", metavar="URL", help="another server's address (default: GEMINI_NB_BASE_URL)")
    about = "time limit for one picture, everything included (default: %(default)g)"
    add("--timeout", type=float, default=240.0, metavar="SECONDS", help=about)
