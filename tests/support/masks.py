"""Masks and sources for edits, and the pixels of what came of them."""

from __future__ import annotations

import io
import random
from functools import partial

import numpy as np
from PIL import Image, ImageCms, ImageDraw

from support.images import gif
from support.pngs import random_png
from support.replies import inline, reply

SIZE = (60, 40)


def photo(size=SIZE, mode="RGB", *, seed=1):
    """Noise, so that no two pixels are equal by chance."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, size, random.Random(seed).randbytes(size[0] * size[1] * channels))


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rotated(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(photo(), "JPEG", quality=90, exif=exif)


def with_profile():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(photo(), icc_profile=profile)


def palette(**options):
    return encoded(photo().quantize(16), **options)


SOURCES = {
    "RGB": lambda: encoded(photo()),
    "RGBA": lambda: encoded(photo(mode="RGBA")),
    "L": lambda: encoded(photo(mode="L")),
    "LA": lambda: encoded(photo(mode="LA")),
    "1": lambda: encoded(photo(mode="L").convert("1")),
    "P": palette,
    "P with transparency": partial(palette, transparency=bytes(range(0, 250, 25))),
    "RGB with a transparent colour": lambda: encoded(photo(), transparency=(1, 2, 3)),
    "16-bit grey": lambda: random_png(*SIZE, 16, 0),
    "16-bit RGB": lambda: random_png(*SIZE, 16, 2),
    "16-bit RGBA": lambda: random_png(*SIZE, 16, 6),
    "16-bit RGB, interlaced": lambda: random_png(*SIZE, 16, 2, interlace=1),
    "16-bit grey with transparency": lambda: random_png(*SIZE, 16, 4),
    "JPEG": lambda: encoded(photo(), "JPEG"),
    "grey JPEG": lambda: encoded(photo(mode="L"), "JPEG"),
    "CMYK JPEG": lambda: encoded(photo().convert("CMYK"), "JPEG"),
    "JPEG on its side": lambda: rotated(6),
    "JPEG mirrored": lambda: rotated(5),
    "WebP": lambda: encoded(photo(), "WEBP"),
    "lossless WebP with alpha": lambda: encoded(photo(mode="RGBA"), "WEBP", lossless=True, exact=True),
    "GIF": lambda: gif(*SIZE),
    "with a profile": with_profile,
}


def stroke(size, *points, width=3):
    image = Image.new("L", size)
    ImageDraw.Draw(image).line([(x * size[0], y * size[1]) for x, y in points], fill=255, width=width)
    return image


def dot(size, x, y):
    image = Image.new("L", size)
    image.putpixel((x % size[0], y % size[1]), 255)
    return image


def blob(size):
    image = Image.new("L", size)
    ImageDraw.Draw(image).ellipse((size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4), fill=255)
    return image


def noise(size):
    return photo(size, "L", seed=9).point(lambda value: 255 * (value > 127))


def on_transparent(size):
    layer = Image.new("RGBA", size)
    ImageDraw.Draw(layer).rectangle((2, 2, 20, 9), fill="white")
    return layer


MASKS = {
    "box": lambda _: (3, 4, 20, 10),
    "box of one pixel": lambda size: (size[0] - 1, size[1] - 1, 1, 1),
    "box of floats": lambda _: (3.0, 4.0, 20.0, 10.0),
    "box as an array": lambda size: np.array([0, 0, size[0], 2]),
    "everything, as a box": lambda size: (0, 0, *size),
    "everything": lambda size: Image.new("L", size, 255),
    "one pixel": lambda size: dot(size, 5, 7),
    "the last pixel": lambda size: dot(size, -1, -1),
    "stroke": lambda size: stroke(size, (0.1, 0.1), (0.9, 0.8)),
    "crossed strokes": lambda size: stroke(size, (0, 0), (1, 1), (1, 0), (0, 1), width=5),
    "blob": blob,
    "frame": lambda size: blob(size).point(lambda value: 255 - value),
    "noise": noise,
    "bytes of a PNG": lambda size: encoded(blob(size)),
    "palette PNG": lambda size: encoded(blob(size).convert("P")),
    "one bit": lambda size: blob(size).convert("1"),
    "JPEG": lambda size: encoded(blob(size), "JPEG"),
    "white on transparent": on_transparent,
    "bool array": lambda size: np.asarray(blob(size)) > 0,
    "array of 0 and 1": lambda size: (np.asarray(blob(size)) > 0).astype(int),
    "array of floats": lambda size: (np.asarray(blob(size)) > 0).astype(float),
    "array of height × width × 1": lambda size: np.asarray(blob(size))[:, :, None],
    "16-bit grey": lambda size: Image.fromarray(np.asarray(blob(size)).astype(np.uint16) * 257),
}

CHANGED = (1, 200, 30)


def changed(size=SIZE, colour=CHANGED, kind="PNG"):
    """A reply in which nothing is as it was."""
    return reply(inline(encoded(Image.new("RGB", size, colour), kind), f"image/{kind.lower()}"))


def inside(mask):
    """Where a request's mask is white, as an array."""
    return np.asarray(mask.decode()) > 0
