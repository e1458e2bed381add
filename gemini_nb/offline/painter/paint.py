"""The painter: from a prompt to a picture, without a model; the same words and size give the same pixels.

reading                        what is asked for, and what is not: words → negation → scene
layout → composition           where it goes, and how it gets onto the canvas
outlines, things → canvas      what can be drawn, and with what
terrain → landscape, abstract  what is painted behind, or instead
edit_plan → edits, filters     what is done to a picture that exists
recipes                        how the latest pictures were painted, for edits that take something out
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from gemini_nb.models.catalogue import PIXELS_OF_GEMINI_3
from gemini_nb.models.model import SIZE_FACTORS
from gemini_nb.offline.painter import composition, edit_plan, edits, filters
from gemini_nb.offline.painter.canvas import Canvas
from gemini_nb.offline.painter.colours import PAPER
from gemini_nb.offline.painter.outlines import box
from gemini_nb.offline.painter.reading import scene
from gemini_nb.offline.painter.recipes import Recipe, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.offline.painter.edit_plan import Plan
    from gemini_nb.offline.painter.layout import Figure
    from gemini_nb.offline.painter.reading.scene import Sketch
    from gemini_nb.offline.painter.recipes import Swap


MAX_NAMES = 8
"""How many words are named as left out; the others are counted."""

_NAME_CHARACTERS = 40
_PATTERN_WORDS = {"abstract", "pattern", "patterns", "random"}
_ENCODING: dict[str, dict[str, int]] = {
    "image/png": {"compress_level": 4},
    # subsampling 0 is 4:4:4: the edges of plain shapes show any loss of colour
    "image/jpeg": {"quality": 93, "subsampling": 0},
    "image/webp": {"quality": 92, "method": 2},
}


@dataclass(frozen=True)
class Painting:
    """A picture, marked "offline"; `left_out` names what of the prompt is not on it, `note` says so.

    `recipe` is how it was painted, None where it was made of pictures that are not known.
    """

    image: Image.Image
    left_out: tuple[str, ...] = ()
    note: str = ""
    recipe: Recipe | None = None


def paint_step(
    step: Step, *, images: Sequence[bytes] = (), known: Recipe | None = None, variant: str = ""
) -> Painting:
    """Paint a prompt, or edit `images` as it says; RGB, marked "offline".

    Without an aspect ratio a new picture is square and an edit keeps its shape. Another `variant` changes
    what the prompt leaves open: the shape of a landscape, a colour, a pattern. `known` is the recipe of the
    one picture that is edited: with it, things can be taken out of it, replaced and looked at.
    Raises `UnreadableImageError` for an input picture that cannot be opened.

    >>> paint_step(Step("a red square on white")).image.getpixel((512, 512))
    (255, 0, 0)
    """
    if images:
        return _edit(step, images, known if len(images) == 1 else None)
    recipe = Recipe(step, variant)
    image, _ = _paint_new(recipe, ())
    sketch = scene.read(step.prompt)
    note = _note(sketch.left_out)
    if sketch.is_empty and not note and not _PATTERN_WORDS & {*step.prompt.lower().split()}:
        note = "Offline painter found nothing to draw in the prompt: this is a pattern"
    return Painting(_mark(image), sketch.left_out, note, recipe)


def keep_outside(painting: Painting, source: bytes, mask: bytes) -> Painting:
    """Put back what an edit changed outside of the white of its mask, which is of the source's size.

    The painting's own mark is then gone with the rest, so there is one inside the mask as well.
    """
    before, inside = edits.open_source(source), edits.open_source(mask).convert("L")
    if inside.size != before.size or not (box := inside.getbbox()):
        raise edits.UnreadableImageError("a mask of another size, or empty")
    edited = painting.image.resize(before.size, Image.Resampling.LANCZOS)
    edited.paste(_mark(edited.crop(box)), box[:2])
    return replace(painting, image=Image.composite(edited, before, inside), recipe=None)


def _note(left_out: Sequence[str]) -> str:
    """Return the sentence that names what was left out, or ""."""
    if not left_out:
        return ""
    most = _NAME_CHARACTERS
    names = [name if len(name) <= most else f"{name[: most - 1]}…" for name in left_out[:MAX_NAMES]]
    more = f" and {len(left_out) - MAX_NAMES} more" if len(left_out) > MAX_NAMES else ""
    return f"Offline painter left out: {', '.join(names)}{more}"


def _edit(step: Step, images: Sequence[bytes], known: Recipe | None) -> Painting:
    plan = edit_plan.read(step.prompt, _find_contents(known) if known else None)
    left_out = plan.left_out
    if known and (plan.swaps or plan.zoom):
        image, figures = _repaint(known, plan.swaps)
        if plan.zoom and not _look_at(figures, plan.zoom, image):
            left_out = (*left_out, plan.zoom)
    else:
        image, figures = edits.join(images), []
    edited, _ = _carry_out(step, plan, image, figures, is_joined=len(images) > 1)
    note = _note(left_out)
    is_sized = step.aspect_ratio or step.image_size
    if not (note or plan.does_anything or is_sized or len(images) > 1):
        note = "Offline painter did not understand this edit: it darkened the corners"
    return Painting(_mark(edited), left_out, note, known.then(step) if known else None)


def _carry_out(
    step: Step,
    plan: Plan,
    image: Image.Image,
    figures: Sequence[Figure],
    *,
    swaps: Sequence[Swap] = (),
    is_joined: bool = False,
) -> tuple[Image.Image, list[Figure]]:
    """Edit a picture; return it and the figures whose places on it are known."""
    size = pixel_size(step.aspect_ratio, step.image_size) if step.aspect_ratio or step.image_size else None
    edited, added = edits.edit(
        image,
        step.prompt,
        plan,
        size=size,
        keep_shape=not step.aspect_ratio,
        look_at=_look_at(figures, plan.zoom, image) if plan.zoom else None,
        swaps=swaps,
        is_changed=is_joined or bool(plan.swaps),
    )
    return edited, [*(figures if plan.keeps_places and not size else ()), *added]


def _look_at(figures: Sequence[Figure], shape: str, image: Image.Image) -> tuple[float, float, float] | None:
    """Return the middle of the first figure of a shape, and the share of the picture that shows it."""
    figure = next((figure for figure in figures if figure.shape == shape), None)
    if figure is None:
        return None
    return figure.x, figure.y, min(0.9, max(0.2, 3.2 * figure.radius / min(image.size)))


def _repaint(recipe: Recipe, swaps: Sequence[Swap]) -> tuple[Image.Image, list[Figure]]:
    """Paint a picture of a recipe again with something else in it; unmarked."""
    if not recipe.edits:
        return _paint_new(recipe, swaps)
    before, step = replace(recipe, edits=recipe.edits[:-1]), recipe.edits[-1]
    plan = edit_plan.read(step.prompt, _find_contents(before))
    image, figures = _repaint(before, (*plan.swaps, *swaps))
    return _carry_out(step, plan, image, figures, swaps=swaps)


def _find_contents(recipe: Recipe) -> Sketch:
    """Return what a picture of a recipe holds: its items and scenery, after the edits."""
    sketch = scene.read(recipe.first.prompt)
    for step in recipe.edits:
        plan = edit_plan.read(step.prompt, sketch)
        items, scenery = [*sketch.items, *plan.items.items], sketch.scenery
        for swap in plan.swaps:
            scenery -= {swap.old}
            swapped = [swap.new if item.shape == swap.old else item for item in items]
            items = [item for item in swapped if item]
        sketch = replace(sketch, items=tuple(items), scenery=scenery)
    return sketch


def _paint_new(recipe: Recipe, swaps: Sequence[Swap]) -> tuple[Image.Image, list[Figure]]:
    step = recipe.first
    image = Image.new("RGB", pixel_size(step.aspect_ratio, step.image_size), PAPER)
    sketch = scene.read(step.prompt)
    rng = composition.rng_for(f"{recipe.variant}\n{step.prompt}" if recipe.variant else step.prompt)
    figures = composition.compose(Canvas(image), sketch, rng, swaps)
    for style in sketch.styles:
        image = filters.STYLES[style](image)
    return image, figures


def encode(image: Image.Image, mime_type: str) -> bytes:
    """Encode as image/png, image/jpeg or image/webp."""
    out = io.BytesIO()
    image.save(out, mime_type.removeprefix("image/").upper(), **_ENCODING[mime_type])
    return out.getvalue()


def pixel_size(aspect_ratio: str | None, image_size: str | None) -> tuple[int, int]:
    """Return width and height in pixels; a ratio without a size of Gemini's own gets one megapixel.

    >>> pixel_size("16:9", "2K")
    (2752, 1536)
    """
    scale = SIZE_FACTORS[image_size or "1K"]
    width, height = PIXELS_OF_GEMINI_3.get(aspect_ratio or "1:1") or _megapixel(aspect_ratio or "1:1")
    return round(width * scale), round(height * scale)


def _megapixel(ratio: str) -> tuple[int, int]:
    across, down = (int(part) for part in ratio.split(":"))
    share = math.sqrt(across / down)
    return round(1024 * share / 16) * 16, round(1024 / share / 16) * 16


def _mark(image: Image.Image) -> Image.Image:
    """Set the word "offline" on a small pill in the lower right corner."""
    canvas = Canvas(image)
    height = max(14.0, canvas.unit * 0.03)
    if canvas.unit < 4 * height:
        return image  # a sliver of a picture, which the mark would cover
    font = ImageFont.load_default(height * 0.6)
    left, top, right, bottom = font.getbbox("offline")
    width = right - left + height * 0.9
    x1, y1 = canvas.width - height * 0.5, canvas.height - height * 0.5
    canvas.fill((box(x1 - width, y1 - height, x1, y1, radius=height / 2),), (44, 48, 58), opacity=0.62)
    at = (x1 - width / 2 - (left + right) / 2, y1 - height / 2 - (top + bottom) / 2)
    ImageDraw.Draw(canvas.image).text(at, "offline", font=font, fill=(255, 255, 255))
    return image
