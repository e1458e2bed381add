from __future__ import annotations

from ipaddress import ip_address

import pytest

from gemini_nb.http.addresses import is_loopback, is_public, read_address

# One inside, and the ends of what a mistyped prefix would let through.
NOT_PUBLIC = """
0.0.0.0 0.255.255.255 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255
192.0.0.1 192.0.0.9 192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1
192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1
::ffff:10.0.0.1 ::ffff:168.63.129.16 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b::a83f:8110 64:ff9b:1::808:808 100::1 100:0:0:1::1 2001::1
2001:0:7f00:1::1 2001:0:808:808::80ff:fffe 2001:0:7f00:1::f7f7:f7f7 2001:2::1 2001:10::1 2001:20::1
2001:db8::1 2002:7f00:1::1 2002:a00:1::1 2002:a9fe:a9fe::1 2002:a83f:8110::1 2620:4f:8000::1 3ffe::1
3fff::1 3fff:fff:ffff::1 4000::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1 fe80::1%eth0
2606:4700::1%eth0 fec0::1 ff02::1 ff0e::1 2606:4700::5efe:7f00:1 2606:4700::200:5efe:a00:1
192.0.2.255 192.31.196.255 192.52.193.255 192.88.99.255 192.175.48.255 198.51.100.255 203.0.113.255
192.0.0.255 239.255.255.255 2001:1ff:ffff::1 2620:4f:8000:ffff::1 3ffe:ffff::1 2001:db8:ffff::1
""".split()  # noqa: SIM905 - a table, not a column

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
168.63.129.15 169.253.0.1 172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0
198.17.255.255 198.20.0.0 223.255.255.255 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1
2001:0:808:808::f7f7:f7f7 2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001::1
191.255.255.255 192.0.3.0 200.0.0.1 64:ff9b::c800:1 2620:4f:8001::1 3000::1 3ffd::1
""".split()  # noqa: SIM905 - a table, not a column


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_is_known_in_every_form(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_let_through(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::ffff:8.8.8.8", False),
        ("8.8.8.8", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_else(address, expected):
    assert is_loopback(ip_address(address)) is expected


@pytest.mark.parametrize(
    "text", ["127.1", "0177.0.0.1", "2130706433", "0x7f.0.0.1", "127.0.0.1.", "[::1]", ""]
)
def test_only_the_usual_spelling_is_an_address(text):
    assert read_address(text) is None
