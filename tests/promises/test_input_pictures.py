"""Input pictures are what a person sees: what arrives at the server decodes to that, or nothing is sent."""

from __future__ import annotations

import io
import struct
from base64 import b64decode, b64encode
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image, ImageCms

from gemini_nb import ArgumentError
from support.clients import OK, client_of
from support.gateway import Answer, Gateway

COLOURS = {"top left": (220, 30, 30), "top right": (30, 180, 30), "bottom": (30, 30, 220)}


def photo():
    """What was in front of the camera: wide, red beside green above blue."""
    picture = Image.new("RGB", (96, 64), COLOURS["bottom"])
    picture.paste(COLOURS["top left"], (0, 0, 48, 32))
    picture.paste(COLOURS["top right"], (48, 0, 96, 32))
    return picture


def saved(kind="PNG", picture=None, **options):
    into = io.BytesIO()
    (picture or photo()).save(into, kind, **options)
    return into.getvalue()


def sideways(kind="JPEG", **options):
    """The photo as a phone stores it: turned, with an orientation that turns it back."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(kind, photo().transpose(Image.Transpose.ROTATE_90), exif=exif, **options)


def opened(data):
    return Image.open(io.BytesIO(data))


def grey(scale):
    """The photo's brightness from 0 to `scale`, as integers of 32 bits."""
    return (np.asarray(photo().convert("L"), np.int64) * scale // 255).astype(np.int32)


def cmyk_with_profile():
    picture = photo().convert("CMYK")
    picture.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return picture


def drawn():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.96, 0.64), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(photo(), aspect="auto", interpolation="nearest")
    axes.axis("off")
    return axes


def uploaded():
    import ipywidgets

    data = saved("JPEG", quality=95)
    entry = {
        "name": "a",
        "type": "image/jpeg",
        "size": len(data),
        "content": memoryview(data),
        "last_modified": NOW,
    }
    widget = ipywidgets.FileUpload()
    widget.value = (entry,)
    return widget


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def shown_in_notebook():
    from IPython.display import Image as Shown

    return Shown(data=saved())


def file_in(folder, data, name="photo"):
    (folder / name).write_bytes(data)
    return folder / name


COLOURED = {
    "file": lambda folder: file_in(folder, saved("JPEG", quality=95)),
    "file, sideways": lambda folder: file_in(folder, sideways(quality=95)),
    "open file, sideways": lambda folder: file_in(folder, sideways(quality=95)).open("rb"),
    "PIL of a JPEG, sideways": lambda _: opened(sideways(quality=95)),
    "PIL of a PNG, sideways": lambda _: opened(sideways("PNG")),
    "PIL of a WebP, sideways": lambda _: opened(sideways("WEBP", lossless=True)),
    "PIL of a TIFF, sideways": lambda _: opened(sideways("TIFF")),
    "PIL of a JPEG, sideways and smaller": lambda _: opened(sideways(quality=95)).reduce(2),
    "PIL in CMYK": lambda _: photo().convert("CMYK"),
    "PIL in CMYK with another profile": lambda _: cmyk_with_profile(),
    "PIL in LAB": lambda _: photo().convert("LAB"),
    "PIL in YCbCr": lambda _: photo().convert("YCbCr"),
    "PIL in HSV": lambda _: photo().convert("HSV"),
    "PIL in a palette": lambda _: photo().convert("P", palette=Image.Palette.ADAPTIVE),
    "PIL in RGBa": lambda _: photo().convert("RGBA").convert("RGBa"),
    "GIF": lambda _: saved("GIF"),
    "BytesIO": lambda _: io.BytesIO(saved()),
    "data URI": lambda _: f"data:image/png;base64,{b64encode(saved()).decode()}",
    "display.Image": lambda _: shown_in_notebook(),
    "FileUpload": lambda _: uploaded(),
    "Axes": lambda _: drawn(),
    "array": lambda _: np.asarray(photo()),
    "array of floats": lambda _: np.asarray(photo()) / 255,
}


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("kind", COLOURED)
def test_what_arrives_is_what_a_person_sees(tmp_path, kind):
    seen = sent(COLOURED[kind](tmp_path)).convert("RGB")
    width, height = seen.size
    assert width / height == 1.5
    for place, (x, y) in {"top left": (0.25, 0.25), "top right": (0.75, 0.25), "bottom": (0.5, 0.75)}.items():
        pixel = seen.getpixel((int(width * x), int(height * y)))
        assert max(abs(a - b) for a, b in zip(pixel, COLOURS[place], strict=True)) <= 8, (place, pixel)


GREYS = {
    "PIL of a PNG of 16 bits": lambda: opened(saved("PNG", Image.fromarray(grey(65535).astype(np.uint16)))),
    "PIL of a TIFF of 16 bits": lambda: opened(saved("TIFF", Image.fromarray(grey(65535).astype(np.uint16)))),
    "PIL in I;16B": lambda: Image.frombytes("I;16B", (96, 64), grey(65535).astype(">u2").tobytes()),
    "PIL in I": lambda: Image.fromarray(grey(65535)),
    "PIL in F": lambda: Image.fromarray((grey(255) / 255).astype(np.float32)),
    "PIL in F of a TIFF": lambda: opened(
        saved("TIFF", Image.fromarray((grey(255) / 255).astype(np.float32)))
    ),
    "PIL in L": lambda: photo().convert("L"),
    "array of floats": lambda: grey(255) / 255,
    "file of 16 bits": lambda: saved("PNG", Image.fromarray(grey(65535).astype(np.uint16))),
}


@pytest.mark.parametrize("kind", GREYS)
def test_greys_arrive_as_bright_as_they_are(kind):
    seen = sent(GREYS[kind]())
    values = np.asarray(seen, float) / (257 if seen.mode.startswith("I") else 1)
    assert np.abs(values - np.asarray(photo().convert("L"), float)).max() <= 1


def see_through():
    picture = photo().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


TRANSPARENT = {
    "RGBA": see_through,
    "RGBa": lambda: see_through().convert("RGBa"),
    "PA": lambda: see_through().convert("PA"),
    "LA": lambda: see_through().convert("LA"),
    "La": lambda: see_through().convert("LA").convert("La"),
    "WebP": lambda: opened(saved("WEBP", see_through(), lossless=True)),
    "array": lambda: np.asarray(see_through()),
}


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_what_is_transparent_arrives_as_transparent_as_it_is(kind):
    alpha = np.asarray(sent(TRANSPARENT[kind]()).convert("RGBA").getchannel("A"), int)
    assert np.abs(alpha - np.asarray(see_through().getchannel("A"), int)).max() <= 1


NEVER_SENT = {
    "floats past 1": lambda: Image.fromarray(np.full((4, 4), 2.0, np.float32)),
    "NaN": lambda: Image.fromarray(np.full((4, 4), np.nan, np.float32)),
    "integers below 0": lambda: Image.fromarray(np.full((4, 4), -1, np.int32)),
    "integers past 16 bits": lambda: Image.fromarray(np.full((4, 4), 70_000, np.int32)),
    "array of 16 bits": lambda: np.zeros((4, 4), np.uint16),
    "50 megapixels and more": lambda: Image.new("1", (10_000, 5001)),
    "GIF of 4,295 megapixels": lambda: (
        saved("GIF")[:6] + struct.pack("<HH", 65535, 65535) + saved("GIF")[10:]
    ),
    "AVIF": lambda: b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
    "int": lambda: 5,
}


@pytest.mark.parametrize("kind", NEVER_SENT)
def test_what_cannot_be_shown_as_it_is_is_refused_and_nothing_is_sent(kind):
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client:
        with pytest.raises(ArgumentError):
            client.generate("at night", images=[NEVER_SENT[kind]()])
        assert gateway.connections == 0


def sent(source):
    """The one picture that arrives at the server, as a reader that heeds its orientation shows it."""
    from PIL import ImageOps

    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client:
        client.generate("at night", images=[source])
        _, part = gateway.requests[0].json["contents"][0]["parts"]
    picture = opened(b64decode(part["inlineData"]["data"]))
    assert Image.MIME[picture.format] == part["inlineData"]["mimeType"]
    return ImageOps.exif_transpose(picture)
