"""How nbval compares these notebooks: pictures too, by what they show rather than by their encoder's bytes.

nbval leaves `image/png` and `image/jpeg` out of the comparison, so that a missing or changed picture passes.
Here both are compared, and so is every picture inside HTML. Two pictures are the same when a small version
of them is: another release of an image library may encode the same pixels differently.
"""

import io
import os
import re
from base64 import b64decode

from PIL import Image, ImageChops, ImageStat

for variable in ("CRAZYROUTER_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_NB_PROVIDER"):
    os.environ.pop(variable, None)  # the course runs without a key

DATA_URI = re.compile(
    r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]{100,})"
)  # shorter ones are cut short on purpose
BASE64 = re.compile(r"[A-Za-z0-9+/=\n]{400,}")
DIGEST = re.compile(r"(?<=sha256[ =])\"?[0-9a-f]{12,64}")
TOLERANCE = 4  # of 255, the mean difference in any cell of the small version


class Shown(str):
    """An output's text with its pictures taken out, and small versions of those."""

    __hash__ = str.__hash__

    def __new__(cls, text):
        shown = super().__new__(cls, DIGEST.sub("…", DATA_URI.sub("[picture]", text)))
        shown.pictures = [small(data) for data in DATA_URI.findall(text)]
        if BASE64.fullmatch(text):
            shown = super().__new__(cls, "[picture]")
            shown.pictures = [small(text)]
        return shown

    def __eq__(self, other):
        same_text = str.__eq__(self, other)
        return (
            same_text
            and len(self.pictures) == len(other.pictures)
            and all(map(alike, self.pictures, other.pictures))
        )

    def __ne__(self, other):
        return not self == other


def small(data):
    picture = Image.open(io.BytesIO(b64decode(data))).convert("RGB")
    return picture.size, picture.resize((24, 24), Image.Resampling.BOX)


def alike(one, other):
    (size, picture), (other_size, other_picture) = one, other
    difference = ImageStat.Stat(ImageChops.difference(picture, other_picture))
    return (
        size == other_size
        and max(high for _, high in difference.extrema) <= TOLERANCE * 4
        and max(difference.mean) <= TOLERANCE
    )


def pytest_collection_modifyitems(items):
    for item in items:
        if hasattr(item.parent, "skip_compare"):
            item.parent.skip_compare = tuple(
                name for name in item.parent.skip_compare if name not in ("image/png", "image/jpeg")
            )
            item.sanitize = comparing(item.sanitize)


def comparing(sanitize):
    def sanitized(value):
        if isinstance(value, str) and not isinstance(value, Shown):
            return Shown(sanitize(value))
        return value

    return sanitized
