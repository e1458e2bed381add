from __future__ import annotations

import pytest

from gemini_nb.errors import LinkRefusedError
from gemini_nb.http.link_policy import MAX_LINK_CHARACTERS, STRICT, LinkStep, format_link, origin, parse

REFUSED = {
    "nothing": "",
    "plain http": "http://pictures.example/a.png",
    "ftp": "ftp://pictures.example/a.png",
    "file": "file:///etc/passwd",
    "file with a host": "file://pictures.example/a.png",
    "javascript": "javascript:alert(1)",
    "data": "data:image/png;base64,iVBORw0KGgo=",
    "gopher": "gopher://pictures.example:443/_GET",
    "no scheme": "//pictures.example/a.png",
    "a path": "/a.png",
    "no host": "https:///a.png",
    "only a port": "https://:443/a.png",
    "opaque": "https:pictures.example/a.png",
    "user": "https://user@pictures.example/a.png",
    "user and password": "https://user:secret@pictures.example/a.png",
    "empty user": "https://:@pictures.example/a.png",
    "host as user": "https://pictures.example@127.0.0.1/a.png",
    "backslash before @": "https://pictures.example\\@127.0.0.1/a.png",
    "port 80": "https://pictures.example:80/a.png",
    "port 22": "https://pictures.example:22/a.png",
    "port 0": "https://pictures.example:0/a.png",
    "port 65536": "https://pictures.example:65536/a.png",
    "port 443 and more": "https://pictures.example:443@evil.example:22/",
    "negative port": "https://pictures.example:-443/",
    "loopback": "https://127.0.0.1/a.png",
    "loopback elsewhere": "https://127.9.9.9:8443/",
    "private": "https://10.0.0.1/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "Azure's wire server": "https://168.63.129.16/",
    "zero": "https://0.0.0.0/",
    "broadcast": "https://255.255.255.255/",
    "decimal": "https://2130706433/",
    "decimal and public": "https://134744072/",
    "hexadecimal": "https://0x7f000001/",
    "hexadecimal parts": "https://0x7f.0x0.0x0.0x1/",
    "one hexadecimal part": "https://127.0.0.0x1/",
    "upper case hexadecimal": "https://0X7F000001/",
    "octal": "https://0177.0.0.1/",
    "octal in one": "https://017700000001/",
    "leading zeros": "https://127.000.000.001/",
    "short": "https://127.1/",
    "three parts": "https://127.0.1/",
    "five parts": "https://8.8.8.8.8/",
    "part too large": "https://256.1.1.1/",
    "number behind a name": "https://pictures.example.1/",
    "a bare 0": "https://0/",
    "a bare 0x": "https://a.0x/",
    "trailing dot": "https://127.0.0.1./",
    "trailing dot, short": "https://127.1./",
    "circled digits": "https://①②⑦.0.0.1/",
    "full-width digits": "https://１２７.0.0.1/",  # noqa: RUF001
    "ideographic dots": "https://127。0。0。1/",
    "Arabic digits": "https://١٢٧.0.0.1/",
    "loopback, IPv6": "https://[::1]/",
    "unspecified, IPv6": "https://[::]/",
    "mapped": "https://[::ffff:127.0.0.1]/",
    "mapped, hexadecimal": "https://[::ffff:7f00:1]/",
    "written out": "https://[0:0:0:0:0:ffff:7f00:1]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "Teredo": "https://[2001:0:7f00:1::]/",
    "link-local with a zone": "https://[fe80::1%25eth0]/",
    "public with a zone": "https://[2606:4700::1111%25eth0]/",
    "unique local": "https://[fd00:ec2::254]/",
    "IPv4 in brackets": "https://[127.0.0.1]/",
    "a future address": "https://[v1.a]/",
    "open bracket": "https://[::1/",
    "localhost": "https://localhost/",
    "below localhost": "https://pictures.localhost/",
    "local network": "https://printer.local/",
    "cloud metadata by name": "https://metadata.google.internal/",
    "home network": "https://router.home.arpa/",
    "onion": "https://pictures.onion/",
    "one label": "https://intranet/",
    "root dot": "https://pictures.example./",
    "empty label": "https://pictures..example/",
    "leading dot": "https://.pictures.example/",
    "leading hyphen": "https://-a.example/",
    "long label": f"https://{'a' * 64}.example/",
    "long name": f"https://{'a.' * 124}example/",
    "percent in the host": "https://127.0.0.1%2f.pictures.example/",
    "backslash in the host": "https://127.0.0.1\\.pictures.example/",
    "space in the host": "https://127.0.0.1 .example/",
    "NUL": "https://pictures.example\0.evil.example/",
    "line feed": "https://pictures.example\n.evil.example/",
    "tab": "https://127.0.\t0.1/",
    "lone surrogate": "https://pictures.example/\ud800",
    "lone surrogate in the host": "https://pict\udcffures.example/",
    "bad punycode": "https://xn--\u00fc.example/",
    "long": "https://pictures.example/" + "a" * MAX_LINK_CHARACTERS,
}

ALLOWED = {
    "usual": ("https://pictures.example/a.png", "pictures.example"),
    "upper case": ("HTTPS://Pictures.EXAMPLE/A.png", "pictures.example"),
    "port 443": ("https://pictures.example:443/", "pictures.example"),
    "port 8443": ("https://pictures.example:8443/", "pictures.example"),
    "empty port": ("https://pictures.example:/", "pictures.example"),
    "signed": ("https://a-b.s3.example/x.png?X-Sig=a%2Fb&@evil.example:22/", "a-b.s3.example"),
    "underscore": ("https://my_bucket.pictures.example/", "my_bucket.pictures.example"),
    "name with digits": ("https://1.2.3.4.pictures.example/", "1.2.3.4.pictures.example"),
    "IDNA": ("https://bücher.example/", "xn--bcher-kva.example"),
    "IDNA, upper case": ("https://BÜCHER.example/", "xn--bcher-kva.example"),
    "localhost as a part": ("https://localhost.pictures.example/", "localhost.pictures.example"),
    "public address": ("https://8.8.8.8/", "8.8.8.8"),
    "public address, IPv6": ("https://[2606:4700:4700::1111]/", "2606:4700:4700::1111"),
}


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_a_link_is_refused_for_the_way_it_is_written(url):
    with pytest.raises(LinkRefusedError) as caught:
        LinkStep(url, url, None, STRICT).checked_url()
    assert caught.value.url == url


def test_a_link_may_be_8192_characters_long():
    url = "https://pictures.example/".ljust(8192, "a")
    assert str(LinkStep(url, url, None, STRICT).checked_url()) == url
    with pytest.raises(LinkRefusedError, match="longer than 8192 characters"):
        LinkStep("", f"{url}a", None, STRICT).checked_url()


@pytest.mark.parametrize(("url", "host"), ALLOWED.values(), ids=ALLOWED)
def test_a_link_to_a_public_name_is_allowed(url, host):
    assert LinkStep(url, url, None, STRICT).checked_url().raw_host.decode() == host


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Pictures.example/a?b#c", "https://pictures.example:443"),
        ("http://127.0.0.1:8765/a.png", "http://127.0.0.1:8765"),
        ("http://localhost", "http://localhost:80"),
        ("http://[::1]:8765", "http://[::1]:8765"),
        ("https://bücher.example", "https://xn--bcher-kva.example:443"),
        ("ftp://pictures.example/", None),
        ("https:///a.png", None),
        ("https://[::1", None),
        ("a.png", None),
        ("", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(url, expected):
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/b.png", "https://pictures.example/b.png"),
        ("b.png", "https://pictures.example/a/b.png"),
        ("//other.example/b.png", "https://other.example/b.png"),
        ("http://other.example/", "http://other.example/"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("https://[::1", None),
        ("https://o.example/" + "a" * MAX_LINK_CHARACTERS, None),
    ],
    ids=["path", "relative", "host", "http", "javascript", "file", "broken", "long"],
)
def test_a_redirect_is_read_from_where_it_stands(location, expected):
    assert parse("https://pictures.example/a/a.png", location) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/cat.png", "https://a.example/cat.png"),
        ("https://a.example/cat.png?signature=secret", "https://a.example/cat.png?…"),
        ("https://a.example/cat.png#token=secret?a", "https://a.example/cat.png#…"),
        ("https://a.example/\x1b[31m\n\u202e", "https://a.example/\\x1b[31m\\n\\u202e"),
        ("https://a.example/\ud800", "https://a.example/\\ud800"),
        ("https://a.example/" + "a" * 182, "https://a.example/" + "a" * 182),
        ("https://a.example/" + "a" * 183, "https://a.example/" + "a" * 182 + "…"),
        ("\0" * 300, ("\\x00" * 50) + "…"),
    ],
    ids=["plain", "query", "fragment", "controls", "surrogate", "200 characters", "201", "all escaped"],
)
def test_a_message_shows_a_link_short_inert_and_without_its_query(url, expected):
    assert format_link(url) == expected
