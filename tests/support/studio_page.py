"""What somebody does at a studio's page with the mouse, the clipboard and files, in real events."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.jupyter_lab import WAIT_MS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.jupyter_lab import Page

STUDIO = ".gemini-nb-studio"
LARGE = f"{STUDIO} .stage img"
CHIPS = f"{STUDIO} .controls li"
TAKES = f"{STUDIO} .take"


def expect_texts(page: Page, what: str, *words: str) -> None:
    """Wait until there are so many of `what`, each with its words."""
    from playwright.sync_api import expect

    found = page.tab.locator(what)
    expect(found).to_have_count(len(words), timeout=WAIT_MS)
    if words:
        expect(found).to_contain_text(list(words), timeout=WAIT_MS)  # it alone is content with more of them


def chip_button(page: Page, place: int, name: str):
    """A button of one of the source pictures."""
    return page.tab.locator(CHIPS).nth(place).get_by_role("button", name=name, exact=True)


def drop(page: Page, *files: Path) -> None:
    """Drop files as they come from the desktop, through the browser's own drag and drop."""
    session = page.tab.context.new_cdp_session(page.tab)
    x, y = middle(page, f"{STUDIO} .controls")
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    session.detach()


def paste(page: Page, name: str, data: bytes) -> None:
    """Paste a file that has a name, as from a file manager, at the prompt."""
    page.tab.evaluate(_PASTE, [f"{STUDIO} textarea", name, base64.b64encode(data).decode()])


def middle(page: Page, what: str) -> tuple[float, float]:
    """The middle of a thing that is brought into view."""
    found = page.tab.locator(what).first
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def stroke(page: Page, *points: tuple[float, float]) -> None:
    """Move the pressed pointer over the mask, through points in parts of its width and height."""
    canvas = page.tab.locator(f"{STUDIO} canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.tab.mouse.move(*places[0])
    page.tab.mouse.down()
    for place in places:
        page.tab.mouse.move(*place, steps=4)
    page.tab.mouse.up()


def choose(page: Page, number: int) -> None:
    """Click a small picture, and wait until it is the large one."""
    page.tab.get_by_role("option", name=f"{number} ·").click()
    page.tab.wait_for_function(_IS_LARGE, arg=[LARGE, number])


@contextmanager
def dialog(page: Page, name: str) -> Iterator:
    """An open dialog; Escape closes it afterwards."""
    found = page.tab.get_by_role("dialog", name=name)
    found.wait_for()
    yield found
    page.tab.keyboard.press("Escape")
    found.wait_for(state="hidden")


def save(page: Page, count: int):
    """Save the notebook once its output has so many pictures, and read it back."""
    page.tab.wait_for_function(_IS_SAVED, arg=count)
    return page.save()


def clipboard_text(page: Page) -> str:
    return page.tab.evaluate("() => navigator.clipboard.readText()")


def clipboard_image_size(page: Page) -> list[int]:
    """Width and height of the picture on the clipboard."""
    return page.tab.evaluate(_IMAGE_SIZE)


_IS_SAVED = "count => document.querySelectorAll('.gemini-nb-saved img').length === count"
_PASTE = """([place, name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), it => it.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], name, {type: 'image/png'}));
  const target = document.querySelector(place);
  target.dispatchEvent(new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData}));
}"""
_IS_LARGE = """([place, number]) => {
  const image = document.querySelector(place);
  return image?.dataset.number === `${number}` && image.complete && image.naturalWidth > 0;
}"""
_IMAGE_SIZE = """async () => {
  const [item] = await navigator.clipboard.read();
  const image = await createImageBitmap(await item.getType('image/png'));
  return [image.width, image.height];
}"""
