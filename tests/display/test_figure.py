from __future__ import annotations

import io
from base64 import b64decode

import pytest
from PIL import Image

from gemini_nb.display import figure
from gemini_nb.images.image import GeneratedImage
from gemini_nb.text import escape_html
from support.generations import answer, picture
from support.html_tags import Tags
from support.images import encoded, jpeg, png
from support.pngs import plain_png

WIDE = GeneratedImage.from_bytes(png(1600, 400), source="inlineData")


def bundle(image=WIDE, **options):
    return figure.render_bundle(image, **{"alt": "a prompt", "caption": "a caption", **options})


def image_tag(page):
    return Tags(page).all("img")[0]


def preview(page):
    return Image.open(io.BytesIO(b64decode(image_tag(page)["src"].partition(",")[2])))


def test_the_preview_is_at_most_so_many_pixels_wide():
    assert preview(bundle()["text/html"]).size == (768, 192)
    assert preview(bundle(width=200)["text/html"]).size == (200, 50)


def test_a_small_picture_is_not_blown_up():
    small = GeneratedImage.from_bytes(png(40, 30), source="inlineData")
    assert preview(bundle(small)["text/html"]).size == (40, 30)
    assert image_tag(bundle(small)["text/html"])["width"] == "40"


SHAPES = {
    "16,384 pixels tall": (100, 16_384, (25, 4096), (17, 2731)),
    "60,000 pixels tall": (90, 60_000, (6, 4096), (4, 2731)),
    "a line down": (1, 100_000, (1, 4096), (1, 2731)),
    "a line across": (100_000, 1, (768, 1), (512, 1)),
    "as tall as a preview": (10, 4096, (10, 4096), (7, 2731)),
    "wide and tall": (3000, 16_384, (750, 4096), (500, 2731)),
}


@pytest.mark.parametrize(("width", "height", "pixels", "css"), SHAPES.values(), ids=SHAPES)
def test_a_picture_of_any_shape_has_a_preview_that_fits(width, height, pixels, css):
    shown = bundle(GeneratedImage.from_bytes(plain_png(width, height), source="inlineData"))
    tag = image_tag(shown["text/html"])
    assert preview(shown["text/html"]).size == pixels
    assert (int(tag["width"]), int(tag["height"])) == css
    with Image.open(io.BytesIO(b64decode(shown["image/jpeg"]))) as fallback:
        assert fallback.width <= 256
        assert fallback.height <= 1024


def test_the_original_of_a_tall_picture_is_embedded_in_its_own_size():
    tall = GeneratedImage.from_bytes(plain_png(100, 16_384), source="inlineData")
    tag = image_tag(bundle(tall, width=None)["text/html"])
    assert (tag["width"], tag["height"]) == ("100", "16384")


def test_a_tall_picture_in_a_chain_is_small():
    tall = GeneratedImage.from_bytes(plain_png(100, 16_384), source="inlineData")
    page = bundle(chain=[("a tower", tall)])["text/html"]
    assert preview(page).height <= 256


def test_the_preview_is_shown_denser_than_the_page():
    tag = image_tag(bundle()["text/html"])
    assert (tag["width"], tag["height"]) == ("512", "128")


def test_without_a_width_the_original_is_embedded():
    page = bundle(width=None)["text/html"]
    assert b64decode(image_tag(page)["src"].partition(",")[2]) == WIDE.data


def test_the_fallback_is_a_small_jpeg():
    fallback = Image.open(io.BytesIO(b64decode(bundle()["image/jpeg"])))
    assert (fallback.format, fallback.width) == ("JPEG", 256)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_a_picture_of_any_mode_has_a_preview(mode):
    picture, kind = io.BytesIO(), "JPEG" if mode == "CMYK" else "PNG"
    Image.new(mode, (900, 20)).save(picture, kind)
    image = GeneratedImage.from_bytes(picture.getvalue(), source="inlineData")
    assert preview(bundle(image)["text/html"]).width == 768


def test_transparency_is_white_in_the_fallback():
    picture = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(picture, "PNG")
    image = GeneratedImage.from_bytes(picture.getvalue(), source="inlineData")
    fallback = Image.open(io.BytesIO(b64decode(bundle(image)["image/jpeg"])))
    assert fallback.getpixel((5, 5)) == (255, 255, 255)


def test_what_cannot_be_decoded_is_said_and_never_raised():
    broken = encoded("PNG", 64, 64).replace(b"IDAT", b"IDAT\x00\x01", 1)[:-2]
    image = GeneratedImage(broken, "image/png", 64, 64, "inlineData")
    assert set(bundle(image)) == {"text/plain"}


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "![x](https://tracker.invalid/a.png)",
    "$\\href{x}{y}$",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_promise_16_text_is_escaped_wherever_it_stands(text):
    page = bundle(alt=text, caption=text, remarks=[text, text * 40])["text/html"]
    tags = Tags(page)
    assert {tag for tag, _ in tags.tags} <= {"figure", "img", "figcaption", "p", "details", "summary", "span"}
    assert image_tag(page)["alt"] == text
    assert not any(name.startswith("on") for _, attrs in tags.tags for name in attrs)


@pytest.mark.parametrize("text", HOSTILE)
def test_promise_16_links_are_escaped_and_learn_nothing_of_the_notebook(text):
    shown = bundle(links={"Sources": [(text, f"https://a.example/?q={text}"), ("b", "https://b.example")]})
    first, second = Tags(shown["text/html"]).all("a")
    assert (first["href"], second["href"]) == (f"https://a.example/?q={text}", "https://b.example")
    assert first["rel"] == second["rel"] == "noopener noreferrer"
    assert not any(name.startswith("on") for _, attrs in Tags(shown["text/html"]).tags for name in attrs)
    assert "b (https://b.example)" in shown["text/plain"]


def test_mathematics_is_not_typeset():
    assert "$x$" not in escape_html("$x$")
    assert "\\(" not in escape_html("\\(x\\)")


def test_a_lone_surrogate_does_not_break_the_message():
    page = bundle(alt="a \ud800 b")["text/html"]
    assert page.encode("utf-8")


def test_long_words_of_the_model_are_folded_away():
    page = bundle(remarks=["word " * 200])["text/html"]
    assert "<details" in page


def test_facts_tell_pictures_apart():
    other = GeneratedImage.from_bytes(jpeg(1600, 400), source="inlineData")
    assert figure.describe(WIDE) == "PNG · 1600 × 400"
    one, another = (bundle(image) for image in (WIDE, other))
    assert one["text/plain"] == f"a caption · sha256 {WIDE.sha256[:12]}"
    assert one["text/plain"] != another["text/plain"]
    (attributes,) = Tags(one["text/html"]).all("figure")
    assert attributes["data-sha256"] == WIDE.sha256


def test_drafts_are_folded_away_below_the_picture_with_its_prompt():
    generation = answer("a cat", drafts=tuple(picture(png(30 + n, 30)) for n in range(6)))
    page = generation._repr_mimebundle_()["text/html"]
    folded = page[page.index("<details") : page.index("</details>")]
    assert "6 drafts that the model made on the way, the first 4 shown" in folded
    assert [attrs["alt"] for attrs in Tags(folded).all("img")] == [f"a cat (draft {n})" for n in range(1, 5)]
    assert "<details" not in answer("a cat")._repr_mimebundle_()["text/html"]


def test_a_broken_draft_costs_no_picture():
    broken = GeneratedImage(encoded("PNG", 64, 64)[:90], "image/png", 64, 64, "inlineData")
    assert answer(drafts=(broken,))._repr_mimebundle_()["text/html"].count("<img") == 1
