"""Hosts that a test makes up: names in a dictionary, TLS servers with certificates of a test CA."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING

import anyio
import trustme

from gemini_nb.http import link_fetch
from gemini_nb.http.link_policy import LinkPolicy
from support.faults import ClientLeftError, FaultServer, raw

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from support.faults import Fault, Visit

NAME = "pictures.example"


PICTURE = b"\x89PNG\r\n\x1a\n and so on"


class Names:
    """A resolver that counts: each name has a list of answers, the last of which repeats."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.lookups: list[str] = []
        self._answers = {name.replace("_", "."): list(each) for name, each in answers.items()}

    async def __call__(self, name: str, port: int) -> list[str]:
        self.lookups.append(name)
        if name not in self._answers:
            raise OSError(-2, "Name or service not known")
        answers = self._answers[name]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def always(*addresses: str) -> Names:
    """Make a resolver that gives these addresses to `NAME`."""
    return Names(**{NAME: [list(addresses)]})


class Authority:
    """A test CA in a file for SSL_CERT_FILE."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def server(self, *faults: Fault, name: str = NAME) -> TlsServer:
        """Make a server whose certificate is for `name`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(name).configure_cert(context)
        return TlsServer(context, *faults)


class TlsServer(FaultServer):
    """A FaultServer that speaks TLS; `names` are what SNI asked for, `protocols` what ALPN agreed on."""

    def __init__(self, context: ssl.SSLContext, *faults: Fault) -> None:
        super().__init__(*(self._over_tls(fault) for fault in faults))
        self.names: list[str | None] = []
        self.protocols: list[str | None] = []
        self.context = context
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.url = f"https://{NAME}:{self.port}"

    @property
    def policy(self) -> LinkPolicy:
        """Take 127.0.0.1, and nothing else, for public, and this server's port for the web's."""
        return LinkPolicy(
            is_public=lambda address: address == ip_address("127.0.0.1"), ports=frozenset({self.port})
        )

    def _over_tls(self, fault: Fault) -> Fault:
        def play(visit: Visit) -> None:
            try:
                visit._socket = self.context.wrap_socket(visit._socket, server_side=True)
                self.protocols.append(visit._socket.selected_alpn_protocol())
            except ssl.SSLError as error:  # the client does not like the certificate
                raise ClientLeftError from error
            fault(visit)

        return play


def head(*lines: str, status: int = 200) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "", ""]).encode()


def picture(*lines: str) -> Fault:
    length = f"Content-Length: {len(PICTURE)}"
    return raw(head("Content-Type: image/png", length, *lines) + PICTURE)


def fetch(url, *, seconds=60.0, **options):
    async def main():
        return await link_fetch.fetch(url, deadline=anyio.current_time() + seconds, **options)

    return anyio.run(main)


def fetch_trusted(server, path="/a.png", **options):
    return fetch(server.url + path, trusted_origin=server.url, **options)


def fetch_tls(server, resolver=None, url=None, **options):
    resolver = resolver or always("127.0.0.1")
    return fetch(url or f"{server.url}/a.png", resolver=resolver, policy=server.policy, **options)


def forget_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the proxies of the machine that runs the tests out of the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
