"""The original under a picture: where it was saved, a link that holds it, or how to have it; no dead link."""

from __future__ import annotations

import io
from base64 import b64decode
from hashlib import sha256

import pytest
from PIL import Image

from gemini_nb.display import figure
from gemini_nb.display.original import MAX_LINKED_BYTES, Original
from gemini_nb.images.image import GeneratedImage
from support.html_tags import Tags
from support.images import noise_png

DOWNLOAD = Original("a-cat.png")
HOSTILE = '"><script>alert(1)</script>.png'


def image_of(data):
    return GeneratedImage.from_bytes(data, source="inlineData")


def page_of(data, original):
    return figure.render_bundle(image_of(data), alt="a cat", caption="facts", original=original)["text/html"]


def test_a_small_picture_is_held_by_a_link_under_a_telling_name():
    (link,) = Tags(page_of(noise_png(MAX_LINKED_BYTES), DOWNLOAD)).all("a")
    kind, _, data = link["href"].partition(",")
    assert (kind, link["download"]) == ("data:image/png;base64", "a-cat.png")
    assert sha256(b64decode(data)).digest() == sha256(noise_png(MAX_LINKED_BYTES)).digest()


def test_of_a_larger_one_it_is_said_how_to_have_it():
    page = page_of(noise_png(MAX_LINKED_BYTES + 1), DOWNLOAD)
    assert "save the original with -s FILE or .save(FILE)" in page
    assert not Tags(page).all("a")


def test_a_larger_one_in_a_visible_store_is_linked():
    original = Original("a-cat.png", link="store/images/ab.png")
    (link,) = Tags(page_of(noise_png(MAX_LINKED_BYTES + 1), original)).all("a")
    assert (link["href"], link["download"]) == ("store/images/ab.png", "a-cat.png")
    assert original.without_bytes() == original
    assert DOWNLOAD.without_bytes() == Original()


def test_a_saved_one_is_linked_where_the_notebook_can():
    page = page_of(noise_png(99), Original("a-cat.png", "out/my cat.png", "out/my%20cat.png"))
    (link,) = Tags(page).all("a")
    assert (link["href"], link["download"]) == ("out/my%20cat.png", "")
    assert ">out/my cat.png</a>" in page
    page = page_of(noise_png(99), Original("a-cat.png", "/elsewhere/cat.png"))
    assert "facts · saved as /elsewhere/cat.png" in page
    assert not Tags(page).all("a")


@pytest.mark.parametrize(
    "original", [Original(HOSTILE), Original("", HOSTILE, HOSTILE), Original("", HOSTILE)]
)
def test_promise_16_names_of_files_are_escaped(original):
    tags = Tags(page_of(noise_png(99), original))
    assert {tag for tag, _ in tags.tags} <= {"figure", "img", "figcaption", "a"}
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)


def test_a_picture_with_the_heaviest_link_takes_less_than_200_kilobytes():
    """Noise has a heavier preview than any photograph that is as small a file."""
    into = io.BytesIO()
    Image.effect_noise((512, 512), 40).save(into, "WEBP", quality=5)
    noise = image_of(into.getvalue())
    assert 0.7 * MAX_LINKED_BYTES < noise.size <= MAX_LINKED_BYTES
    bundle = figure.render_bundle(noise, alt="noise", caption="facts", original=DOWNLOAD)
    assert Tags(bundle["text/html"]).all("a")
    assert sum(map(len, bundle.values())) < 200_000
