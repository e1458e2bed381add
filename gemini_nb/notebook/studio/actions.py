"""What the studio does with the picture that is chosen, and with source pictures."""

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

SAVED_IN = "pictures/"


class Actions:
    """The buttons beside "Picture", and those beside "Source pictures"; `uploads` are files by name.

    `again` asks for another take of an entry, `failed` says an error.
    """

    def __init__(
        self,
        session: Session,
        album: Album,
        controls: Controls,
        *,
        again: Callable[[Entry], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._session = session
        self._album = album
        self._controls = controls
        self._failed = failed
        self.uploads: dict[str, bytes] = {}
        acts: dict[str, Callable[[Entry], None]] = {
            "Edit this": self._edit,
            "Again": again,
            "Use as source": self._use,
            "Save": self._save,
            "Copy as cell": self._copy,
            "Python": self._python,
        }
        for name, button in controls.actions.items():
            button.on_click(partial(self._act, acts[name]))
        controls.clear.on_click(lambda _button: self._clear())
        controls.upload.observe(lambda change: self._upload(change["new"]), "value")

    def _act(self, act: Callable[[Entry], None], _button: Any) -> None:
        try:
            act(self._album.find(self._controls.picture.value or 0))
        except Exception as error:  # noqa: BLE001 - what a callback raises, nobody sees
            self._failed(error)

    def _edit(self, entry: Entry) -> None:
        controls, words = self._controls, f"Say what to change in picture {entry.number}"
        controls.model.value = entry.generation.model
        controls.sources.value = f"#{entry.number}"
        controls.prompt.value = ""
        controls.prompt.placeholder = words
        controls.prompt.focus()
        controls.say(f"{words}, and press Generate.")

    def _use(self, entry: Entry) -> None:
        self._add([f"#{entry.number}"])
        self._controls.say(f"Picture {entry.number} is a source of the next one.")

    def _save(self, entry: Entry) -> None:
        saved = saving.save_one(entry.generation, SAVED_IN)
        if saved.path is not None:
            self._album.saved(entry, saved.path)
        self._controls.say(f"Picture {entry.number} is saved as {saved.path}.")

    def _copy(self, entry: Entry) -> None:
        self._controls.show_text("Cell", export.cell_source(self._session, entry))
        self._controls.say(
            f"Copy the text into a new cell, or run %gemini cell {entry.number} to have it inserted."
        )

    def _python(self, entry: Entry) -> None:
        entry.check_whole()
        self._controls.show_text("Python", export.python_source(self._session, entry.generation.request))
        self._controls.say(f"This Python makes picture {entry.number}.")

    def _clear(self) -> None:
        self.uploads.clear()
        self._controls.sources.value = ""
        self._controls.say("The next picture has no source pictures.")

    def _upload(self, files: Any) -> None:
        if not files:
            return
        for file in files:
            name, data = _word(file["name"]), bytes(file["content"])
            if len(data) > UPLOAD_MEGABYTES * 1_000_000:
                self._controls.say(f"{name} has more than {UPLOAD_MEGABYTES} MB. Name the file instead.")
                break
            self.uploads[name] = data
            self._add([name])
        else:
            self._controls.say("Uploaded; the next picture is made from what Source pictures names.")
        self._controls.upload.value = ()

    def _add(self, words: list[str]) -> None:
        known = self._controls.sources.value.split()
        self._controls.sources.value = " ".join(dict.fromkeys([*known, *words]))


def _word(name: str) -> str:
    """A file's name as one word, which needs no quotes and begins no comment."""
    return "_".join("".join(c for c in name if c not in "\"',").split()).lstrip("#-") or "upload"
