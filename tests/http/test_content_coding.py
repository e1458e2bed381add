from __future__ import annotations

import gzip
import random
import zlib

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb.http.content_coding import BLOCK_BYTES, Body, OversizeError, UnpackError
from support.clients import KEY, OK, PICTURE, client_of, error_from
from support.encodings import NOTHING
from support.faults import FaultServer, head, raw
from support.replies import text_body

LIMIT = 10 * 2**20
LARGE = random.Random(1).randbytes(3 * BLOCK_BYTES).hex().encode()


def unpacked(content: bytes, label: str, *, size: int = 1000, max_bytes: int = LIMIT):
    """Return what a body unpacks to that comes in pieces of `size` bytes, and the `Body`."""
    body, out = Body(label, max_bytes=max_bytes), bytearray()

    async def pieces():
        for at in range(0, len(content), size):
            yield memoryview(content[at : at + size])

    async def main():
        async for block in body.unpack(pieces()):
            assert len(block) <= max(BLOCK_BYTES, size)
            out.extend(block)

    anyio.run(main)
    return bytes(out), body


def deflated(content: bytes) -> bytes:
    """Deflate without zlib's two bytes."""
    return zlib.compress(content, wbits=-15)


PACKED = {
    "gzip": ("gzip", gzip.compress(OK)),
    "capitals": ("GZIP", gzip.compress(OK)),
    "x-gzip": ("x-gzip", gzip.compress(OK)),
    "spaces": (" gzip ", gzip.compress(OK)),
    "no label": ("", gzip.compress(OK)),
    "another label": ("utf-8", gzip.compress(OK)),
    "the wrong one of two": ("deflate", gzip.compress(OK)),
    "gzip and aws-chunked": ("gzip, aws-chunked", gzip.compress(OK)),
    "identity and gzip": ("identity,gzip", gzip.compress(OK)),
    "two members": ("gzip", gzip.compress(OK[:50]) + gzip.compress(OK[50:])),
    "an empty member": ("gzip", gzip.compress(b"") + gzip.compress(OK)),
    "padding": ("gzip", gzip.compress(OK) + bytes(600)),
    "a name in the head": ("gzip", gzip.compress(OK)[:3] + b"\x08" + gzip.compress(OK)[4:10] + b"a.json\0"
                           + gzip.compress(OK)[10:]),
    "stored": ("gzip", gzip.compress(OK, compresslevel=0)),
    "twice": ("gzip, gzip", gzip.compress(gzip.compress(OK))),
    "zlib": ("deflate", zlib.compress(OK)),
    "zlib of a small window": ("deflate", zlib.compress(OK, wbits=9)),
    "zlib, stored": ("deflate", zlib.compress(OK, level=0)),
    "deflate alone": ("deflate", deflated(OK)),
    "deflate alone, stored": ("deflate", zlib.compress(OK, level=0, wbits=-15)),
    "deflate, then gzip": ("deflate, gzip", gzip.compress(zlib.compress(OK))),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize(("label", "content"), PACKED.values(), ids=PACKED)
def test_what_is_compressed_is_unpacked_in_whatever_pieces_it_comes(label, content, size):
    out, body = unpacked(content, label, size=size)
    assert out == OK
    assert body.is_packed
    assert body.packed == content


PLAIN = [
    OK,
    b" \r\n" + OK,
    b"\xef\xbb\xbf" + OK,
    b"data: {}\n\n",
    b"[]",
    b"{",
    b"",
    b"\x1f",
    b"\x1f\x8b",
    PICTURE,
]


@pytest.mark.parametrize("content", PLAIN, ids=repr)
@pytest.mark.parametrize("label", ["gzip", "deflate", "gzip, deflate", "br", *NOTHING])
def test_what_is_not_compressed_stays_as_it_is_whatever_its_label_says(label, content):
    for size in (1, 10**6):
        out, body = unpacked(content, label, size=size)
        assert (out, body.is_packed, body.packed) == (content, False, b"")


@pytest.mark.parametrize("label", ["br", "zstd", "compress", "BR", "gzip, br", "dcz"])
def test_what_cannot_be_unpacked_passes_as_it_came_and_is_named(label):
    out, body = unpacked(gzip.compress(OK), label)
    assert out == gzip.compress(OK)
    assert body.unknown == label.split()[-1].lower()


DAMAGED = {
    "cut in the head": ("gzip", gzip.compress(OK)[:8]),
    "cut in the middle": ("gzip", gzip.compress(OK)[:60]),
    "cut before the check": ("gzip", gzip.compress(OK)[:-8]),
    "cut in the check": ("gzip", gzip.compress(OK)[:-1]),
    "a wrong check": ("gzip", gzip.compress(OK)[:-8] + bytes(8)),
    "another byte": ("gzip", gzip.compress(OK)[:30] + b"\xff\xff" + gzip.compress(OK)[32:]),
    "a second member that is cut": ("gzip", gzip.compress(OK) + gzip.compress(OK)[:40]),
    "zlib that is cut": ("deflate", zlib.compress(OK)[:-5]),
    "deflate that is cut": ("deflate", deflated(OK)[:-5]),
    "words": ("deflate", b"nothing of the kind"),
}


@pytest.mark.parametrize(("label", "content"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_an_error_that_quotes_no_library(label, content):
    with pytest.raises(UnpackError, match=r"body (ends early|is damaged)") as caught:
        unpacked(content, label)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("label", ["", "gzip", "deflate"])
def test_promise_13_the_limit_holds_as_it_comes_and_unpacked(label):
    pack = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[label]
    assert unpacked(pack(LARGE), label, max_bytes=len(LARGE))[0] == LARGE
    for content, limit in ((LARGE, len(LARGE) - 1), (bytes(LIMIT), LIMIT - 1)):
        with pytest.raises(OversizeError):
            unpacked(pack(content), label, max_bytes=limit, size=10**6)


def test_promise_13_a_body_that_unpacks_to_nothing_without_end_is_left():
    with pytest.raises(OversizeError):
        unpacked(gzip.compress(b"") * 1000, "gzip", max_bytes=10_000)


def test_promise_7_other_tasks_run_while_a_piece_is_unpacked():
    turns = 0

    async def main():
        body = Body("gzip", max_bytes=LIMIT)

        async def pieces():
            yield gzip.compress(bytes(LIMIT))

        async def count():
            nonlocal turns
            while True:
                await anyio.lowlevel.checkpoint()
                turns += 1

        async with anyio.create_task_group() as group:
            group.start_soon(count)
            async for _ in body.unpack(pieces()):
                pass
            group.cancel_scope.cancel()

    anyio.run(main)
    assert turns >= LIMIT // BLOCK_BYTES // 2


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000), st.sampled_from(["gzip", "deflate", "", "utf-8"]), st.integers(1, 400))
def test_any_bytes_are_unpacked_or_an_error_and_never_lost(content, label, size):
    try:
        out, body = unpacked(content, label, size=size)
    except UnpackError:
        return
    assert content in (out, body.packed)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000), st.sampled_from([gzip.compress, zlib.compress]), st.integers(1, 400))
def test_any_content_comes_back(content, pack, size):
    label = "gzip" if pack is gzip.compress else "deflate"
    assert unpacked(pack(content), label, size=size)[0] == content


# Over a socket.


def answer(content: bytes, label: str) -> bytes:
    lines = (b"Content-Encoding: " + label.encode(), b"Content-Length: %d" % len(content))
    return raw(head(*lines) + content)


@pytest.mark.parametrize("label", NOTHING)
def test_promise_2_a_reply_whose_coding_encodes_nothing_is_read(label):
    with FaultServer(answer(OK, label)) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.data == PICTURE


@pytest.mark.parametrize(("label", "content"), PACKED.values(), ids=PACKED)
def test_promise_2_a_compressed_reply_is_read(label, content):
    with FaultServer(answer(content, label)) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.data == PICTURE
        assert server.posts == 1


NOT_READ = {
    "brotli": ("br", b"\x1b\x0a\x00\xf8\x8d\x94\x52" * 9),
    "zstd": ("zstd", b"\x28\xb5\x2f\xfd" + bytes(90)),
    "compress": ("compress", b"\x1f\x9d\x90" + bytes(90)),
    **DAMAGED,
}
WHOLE_JSON = {"cut before the check", "cut in the check", "a second member that is cut", "zlib that is cut"}


@pytest.mark.parametrize("case", sorted(NOT_READ.keys() - WHOLE_JSON))
def test_promise_2_what_cannot_be_unpacked_is_kept_as_it_came(case):
    label, content = NOT_READ[case]
    with FaultServer(answer(content, label)) as server:
        error = error_from(server.url)
        assert server.posts == 1
    assert error.raw_path.read_bytes() == content
    assert str(error.raw_path) in str(error)


@pytest.mark.parametrize("case", sorted(WHOLE_JSON))
def test_promise_2_json_that_is_whole_is_read_although_its_compressed_end_is_missing(case):
    label, content = NOT_READ[case]
    with FaultServer(answer(content, label)) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.data == PICTURE


def test_promise_2_a_reply_that_is_brotli_in_name_only_is_read():
    with FaultServer(answer(OK, "br")) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.data == PICTURE


def test_promise_9_a_compressed_reply_that_is_kept_holds_no_key():
    content = gzip.compress(text_body(f"Your key {KEY} is fine."))[:-6]
    with FaultServer(answer(content[:-4], "gzip")) as server:
        kept = error_from(server.url).raw_path.read_bytes()
    assert b"Your key [key]" in kept


def test_an_error_that_is_compressed_is_heard():
    content = gzip.compress(b'{"error": {"message": "no such size", "code": "odd"}}')
    lines = (b"Content-Encoding: gzip", b"Content-Length: %d" % len(content))
    with FaultServer(raw(head(*lines, status=400) + content)) as server:
        error = error_from(server.url)
    assert "no such size" in str(error)
    assert error.code == "odd"


def test_a_compressed_reply_without_a_picture_is_kept_unpacked():
    content = text_body("I would rather not.")
    with FaultServer(answer(gzip.compress(content), "gzip")) as server:
        assert error_from(server.url).raw_path.read_bytes() == content
