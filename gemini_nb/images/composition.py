"""Composition of an edit: outside of its mask every pixel is put back from the source, exactly.

The result is a PNG, so that this holds for a source of any type, and has the source's colour profile. Grey
becomes RGB for a reply in colour, and a palette RGB or RGBA, which show the same. 16 bits stay 16 bits.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gemini_nb.display.preview import encode, flatten
from gemini_nb.errors import ArgumentError, GeminiError, ImageRefusedError, TooLargeError
from gemini_nb.images import deep_png
from gemini_nb.images import mask as masks
from gemini_nb.images.image import COMPOSED, MAX_IMAGE_BYTES, GeneratedImage
from gemini_nb.images.inputs import ReferencedImage
from gemini_nb.images.pil_modes import as_shown, fitting_profile, turn_upright

if TYPE_CHECKING:
    from collections.abc import Iterable

    import PIL.Image

    from gemini_nb.images.inputs import InputImage
    from gemini_nb.images.mask import Mask

_COMPRESS_LEVELS = (4, 9)  # the second one where the first leaves a file that is too large
_ROOM_FOR_REPLY = 0.9  # of the bytes that a composed picture may have, for its source alone


@dataclass(frozen=True)
class Canvas:
    """A source as it is shown, in a mode of 8 bits; `low` has the lower bytes of one of 16 bits.

    `profile` is the colour profile that goes with these pixels, b"" without one.
    """

    picture: PIL.Image.Image
    low: PIL.Image.Image | None = None
    profile: bytes = b""
    notes: tuple[str, ...] = ()

    def encode(self, *, level: int) -> bytes:
        """Return the canvas as a PNG."""
        if self.low is not None:
            return deep_png.encode(self.picture, self.low, profile=self.profile, level=level)
        self.picture.info.clear()  # Pillow would write what stands there: a transparent colour, a density
        return encode(self.picture, "PNG", compress_level=level, icc_profile=self.profile)


def read_mask(given: Any, source: InputImage, *, feather: int = 0) -> Mask:
    """Return the mask for a source, see `mask.read`; raise `ArgumentError` where the two cannot be composed.

    That is checked before anything is paid: the source must be one that can be decoded and, as it is kept
    without loss, fit into a PNG of 32 MiB.
    """
    canvas = _open_source(source)
    _check_size(canvas)
    return masks.read(given, canvas.picture.size, feather=feather)


def _open_source(source: InputImage) -> Canvas:
    if isinstance(source, ReferencedImage):
        raise ArgumentError("A mask needs the picture itself, not its address.", hint=masks.UNSENT)
    try:
        image = GeneratedImage.from_bytes(source.data, source=COMPOSED)
        canvas = _to_canvas(image)
    except (GeminiError, OSError, MemoryError) as error:
        reason = str(error.args[0] if error.args else error).rstrip(".")
    else:
        return canvas
    raise ArgumentError(f"The picture under the mask cannot be opened: {reason}.", hint=masks.UNSENT)


def _check_size(canvas: Canvas) -> None:
    picture = canvas.picture
    samples = picture.width * picture.height * len(picture.getbands()) * (1 if canvas.low is None else 2)
    limit = int(MAX_IMAGE_BYTES * _ROOM_FOR_REPLY)
    if samples <= limit:
        return
    size = len(canvas.encode(level=1))  # quick, and at most a fifth larger than it will be
    if size <= limit or (size <= 1.3 * limit and len(canvas.encode(level=_COMPRESS_LEVELS[0])) <= limit):
        return
    raise ArgumentError(
        f"The picture under the mask is too large: its {picture.width} by {picture.height} pixels, which are "
        f"kept without loss, take more than {limit / 2**20:.0f} MiB.",
        hint=f"{masks.UNSENT} Make the picture smaller.",
    )


def _to_canvas(image: GeneratedImage) -> Canvas:
    picture = image.pil
    profile = picture.info.get("icc_profile") or b""
    if picture.mode.startswith("I"):
        high, low = deep_png.split_grey(turn_upright(picture))
        return Canvas(high, low, fitting_profile(high, profile))
    depth, colours = deep_png.read_type(image.data)
    shown = as_shown(picture)
    is_deep = depth == 16 and colours in (deep_png.RGB, deep_png.RGBA) and "transparency" not in picture.info
    if is_deep:
        low = turn_upright(deep_png.decode_low_bytes(image))
        return Canvas(shown, low, fitting_profile(shown, profile))
    notes = ("The source's 16 bits became 8.",) if depth == 16 else ()
    is_grey = shown.mode in ("L", "LA") and profile[16:20] == b"GRAY"
    if not is_grey:
        shown = shown.convert("RGBA" if shown.has_transparency_data else "RGB")
    elif shown.has_transparency_data:
        shown = shown.convert("LA")
    return Canvas(shown, None, fitting_profile(shown, profile), notes)


@dataclass(frozen=True)
class Composed:
    """The compositions of a reply's pictures, those pictures, notes, and an error for each that failed."""

    images: tuple[GeneratedImage, ...] = ()
    received: tuple[GeneratedImage, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[GeminiError, ...] = ()


def compose_all(source: InputImage, mask: Mask, pictures: Iterable[GeneratedImage]) -> Composed:
    """Compose each picture of a reply with its source; see `compose`."""
    images, received, notes, failures = [], [], dict[str, None](), []
    for picture in pictures:
        try:
            image, remarks = compose(source, mask, picture)
        except GeminiError as error:
            failures.append(error.with_traceback(None))
        except Exception as error:  # noqa: BLE001 - no memory, a mask of another size: the reply is paid for
            problem = f"The reply could not be composed with its mask ({type(error).__name__})."
            failures.append(ImageRefusedError(problem))
        else:
            images.append(image)
            received.append(picture)
            notes.update(dict.fromkeys(remarks))
    return Composed(tuple(images), tuple(received), tuple(notes), tuple(failures))


def compose(source: InputImage, mask: Mask, reply: GeneratedImage) -> tuple[GeneratedImage, tuple[str, ...]]:
    """Return a reply with all pixels outside of the mask put back from the source, and notes on it.

    A reply of another size is scaled to the source's first. Raises a `GeminiError` for a reply that cannot be
    decoded, and `TooLargeError` for a result of more than 32 MiB.
    """
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    canvas, inside = _open_source(source), mask.decode()
    layer, notes = _fit(reply, canvas)
    opacity = mask.soften(inside)
    share = inside.histogram()[255] / (inside.width * inside.height)
    low = canvas.low
    high = Image.composite(layer, canvas.picture, opacity)
    if low is not None:
        low = Image.composite(high, low, inside)  # v × 257 is the value of 16 bits for one of 8
    result = _encode(replace(canvas, picture=high, low=low))
    return result, (_describe(share), *notes, *canvas.notes)


def _describe(share: float) -> str:
    if share == 1:
        return "The mask allowed all of the picture to change."
    percent = f"{share:.0%}" if share >= 0.01 else "less than 1%"
    return f"Changed only inside the mask ({percent} of the picture); all other pixels are the source's."


def _fit(reply: GeneratedImage, canvas: Canvas) -> tuple[PIL.Image.Image, tuple[str, ...]]:
    """Return a reply in the canvas's size, mode and colours, and notes on what that took."""
    from PIL.Image import Resampling  # noqa: PLC0415 - Pillow is loaded when a picture is

    notes = []
    picture, target = reply.pil, canvas.picture
    profile = picture.info.get("icc_profile") or b""
    layer = as_shown(picture)
    layer = layer.convert("RGBA" if layer.has_transparency_data else "RGB")
    layer = _convert_colours(layer, fitting_profile(layer, profile), canvas.profile)
    if layer.size != target.size:
        received, size = (f"{image.width} × {image.height}" for image in (layer, target))
        notes.append(f"The reply came as {received} and was scaled to the source's {size}.")
        layer = layer.resize(target.size, Resampling.LANCZOS)
    if target.mode in ("RGB", "L"):
        layer = flatten(layer)
    if target.mode in ("L", "LA"):
        notes.append("The source is grey, so the change is grey too.")
    return layer.convert(target.mode), tuple(notes)


def _convert_colours(layer: Any, profile: bytes, wanted: bytes) -> Any:
    """Return a picture in the colours of another profile; without a profile pixels are sRGB."""
    if profile == wanted or wanted[16:20] != b"RGB ":
        return layer
    from PIL import ImageCms  # noqa: PLC0415 - hardly ever needed

    try:
        ours, theirs = (
            ImageCms.ImageCmsProfile(io.BytesIO(data) if data else ImageCms.createProfile("sRGB"))
            for data in (profile, wanted)
        )
        if all("srgb" in ImageCms.getProfileDescription(each).lower() for each in (ours, theirs)):
            return layer
        colours: Any = ImageCms.profileToProfile(layer.convert("RGB"), ours, theirs, outputMode="RGB")
    except Exception:  # noqa: BLE001 - a profile is somebody's file
        return layer
    if layer.mode == "RGBA":
        colours.putalpha(layer.getchannel("A"))
    return colours


def _encode(canvas: Canvas) -> GeneratedImage:
    for level in _COMPRESS_LEVELS:
        data = canvas.encode(level=level)
        if len(data) <= MAX_IMAGE_BYTES:
            return GeneratedImage.from_bytes(data, source=COMPOSED)
    raise TooLargeError(
        f"The picture with its mask would have {len(data) / 2**20:.0f} MiB; the limit is "
        f"{MAX_IMAGE_BYTES // 2**20} MiB.",
        hint="The reply is kept. Edit a smaller picture.",
    )
