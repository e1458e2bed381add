"""The convention by which a request tells a model of a mask: the API has no field for one.

The picture to edit comes first, the mask as a second picture, and this sentence ends the prompt.
"""

from __future__ import annotations

SENTENCE = (
    "The second picture is a mask of the first one: change the first picture only where the mask is white, "
    "keep all of it where the mask is black, and return the whole first picture in its own size."
)


def add_sentence(prompt: str) -> str:
    """Return the prompt of an edit with the sentence that says what its two pictures are."""
    return f"{prompt}\n\n{SENTENCE}"


def split_sentence(text: str) -> tuple[str, bool]:
    """Return the prompt without that sentence, and whether it was there."""
    is_masked = text.rstrip().endswith(SENTENCE)
    return (text.rstrip().removesuffix(SENTENCE).rstrip() if is_masked else text), is_masked
