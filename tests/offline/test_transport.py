"""The transport inside the process answers httpx."""

from __future__ import annotations

import anyio
import httpx

from gemini_nb.offline.transport import OfflineTransport
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
