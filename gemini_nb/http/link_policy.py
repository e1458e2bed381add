"""Policy for hosted image links (SSRF protection): which may be followed, and the errors for the others.

A link is checked twice: as it is written, before anything is looked up, and by every address that
its host name has. There is one parser, httpx's: what it reads is what is connected to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx

from gemini_nb.errors import LinkFailedError, LinkRefusedError
from gemini_nb.http.addresses import is_loopback, is_public, read_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.http.addresses import IPAddress

MAX_LINK_CHARACTERS = 8192

_SHOWN_CHARACTERS = 200
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_MAX_NAME_CHARACTERS = 253
# A last label like these makes a number of the host for inet_aton and browsers: 127.1, 0x7f000001
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names that stay on this machine or its network, so that even looking them up is a packet too many.
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "onion")


@dataclass(frozen=True)
class LinkPolicy:
    """What counts as public. The default is strict; tests loosen it for servers on loopback."""

    is_public: Callable[[IPAddress], bool] = is_public
    ports: frozenset[int] = frozenset({443, 8443})


STRICT = LinkPolicy()


def origin(url: str) -> str | None:
    """Return "scheme://host:port" of an http or https URL, or None for anything else.

    >>> origin("https://Pictures.Example/cat.png?w=1")
    'https://pictures.example:443'
    """
    parsed = parse(url)
    if parsed is None:
        return None
    name = host(parsed)
    return f"{parsed.scheme}://{f'[{name}]' if ':' in name else name}:{port(parsed)}"


def format_link(url: str) -> str:
    """Return `url` for a message: short, inert, and without its query, which often holds a secret.

    Odd characters are escaped, not replaced as by `text.printable`: two links must not look alike.

    >>> format_link("https://pictures.example/cat.png?signature=abc")
    'https://pictures.example/cat.png?…'
    """
    head = re.split("[?#]", url[:MAX_LINK_CHARACTERS], maxsplit=1)[0]
    rest = url[len(head) : len(head) + 1]
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in head[: _SHOWN_CHARACTERS + 1])
    if len(text) > _SHOWN_CHARACTERS:
        return f"{text[:_SHOWN_CHARACTERS]}…"
    return f"{text}{rest}…" if rest else text


def parse(url: str, location: str = "") -> httpx.URL | None:
    """Return `url`, or where `location` leads from it, if that is an http or https URL with a host."""
    if len(url) + len(location) > MAX_LINK_CHARACTERS:
        return None
    try:
        parsed = httpx.URL(url).join(location) if location else httpx.URL(url)
    except (httpx.InvalidURL, ValueError):  # ValueError: a lone surrogate, a broken IPv6 literal
        return None
    return parsed if parsed.scheme in ("http", "https") and parsed.raw_host else None


def host(url: httpx.URL) -> str:
    """Return the host in ASCII, lower case, IDNA done, without brackets."""
    return url.raw_host.decode("ascii")


def port(url: httpx.URL) -> int:
    """Return the port, written or not; 0 is a port too."""
    return url.port if url.port is not None else {"http": 80, "https": 443}[url.scheme]


@dataclass(frozen=True)
class LinkStep:
    """One request on the way of a link: the link itself, or where a redirect leads.

    `link` is the link as the model wrote it, `url` the address of this step, `trusted` the loopback
    origin that is exempt.
    """

    link: str
    url: str
    trusted: str | None
    policy: LinkPolicy

    @property
    def is_trusted(self) -> bool:
        """Whether this step stays on the origin of a loopback base URL."""
        return self.trusted is not None and origin(self.url) == self.trusted

    def next(self, location: str) -> LinkStep:
        """Return the step that a redirect leads to, which is never trusted again once one was not."""
        parsed = parse(self.url, location)
        if parsed is None:
            raise self.refused_error("it redirects to something that is not a web address")
        return replace(self, url=str(parsed), trusted=self.trusted if self.is_trusted else None)

    def checked_url(self) -> httpx.URL:
        """Return the parsed URL, or raise LinkRefusedError for the way it is written."""
        if len(self.url) > MAX_LINK_CHARACTERS:
            raise self.refused_error(f"it is longer than {MAX_LINK_CHARACTERS} characters")
        url = parse(self.url)
        if url is None:
            raise self.refused_error("it is not a web address")
        if url.userinfo:
            raise self.refused_error("it contains a user name or a password")
        if not self.is_trusted and (reason := _find_fault(url, self.policy)):
            raise self.refused_error(reason)
        return url

    def check_addresses(self, addresses: Sequence[IPAddress]) -> None:
        """Raise LinkRefusedError unless every address is allowed: in DNS rebinding only one is bad."""
        allowed = is_loopback if self.is_trusted else self.policy.is_public
        bad = next((address for address in addresses if not allowed(address)), None)
        if bad is not None:
            kind = "this machine's" if self.is_trusted else "a public one"
            raise self.refused_error(f"it leads to the address {bad}, which is not {kind}")

    def refused_error(self, reason: str, *, hint: str | None = None) -> LinkRefusedError:
        """Make the error for a link that is not followed."""
        message = f"The picture's link is not followed: {reason}.\n{format_link(self.url)}"
        return LinkRefusedError(message, hint=hint, url=self.link)

    def failed_error(self, reason: str, *, received: bytes = b"") -> LinkFailedError:
        """Make the error for a link that was followed, but gave no picture; `received` is what it gave."""
        message = f"The picture could not be fetched: {reason}.\n{format_link(self.url)}"
        return LinkFailedError(message, url=self.link, received=received)


def _find_fault(url: httpx.URL, policy: LinkPolicy) -> str | None:
    """Return what is wrong with a URL as it is written, as the end of a sentence, or None."""
    name = host(url)
    if url.scheme != "https":
        return "it is not https"
    if port(url) not in policy.ports:
        return f"its port is {port(url)}, not {' or '.join(map(str, sorted(policy.ports)))}"
    if address := read_address(name):
        return None if policy.is_public(address) else "its host is not a public address"
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return "its host is an IP address in an unusual notation"
    if len(name) > _MAX_NAME_CHARACTERS or not _NAME.fullmatch(name):
        return "its host is not a full domain name"
    if name.endswith(tuple(f".{local}" for local in _LOCAL_NAMES)):
        return "its host is a local name"
    return None
