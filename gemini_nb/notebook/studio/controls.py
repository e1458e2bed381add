"""The studio's controls: plain ipywidgets, what they are set to, and the status they show.

All text shown in them is escaped here. A trait may be set from any thread.
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
_MODELS_CHOICE = "model’s choice"
_TITLE_CHARACTERS = 60


@dataclass(frozen=True)
class Settings:
    """What the controls are set to: `options` of an `ImageRequest`, and `sources` as they were typed."""

    prompt: str
    options: dict[str, Any]
    number: int
    sources: str


class Controls:
    """The widgets of one studio, in the order the keyboard reaches them."""

    def __init__(self, session: Session) -> None:
        self._is_offering = False
        model = session.defaults.model
        row = models.find(model)
        known_models = [(known.alias or known.id, known.id) for known in models.CATALOGUE]
        self.prompt = _make_field(w.Textarea, "Prompt", rows=3, placeholder="Say what to paint")
        self.model = _make_field(
            w.Dropdown, "Model", width="220px", options=[*([] if row else [(model, model)]), *known_models]
        )
        self.model.value = row.id if row else model
        self.ratio = _make_field(w.Dropdown, "Aspect ratio", width="140px")
        self.size = _make_field(w.Dropdown, "Size", width="140px")
        self.number = _make_field(
            w.BoundedIntText, "Number", width="90px", min=1, max=session.defaults.max_images
        )
        self.sources = _make_field(
            w.Text, "Source pictures", width="440px", placeholder="variable, file, https address or #3",
            continuous_update=False,
        )  # fmt: skip
        self.upload = w.FileUpload(
            description="Upload", accept="image/*", multiple=True, layout=w.Layout(width="auto")
        )
        self.clear = w.Button(description="Clear sources", layout=w.Layout(width="auto"))
        self.go = w.Button(description="Generate", button_style="primary")
        self.go.add_class("gemini-nb-go")
        self.price, self.status = _make_line(), _make_line(role="status")
        self.progress = w.HTML(layout=w.Layout(display="none"))
        self.picture = _make_field(w.Dropdown, "Picture", width="300px")
        self.compare = _make_field(w.Dropdown, "Compare with", width="180px")
        self.actions = {name: w.Button(description=name, layout=w.Layout(width="auto")) for name in ACTIONS}
        self.text = _make_field(w.Textarea, "Cell", rows=6, layout=w.Layout(width="auto", display="none"))
        self.text.add_class("gemini-nb-code")
        self._about_pictures = _make_row(self.picture, self.compare, *self.actions.values())
        self.root = self._lay_out()
        self._offer_settings(session.defaults.aspect_ratio, session.defaults.image_size)
        self.model.observe(lambda _change: self._offer_settings(self.ratio.value, self.size.value), "value")

    def _lay_out(self) -> w.VBox:
        hint = f"Uploads take {UPLOAD_MEGABYTES} MB at a time; of a larger picture name the file."
        style = w.HTML(
            f"<style>{_STYLE.read_text(encoding='utf-8')}</style>", layout=w.Layout(display="none")
        )
        self._about_pictures.layout.display = "none"
        root = w.VBox(
            [
                style,
                self.prompt,
                _make_row(self.model, self.ratio, self.size, self.number),
                _make_row(self.sources, self.upload, self.clear, _make_line(hint)),
                _make_row(self.go, self.price),
                self.progress,
                self.status,
                self._about_pictures,
                self.text,
            ]
        )
        root.add_class("gemini-nb-studio")
        return root

    def settings(self) -> Settings:
        """Return what the controls are set to now."""
        return Settings(
            prompt=self.prompt.value.strip(),
            options={
                "model": self.model.value,
                "aspect_ratio": self.ratio.value or None,
                "image_size": self.size.value or None,
            },
            number=self.number.value,
            sources=self.sources.value.strip(),
        )

    def _offer_settings(self, ratio: str, size: str) -> None:
        """Offer the ratios and sizes of the chosen model, and keep those that it has."""
        row = models.find(self.model.value) or models.Model(self.model.value)
        _set_options(self.ratio, [(_MODELS_CHOICE, ""), *((name, name) for name in row.aspect_ratios)], ratio)
        _set_options(self.size, [(_MODELS_CHOICE, ""), *((name, name) for name in row.image_sizes)], size)

    def offer_pictures(self, entries: Sequence[Entry]) -> None:
        """List the pictures that can be acted on, newest first; one that is new is selected."""
        prompts = {
            entry.number: one_line(entry.generation.prompt, _TITLE_CHARACTERS) for entry in reversed(entries)
        }
        choices = [(f"{number} · {prompt}", number) for number, prompt in prompts.items()]
        is_new = len(choices) > len(self.picture.options)
        self._is_offering = True
        try:
            _set_options(self.picture, choices, None if is_new else self.picture.value)
            _set_options(self.compare, [("no other", 0), *choices], self.compare.value)
        finally:
            self._is_offering = False
        self._about_pictures.layout.display = "" if choices else "none"

    def show_status(self, words: str) -> None:
        """Put text into the status line, which screen readers announce."""
        _write(self.status, words, role="status")

    def show_price(self, words: str) -> None:
        """Put text beside the button."""
        _write(self.price, words)

    def show_running(self, running: bool) -> None:
        """Turn the button into Stop, or back into Generate; the same widget, so it keeps the focus."""
        self.go.description = "Stop" if running else "Generate"
        self.go.button_style = "danger" if running else "primary"
        if not running:
            self.show_progress("")

    def show_progress(self, page: str) -> None:
        """Show a progress bar, HTML of our own; "" hides it."""
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
        for field in (self.prompt, self.model, self.ratio, self.size, self.number, self.sources):
            field.observe(lambda _change: changed(), "value")

    def observe_choice(self, chosen: Callable[[], None]) -> None:
        """Call `chosen` when another picture is chosen, or another to compare it with."""
        for field in (self.picture, self.compare):
            field.observe(lambda _change: None if self._is_offering else chosen(), "value")

    def close(self) -> None:
        """Take the widgets away from every view."""
        self.root.close()


ACTIONS = ("Edit this", "Again", "Use as source", "Save", "Copy as cell", "Python")


def _make_field(kind: Callable[..., Any], label: str, *, width: str = "auto", **settings: Any) -> Any:
    settings.setdefault("layout", w.Layout(width=width, max_width="100%"))
    field = kind(description=label, **settings)
    field.add_class("gemini-nb-field")
    return field


def _make_row(*widgets: w.Widget) -> w.Box:
    row = w.Box(widgets)
    row.add_class("gemini-nb-row")
    return row


def _make_line(words: str = "", *, role: str = "") -> w.HTML:
    line = w.HTML()
    _write(line, words, role=role)
    return line


def _write(line: w.HTML, words: str, *, role: str = "") -> None:
    attribute = f' role="{role}"' if role else ""
    line.value = f'<div class="gemini-nb-line"{attribute}>{escape_html(words)}</div>'


def _set_options(dropdown: w.Dropdown, options: Sequence[tuple[str, Any]], wanted: Any) -> None:
    """Give a dropdown its options, and the wanted value if it is among them, else the first."""
    values = [value for _, value in options]
    with dropdown.hold_sync():
        if dropdown.options != tuple(options):
            dropdown.options = options
        dropdown.value = wanted if wanted in values else next(iter(values), None)
