"""What stands under a picture: pixels, model, price, seconds, whether it was replayed, where it was saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemini_nb import GeminiWarning, ImageRequest
from gemini_nb.offline.server import OfflineServer
from gemini_nb.store.store import Store
from support.clients import client_of
from support.generations import answer

MODEL = "gemini-3.1-flash-image-preview"
FACTS = f"PNG · 4 × 4 · {MODEL} · $0.067 by estimate · 12 s"


def test_the_caption_says_what_people_want_to_know():
    made = answer(seconds=12.3, path=Path("out/cat.png"))
    assert made.caption == f"{FACTS} · saved as out/cat.png"
    assert answer(seconds=0.4).caption == f"PNG · 4 × 4 · {MODEL} · $0.067 by estimate"
    assert answer("x", model_version=f"{MODEL}-0414", seconds=456).caption.endswith(" · 7 min 36 s")


def test_a_price_that_is_not_known_is_said_to_be_unknown():
    with pytest.warns(GeminiWarning, match="not in the catalogue"):
        request = ImageRequest("a cat", model="another-model")
    assert answer(request).caption == "PNG · 4 × 4 · another-model · price unknown"


def test_a_replay_says_the_same_and_that_it_cost_nothing(tmp_path):
    made, store = answer(seconds=12.3), Store(tmp_path / "store")
    store.keep(made)
    first, second = (store.find(made.request) for _ in range(2))
    assert made.caption == FACTS
    assert first.caption == second.caption == f"{FACTS} · replayed from the store at no cost"


def test_a_picture_in_the_store_is_not_called_saved(tmp_path):
    made = answer()
    stored = tmp_path / f"{made.image.sha256}.png"
    assert "saved" not in answer(path=stored).caption


def test_a_painting_has_no_seconds_so_that_its_notebook_is_the_same_each_time():
    painted = answer(provider="offline", seconds=30)
    assert painted.caption == f"PNG · 4 × 4 · {MODEL} · painted offline, no cost"
    with OfflineServer() as server, client_of(server.url) as client:
        served = client.generate("a red square", image_size="512")
    assert served.is_painting
    slow = answer(seconds=30, model_version=served.model_version)
    assert slow.caption == f"PNG · 4 × 4 · {MODEL} · $0.067 by estimate"


def test_the_words_of_the_model_stand_below_the_caption_and_the_digest_in_the_text_alone():
    made = answer(seconds=12, text="Here you are.", notes=("asked for 16:9, came as 4 × 4",))
    bundle = made._repr_mimebundle_()
    digest = made.image.sha256[:12]
    assert bundle["text/plain"].splitlines() == [f"{FACTS} · sha256 {digest}", made.text, *made.notes]
    assert f"sha256 {digest}" not in bundle["text/html"]
    assert bundle["text/html"].index("PNG · 4 × 4") < bundle["text/html"].index(made.text)
