"""WebP decoded by libwebp straight to a smaller size, with ctypes.

Pillow has libwebp decode a picture as an animation: two canvases, a copy as bytes and the picture itself are
16 bytes for each pixel, 750 MB for 49 megapixels. libwebp's own interface scales row by row; Pillow brings
the library along. Where it is linked into Pillow, as on Windows, `decode` returns None.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import PIL.Image

_ABI_VERSION = 0x0209  # of libwebp 0.5 to 1.x; only the upper byte has to be the library's
_RGB, _RGBA = 0, 1


class _Features(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("has_alpha", ctypes.c_int),
        ("has_animation", ctypes.c_int),
        ("format", ctypes.c_int),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Pixels(ctypes.Structure):
    """The larger member of the union is YUVA, with 80 bytes where pointers have 8."""

    _fields_ = (
        ("rgba", ctypes.c_void_p),
        ("stride", ctypes.c_int),
        ("size", ctypes.c_size_t),
        ("_rest_of_pointers", ctypes.c_void_p),
        ("_strides", ctypes.c_int * 4),
        ("_sizes", ctypes.c_size_t * 4),
    )


class _Output(ctypes.Structure):
    _fields_ = (
        ("colourspace", ctypes.c_int),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("is_external_memory", ctypes.c_int),
        ("pixels", _Pixels),
        ("pad", ctypes.c_uint32 * 4),
        ("private_memory", ctypes.c_void_p),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        ("_before_scaling", ctypes.c_int * 7),
        ("use_scaling", ctypes.c_int),
        ("scaled_width", ctypes.c_int),
        ("scaled_height", ctypes.c_int),
        ("_after_scaling", ctypes.c_int * 4),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Config(ctypes.Structure):
    """WebPDecoderConfig of webp/decode.h."""

    _fields_ = (("input", _Features), ("output", _Output), ("options", _Options))


def decode(data: bytes, size: tuple[int, int]) -> PIL.Image.Image | None:
    """Return a still WebP scaled to `size`, RGB or RGBA; None for an animation or without the library.

    Raises ValueError where the bytes do not decode.
    """
    library = _load()
    config = _Config()
    if library is None or not library.WebPInitDecoderConfigInternal(ctypes.byref(config), _ABI_VERSION):
        return None
    features = ctypes.byref(config.input)
    if library.WebPGetFeaturesInternal(data, ctypes.c_size_t(len(data)), features, _ABI_VERSION):
        raise ValueError("its header is broken")
    if config.input.has_animation:
        return None
    return _decode(library, config, data, size)


def _decode(library: Any, config: _Config, data: bytes, size: tuple[int, int]) -> PIL.Image.Image:
    from PIL import Image  # noqa: PLC0415 - Pillow is not loaded with the package

    mode = "RGBA" if config.input.has_alpha else "RGB"
    stride = size[0] * len(mode)
    pixels = bytearray(stride * size[1])
    memory = (ctypes.c_char * len(pixels)).from_buffer(pixels)
    config.options.use_scaling = 1
    config.options.scaled_width, config.options.scaled_height = size
    config.output.colourspace = _RGBA if mode == "RGBA" else _RGB
    config.output.is_external_memory = 1
    config.output.pixels.rgba = ctypes.addressof(memory)
    config.output.pixels.stride, config.output.pixels.size = stride, len(pixels)
    status = library.WebPDecode(data, ctypes.c_size_t(len(data)), ctypes.byref(config))
    if status:
        raise ValueError(f"libwebp's status is {status}")
    return Image.frombytes(mode, size, pixels)


@cache
def _load() -> Any:
    """Return the libwebp that Pillow has loaded, or None."""
    try:
        from PIL import _webp  # noqa: PLC0415

        library = ctypes.CDLL(_webp.__file__)  # looks names up in what that module is linked to as well
        return library if library.WebPDecode else None
    except (ImportError, OSError, AttributeError):
        return None
