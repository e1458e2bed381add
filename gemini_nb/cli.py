"""The command line: generate, probe, serve, store, demo.

Answers go to stdout, everything else to stderr. Exit codes: 0 done, 1 a `GeminiError`, 2 wrong usage,
130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb import __version__, cli_store, models
from gemini_nb.errors import ArgumentError, Cancelled, GeminiError
from gemini_nb.figure import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.generation import Generation

_TIMEOUT_SECONDS = 240.0
_EPILOG = """\
exit codes:
  0  done
  1  it failed; stderr says why and what to do next
  2  the command is written wrongly
  130  interrupted

A key is never an argument: set CRAZYROUTER_API_KEY, or GEMINI_API_KEY with --provider google.
"""


MAX_DELAY_SECONDS = 3600


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = asked.command
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            command(asked)
        sys.stdout.flush()
    except GeminiError as error:
        _say(f"gemini-nb: {error}")
        return 1
    except (Cancelled, KeyboardInterrupt) as interrupt:
        _say(f"gemini-nb: interrupted. {interrupt}".rstrip())
        return 130
    except BrokenPipeError:  # the reader of stdout has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr)


def _warn(message: Warning | str, *_where: Any, **_more: Any) -> None:
    _say(f"gemini-nb: {message}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gemini-nb",
        description="Gemini image models, in Jupyter and beside it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gemini-nb {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (add, about) in _COMMANDS.items():
        add(commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}."))
    return parser


def _add_provider(parser: argparse.ArgumentParser, *, timeout: float = _TIMEOUT_SECONDS) -> None:
    add = parser.add_argument
    about = "crazyrouter, google, offline or auto (default: GEMINI_NB_PROVIDER, else crazyrouter)"
    add("-p", "--provider", help=about)
    add("--base-url", metavar="URL", help="another server's address (default: GEMINI_NB_BASE_URL)")
    about = "deadline of one picture, everything included (default: %(default)s)"
    add("--timeout", type=float, default=timeout, metavar="SECONDS", help=about)


def _add_generate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_generate)
    add = parser.add_argument
    add("prompt", help="what to paint")
    add("-o", "--output", required=True, type=Path, help="file or folder for the original bytes")
    add("-m", "--model", default=models.DEFAULT_MODEL, help="model id or alias (default: %(default)s)")
    add("-i", "--image", action="append", default=[], dest="images", help="picture to work from; repeatable")
    add("-a", "--aspect-ratio", metavar="W:H", help="e.g. 16:9")
    size = "512, 1K, 2K or 4K, where the model has a choice"
    add("-z", "--image-size", metavar="SIZE", help=size)
    _add_provider(parser)
    store = 'folder to replay from and keep in, or "off" (default: GEMINI_NB_STORE, else off)'
    add("--store", metavar="FOLDER", help=store)
    modes = ("auto", "only", "refresh", "off")
    replay = "auto, only, refresh or off (default: GEMINI_NB_REPLAY, else auto)"
    add("--replay", choices=modes, default="auto", metavar="MODE", help=replay)
    add("--json", action="store_true", help="print what came as JSON instead of the path alone")


def _generate(asked: argparse.Namespace) -> None:
    from gemini_nb.client import Client  # noqa: PLC0415 - each command loads what it needs
    from gemini_nb.save import check_free, safe_stem  # noqa: PLC0415
    from gemini_nb.terminal import progress  # noqa: PLC0415

    check_free(asked.output)
    folder = asked.store or os.environ.get("GEMINI_NB_STORE") or "off"
    client = Client(
        asked.provider,
        base_url=asked.base_url,
        store=None if folder == "off" else Path(folder).expanduser(),
        replay=asked.replay,
        timeout=asked.timeout,
    )
    request = client.request(
        asked.prompt,
        model=asked.model,
        images=asked.images,
        aspect_ratio=asked.aspect_ratio,
        image_size=asked.image_size,
    )
    with progress(lambda: f"Asking {client.provider.name} for {request.model}"):
        generation = client.generate(request)
    path = generation.save(asked.output, stem=safe_stem(asked.prompt))
    print(json.dumps(_facts(generation, path), indent=2) if asked.json else path)
    for line in (generation.caption, *generation.notes):
        _say(line)


def _facts(made: Generation, path: Path) -> dict[str, Any]:
    image = made.image
    return {
        "path": str(path),
        "prompt": made.prompt,
        "model": made.model,
        "provider": made.provider,
        "mime_type": image.mime_type,
        "width": image.width,
        "height": image.height,
        "sha256": image.sha256,
        "source": image.source,
        "digest": made.digest,
        "replayed": made.replayed,
        "seconds": round(made.seconds, 3),
        "estimated_cost": 0.0 if made.replayed else made.estimated_cost,
        "notes": list(made.notes),
    }


def _add_probe(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_probe)
    add = parser.add_argument
    add("-m", "--model", action="append", default=[], dest="models", help="ask this one; repeatable")
    add("--format", choices=("text", "markdown", "json"), default="text", help="(default: %(default)s)")
    add("--yes", action="store_true", help="send it; without, the estimated cost is said and nothing is sent")
    _add_provider(parser)


def _probe(asked: argparse.Namespace) -> None:
    from gemini_nb import background, probe, providers  # noqa: PLC0415
    from gemini_nb.async_client import AsyncClient  # noqa: PLC0415
    from gemini_nb.terminal import progress  # noqa: PLC0415

    requests = probe.requests(asked.models)
    provider = providers.choose(asked.provider, base_url=asked.base_url)
    for line in probe.estimate(requests, provider):
        _say(line)
    if provider is not providers.OFFLINE:
        probe.check_unlocked()
        if not asked.yes:
            _say("Nothing was sent. Add --yes to send it.")
            return
    client = AsyncClient(asked.provider, base_url=asked.base_url, replay="off", timeout=asked.timeout)
    found: list[probe.Finding] = []
    names = [request.model for request in requests]
    try:
        with progress(lambda: f"{len(found)} of {len(names)} models have answered"):
            findings = background.run(partial(probe.probe, client, names, each=found.append))
    except Cancelled:
        print(probe.render(found, asked.format))
        raise
    print(probe.render(findings, asked.format))


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_serve)
    add = parser.add_argument
    add("--port", type=int, default=8765, help="0 picks a free one (default: %(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--allow-remote", action="store_true", help="allow a host that others reach; any key is accepted")
    add("--quiet", action="store_true", help="do not write a line for each request")
    add(
        "--fault",
        metavar="NAME",
        help="answer with a fault, e.g. rate-limit or rate-limit-once; see the docs",
    )
    add("--delay", type=float, default=0.0, metavar="SECONDS", help="wait before each answer")
    add("--dialect", choices=("google", "gateway"), default="google", help="whose error bodies to send")


def _serve(asked: argparse.Namespace) -> None:
    from gemini_nb.offline import faults  # noqa: PLC0415
    from gemini_nb.offline.server import serve  # noqa: PLC0415

    if asked.fault and not faults.is_known(asked.fault):
        names = ", ".join(faults.FAULTS)
        raise ArgumentError(f"There is no fault {asked.fault!r}.", hint=f"One of: {names}; any with -once.")
    if not 0 <= asked.delay <= MAX_DELAY_SECONDS:
        raise ArgumentError(f"--delay is a number of seconds from 0 to {MAX_DELAY_SECONDS}.")
    try:
        serve(
            host=asked.host,
            port=asked.port,
            quiet=asked.quiet,
            allow_remote=asked.allow_remote,
            fault=asked.fault,
            delay=asked.delay,
            dialect=asked.dialect,
        )
    except (OSError, OverflowError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
    else:
        return
    raise ArgumentError(
        f"Cannot listen on {asked.host}, port {asked.port}: {reason}.", hint="--port 0 picks a free port."
    )


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_demo)
    about = "folder (default: %(default)s)"
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), help=about)


def _demo(asked: argparse.Namespace) -> None:
    from gemini_nb.demo import run  # noqa: PLC0415

    run(asked.output)


_COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], str]] = {
    "generate": (_add_generate, "ask for one picture and save it"),
    "probe": (_add_probe, "ask each model once which shape it returns today; says first what it costs"),
    "serve": (_add_serve, "answer as the gateway does, offline, on this machine"),
    "store": (cli_store.add, "look after a store of pictures"),
    "demo": (_add_demo, "run the first notebook offline; write its pictures and a page"),
}
