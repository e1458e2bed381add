"""Edits of pictures that exist: filters, rotations, frames and colours that a prompt's words ask for."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from gemini_nb.offline.painter import colours, scene, words
from gemini_nb.offline.painter.canvas import Canvas, Gradient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.scene import Sketch

    Change = Callable[[Image.Image, str], Image.Image]

MAX_PIXELS = 50_000_000
"""A picture of more pixels is not decoded."""

_COLLAGE_WIDTH = 2048
_MIN_SIDE, _MAX_SIDE = 256, 4096
_FRAME_COLOUR = (40, 36, 34)
_RESIZES = re.compile(r"\b(?:crop|resize|scale|widen|extend|enlarge|shrink|upscale|size|aspect)")
_ADDS = re.compile(r"\b(?:add|put|place|draw|insert|include|paint|with|give)\b")


class UnreadableImageError(ValueError):
    """An input picture could not be opened."""


def edit(
    images: Sequence[bytes],
    prompt: str,
    *,
    size: tuple[int, int] | None,
    keep_shape: bool,
    draw: Callable[[Image.Image, Sketch], None],
) -> Image.Image:
    """Do to the pictures what the prompt asks; several are set side by side first.

    `size` is what was asked for, in pixels: the picture is cropped to it, or with `keep_shape` only scaled.
    `draw` adds the prompt's items to a picture. Raises `UnreadableImageError`.
    """
    opened = [_enlarge(_open(data)) for data in images]
    image = opened[0] if len(opened) == 1 else _collage(opened)
    if size:
        fit = ImageOps.contain if keep_shape else ImageOps.fit
        image = fit(image, size, Image.Resampling.LANCZOS)
    text = " ".join(prompt.lower()[:20_000].split())
    before = image
    for pattern, change in _CHANGES:
        if re.search(pattern, text):
            image = change(image, text)
    sketch = scene.read(prompt)
    image = _frame(image, text, sketch)
    if sketch.items and (_ADDS.search(text) or image is before):
        image = image.copy()
        draw(image, sketch)
    elif image is before and sketch.mentioned:
        image = _tint(image, sketch.mentioned[0])
    understood = image is not before or len(opened) > 1 or (size and _RESIZES.search(text))
    return image.copy() if understood else _vignette(image)


def _open(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UnreadableImageError("more than 50 megapixels")
                image.load()
                return _flatten(ImageOps.exif_transpose(image))
    except UnreadableImageError:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise nearly anything on broken bytes
        raise UnreadableImageError(type(error).__name__) from None


def _flatten(image: Image.Image) -> Image.Image:
    """Convert to RGB; a picture with transparency is laid on white."""
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _enlarge(image: Image.Image) -> Image.Image:
    """Enlarge a thumbnail, as the models do, so that the mark does not cover it."""
    factor = _MIN_SIDE / min(image.size)
    if factor <= 1 or factor * max(image.size) > _MAX_SIDE:
        return image
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


def _collage(opened: Sequence[Image.Image]) -> Image.Image:
    columns = len(opened) if len(opened) <= 4 else round(len(opened) ** 0.5 + 0.5)
    rows = -(-len(opened) // columns)
    side = max(256, _COLLAGE_WIDTH // columns)
    gap = max(8, side // 48)
    sheet = Image.new("RGB", (columns * side + (columns + 1) * gap, rows * side + (rows + 1) * gap), "white")
    for index, image in enumerate(opened):
        row, column = divmod(index, columns)
        cell = ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)
        sheet.paste(cell, (gap + column * (side + gap), gap + row * (side + gap)))
    return sheet


def _frame(image: Image.Image, text: str, sketch: Sketch) -> Image.Image:
    """Set the picture into a frame if the text names one, in the last of the three words before that."""
    if not re.search(r"\b(?:frame|border)\b", text):
        return image
    read = words.read(text)
    at = next((i for i, word in enumerate(read) if word.value in ("frame", "border")), 0)
    names = [word.value for word in read[max(0, at - 3) : at] if word.kind == "colour"]
    colour = colours.look_up(names[-1]) if names else (*sketch.mentioned, _FRAME_COLOUR)[0]
    width = max(4, min(image.size) // (14 if "thick" in text else 40 if "thin" in text else 24))
    inner = image.resize(
        (max(1, image.width - 2 * width), max(1, image.height - 2 * width)), Image.Resampling.LANCZOS
    )
    return ImageOps.expand(inner, (image.width - inner.width) // 2, fill=colour).resize(image.size)


def _vignette(image: Image.Image) -> Image.Image:
    """Change a picture visibly where the request was not understood: darker, softer corners."""
    shade = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    dim = ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(min(image.size) / 150))).enhance(0.35)
    return Image.composite(dim, _scale_channels(image, 1.04, 1.0, 0.94), shade)


def _scale_channels(image: Image.Image, red: float, green: float, blue: float) -> Image.Image:
    table = [min(255, round(level * factor)) for factor in (red, green, blue) for level in range(256)]
    return image.point(table)


def _tint(image: Image.Image, colour: Colour) -> Image.Image:
    """Return the picture in shades of one colour, its own showing through a little."""
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.5)
    dark, light = colours.darker(colour, 0.8), colours.lighter(colour, 0.82)
    return Image.blend(image, ImageOps.colorize(grey, dark, light, mid=colour), 0.8)


def _tint_as_told(image: Image.Image, text: str) -> Image.Image:
    """Tint for "make it blue": the colour that stands last in the request."""
    mentioned = scene.read(text).mentioned
    return _tint(image, mentioned[-1]) if mentioned else image


def _pixelate(image: Image.Image) -> Image.Image:
    cell = max(2, min(image.size) // 40)
    small = image.resize((max(1, image.width // cell), max(1, image.height // cell)), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)


def _pencil_sketch(image: Image.Image) -> Image.Image:
    grey = image.convert("L")
    soft = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(max(2, min(image.size) / 160)))
    dodge = ImageChops.add(grey, soft)
    return ImageOps.autocontrast(dodge, cutoff=1).convert("RGB")


def _rotate(image: Image.Image, text: str) -> Image.Image:
    match = re.search(r"(\d{1,3}) ?(?:degrees?|°|deg)", text)
    angle = int(match[1]) if match else (180 if "upside" in text else 90)
    if "counter" in text or "anti" in text or re.search(r"\bleft\b", text):
        angle = -angle
    if angle % 90 == 0:
        return image.rotate(-angle, expand=True)
    corner = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return image.rotate(-angle, Image.Resampling.BICUBIC, expand=True, fillcolor=corner)


def _flip(image: Image.Image, text: str) -> Image.Image:
    upside_down = re.search(r"vertical|upside|top to bottom", text)
    return ImageOps.flip(image) if upside_down else ImageOps.mirror(image)


def _screen(image: Image.Image, colour: Colour) -> Image.Image:
    return ImageChops.screen(image, Image.new("RGB", image.size, colour))


def _sunset(image: Image.Image) -> Image.Image:
    glow = Canvas(Image.new("RGB", image.size))
    glow.ground(Gradient(((150, 90, 170), (255, 150, 100), (255, 196, 110))))
    return Image.blend(ImageChops.multiply(image, glow.image), glow.image, 0.22)


def _saturate(image: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Color(image).enhance(factor)


def _brighten(image: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


def _blur(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(2, min(image.size) / 80)))


def _sharpen(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(radius=max(2, min(image.size) / 300), percent=180))


def _sepia(image: Image.Image) -> Image.Image:
    return ImageOps.colorize(image.convert("L"), (38, 22, 10), (255, 240, 208), mid=(158, 116, 74))


_IT = r"(?:it|this|everything|the (?:picture|image|photo))"

# what the lowered text says → what is done to the picture, in this order
_CHANGES: tuple[tuple[str, Change], ...] = (
    (
        r"\bgr[ae]y ?scale\b|\bblack[ -]and[ -]white\b|\bmonochrome\b|\bdesaturate",
        lambda image, _: image.convert("L").convert("RGB"),
    ),
    (r"\bsepia\b|\bvintage\b|\bold photo", lambda image, _: _sepia(image)),
    (r"\binvert|\bnegative\b", lambda image, _: ImageOps.invert(image)),
    (r"\bblur|\bout of focus\b", lambda image, _: _blur(image)),
    (r"\bsharp", lambda image, _: _sharpen(image)),
    (r"\bpixel", lambda image, _: _pixelate(image)),
    (r"\bsketch|\bpencil\b|\bline art\b", lambda image, _: _pencil_sketch(image)),
    (r"\bposter|\bpop art\b|\bcartoon", lambda image, _: ImageOps.posterize(_saturate(image, 1.3), 2)),
    (r"\brotat|\bturn (?:it )?(?:left|right|clockwise|upside)|\bupside down\b", _rotate),
    (r"\bflip|\bmirror", _flip),
    (r"\bbrighte?[nr]|\blighter\b|\blighten", lambda image, _: _brighten(image, 1.35)),
    (r"\bdarker\b|\bdarken", lambda image, _: _brighten(image, 0.6)),
    (r"\bcontrast\b", lambda image, _: ImageEnhance.Contrast(image).enhance(1.5)),
    (r"\bvivid\b|\bsaturat|\bcolou?rful\b", lambda image, _: _saturate(image, 1.7)),
    (r"\bwarm", lambda image, _: _scale_channels(image, 1.12, 1.0, 0.78)),
    (r"\bcool|\bcold", lambda image, _: _scale_channels(image, 0.8, 0.97, 1.15)),
    (
        r"\bnight\b|\bmoonli",
        lambda image, _: _screen(_scale_channels(_saturate(image, 0.6), 0.3, 0.38, 0.62), (6, 10, 34)),
    ),
    (r"\bsunset\b|\bdusk\b|\bgolden hour\b|\bevening\b", lambda image, _: _sunset(image)),
    (
        r"\bwinter|\bsnow",
        lambda image, _: _screen(_scale_channels(_saturate(image, 0.45), 0.92, 0.98, 1.06), (52, 60, 70)),
    ),
    (rf"\b(?:make|turn|tint|paint|colou?r) {_IT}\b", _tint_as_told),
    (r"\btint(?:ed)?\b", _tint_as_told),
)
