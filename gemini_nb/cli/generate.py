"""`gemini-nb generate`: one picture from a prompt, saved where it is wanted or else where it can be found."""

from __future__ import annotations

import json
import os
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb import models
from gemini_nb.cli.terminal import discard_stdout, say, say_words
from gemini_nb.errors import ArgumentError, SaveError
from gemini_nb.files import is_folder
from gemini_nb.store import replay_mode

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from contextlib import AbstractContextManager
    from typing import TextIO

    from gemini_nb.client.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.request import ImageRequest


def add(parser: ArgumentParser) -> None:
    """Add the options to the parser of `generate`."""
    parser.set_defaults(command=_generate)
    add = parser.add_argument
    add("prompt", help="what to paint; - reads it from stdin")
    about = "file, or folder/, for the original bytes; - writes them to stdout, for a pipe"
    add("-o", "--output", required=True, metavar="PATH", help=about)
    about = "model id or alias (default: %(default)s)"
    add("-m", "--model", default=models.DEFAULT_MODEL, metavar="NAME", help=about)
    about = "picture to work from, a file or an https address; repeatable"
    add("-i", "--image", action="append", default=[], dest="images", metavar="SOURCE", help=about)
    add("-a", "--aspect-ratio", metavar="W:H", help="e.g. 16:9")
    size = "512, 1K, 2K or 4K, where the model has a choice"
    add("-z", "--image-size", metavar="SIZE", help=size)
    add_provider(parser)
    store = 'folder to replay from and keep in, or "off" (default: GEMINI_NB_STORE, else off)'
    add("--store", metavar="FOLDER", help=store)
    replay = "auto, only, refresh or off (default: GEMINI_NB_REPLAY, else auto)"
    add("--replay", choices=replay_mode.MODES, default="auto", metavar="MODE", help=replay)
    add("--json", action="store_true", help="print what came as JSON instead of the path alone")
    about = "ask for words too and print them as they come, before the path; to stderr with --json or -o -"
    add("--stream", action="store_true", help=about)


def _generate(args: Namespace) -> None:
    from gemini_nb.cli.terminal import progress  # noqa: PLC0415
    from gemini_nb.images.save import check_free  # noqa: PLC0415 - each command loads what it needs

    to_stdout = args.output == "-"
    if to_stdout:
        _check_stdout(args)
    else:
        check_free(args.output)
    prompt = _read_stdin() if args.prompt == "-" else args.prompt
    client = _client(args)
    request = client.request(
        prompt,
        model=args.model,
        images=args.images,
        aspect_ratio=args.aspect_ratio,
        image_size=args.image_size,
        text=args.stream,
    )
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
        path = _save(generation, args.output)
        _print_answer(json.dumps(_facts(generation, path), indent=2) if args.json else str(path), path)
    for line in (generation.caption, *generation.notes):
        say(line)


def _client(args: Namespace) -> Client:
    from gemini_nb.client.client import Client  # noqa: PLC0415 - each command loads what it needs

    folder = args.store or os.environ.get("GEMINI_NB_STORE") or "off"
    return Client(
        args.provider,
        base_url=args.base_url,
        store=None if folder == "off" else folder,
        replay=args.replay,
        timeout=args.timeout,
    )


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
        raise ArgumentError("-o - and --json both want stdout.", hint=hint)
    if sys.stdout.isatty():
        raise ArgumentError("A picture's bytes are not for a terminal.", hint=hint)


def _read_stdin() -> str:
    if sys.stdin is None:
        raise ArgumentError("The prompt is to come from stdin, which is closed.")
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


def _save(generation: Generation, output: str) -> Path:
    from gemini_nb.images.save import safe_stem  # noqa: PLC0415 - each command loads what it needs

    try:
        into_folder = output.endswith("/") or is_folder(Path(output).expanduser())
        return generation.save(output, stem=safe_stem(generation.prompt), unique=into_folder)
    except SaveError as error:
        raise _keep_unsaved(generation, str(error.args[0])) from None


def _keep_unsaved(generation: Generation, problem: str) -> SaveError:
    """Keep a picture, since it may have been paid for, in the cache folder; return the error that says so."""
    from gemini_nb.images.save import safe_stem  # noqa: PLC0415 - each command loads what it needs
    from gemini_nb.reply.kept import cache_folder  # noqa: PLC0415

    name = f"{safe_stem(generation.prompt)}{generation.image.suffix}"
    try:
        hint = f"It is kept in {generation.save(cache_folder().with_name('unsaved') / name, unique=True)}"
    except (SaveError, OSError, RuntimeError):  # the last two: no cache folder can be named
        hint = "It could not be kept in the cache folder either."
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
    about = "deadline of one picture, everything included (default: %(default)g)"
    add("--timeout", type=float, default=240.0, metavar="SECONDS", help=about)
