"""Real recorded replies, which are not part of the repository."""

from __future__ import annotations

import json

import pytest

from gemini_nb import errors
from gemini_nb.images import image
from gemini_nb.reply.errors.no_image import no_image_error
from support.paths import ROOT
from support.replies import read_raw

FOLDER = ROOT.parent / "shared" / "recorded"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recorded replies in {FOLDER}")

IMAGES = {
    "google-2.5-flash-jpeg.json": ("image/jpeg", "inlineData", 232_315),
    "google-2.5-flash-text-then-png.json": ("image/png", "inlineData", 1_935_378),
    "google-3.1-flash-lite-signed-jpeg.json": ("image/jpeg", "inlineData", 144_309),
    "router-bare-data-uri.json": ("image/png", "data URI", 70),
}
NO_IMAGES = {
    "google-2.5-flash-text-only.json": (errors.NoImageError, "STOP"),
    "refused-image-other.json": (errors.NoImageError, "IMAGE_OTHER"),
}
ERRORS = {"error-400-api-key-invalid.json": 400, "error-429-retryinfo.json": 429}


def recorded(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@pytest.mark.parametrize(("name", "expected"), IMAGES.items(), ids=IMAGES)
def test_a_recorded_picture_is_read_and_decodes(name, expected):
    (found,) = read_raw(recorded(name)).images
    made = image.GeneratedImage.from_bytes(found.data, source=found.source)
    assert (made.mime_type, made.source, len(made.data)) == expected
    assert made.pil.size == (made.width, made.height)


@pytest.mark.parametrize("name", [*IMAGES, *NO_IMAGES])
def test_recorded_content_is_echoed_exactly(name):
    raw = recorded(name)
    assert read_raw(raw).turn() == json.loads(raw)["candidates"][0]["content"]


@pytest.mark.parametrize(("name", "expected"), NO_IMAGES.items(), ids=NO_IMAGES)
def test_a_recorded_reply_without_a_picture_says_why(name, expected):
    error = no_image_error(read_raw(recorded(name)))
    assert (type(error), error.reason) == expected
    assert error.text


@pytest.mark.parametrize(("name", "code"), ERRORS.items(), ids=ERRORS)
def test_a_recorded_error_is_found(name, code):
    assert read_raw(recorded(name)).error["code"] == code


def test_usage_and_version_are_read():
    found = read_raw(recorded("google-2.5-flash-text-then-png.json"))
    assert (found.usage["totalTokenCount"], found.model_version) == (1353, "gemini-2.5-flash-image")
    assert found.text.startswith("Once, in a hidden cenote")
