"""Public IP addresses told from private and special ones, also IPv4 inside IPv6 (NAT64, 6to4, Teredo).

`ipaddress.is_global` is not used: its table changes between patch releases of Python, and it answers
another question. 64:ff9b::7f00:1 is global, and a packet to it ends at 127.0.0.1.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IPAddress = IPv4Address | IPv6Address

# IANA's special-purpose registry, multicast, and one address that means something on Azure only.
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier NAT; 100.100.100.200 is Alibaba's metadata service
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's wire server; for the registry a public address like any other
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is Oracle's metadata service
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112 sink
        "192.52.193.0/24",  # AMT relay
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112 sink
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# All of IPv6 that is public lies in here; loopback, fc00::/7, fe80::/10, ff00::/8 and the rest do not.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112 sink
        "3ffe::/16",  # the 6bone, given back
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # RFC 5214: an IPv4 address behind any prefix at all


def read_address(text: str) -> IPAddress | None:
    """Return the address that `text` spells in the usual way, dotted decimal for IPv4, or None.

    >>> read_address("127.1") is None
    True
    """
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: IPAddress) -> bool:
    """Return whether a packet to `address` ends at a public host, after unwrapping what carries IPv4.

    >>> is_public(ip_address("64:ff9b::7f00:1"))
    False
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if address.scope_id is not None:
        return False
    if embedded := _embedded_addresses(address):
        return all(is_public(inner) for inner in embedded)
    return (
        address in _GLOBAL_UNICAST
        and not any(address in network for network in _NOT_PUBLIC_V6)
        and (int(address) >> 32) & 0xFFFF_FFFF not in _ISATAP
    )


def is_loopback(address: IPAddress) -> bool:
    """Return whether `address` is this machine, also in its IPv4-mapped form."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _embedded_addresses(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses where a packet to this IPv6 address may end."""
    if address.teredo:
        return address.teredo
    if embedded := address.ipv4_mapped or address.sixtofour:
        return (embedded,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return ()
