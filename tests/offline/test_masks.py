"""The painter keeps to a mask by itself, before anything is composed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gemini_nb import Client
from gemini_nb.errors import APIError
from gemini_nb.images.inputs import InputImage
from gemini_nb.models import masks
from gemini_nb.offline.server import OfflineServer
from support.masks import MASKS, encoded, photo

SIZE = (300, 260)
SOURCE = encoded(photo(SIZE))
PNG_MODEL = "gemini-2.5-flash-image"  # whose replies lose nothing


def edit(client, given, prompt="darken it"):
    return client.generate(prompt, model=PNG_MODEL, images=[SOURCE], mask=given)


@pytest.mark.parametrize("shape", ["box", "one pixel", "stroke", "blob", "everything"])
def test_what_is_painted_is_changed_inside_the_mask_only(shape):
    generation = edit(Client("offline"), MASKS[shape](SIZE))
    (received,) = generation.received
    white = np.asarray(generation.request.mask.decode()) > 0
    before, after = np.asarray(photo(SIZE)), np.asarray(received.pil.convert("RGB"))
    assert (before[~white] == after[~white]).all()
    assert (before[white] != after[white]).any()
    assert not any("mask" in note for note in generation.notes[1:])  # the sentence is no part of the prompt


def test_a_painting_is_marked_inside_of_its_mask():
    generation = edit(Client("offline"), (100, 50, 150, 150), "fill it with red")
    corner = np.asarray(generation.pil)[180:198, 180:248]
    assert (corner > 200).all(axis=2).any()


def test_a_server_keeps_to_a_mask_for_any_client():
    with OfflineServer() as server:
        generation = edit(Client("google", api_key="any", base_url=server.url), (0, 0, 200, 100))
    before, after = np.asarray(photo(SIZE)), np.asarray(generation.received[0].pil.convert("RGB"))
    assert Image.fromarray((before != after).any(axis=2)).getbbox() == (0, 0, 200, 100)


def test_a_mask_of_another_size_is_refused():
    wrong = [InputImage(SOURCE, "image/png"), InputImage(encoded(Image.new("L", (5, 5), 255)), "image/png")]
    with pytest.raises(APIError, match="Unable to process input image"):
        Client("offline").generate(masks.add_sentence("darken it"), images=wrong)
