"""A streamed reply keeps every byte that came, and hands on what its events hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.images import noise_png, png
from support.new_shapes import streamed, whole
from support.replies import body, inline, reply
from support.streams import event, receive

STREAMS = streamed(noise_png(5000)) | {
    "plain JSON": body(reply(inline(noise_png(5000))), indent=1),
    "a page": b"<html>\n\ndata: 1\n\n</html>",
    "nothing": b"",
    "blanks": b" \r\n\n",
    "an event of empty lines": b"data:\ndata: \n\ndata:\n\n",
    "ends mixed": b"\xef\xbb\xbfdata: {\r\n: and on\r\ndata:}\r\r\n\nid: 7\rdata: [\rdata: ]\n",
}


@pytest.mark.parametrize("case", STREAMS)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_what_is_kept_are_the_bytes_that_came(case, size):
    sent = STREAMS[case]
    received = receive(*(sent[at : at + size] for at in range(0, len(sent), size)))
    assert received.finish().raw() == sent


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(STREAMS)), st.floats(0, 1), st.floats(0, 1))
def test_what_is_kept_of_a_stream_that_breaks_off_is_its_beginning(case, end, cut):
    sent = STREAMS[case][: int(end * len(STREAMS[case]))]
    cut = int(cut * len(sent))
    assert receive(sent[:cut], sent[cut:]).finish().raw() == sent


def test_an_event_that_is_no_json_keeps_nothing_from_being_handed_on():
    handed = []
    noises = (b"ping", b": keepalive", b"{", b"[DONE]")
    pieces = (b"data: %s\n\n" % noise + event(reply("a")) for noise in noises)
    receive(*pieces, take_parts=lambda parts, _: handed.extend(parts))
    assert handed == [{"text": "a"}] * 4


def test_the_parts_of_a_wrapped_event_are_handed_on_while_it_streams():
    handed = []
    receive(event({"response": reply("a")}), take_parts=lambda parts, _: handed.extend(parts))
    assert handed == [{"text": "a"}]


def test_every_new_shape_is_received_as_plain_json():
    for value, _ in whole(png(40, 30)).values():
        assert receive(body(value)).finish().raw() == body(value)
