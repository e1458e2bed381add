"""`gemini-nb serve`: the offline provider on a port of this machine, with faults if they are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb.errors import ArgumentError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

MAX_DELAY_SECONDS = 3600
MAX_BATCH_SECONDS = 24 * 3600


def add(parser: ArgumentParser) -> None:
    """Add the options to the parser of `serve`."""
    parser.set_defaults(command=_serve)
    add = parser.add_argument
    add("--port", type=int, default=8765, help="0 picks a free one (default: %(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    about = "allow a host that other machines can reach; keys are not checked"
    add("--allow-remote", action="store_true", help=about)
    add("--quiet", action="store_true", help="do not log requests")
    about = "answer every call with this fault; with -once after its name, every other one"
    add("--fault", metavar="NAME", help=about)
    add("--list-faults", action="store_true", help="list the faults, and serve nothing")
    add("--delay", type=float, default=0.0, metavar="SECONDS", help="seconds that each call takes")
    about = "seconds that a batch job takes (default: %(default)g)"
    add("--batch-seconds", type=float, default=5.0, metavar="SECONDS", help=about)
    about = "style of the error bodies, Google's or a gateway's (default: %(default)s)"
    add("--dialect", choices=("google", "gateway"), default="google", help=about)


def _serve(args: Namespace) -> None:
    # The other commands need none of it.
    from gemini_nb.offline.batches.faults import BATCH_FAULTS, is_batch_fault  # noqa: PLC0415
    from gemini_nb.offline.faults import FAULTS, is_known  # noqa: PLC0415
    from gemini_nb.offline.server import OfflineServer, serve  # noqa: PLC0415

    if args.list_faults:
        effects = {name: fault.effect for name, fault in (FAULTS | BATCH_FAULTS).items()}
        wide = max(map(len, effects))
        print("\n".join(f"{name:{wide}}  {effect}" for name, effect in effects.items()))
        return
    _check(args, known=not args.fault or is_known(args.fault) or is_batch_fault(args.fault))
    try:
        server = OfflineServer(
            host=args.host,
            port=args.port,
            quiet=args.quiet,
            allow_remote=args.allow_remote,
            fault=args.fault,
            delay=args.delay,
            dialect=args.dialect,
            batch_seconds=args.batch_seconds,
        )
        serve(server)
    except OSError as problem:
        raise ArgumentError(
            f"Cannot listen on {args.host}, port {args.port}: {problem.strerror or problem}.",
            hint="--port 0 picks a free port.",
        ) from None


def _check(args: Namespace, *, known: bool) -> None:
    if not known:
        hint = "--list-faults lists them; any may end in -once."
        raise ArgumentError(f"There is no fault {args.fault[:40]!r}.", hint=hint)
    if not _is_host(args.host):
        raise ArgumentError(f"--host must be an address or a name, not {ascii(args.host)[:60]}.")
    if not 0 <= args.port <= 65535:
        raise ArgumentError(f"--port must be a number from 0 to 65535, not {args.port}.")
    if not 0 <= args.delay <= MAX_DELAY_SECONDS:
        raise ArgumentError(f"--delay must be a number of seconds from 0 to {MAX_DELAY_SECONDS}.")
    if not 0 <= args.batch_seconds <= MAX_BATCH_SECONDS:
        raise ArgumentError(f"--batch-seconds must be a number of seconds from 0 to {MAX_BATCH_SECONDS}.")


def _is_host(name: str) -> bool:
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True
