from __future__ import annotations

import errno
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb.errors import BadResponseError, TooLargeError
from gemini_nb.files import UnnamedFile
from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.spooled import IN_MEMORY_BYTES
from gemini_nb.reply import base64_blobs, json_receiver
from gemini_nb.reply.json_receiver import JSONReceiver
from gemini_nb.reply.reply import read_reply
from support.base64_cases import BODIES, CUT, LARGE, LEFT, RUN, plain
from support.images import bytes_of, noise_png
from support.replies import b64, body, inline, read_raw, reply
from support.streams import event, receive

LARGE_PICTURE = noise_png(3_000_001)


def receive_in_pieces(raw: bytes, ends=(), **options) -> json_receiver.ReceivedBody:
    """The body, received in pieces that end where `ends` say, each overwritten by the next as on the wire."""
    receiver = JSONReceiver(**options)
    buffer = bytearray(len(raw))
    done = 0
    for end in [*sorted(ends), len(raw)]:
        length = end - done
        buffer[:] = b"?" * len(buffer)
        buffer[:length] = raw[done:end]
        receiver.write(memoryview(buffer)[:length])
        done = end
    buffer[:] = b"?" * len(buffer)
    return receiver.finish()


def value_of(result: json_receiver.ReceivedBody):
    """What is read in the end, tokens replaced, or the error's kind."""
    try:
        value = base64_blobs.parse_json(result.rest)
    except BadResponseError:
        return BadResponseError
    return result.blobs.restore_value(value)


@pytest.mark.parametrize("name", sorted(CUT))
def test_a_run_is_lifted_out_of_a_body_that_comes_in_two_pieces(name):
    raw = CUT[name].encode()
    for end in range(0, len(raw), 29):
        result = receive_in_pieces(raw, [end])
        assert len(result.rest) < 400
        assert result.raw() == raw
        assert value_of(result) == plain(raw.removeprefix(b"\xef\xbb\xbf"))


@pytest.mark.parametrize("raw", [*CUT.values(), *LEFT.values()], ids=[*CUT, *LEFT])
def test_a_body_that_comes_byte_by_byte_is_the_same(raw):
    raw = raw.encode()
    result = receive_in_pieces(raw, range(1, len(raw)))
    assert result.raw() == raw
    assert value_of(result) == plain(raw.removeprefix(b"\xef\xbb\xbf"))


@pytest.mark.parametrize("raw", LEFT.values(), ids=LEFT)
def test_what_is_odd_is_written_back_as_it_was(raw):
    result = receive_in_pieces(raw.encode(), [400])
    assert result.rest == raw.encode()


@settings(max_examples=200, deadline=None)
@given(BODIES, st.data())
def test_any_value_in_any_pieces_is_what_json_alone_makes_of_it(raw, data):
    result = receive_in_pieces(raw, data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    assert result.raw() == raw
    assert value_of(result) == plain(raw)


@settings(max_examples=200, deadline=None)
@given(BODIES, st.data())
def test_any_damage_in_any_pieces_is_what_json_alone_makes_of_it(raw, data):
    at = data.draw(st.integers(0, len(raw)))
    other = data.draw(
        st.sampled_from([b"", b'"', b"\\", b"\\/", b"\\u0041", b"=", b"}", b'"data":"', b";base64,"])
    )
    damaged = raw[:at] + other + raw[at + data.draw(st.integers(0, 5)) :]
    result = receive_in_pieces(damaged, data.draw(st.lists(st.integers(0, len(damaged)), max_size=6)))
    assert result.raw() == damaged
    assert value_of(result) == plain(damaged)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_what_json_alone_makes_of_them(raw, end):
    result = receive_in_pieces(raw, [min(end, len(raw))])
    assert result.raw() == raw
    assert value_of(result) == plain(raw)


@pytest.mark.parametrize("left", [1, 2, 3, 4, 700, len(RUN)])
def test_a_body_that_breaks_off_in_a_run_is_had_again_as_it_came(left):
    raw = CUT["inlineData"].encode().rstrip(b'"}')[:-left]
    result = receive_in_pieces(raw, [500])
    assert result.raw() == raw
    assert value_of(result) is BadResponseError


def test_text_in_utf_16_that_spells_a_mark_is_left_alone():
    mark = b'"data":"' + b"QUJD" * 300 + b'" '
    raw = json.dumps([mark.decode("utf-16-le")], ensure_ascii=False).encode("utf-16")
    assert mark in raw
    result = receive_in_pieces(raw)
    assert result.rest == raw
    assert value_of(result) == [mark.decode("utf-16-le")]


def test_marks_by_the_thousand_are_answered_like_any_text():
    raw = json.dumps({"text": ";base64," * 30_000 + RUN, "data": RUN}).encode()
    result = receive_in_pieces(raw, [1000])
    assert result.raw() == raw
    assert value_of(result) == plain(raw)


@pytest.mark.parametrize("written", LARGE.values(), ids=LARGE)
def test_a_large_picture_is_read_however_it_is_written(written, tmp_path):
    raw = f'{{"data":"{written(b64(LARGE_PICTURE))}","more":"text of no weight"}}'.encode()
    result = receive_in_pieces(raw, range(0, len(raw), 10_007), new_file=lambda: UnnamedFile(tmp_path))
    value = base64_blobs.parse_json(result.rest)
    found = result.blobs.get(value["data"]).data
    assert bytes_of(found) == LARGE_PICTURE
    assert result.raw() == raw


def test_a_large_picture_goes_to_a_file_and_a_small_one_does_not(tmp_path):
    small = noise_png(IN_MEMORY_BYTES // 2)
    result = receive_in_pieces(
        body(reply(inline(LARGE_PICTURE), inline(small))), new_file=lambda: UnnamedFile(tmp_path)
    )
    large, little = read_reply(result).images
    assert isinstance(large.data, FileBytes)
    assert large.data.read() == LARGE_PICTURE
    assert little.data == small


def test_a_reply_is_read_alike_whole_in_pieces_and_from_a_file(tmp_path):
    raw = body(reply("words", inline(LARGE_PICTURE), inline(noise_png(5000), thought=True)))
    whole = read_raw(raw)
    for options in ({}, {"new_file": lambda: UnnamedFile(tmp_path)}):
        found = read_reply(receive_in_pieces(raw, range(0, len(raw), 65_536), **options))
        assert (found.text, found.finish_reason, len(found.images)) == (whole.text, whole.finish_reason, 1)
        assert found.turn() == whole.turn()


def test_a_run_that_is_none_late_is_written_back_out_of_its_file(tmp_path):
    text = b64(LARGE_PICTURE)
    raw = f'{{"data":"{text[:-200]}\\b{text[-200:]}"}}'.encode()
    result = receive_in_pieces(raw, range(0, len(raw), 50_000), new_file=lambda: UnnamedFile(tmp_path))
    assert result.rest == raw
    assert list(tmp_path.iterdir()) == []


class FullDisk(UnnamedFile):
    """A file on a disk that takes so many bytes and no more."""

    room = 2_500_000

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "no space")
        super().write(data)


def refused() -> UnnamedFile:
    raise OSError(errno.EROFS, "read-only")


@pytest.mark.parametrize("disk", [refused, "full"], ids=["read-only", "full on the way"])
def test_a_disk_that_refuses_costs_memory_and_no_picture(disk, tmp_path):
    raw = body(reply(inline(LARGE_PICTURE)))
    new_file = disk if callable(disk) else lambda: FullDisk(tmp_path)
    (found,) = read_reply(receive_in_pieces(raw, range(0, len(raw), 65_536), new_file=new_file)).images
    assert found.data == LARGE_PICTURE


def test_a_reply_of_many_pictures_opens_few_files(tmp_path):
    opened = []

    def new_file() -> UnnamedFile:
        opened.append(UnnamedFile(tmp_path))
        return opened[-1]

    pictures = [noise_png(IN_MEMORY_BYTES + 1000 * number) for number in range(1, 21)]
    found = read_reply(receive_in_pieces(body(reply(*map(inline, pictures))), new_file=new_file))
    assert len(opened) == json_receiver.MAX_FILES
    assert [bytes_of(one.data) for one in found.images] == pictures


def test_a_stream_of_many_pictures_opens_few_files(tmp_path):
    opened = []

    def new_file() -> UnnamedFile:
        opened.append(UnnamedFile(tmp_path))
        return opened[-1]

    pictures = [noise_png(IN_MEMORY_BYTES + 1000 * number) for number in range(1, 21)]
    streamed = receive(*(event(reply(inline(one))) for one in pictures), new_file=new_file)
    found = read_reply(streamed.finish())
    assert len(opened) == json_receiver.MAX_FILES
    assert [bytes_of(one.data) for one in found.images] == pictures


def test_what_is_no_picture_counts_as_rest():
    raw = b'{"text":"' + b"x " * (base64_blobs.MAX_REST_BYTES // 2) + b'"}'
    result = receive_in_pieces(raw, range(0, len(raw), 100_000))
    with pytest.raises(TooLargeError):
        base64_blobs.parse_json(result.rest)


def test_replies_that_share_a_table_keep_their_blobs_apart():
    shared = base64_blobs.BlobTable()
    pictures = [random.Random(seed).randbytes(2000) for seed in (1, 2)]
    bodies = [receive_in_pieces(f'{{"data":"{b64(one)}"}} '.encode(), blobs=shared) for one in pictures]
    found = [base64_blobs.parse_json(one.rest)["data"] for one in bodies]
    assert [shared.get(token).data for token in found] == pictures
