"""The studio's controls: plain ipywidgets, what is set in them, and how they say what happens.

Everything shown in them is escaped here. A trait may be set from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from gemini_nb import models
from gemini_nb.text import escape_html, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Entry

UPLOAD_MEGABYTES = 9  # a larger message is dropped by Jupyter's server, without a word (ipywidgets#2522)
_STYLE = Path(__file__).with_name("studio.css")
_ANY = "model’s choice"
_TITLE_CHARACTERS = 60


@dataclass(frozen=True)
class Settings:
    """What the controls are set to; `sources` is text, as it was typed."""

    prompt: str
    model: str
    aspect_ratio: str | None
    image_size: str | None
    number: int
    sources: str


class Controls:
    """The widgets of one studio, in the order the keyboard reaches them."""

    def __init__(self, session: Session) -> None:
        self._is_offering = False
        row = models.find(session.defaults.model)
        self.prompt = _field(w.Textarea, "Prompt", rows=3, placeholder="Say what to paint")
        self.model = _field(w.Dropdown, "Model", width="220px", options=_models(session.defaults.model))
        self.model.value = row.id if row else session.defaults.model
        self.ratio = _field(w.Dropdown, "Aspect ratio", width="140px")
        self.size = _field(w.Dropdown, "Size", width="140px")
        self.number = _field(w.BoundedIntText, "Number", width="90px", min=1, max=session.defaults.max_images)
        self.sources = _field(
            w.Text, "Source pictures", width="440px", placeholder="variable, file, https address or #3",
            continuous_update=False,
        )  # fmt: skip
        self.upload = w.FileUpload(
            description="Upload", accept="image/*", multiple=True, layout=w.Layout(width="auto")
        )
        self.clear = w.Button(description="Clear sources", layout=w.Layout(width="auto"))
        self.go = w.Button(description="Generate", button_style="primary")
        self.go.add_class("gemini-nb-go")
        self.price, self.status = _line(), _line(role="status")
        self.progress = w.HTML(layout=w.Layout(display="none"))
        self.picture = _field(w.Dropdown, "Picture", width="300px")
        self.compare = _field(w.Dropdown, "Compare with", width="180px")
        self.actions = {name: w.Button(description=name, layout=w.Layout(width="auto")) for name in ACTIONS}
        self.text = _field(w.Textarea, "Cell", rows=6, layout=w.Layout(width="auto", display="none"))
        self.text.add_class("gemini-nb-code")
        self._about_pictures = _row(self.picture, self.compare, *self.actions.values())
        self.root = self._laid_out()
        self._offer_settings(session.defaults.aspect_ratio, session.defaults.image_size)
        self.model.observe(lambda _change: self._offer_settings(self.ratio.value, self.size.value), "value")

    def _laid_out(self) -> w.VBox:
        hint = f"Uploads take {UPLOAD_MEGABYTES} MB at a time; of a larger picture name the file."
        style = w.HTML(
            f"<style>{_STYLE.read_text(encoding='utf-8')}</style>", layout=w.Layout(display="none")
        )
        self._about_pictures.layout.display = "none"
        root = w.VBox(
            [
                style,
                self.prompt,
                _row(self.model, self.ratio, self.size, self.number),
                _row(self.sources, self.upload, self.clear, _line(hint)),
                _row(self.go, self.price),
                self.progress,
                self.status,
                self._about_pictures,
                self.text,
            ]
        )
        root.add_class("gemini-nb-studio")
        return root

    def order(self) -> Settings:
        """Return what is set now."""
        return Settings(
            prompt=self.prompt.value.strip(),
            model=self.model.value,
            aspect_ratio=self.ratio.value or None,
            image_size=self.size.value or None,
            number=self.number.value,
            sources=self.sources.value.strip(),
        )

    def _offer_settings(self, ratio: str, size: str) -> None:
        """Offer the ratios and sizes of the chosen model, and keep those that it has."""
        row = models.find(self.model.value) or models.Model(self.model.value)
        _offer(self.ratio, [(_ANY, ""), *((one, one) for one in row.aspect_ratios)], ratio)
        _offer(self.size, [(_ANY, ""), *((one, one) for one in row.image_sizes)], size)

    def offer_pictures(self, entries: Sequence[Entry]) -> None:
        """List the pictures that can be acted on, newest first; one that is new is selected."""
        named = [(_title(one), one.number) for one in reversed(entries)]
        is_new = len(named) > len(self.picture.options)
        self._is_offering = True
        try:
            _offer(self.picture, named, None if is_new else self.picture.value)
            _offer(self.compare, [("no other", 0), *named], self.compare.value)
        finally:
            self._is_offering = False
        self._about_pictures.layout.display = "" if named else "none"

    def say(self, words: str) -> None:
        """Put words into the status line."""
        _write(self.status, words, role="status")

    def say_price(self, words: str) -> None:
        """Put words beside the button."""
        _write(self.price, words)

    def show_running(self, running: bool) -> None:
        """Turn the button into Stop, or back into Generate; it is the same one, so it keeps the focus."""
        self.go.description = "Stop" if running else "Generate"
        self.go.button_style = "danger" if running else "primary"
        if not running:
            self.show_progress("")

    def show_progress(self, page: str) -> None:
        """Show how far it is: HTML of our own, or none."""
        self.progress.value = page
        self.progress.layout.display = "" if page else "none"

    def show_text(self, label: str, text: str) -> None:
        """Show source to copy, and take the focus there."""
        self.text.description = label
        self.text.value = text
        self.text.rows = min(16, max(4, text.count("\n") + 2))
        self.text.layout.display = ""

    def observe(self, changed: Callable[[], None]) -> None:
        """Call `changed` when a setting changes that the price depends on."""
        for one in (self.prompt, self.model, self.ratio, self.size, self.number, self.sources):
            one.observe(lambda _change: changed(), "value")

    def observe_choice(self, chosen: Callable[[], None]) -> None:
        """Call `chosen` when another picture is chosen, or another to compare it with."""
        for one in (self.picture, self.compare):
            one.observe(lambda _change: None if self._is_offering else chosen(), "value")

    def close(self) -> None:
        """Take the widgets away from every view."""
        self.root.close()


ACTIONS = ("Edit this", "Again", "Use as source", "Save", "Copy as cell", "Python")


def _field(kind: Callable[..., Any], label: str, *, width: str = "auto", **settings: Any) -> Any:
    settings.setdefault("layout", w.Layout(width=width, max_width="100%"))
    field = kind(description=label, **settings)
    field.add_class("gemini-nb-field")
    return field


def _row(*widgets: w.Widget) -> w.Box:
    row = w.Box(widgets)
    row.add_class("gemini-nb-row")
    return row


def _line(words: str = "", *, role: str = "") -> w.HTML:
    line = w.HTML()
    _write(line, words, role=role)
    return line


def _write(line: w.HTML, words: str, *, role: str = "") -> None:
    attribute = f' role="{role}"' if role else ""
    line.value = f'<div class="gemini-nb-line"{attribute}>{escape_html(words)}</div>'


def _models(default: str) -> list[tuple[str, str]]:
    rows = [(row.alias or row.id, row.id) for row in models.CATALOGUE]
    return rows if models.find(default) else [(default, default), *rows]


def _offer(dropdown: w.Dropdown, options: Sequence[tuple[str, Any]], wanted: Any) -> None:
    """Give a dropdown its options, and the wanted value if it is among them, else the first."""
    values = [value for _, value in options]
    with dropdown.hold_sync():
        if dropdown.options != tuple(options):
            dropdown.options = options
        dropdown.value = wanted if wanted in values else next(iter(values), None)


def _title(entry: Entry) -> str:
    return f"{entry.number} · {one_line(entry.generation.prompt, _TITLE_CHARACTERS)}"
