"""A request is a value: what a caller does to its arguments afterwards changes nothing."""

from __future__ import annotations

import asyncio

from gemini_nb import AsyncClient, ImageRequest
from support.clients import KEY, OK, client_of
from support.gateway import Answer, Gateway


def seeds_of(gateway):
    return sorted(request.json["generationConfig"]["seed"] for request in gateway.requests)


def test_four_seeds_through_one_dict_are_four_requests_of_a_batch(tmp_path):
    def requests():
        config = {}
        for seed in range(4):
            config["seed"] = seed
            yield ImageRequest("a square", config=config)

    with Gateway(Answer(OK)) as gateway, client_of(gateway.url, store=tmp_path) as client:
        assert len(client.generate_many(requests(), progress=False).generations) == 4
        assert seeds_of(gateway) == [0, 1, 2, 3]
        stored = [ImageRequest("a square", config={"seed": seed}) for seed in range(4)]
        assert all(map(client.holds, stored))


def test_four_seeds_through_one_dict_are_four_calls_that_wait_for_a_task(tmp_path):
    async def main(url):
        async with AsyncClient(base_url=url, api_key=KEY, store=tmp_path) as client:
            config, calls = {}, []
            for seed in range(4):
                config["seed"] = seed
                calls.append(client.generate("a square", config=config))
            await asyncio.gather(*calls)

    with Gateway(Answer(OK)) as gateway:
        asyncio.run(main(gateway.url))
        assert seeds_of(gateway) == [0, 1, 2, 3]


def test_the_options_of_a_batch_are_those_it_began_with():
    config = {"seed": 0}

    def prompts():
        for number in range(3):
            yield f"square {number}"
            config["seed"] += 1

    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client:
        client.generate_many(prompts(), config=config, concurrency=1, progress=False)
        assert seeds_of(gateway) == [0, 0, 0]


def test_the_options_of_a_conversation_are_those_it_began_with():
    config = {"seed": 1}
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client:
        chat = client.chat(config=config)
        config["seed"] = 2
        chat.send("a house")
        assert seeds_of(gateway) == [1]
