"""The offline server: the offline provider on a loopback port, for any client of the Gemini API.

It is started and stopped here; HTTP is `http_server`'s, the replies are `provider`'s, the faults `faults`'.
In a browser, where no port can be opened, `in_page` takes its place, which only gemini_nb reaches.
"""

from __future__ import annotations

import ipaddress
import sys
import threading
from contextlib import suppress
from typing import Self

from gemini_nb.errors import ArgumentError
from gemini_nb.event_loop import HAS_THREADS
from gemini_nb.offline.batches.api import BATCH_SECONDS, BatchApi
from gemini_nb.offline.batches.faults import is_batch_fault
from gemini_nb.offline.faults import Faults
from gemini_nb.offline.http_server import DIALECTS, Dialect, Listener
from gemini_nb.offline.in_page import PageListener
from gemini_nb.offline.provider import OfflineGateway


class OfflineServer:
    """The offline provider on a port of its own, in a daemon thread, for the length of a `with`.

    `port=0` picks a free one; `url` and `port` say which. A host that is not loopback is refused
    unless `allow_remote`, since any key is accepted.

    `fault` is what every call meets that names no other in its prompt (`faults.FAULTS`), or every batch job
    (`batches.faults.BATCH_FAULTS`); `delay` the seconds that a call takes; `dialect` the words of errors,
    Google's or a gateway's. `posts` counts the POSTs. A batch job takes `batch_seconds`; `batches` counts
    what was made of them.

    >>> with OfflineServer() as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        quiet: bool = True,
        allow_remote: bool = False,
        fault: str | None = None,
        delay: float = 0.0,
        dialect: Dialect = "google",
        batch_seconds: float = BATCH_SECONDS,
    ) -> None:
        if not allow_remote and not _is_loopback(host):
            raise ArgumentError(
                f"The offline server accepts any key, so it is not opened on {host!r}.",
                hint="Use 127.0.0.1, or allow it: allow_remote=True, --allow-remote.",
            )
        for seconds in (delay, batch_seconds):
            if not 0 <= seconds <= threading.TIMEOUT_MAX:
                raise ArgumentError(f"A delay of {seconds} is not a delay.", hint="Give seconds, 0 or more.")
        if dialect not in DIALECTS:
            raise ArgumentError(
                f"There is no dialect {dialect!r}.", hint=f"There are {' and '.join(DIALECTS)}."
            )
        batch_fault = fault if fault and is_batch_fault(fault) else None
        gateway = OfflineGateway(
            Faults(None if batch_fault else fault), batch_seconds=batch_seconds, batch_fault=batch_fault
        )
        self._gateway = gateway
        self._listener: Listener | PageListener
        if HAS_THREADS:
            self._listener = Listener(host, port, quiet=quiet, gateway=gateway, delay=delay, dialect=dialect)
        else:
            self._listener = PageListener(gateway=gateway, delay=delay, dialect=dialect)
        self.port: int = self._listener.port
        self.url = self._listener.origin
        self.fault = fault
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if isinstance(self._listener, PageListener):
            self._listener.open()
        else:
            self._thread = threading.Thread(target=self.run, name="gemini_nb offline server", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if isinstance(self._listener, Listener):
            self._listener.shutdown()
        self.close()
        if self._thread is not None:
            self._thread.join()

    @property
    def posts(self) -> int:
        """How many POSTs have come: what a client sent, and may have paid for elsewhere."""
        return self._listener.posts

    @property
    def batches(self) -> BatchApi:
        """The batch jobs of this server: `created` are their display names, `rows_made` counts their rows."""
        return self._gateway.batches

    def run(self) -> None:
        """Answer requests until the `with` ends or the thread is interrupted."""
        if isinstance(self._listener, PageListener):
            raise ArgumentError("A browser opens no port.", hint="Use it as: with OfflineServer() as server")
        self._listener.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        """Close the port and every open connection, and let no batch job go on."""
        self._gateway.batches.close()
        if isinstance(self._listener, PageListener):
            self._listener.close()
        else:
            self._listener.server_close()
            self._listener.drop_connections()


def serve(server: OfflineServer) -> None:
    """Answer requests until interrupted, and say on standard output where; the command line's `serve`."""
    sys.stdout.write(f"Painting offline at {server.url} (keys are not checked). Ctrl-C stops it.\n")
    if server.fault and is_batch_fault(server.fault):
        sys.stdout.write(f"Batch jobs meet the fault {server.fault!r}.\n")
    elif server.fault:
        sys.stdout.write(f"Every call is answered with the fault {server.fault!r}.\n")
    sys.stdout.flush()
    try:
        with suppress(KeyboardInterrupt):
            server.run()
    finally:
        server.close()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
