from __future__ import annotations

import io
import pickle
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb import errors
from gemini_nb.images import image
from gemini_nb.images.image import GeneratedImage
from support.image_cases import REFUSED, VALID, huge_png, ihdr
from support.images import PNG_END, PNG_START, chunk, encoded, gif, jpeg, noise_png, png, webp


@pytest.mark.parametrize(("data", "mime_type", "width", "height"), VALID.values(), ids=VALID)
def test_a_valid_picture_is_told_by_its_bytes_and_decodes(data, mime_type, width, height):
    made = GeneratedImage.from_bytes(data, source="inlineData", declared_mime_type="image/x")
    assert (made.mime_type, made.width, made.height) == (mime_type, width, height)
    assert made.data == data
    made.pil.convert("RGBA")


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused(data):
    with pytest.raises(errors.ImageRefusedError) as caught:
        image.inspect(data)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 300


SAID = {"SVG": "SVG", "HTML": "HTML", "JSON": "JSON", "text": "text", "PDF": "PDF", "ZIP": "ZIP",
    "HEIC": "HEIC",
        "AVIF": "AVIF", "nothing": "nothing", "NULs": "unknown bytes", "MP4": "video", "XML": "XML",
        "PNG of height 0": "4 by 0", "PNG without IEND": "cut short",
        "GIF of comments without end": "too many blocks"}  # fmt: skip


@pytest.mark.parametrize(("name", "words"), SAID.items(), ids=SAID)
def test_the_refusal_says_what_came_instead(name, words):
    with pytest.raises(errors.ImageRefusedError, match=words):
        image.inspect(REFUSED[name])


WHOLE = {"PNG": png(20, 20), "JPEG": jpeg(20, 20), "WebP": webp(20, 20), "GIF": gif(20, 20)}
CUTS = [
    (name, size) for name, data in WHOLE.items() for size in range(0, len(data) - 1, max(1, len(data) // 15))
]


@pytest.mark.parametrize(("name", "size"), CUTS, ids=[f"{name} at {size}" for name, size in CUTS])
def test_a_truncated_picture_is_refused(name, size):
    with pytest.raises(errors.ImageRefusedError):
        image.inspect(WHOLE[name][:size])


def test_there_are_at_least_150_pictures():
    assert len(VALID) + len(REFUSED) + len(CUTS) >= 150


def test_a_picture_of_32_mebibytes_is_taken_and_one_byte_more_is_not():
    data = noise_png(image.MAX_IMAGE_BYTES)
    assert image.inspect(data).mime_type == "image/png"
    with pytest.raises(errors.TooLargeError):
        image.inspect(data + b"\0")


def test_fifty_million_pixels_are_taken():
    assert image.inspect(huge_png(50_000_000, 1)).width == 50_000_000


def broken() -> bytes:
    """A PNG whose structure is whole and whose pixels are not."""
    return PNG_START + ihdr(4, 4) + chunk(b"IDAT", b"not deflated") + PNG_END


DAMAGED = {
    "PNG of an unknown filter method": png()[:27] + b"\7" + png()[28:],
    "PNG of broken pixels": broken(),
    "PNG of missing pixels": huge_png(400, 400),
    "PNG of a wrong checksum": png().replace(png()[-20:-12], b"\0" * 8),
    "WebP of broken pixels": webp(64, 64)[:30] + b"\xff" * (len(webp(64, 64)) - 30),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_picture_that_does_not_decode_is_refused_without_a_trace_of_pillow(data):
    made = GeneratedImage.from_bytes(data, source="data URI")
    with pytest.raises(errors.ImageRefusedError) as caught:
        made.pil  # noqa: B018
    assert caught.value.__context__ is None
    assert "0x" not in str(caught.value)


# Pillow warns of these frames that are none.
ODD_APNG = png()[:33] + chunk(b"acTL", bytes(8)) + png()[33:]


@pytest.mark.parametrize(
    "data", [png(), broken(), gif(), jpeg(), ODD_APNG], ids=["PNG", "broken PNG", "GIF", "JPEG", "odd APNG"]
)
def test_the_verdict_does_not_depend_on_the_users_settings(data, monkeypatch):
    from PIL import Image, ImageFile

    def verdict() -> str:
        try:
            return GeneratedImage.from_bytes(data, source="data URI").pil.mode
        except errors.ImageRefusedError as error:
            return str(error)

    before = verdict()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verdict() == before
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == (1, True)


def test_only_the_first_frame_is_decoded():
    made = GeneratedImage.from_bytes(encoded("GIF", 4, 4, frames=3), source="inlineData")
    assert made.pil.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_an_image_is_a_value_that_pickles_and_whose_repr_is_short():
    made = GeneratedImage.from_bytes(
        noise_png(5000), source="hosted URL", url="https://h.example/?sig=" + "s" * 900
    )
    assert made.sha256 == pickle.loads(pickle.dumps(made)).sha256
    assert pickle.loads(pickle.dumps(made)) == made
    assert len(repr(made)) < 150
    assert "sig" not in repr(made)


def test_the_suffix_is_that_of_the_bytes():
    kinds = [png(), jpeg(), webp(), gif()]
    made = [
        GeneratedImage.from_bytes(data, source="openai", declared_mime_type="image/png") for data in kinds
    ]
    assert [one.suffix for one in made] == [".png", ".jpg", ".webp", ".gif"]


def test_an_image_saves_the_bytes_it_was_made_of(tmp_path):
    made = GeneratedImage.from_bytes(jpeg(), source="inlineData")
    path = made.save(tmp_path / "photo", sidecar={"prompt": "a red square"})
    assert path == tmp_path / "photo.jpg"
    assert path.read_bytes() == made.data
    assert "a red square" in (tmp_path / "photo.jpg.json").read_text()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*WHOLE.values()]), st.data())
def test_any_damage_is_accepted_or_refused(data, draw):
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        damaged[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        GeneratedImage.from_bytes(bytes(damaged), source="inlineData").pil.convert("RGB").save(
            io.BytesIO(), "PNG"
        )
    except errors.ImageRefusedError as error:
        trace = error.__context__
    else:
        return
    assert trace is None


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([data[:12] for data in WHOLE.values()]), st.binary(max_size=100))
def test_any_bytes_are_accepted_or_refused(start, rest):
    try:
        image.inspect(start + rest)
    except errors.ImageRefusedError as error:
        trace = error.__context__
    else:
        return
    assert trace is None
