"""Clients of the offline server's batch jobs, and what they ask for."""

from __future__ import annotations

from gemini_nb import Client
from support.offline import FLASH

SMALL = {"model": FLASH, "image_size": "512"}  # quickly painted


def make_client(server, folder, **options):
    """A client that sends batch jobs to a server of this machine, with a store in a folder."""
    return Client("google", api_key="k", base_url=server.url, store=folder / "store", **options)


def prompts(count):
    """So many prompts, each for a picture of its own digest."""
    return [f"a red square, row {number}" for number in range(count)]


def generate(client, count, **options):
    """The batch of so many pictures, made in batch jobs."""
    return client.generate_many(prompts(count), tier="batch", **SMALL, **options)


def make_many(server):
    """How many rows the server has made, and the most that it made one of them."""
    counts = server.batches.rows_made
    return sum(counts.values()), max(counts.values(), default=0)
