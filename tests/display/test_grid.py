from __future__ import annotations

import io
from base64 import b64decode
from pathlib import Path

import pytest
from PIL import Image

from gemini_nb import ImageRequest
from gemini_nb.batch.result import Batch
from gemini_nb.display import grid
from gemini_nb.errors import BlockedError, OutcomeUnknownError
from gemini_nb.images.image import GeneratedImage
from support.generations import answer, picture
from support.html_tags import Tags
from support.images import encoded, png
from support.pngs import plain_png

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script> 🟥 $x$'


def batch_of(*outcomes, **more):
    requests = tuple(getattr(one, "request", ImageRequest("a failure")) for one in outcomes)
    return Batch(requests, outcomes, **more)


def shown(*outcomes, **more):
    return batch_of(*outcomes, **more)._repr_mimebundle_()


def test_a_grid_is_one_table_with_a_row_for_so_many_columns():
    page = Tags(shown(*(answer(f"prompt {n}") for n in range(5)), columns=2)["text/html"])
    assert len(page.all("table")) == 1
    assert len(page.all("tr")) == 3
    assert [attrs["alt"] for attrs in page.all("img")] == [f"prompt {n}" for n in range(5)]


def test_promise_16_prompts_labels_and_errors_are_escaped():
    bad = OutcomeUnknownError(HOSTILE)
    page = Tags(shown(answer(HOSTILE), bad, labels=(HOSTILE, HOSTILE))["text/html"])
    assert page.all("img")[0]["alt"] == HOSTILE
    assert {tag for tag, _ in page.tags} <= {
        "div",
        "table",
        "tr",
        "td",
        "figure",
        "img",
        "figcaption",
        "span",
    }
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_a_failure_is_a_tile_that_says_why():
    bundle = shown(answer(), OutcomeUnknownError("502 Bad gateway"))
    for kind in ("text/html", "text/plain"):
        assert "OutcomeUnknownError: 502 Bad gateway" in bundle[kind]
        assert "2 pictures: 1 made, 1 failed" in bundle[kind]


def test_what_an_interrupt_left_is_said():
    assert "1 not asked" in shown(answer(), None)["text/plain"]


def test_a_picture_that_cannot_be_drawn_is_a_tile_that_says_so():
    broken = GeneratedImage(encoded("PNG", 64, 64)[:90], "image/png", 64, 64, "inlineData")
    page = shown(answer(), answer(images=(broken,)))["text/html"]
    assert "cannot be" in page
    assert page.count("<img") == 1


def test_a_grid_of_thousands_holds_few_previews_and_counts_the_rest():
    one = answer(images=(picture(png(300, 300)),))
    bundle = Batch((one.request,) * 3000, (one,) * 3000)._repr_mimebundle_()
    assert bundle["text/html"].count("<img") == grid.MAX_TILES == 60
    assert "and 2,940 more" in bundle["text/html"]
    assert "and 2,940 more" in bundle["text/plain"]


def test_front_ends_without_html_get_one_sheet_of_all():
    sheet = shown(*(answer(images=(picture(png(320, 160)),)) for _ in range(3)), columns=2)["image/jpeg"]
    assert Image.open(io.BytesIO(b64decode(sheet))).size == (2 * 168, 2 * 88)


def test_tall_pictures_do_not_make_the_sheet_endless():
    tall = answer(images=(picture(plain_png(100, 16_384)),))
    bundle = shown(*[tall] * 9, columns=2)
    assert bundle["text/html"].count("<img") == 9
    assert Image.open(io.BytesIO(b64decode(bundle["image/jpeg"]))).size == (2 * 168, 5 * 328)


def test_nothing_made_has_no_sheet():
    assert set(shown(None)) == {"text/html", "text/plain"}


def test_a_prompt_of_many_lines_is_a_caption_of_one_that_is_cut():
    prompt = '{\n  "scene": "%s"\n}' % ("x" * 500)
    lines = shown(answer(prompt))["text/plain"].splitlines()
    assert lines[1].startswith('{ "scene": "xxx')
    assert lines[1].endswith("…")
    assert len(lines[1]) <= 120


PAID = {"seconds": 12.0}
UNPRICED = {"model": "another-model"}
REPLAYED = {"replayed": True, **PAID}
OFFLINE = {"provider": "offline", **PAID}
HEADINGS = {
    "made": ([PAID, PAID], "2 pictures: 2 made · $0.134 by estimate · 41 s"),
    "some failed": (
        [PAID, BlockedError("no"), OutcomeUnknownError("502")],
        "3 pictures: 1 made, 2 failed (1 perhaps billed) · $0.067 by estimate · 41 s",
    ),
    "replayed": ([REPLAYED, REPLAYED], "2 pictures: 2 replayed"),
    "some replayed": (
        [PAID, REPLAYED, None],
        "3 pictures: 1 made, 1 replayed, 1 not asked · $0.067 by estimate · 41 s",
    ),
    "offline": ([OFFLINE, OFFLINE], "2 pictures: 2 made"),
    "served offline": ([{"model_version": "m-offline", **PAID}], "1 picture: 1 made · $0.067 by estimate"),
    "price unknown": ([UNPRICED], "1 picture: 1 made · price unknown · 41 s"),
    "some prices unknown": (
        [PAID, UNPRICED],
        "2 pictures: 2 made · $0.067 by estimate and 1 of unknown price · 41 s",
    ),
    "nothing": ([None], "1 picture: 0 made, 1 not asked"),
}


@pytest.mark.filterwarnings("ignore:The model 'another-model' is not in the catalogue")
@pytest.mark.parametrize(("facts", "heading"), HEADINGS.values(), ids=HEADINGS)
def test_a_grid_is_headed_by_what_this_run_made_and_cost_and_how_long_it_took(facts, heading):
    batch = batch_of(*(made(**one) if isinstance(one, dict) else one for one in facts), seconds=41.2)
    assert batch.heading == heading
    assert batch._repr_mimebundle_()["text/plain"].startswith(f"{heading}\n")


def test_what_equal_requests_share_was_paid_for_once_and_a_part_took_some_of_the_time():
    shared = made(**PAID)
    batch = batch_of(shared, shared, made(**PAID), seconds=41)
    assert batch.heading == "3 pictures: 3 made · $0.134 by estimate · 41 s"
    assert batch[1:].heading == "2 pictures: 2 made · $0.134 by estimate"


def made(model="nano-banana-2", **facts):
    return answer(ImageRequest("a cat", model=model), **facts)


def test_below_a_grid_stands_how_to_have_the_originals_until_all_are_saved():
    hint, saved = "save the originals with -s FOLDER/ or .save(FOLDER)", made(path=Path("out/cat.png"))
    assert hint in shown(saved, made())["text/html"]
    assert hint not in shown(saved, None)["text/html"]


def test_a_tile_says_what_its_picture_cost_and_where_it_was_saved():
    noted = {"notes": ("Offline painter left out: whiskers",), **OFFLINE}
    tiles = batch_of(made(path=Path("out/cat.png"), **REPLAYED), made(**noted)).tiles()
    assert [tile.text for tile in tiles] == [
        "a cat\n4 × 4 · $0.067 by estimate · 12 s · replayed · saved as out/cat.png",
        "a cat\n4 × 4 · painted offline, no cost\nOffline painter left out: whiskers",
    ]
