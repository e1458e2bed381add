"""A photograph at any size, as a model's picture would be: scikit-image's astronaut, enlarged and grained."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path


@cache
def photograph(width: int, kind: str) -> bytes:
    """Return a square photograph as PNG or JPEG, as PNG of about 2 MB at 1024 pixels and 22 MB at 4096."""
    import skimage
    from PIL import Image, ImageChops

    with Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png") as picture:
        large = picture.convert("RGB").resize((width, width), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((width, width), 4).convert("RGB")
    buffer = io.BytesIO()
    ImageChops.add(large, grain, offset=-128).save(buffer, kind, quality=90)
    return buffer.getvalue()
