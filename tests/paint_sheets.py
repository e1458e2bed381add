"""Writes two contact sheets of the offline painter, to be looked at: python tests/paint_sheets.py [FOLDER].

One has the prompts of support/paintings.py, one the edits, each with the words that are named as left out.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
TILE, LINES, COLUMNS = 256, 4, 6
FONTS = ("NotoSansCJK-Regular.ttc", "DejaVuSans.ttf")


def main(folder: Path) -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from gemini_nb.offline.painter import paint
    from gemini_nb.offline.painter.recipes import Step
    from support import paintings

    prompts = [(paint.paint_step(Step(prompt, image_size="512")), prompt) for prompt in paintings.PROMPTS]
    edits = [(paintings.edited(first, edit), edit) for first, edit, _ in paintings.EDITS]
    originals = [(paintings.original(prompt), prompt) for prompt in (paintings.SCENE, paintings.SHAPES)]
    folder.mkdir(parents=True, exist_ok=True)
    for name, tiles in (("prompts", prompts), ("edits", [*originals, *edits])):
        path = folder / f"paintings-{name}.png"
        sheet([(painting.image, words, painting.note) for painting, words in tiles]).save(path)
        print(path)


def sheet(tiles):
    font, line = load_font(13), 17
    height = TILE + LINES * line + 14
    page = Image.new("RGB", (COLUMNS * (TILE + 12), -(-len(tiles) // COLUMNS) * height), "white")
    pencil = ImageDraw.Draw(page)
    for index, (image, words, note) in enumerate(tiles):
        row, column = divmod(index, COLUMNS)
        x, y = column * (TILE + 12) + 6, row * height + 6
        small = image.copy()
        small.thumbnail((TILE, TILE))
        page.paste(small, (x, y))
        lines = [(text, "black") for text in textwrap.wrap(words, 36)[:2]]
        lines += [(text, "#b02020") for text in textwrap.wrap(note.removeprefix("Offline painter "), 36)[:2]]
        for number, (text, colour) in enumerate(lines):
            pencil.text((x, y + TILE + 2 + number * line), text, font=font, fill=colour)
    return page


def load_font(size):
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build")
