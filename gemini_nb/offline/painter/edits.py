"""Edits: what a prompt asks to be done to pictures that exist; what its words change is in `changes`."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from gemini_nb.offline.painter import colours, scene
from gemini_nb.offline.painter.canvas import Canvas, Gradient

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.offline.painter.colours import Colour

    Change = Callable[[Image.Image, str], Image.Image]


from gemini_nb.offline.painter import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.offline.painter.scene import Sketch

MAX_PIXELS = 50_000_000
_COLLAGE_WIDTH = 2048
_LEAST_SIDE = 256
_WHOLE = 4096


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

    `size` is what was asked for: the picture is cropped to it, or with `keep_shape` only scaled to it.
    """
    opened = [_enlarge(_open(data)) for data in images]
    image = opened[0] if len(opened) == 1 else _collage(opened)
    if size:
        image = _fit(image, size, keep_shape=keep_shape)
    text = " ".join(prompt.lower()[:20_000].split())
    before = image
    image = apply_changes(image, text)
    asked = scene.read(prompt)
    image = _frame(image, text, asked)
    if asked.items and (_ADDS.search(text) or image is before):
        image = image.copy()
        draw(image, asked)
    elif image is before and asked.mentioned:
        image = tint(image, asked.mentioned[0])
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


def _enlarge(image: Image.Image) -> Image.Image:
    """Enlarge a thumbnail, as the models do, so that the mark does not cover it."""
    factor = _LEAST_SIDE / min(image.size)
    if factor <= 1 or factor * max(image.size) > _WHOLE:
        return image
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


def _flatten(image: Image.Image) -> Image.Image:
    """Lay a picture with transparency on white."""
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


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


def _fit(image: Image.Image, size: tuple[int, int], *, keep_shape: bool) -> Image.Image:
    if keep_shape:
        return ImageOps.contain(image, size, Image.Resampling.LANCZOS)
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _vignette(image: Image.Image) -> Image.Image:
    """Change a picture visibly where the request was not understood: darker, softer corners."""
    shade = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    dim = ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(min(image.size) / 150))).enhance(0.35)
    return Image.composite(dim, scale_channels(image, 1.04, 1.0, 0.94), shade)


def _frame(image: Image.Image, text: str, asked: Sketch) -> Image.Image:
    if not re.search(r"\b(?:frame|border)\b", text):
        return image
    read = words.read(text)
    at = next((i for i, word in enumerate(read) if word.value in ("frame", "border")), 0)
    near = [word.value for word in read[max(0, at - 3) : at] if word.kind == "colour"]
    named = colours.from_hex(near[-1]) if near and near[-1].startswith("#") else None
    colour = named or (colours.names()[near[-1]] if near else (asked.mentioned or ((40, 36, 34),))[0])
    width = max(4, min(image.size) // (14 if "thick" in text else 40 if "thin" in text else 24))
    inner = image.resize(
        (max(1, image.width - 2 * width), max(1, image.height - 2 * width)), Image.Resampling.LANCZOS
    )
    return ImageOps.expand(inner, (image.width - inner.width) // 2, fill=colour).resize(image.size)


_RESIZES = re.compile(r"\b(?:crop|resize|scale|widen|extend|enlarge|shrink|upscale|size|aspect)")
_ADDS = re.compile(r"\b(?:add|put|place|draw|insert|include|paint|with|give)\b")


def apply_changes(image: Image.Image, text: str) -> Image.Image:
    """Return the picture after every change that `text` asks for; the same object where it asks for none."""
    for pattern, change in _CHANGES:
        if pattern.search(text):
            image = change(image, text)
    return image


def _grey(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB")


def _sepia(image: Image.Image) -> Image.Image:
    return ImageOps.colorize(image.convert("L"), (38, 22, 10), (255, 240, 208), mid=(158, 116, 74))


def _invert(image: Image.Image) -> Image.Image:
    return ImageOps.invert(image)


def _blur(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(2, min(image.size) / 80)))


def _sharpen(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(radius=max(2, min(image.size) / 300), percent=180))


def _pixelate(image: Image.Image) -> Image.Image:
    cell = max(2, min(image.size) // 40)
    small = image.resize((max(1, image.width // cell), max(1, image.height // cell)), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)


def _sketchy(image: Image.Image) -> Image.Image:
    grey = image.convert("L")
    soft = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(max(2, min(image.size) / 160)))
    dodge = ImageChops.add(grey, soft)
    return ImageOps.autocontrast(dodge, cutoff=1).convert("RGB")


def _posterize(image: Image.Image) -> Image.Image:
    return ImageOps.posterize(ImageEnhance.Color(image).enhance(1.3), 2)


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
    return (
        ImageOps.flip(image) if re.search(r"vertical|upside|top to bottom", text) else ImageOps.mirror(image)
    )


def _brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.35)


def _darker(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.6)


def _contrast(image: Image.Image) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(1.5)


def _vivid(image: Image.Image) -> Image.Image:
    return ImageEnhance.Color(image).enhance(1.7)


def _warm(image: Image.Image) -> Image.Image:
    return scale_channels(image, 1.12, 1.0, 0.78)


def _cool(image: Image.Image) -> Image.Image:
    return scale_channels(image, 0.8, 0.97, 1.15)


def _night(image: Image.Image) -> Image.Image:
    dim = ImageEnhance.Color(image).enhance(0.6)
    return ImageChops.screen(scale_channels(dim, 0.3, 0.38, 0.62), Image.new("RGB", image.size, (6, 10, 34)))


def _sunset(image: Image.Image) -> Image.Image:
    glow = Canvas(Image.new("RGB", image.size))
    glow.ground(Gradient(((150, 90, 170), (255, 150, 100), (255, 196, 110))))
    return Image.blend(ImageChops.multiply(image, glow.image), glow.image, 0.22)


def _winter(image: Image.Image) -> Image.Image:
    pale = ImageEnhance.Color(image).enhance(0.45)
    return ImageChops.screen(
        scale_channels(pale, 0.92, 0.98, 1.06), Image.new("RGB", image.size, (52, 60, 70))
    )


def _coloured(image: Image.Image, text: str) -> Image.Image:
    """Tint for "make it blue": the colour that stands last in the request."""
    mentioned = scene.read(text).mentioned
    return tint(image, mentioned[-1]) if mentioned else image


def tint(image: Image.Image, colour: Colour) -> Image.Image:
    """Return the picture in shades of one colour, its own showing through a little."""
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.5)
    dark, light = colours.mix(colour, (0, 0, 0), 0.8), colours.mix(colour, (255, 255, 255), 0.82)
    return Image.blend(image, ImageOps.colorize(grey, dark, light, mid=colour), 0.8)


def scale_channels(image: Image.Image, red: float, green: float, blue: float) -> Image.Image:
    """Return the picture with each channel multiplied."""
    table = [min(255, round(level * factor)) for factor in (red, green, blue) for level in range(256)]
    return image.point(table)


def _plain(change: Callable[[Image.Image], Image.Image]) -> Change:
    """Return, as the table takes it, a change that is the same whatever else the text says."""
    return lambda image, _text: change(image)


_CHANGES: tuple[tuple[re.Pattern[str], Change], ...] = tuple(
    (re.compile(pattern), change)
    for pattern, change in (
        (r"\bgr[ae]y ?scale\b|\bblack[ -]and[ -]white\b|\bmonochrome\b|\bdesaturate", _plain(_grey)),
        (r"\bsepia\b|\bvintage\b|\bold photo", _plain(_sepia)),
        (r"\binvert|\bnegative\b", _plain(_invert)),
        (r"\bblur|\bout of focus\b", _plain(_blur)),
        (r"\bsharp", _plain(_sharpen)),
        (r"\bpixel", _plain(_pixelate)),
        (r"\bsketch|\bpencil\b|\bline art\b", _plain(_sketchy)),
        (r"\bposter|\bpop art\b|\bcartoon", _plain(_posterize)),
        (r"\brotat|\bturn (?:it )?(?:left|right|clockwise|upside)|\bupside down\b", _rotate),
        (r"\bflip|\bmirror", _flip),
        (r"\bbrighte?[nr]|\blighter\b|\blighten", _plain(_brighter)),
        (r"\bdarker\b|\bdarken", _plain(_darker)),
        (r"\bcontrast\b", _plain(_contrast)),
        (r"\bvivid\b|\bsaturat|\bcolou?rful\b", _plain(_vivid)),
        (r"\bwarm", _plain(_warm)),
        (r"\bcool|\bcold", _plain(_cool)),
        (r"\bnight\b|\bmoonli", _plain(_night)),
        (r"\bsunset\b|\bdusk\b|\bgolden hour\b|\bevening\b", _plain(_sunset)),
        (r"\bwinter|\bsnow", _plain(_winter)),
        (
            r"\b(?:make|turn|tint|paint|colou?r) (?:it|this|everything|the (?:picture|image|photo))\b",
            _coloured,
        ),
        (r"\btint(?:ed)?\b", _coloured),
    )
)
