from __future__ import annotations

import io
from base64 import b64decode

from PIL import Image

from gemini_nb import ImageRequest
from gemini_nb.batch.result import Batch
from gemini_nb.display import grid
from gemini_nb.errors import OutcomeUnknownError
from gemini_nb.images.image import GeneratedImage
from support.generations import answer, picture
from support.html_tags import Tags
from support.images import encoded, png

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


def test_nothing_made_has_no_sheet():
    assert set(shown(None)) == {"text/html", "text/plain"}


def test_a_prompt_of_many_lines_is_a_caption_of_one_that_is_cut():
    prompt = '{\n  "scene": "%s"\n}' % ("x" * 500)
    lines = shown(answer(prompt))["text/plain"].splitlines()
    assert lines[1].startswith('{ "scene": "xxx')
    assert lines[1].endswith("…")
    assert len(lines[1]) <= 120
