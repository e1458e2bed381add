"""The studio's buttons for the chosen picture and for source pictures."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from gemini_nb.notebook import export, saving
from gemini_nb.notebook.studio.controls import UPLOAD_MEGABYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Album, Entry
    from gemini_nb.notebook.studio.controls import Controls

SAVE_FOLDER = "pictures/"


class Actions:
    """The buttons beside "Picture", and those beside "Source pictures"; `uploads` are files by name.

    `repeat` asks for another take of an entry, `show_error` shows an error in the status line.
    """

    def __init__(
        self,
        session: Session,
        album: Album,
        controls: Controls,
        *,
        repeat: Callable[[Entry], None],
        show_error: Callable[[BaseException], None],
    ) -> None:
        self._session = session
        self._album = album
        self._controls = controls
        self._show_error = show_error
        self.uploads: dict[str, bytes] = {}
        actions: dict[str, Callable[[Entry], None]] = {
            "Edit this": self._edit,
            "Again": repeat,
            "Use as source": self._use_as_source,
            "Save": self._save,
            "Copy as cell": self._show_cell,
            "Python": self._show_python,
        }
        for name, button in controls.actions.items():
            button.on_click(partial(self._run_action, actions[name]))
        controls.clear.on_click(lambda _button: self._clear_sources())
        controls.upload.observe(lambda change: self._add_uploads(change["new"]), "value")

    def _run_action(self, action: Callable[[Entry], None], _button: Any) -> None:
        try:
            action(self._album.find(self._controls.picture.value or 0))
        except Exception as error:  # noqa: BLE001 - nobody sees what a callback raises
            self._show_error(error)

    def _edit(self, entry: Entry) -> None:
        controls, words = self._controls, f"Say what to change in picture {entry.number}"
        controls.model.value = entry.generation.model
        controls.sources.value = f"#{entry.number}"
        controls.prompt.value = ""
        controls.prompt.placeholder = words
        controls.prompt.focus()
        controls.show_status(f"{words}, and press Generate.")

    def _use_as_source(self, entry: Entry) -> None:
        self._add_sources([f"#{entry.number}"])
        self._controls.show_status(f"Picture {entry.number} is a source of the next one.")

    def _save(self, entry: Entry) -> None:
        saved = saving.save_one(entry.generation, SAVE_FOLDER)
        if saved.path is not None:
            self._album.set_path(entry, saved.path)
        self._controls.show_status(f"Picture {entry.number} is saved as {saved.path}.")

    def _show_cell(self, entry: Entry) -> None:
        self._controls.show_text("Cell", export.cell_source(self._session, entry))
        self._controls.show_status(
            f"Copy the text into a new cell, or run %gemini cell {entry.number} to have it inserted."
        )

    def _show_python(self, entry: Entry) -> None:
        entry.check_whole()
        self._controls.show_text("Python", export.python_source(self._session, entry.generation.request))
        self._controls.show_status(f"This Python makes picture {entry.number}.")

    def _clear_sources(self) -> None:
        self.uploads.clear()
        self._controls.sources.value = ""
        self._controls.show_status("The next picture has no source pictures.")

    def _add_uploads(self, files: Any) -> None:
        if not files:
            return
        for file in files:
            name, data = _make_word(file["name"]), bytes(file["content"])
            if len(data) > UPLOAD_MEGABYTES * 1_000_000:
                self._controls.show_status(
                    f"{name} has more than {UPLOAD_MEGABYTES} MB. Name the file instead."
                )
                break
            self.uploads[name] = data
            self._add_sources([name])
        else:
            self._controls.show_status("Uploaded; the next picture is made from what Source pictures names.")
        self._controls.upload.value = ()

    def _add_sources(self, words: list[str]) -> None:
        known = self._controls.sources.value.split()
        self._controls.sources.value = " ".join(dict.fromkeys([*known, *words]))


def _make_word(name: str) -> str:
    """Return a file's name as one word that needs no quotes and begins no comment."""
    return "_".join("".join(c for c in name if c not in "\"',").split()).lstrip("#-") or "upload"
