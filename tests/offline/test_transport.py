"""The transport inside the process answers httpx."""

from __future__ import annotations

import anyio
import httpx
import pytest

from gemini_nb import Client
from gemini_nb.offline.faults import Faults
from gemini_nb.offline.in_page import PageListener
from gemini_nb.offline.provider import OfflineGateway
from gemini_nb.offline.transport import OfflineTransport, find_page_transport
from support.offline import IMAGE_ONLY, prompt_body


def test_the_embedded_transport_answers_httpx():
    async def main():
        async with httpx.AsyncClient(
            transport=OfflineTransport(), base_url="http://offline.invalid"
        ) as client:
            reply = await client.post(
                "/v1beta/models/gemini-2.5-flash-image-preview:generateContent",
                json=prompt_body(generationConfig=IMAGE_ONLY),
            )
            link = reply.json()["candidates"][0]["content"]["parts"][0]["text"][len("![Image](") : -1]
            assert link.startswith("http://offline.invalid/images/")
            hosted = await client.get(link)
            assert int(hosted.headers["content-length"]) == len(hosted.content)
            assert hosted.content.startswith(b"\x89PNG")

    anyio.run(main)


def test_what_the_painter_left_out_stands_under_the_picture_and_in_a_grids_tile():
    with Client("offline") as client:
        batch = client.generate_many(["a horse on a boat", "a boat"], image_size="512")
    horse, boat = batch.generations
    said = "Offline painter left out: horse"
    assert (horse.notes, boat.notes) == ((said,), ())
    assert said in horse._repr_mimebundle_()["text/html"]
    assert batch._repr_mimebundle_()["text/plain"].count(said) == 1


def test_what_was_left_out_is_not_shown_twice_where_the_text_has_it():
    with Client("offline") as client:
        horse = client.generate("a horse", text=True, image_size="512")
    assert horse.notes == ("Offline painter left out: horse",)
    assert horse._repr_mimebundle_()["text/plain"].count(*horse.notes) == 1


@pytest.fixture
def listener():
    """A server of a page, where no port can be opened."""
    listener = PageListener(gateway=OfflineGateway(Faults()), delay=0.0, dialect="gateway")
    listener.open()
    yield listener
    listener.close()


def asked_in_page(listener, prompt, *, key="any", seconds=10.0):
    """The answer to a POST, and what httpx's `trace` was told."""
    events = []

    async def trace(event, _info):
        events.append(event)

    async def main():
        transport = find_page_transport(listener.origin)
        async with httpx.AsyncClient(transport=transport, timeout=None) as client:
            with anyio.fail_after(seconds):
                return await client.post(
                    f"{listener.origin}/v1beta/models/gemini-3.1-flash-image-preview:generateContent",
                    params={"key": key} if key else {},
                    json=prompt_body(prompt, generationConfig=IMAGE_ONLY),
                    extensions={"trace": trace},
                )

    return anyio.run(main), events


def test_a_server_in_the_page_answers_as_one_on_a_port_does(listener):
    reply, events = asked_in_page(listener, "a red ball")
    assert "inlineData" in reply.text
    assert events == ["http11.send_request_headers.started"]
    assert asked_in_page(listener, "a red ball", key=None)[0].json()["error"]["code"] == "invalid_api_key"
    assert listener.posts == 2


@pytest.mark.parametrize("fault", ["truncated", "reset"])
def test_a_reply_breaks_off_in_the_page_too(listener, fault):
    with pytest.raises(httpx.ReadError):
        asked_in_page(listener, f"a red ball [fault: {fault}]")


@pytest.mark.parametrize("fault", ["stall", "drip"])
def test_a_reply_stalls_in_the_page_too(listener, fault):
    with pytest.raises(TimeoutError):
        asked_in_page(listener, f"a red ball [fault: {fault}]", seconds=0.5)


def test_a_closed_server_of_a_page_is_not_found(listener):
    listener.close()
    assert find_page_transport(listener.origin) is None
