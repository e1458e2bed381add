from __future__ import annotations

import math
import threading
from functools import partial

import anyio
import pytest

from gemini_nb import errors
from gemini_nb.providers import provider
from gemini_nb.providers.secret import Secret
from gemini_nb.reply.json_receiver import ReceivedBody
from gemini_nb.reply.reader import ReplyReader
from gemini_nb.request import ImageRequest
from support.clients import OK, PICTURE, client_of
from support.gateway import Answer, Gateway


@pytest.mark.parametrize("depth", [600, 800])
def test_a_picture_beside_usage_that_is_nested_deeply_is_not_lost(depth):
    usage = b'{"a":' * depth + b"1" + b"}" * depth
    raw = OK[:-1] + b', "usageMetadata": ' + usage + b"}"
    with Gateway(Answer(raw)) as gateway, client_of(gateway.url) as client:
        assert client.generate("a red square").image.data == PICTURE


class Overwhelmed(Secret):
    """A key that cannot be looked for in what is nested as a reply is."""

    def redact_all(self, value):
        return self.redact_all(value)


def test_a_reply_that_is_nested_too_deeply_for_anything_is_kept(tmp_path):
    reader = ReplyReader(provider.CRAZYROUTER, Overwhelmed("sk-test-0123456789"), folder=tmp_path)

    async def main():
        return await reader.read(
            ImageRequest("a red square"), ReceivedBody(OK), deadline=anyio.current_time() + 60
        )

    with pytest.raises(errors.BadResponseError, match="nested too deeply") as caught:
        anyio.run(main)
    assert caught.value.raw_path.read_bytes() == OK


def test_promise_7_a_reply_is_kept_while_the_loop_goes_on(tmp_path, monkeypatch):
    has_gone_on = threading.Event()

    def keep_slowly(_body, **_options):
        assert has_gone_on.wait(60)
        return tmp_path / "kept"

    async def main():
        async with anyio.create_task_group() as group:
            keep = partial(reader.with_kept_reply, deadline=math.inf)
            group.start_soon(keep, error, ReceivedBody(b"a reply"))
            await anyio.lowlevel.checkpoint()
            has_gone_on.set()

    monkeypatch.setattr("gemini_nb.reply.reader.keep_reply", keep_slowly)
    reader, error = ReplyReader(provider.CRAZYROUTER, None), errors.NoImageError("none")
    anyio.run(main)
    assert error.raw_path == tmp_path / "kept"
