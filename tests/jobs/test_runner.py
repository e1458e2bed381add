"""`generate_many(tier="batch")`: pictures of batch jobs, as if they had been asked for one by one."""

from __future__ import annotations

import asyncio

import pytest

from gemini_nb import AsyncClient, Client
from gemini_nb.errors import ArgumentError
from gemini_nb.offline.server import OfflineServer
from support.jobs import SMALL, make_client

PROMPTS = ["a red square", "a blue circle", "a green hill"]


@pytest.fixture
def server():
    with OfflineServer(batch_seconds=0.05) as running:
        yield running


def test_pictures_of_a_job_are_stored_and_replayed(server, tmp_path):
    client = make_client(server, tmp_path)
    batch = client.generate_many(PROMPTS, tier="batch", **SMALL)
    assert [outcome.prompt for outcome in batch] == PROMPTS
    assert all(not one.replayed and one.tier == "batch" for one in batch.generations)
    assert client.generate(PROMPTS[0], **SMALL).replayed
    again = client.generate_many(PROMPTS, tier="batch", **SMALL)
    assert all(one.replayed for one in again.generations)
    assert len(server.batches.created) == 1


def test_the_asynchronous_client_does_it_too(server, tmp_path):
    async def main():
        async with AsyncClient("google", api_key="k", base_url=server.url, store=tmp_path) as client:
            return await client.generate_many(PROMPTS, tier="batch", **SMALL)

    assert len(asyncio.run(main()).generations) == len(PROMPTS)


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (lambda folder: Client("crazyrouter", api_key="k", store=folder), 'Client("google", store=True)'),
        (lambda folder: Client("offline", store=folder), 'Client("google", store=True)'),
        (lambda _: Client("google", api_key="k"), "needs a store"),
        (lambda folder: Client("google", api_key="k", store=folder, replay="off"), "needs a store"),
    ],
    ids=["crazyrouter", "offline", "without a store", "store off"],
)
def test_what_cannot_be_a_batch_job_is_refused_with_the_way(client, words, tmp_path):
    with pytest.raises(ArgumentError, match=r"batch") as refusal:
        client(tmp_path).generate_many(PROMPTS, tier="batch")
    assert words in str(refusal.value)
