"""Hosted pictures under a `Content-Encoding`."""

from __future__ import annotations

import zlib

import pytest

from gemini_nb.errors import LinkFailedError, TooLargeError
from support import faults
from support.encodings import NOTHING
from support.faults import FaultServer
from support.tls_hosts import PICTURE, fetch_trusted, forget_proxies, head, picture

GZIPPED = zlib.compress(PICTURE, wbits=31)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    forget_proxies(monkeypatch)


PACKED = {
    "gzip": ("gzip", GZIPPED),
    "x-gzip": ("x-gzip", GZIPPED),
    "gzip without a label": ("", GZIPPED),
    "deflate": ("deflate", zlib.compress(PICTURE)),
    "deflate without zlib's bytes": ("deflate", zlib.compress(PICTURE, wbits=-15)),
    "gzip of what S3 calls aws-chunked": ("aws-chunked, gzip", GZIPPED),
    "brotli in name only": ("br", PICTURE),
}


@pytest.mark.parametrize(("label", "body"), PACKED.values(), ids=PACKED)
def test_a_compressed_picture_is_unpacked(label, body):
    fault = faults.raw(head(f"Content-Encoding: {label}", f"Content-Length: {len(body)}") + body)
    with FaultServer(fault) as server:
        assert fetch_trusted(server)[0] == PICTURE


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_picture_that_unpacks_to_more_than_the_limit_is_too_large(coding):
    with FaultServer(faults.bomb(coding)) as server, pytest.raises(TooLargeError, match="32 MiB"):
        fetch_trusted(server)


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_what_came_instead_of_a_picture_and_cannot_be_unpacked_is_in_the_error(coding):
    body = faults.bomb_body(coding)[:100]
    fault = faults.raw(head(f"Content-Encoding: {coding}", "Content-Length: 100") + body)
    with FaultServer(fault) as server, pytest.raises(LinkFailedError) as caught:
        fetch_trusted(server)
    assert caught.value.received == body


@pytest.mark.parametrize("label", NOTHING)
def test_a_coding_that_encodes_nothing_is_read_as_identity(label):
    with FaultServer(picture(f"Content-Encoding: {label}")) as server:
        assert fetch_trusted(server)[0] == PICTURE
