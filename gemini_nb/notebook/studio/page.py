"""The page of one studio: its widget, the live gallery, and the ordinary output that is saved in its place.

What it does draws pictures and reads files, so the event loop leaves it to a worker thread.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.images.save import safe_stem
from gemini_nb.notebook.error_boundary import explain_missing_key
from gemini_nb.notebook.studio import settings
from gemini_nb.notebook.studio.gallery import Gallery, describe
from gemini_nb.notebook.studio.sources import MAX_UPLOAD_BYTES
from gemini_nb.notebook.studio.store_listing import StoreListing
from gemini_nb.notebook.studio.widget import StudioWidget
from gemini_nb.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Album, Entry


class Page:
    """What one studio shows; a method may be called on any thread."""

    def __init__(self, session: Session, album: Album) -> None:
        self._session = session
        self._album = album
        self._drawing = threading.RLock()
        self._gallery = Gallery()
        self._listing: StoreListing | None = None
        self._display_id = f"gemini-nb-{uuid4().hex}"
        self._is_shown = False
        self.widget = self._make_widget()
        self._draw_entries()

    def _make_widget(self) -> StudioWidget:
        defaults, provider = self._session.defaults, self._session.find_provider().name
        values = {
            "model": settings.choose_model(defaults.model, provider),
            "ratio": defaults.aspect_ratio,
            "size": defaults.image_size,
        }
        return StudioWidget(self._list_offer(values["model"]), values)

    def _list_offer(self, model: str) -> dict[str, Any]:
        return {
            **settings.list_offer(self._session.find_provider().name, model),
            "most": self._session.defaults.max_images,
            "most_bytes": MAX_UPLOAD_BYTES,
        }

    def offer(self) -> None:
        """Offer what the chosen model takes."""
        self.widget.change(offer=self._list_offer(self.widget.settings["model"]))

    def read_settings(self) -> settings.Settings:
        """Return what is set; raise `ArgumentError` for what is no setting."""
        provider = self._session.find_provider().name
        return settings.read(self.widget.settings, provider, most=self._session.defaults.max_images)

    def say(self, words: str, *, undo: str = "", **more: Any) -> None:
        """Put words into the status line in place of an error; `undo` says what can be undone.

        `more` is what else changes of the widget's `work`, in the same moment.
        """
        self.widget.tell(status=words, problem="", hint="", undo=undo, **more)

    def show_error(self, error: BaseException, *, words: str = "", **more: Any) -> None:
        """Show an error and what to do about it, beside `words` as the status; `more` is as for `say`."""
        if isinstance(error, GeminiError):
            explain_missing_key(error)
            self._session.last_error = error
            problem, hint = str(error.args[0]) if error.args else "", error.hint
        else:  # its text may hold anything, so it is not shown
            problem = f"An internal error of gemini_nb ({type(error).__name__}). No finished picture is lost."
            hint = ""
        self.widget.tell(problem=problem, hint=hint, status=words, **more)

    def choose(self, entry: Entry) -> None:
        """Make a picture the large one."""
        with self._drawing:
            if self.widget.view["chosen"] != entry.number:
                self.widget.update_view(chosen=entry.number, compared=0)
                self.publish()

    def redraw(self) -> None:
        """Show the album's entries again; the album calls this when it has changed."""
        with self._drawing:  # pictures may come on several threads at once
            self._draw_entries()
            self.publish()

    def _draw_entries(self) -> None:
        """Tell the page which pictures there are; those that are new come before."""
        entries, view = self._album.entries, self.widget.view
        known = {entry["number"] for entry in self.widget.entries}
        fresh = [entry for entry in entries if entry.number not in known]
        if self._is_shown:
            for entry in fresh:
                self.send_picture(entry.number, "preview")
                self.send_picture(entry.number, "tile")
        shown = [_describe_entry(entry) for entry in entries]
        self.widget.change(entries=shown, note=self._album.recall_note)
        numbers = {entry.number for entry in entries}
        chosen = fresh[-1].number if fresh else view["chosen"]
        chosen = chosen if chosen in numbers else max(numbers, default=0)
        compared = view["compared"] if view["compared"] in numbers - {chosen} else 0
        if (chosen, compared) != (view["chosen"], view["compared"]):
            self.widget.update_view(chosen=chosen, compared=compared)

    def send_picture(self, number: int, size: str) -> None:
        """Send the page a picture: "original", or WebP as "preview" or "tile"."""
        about = {"kind": "picture", "number": number, "size": size}
        try:
            mime_type, data = self._encode(self._album.find(number), size)
        except GeminiError as error:
            self.widget.send({**about, "problem": str(error)})
        else:
            self.widget.send({**about, "type": mime_type}, [data])

    def _encode(self, entry: Entry, size: str) -> tuple[str, bytes]:
        image, previews = entry.generation.image, self._gallery.previews
        if size == "original":
            return image.mime_type, image.data
        if size not in ("preview", "tile"):
            raise ArgumentError("There is no such size of a picture.")
        return "image/webp", (previews.tile if size == "tile" else previews.preview)(entry)

    def list_store(self, number: int) -> None:
        """Send a page of the pictures in the store that are not here."""
        about = {"kind": "store", "pictures": [], "next": 0}
        store = self._session.open_store()
        if store is None:  # an alert would stand behind the dialog
            self.widget.send({**about, "problem": "The store is off, so it has no pictures."})
            return
        if self._listing is None or number == 0:
            self._listing = StoreListing(store, self._album)
        page = self._listing.read_page(number)
        pictures = [
            {"digest": picture.digest, "prompt": picture.prompt, "facts": printable(picture.facts)}
            for picture in page.pictures
        ]
        about |= {"pictures": pictures, "next": page.next}
        self.widget.send(about, [picture.thumbnail for picture in page.pictures])

    def add_from_store(self, digests: Iterable[str]) -> list[Entry]:
        """Add pictures of the store to the album."""
        return [] if self._listing is None else self._listing.add(digests)

    def publish(self, *, update: bool = True) -> None:
        """Publish the output that is saved with the notebook; the page hides it while the studio lives."""
        with self._drawing:
            if update and not self._is_shown:
                return
            view = self.widget.view
            bundle, metadata = self._gallery.render(
                self._album.entries,
                selected=view["chosen"],
                compared=view["compared"] or None,
                comparison=view["comparison"],
                studio_id=self.widget.studio_id,
                record=self._album.record(),
            )
            self._session.shell.display_pub.publish(
                bundle, metadata=metadata, transient={"display_id": self._display_id}, update=update
            )
            self._is_shown = True

    def show(self) -> None:
        """Display the studio in the cell that runs."""
        shell = self._session.shell
        view = self.widget._repr_mimebundle_()  # None where there is no kernel
        if view and _needs_view(shell.user_ns):
            shell.display_pub.publish(view[0])
        self.publish(update=False)


def _describe_entry(entry: Entry) -> dict[str, Any]:
    """Return what the page says of an entry, in text that is safe to show."""
    generation = entry.generation
    facts = (describe(entry).split("\n")[-1], *generation.original.words)
    return {
        "number": entry.number,
        "prompt": printable(generation.prompt),
        "model": generation.model,
        "facts": printable(" · ".join(facts)),
        "remarks": [printable(remark) for remark in generation.remarks],
        "name": f"{safe_stem(generation.prompt)}{generation.image.suffix}",
        "width": generation.image.width,
        "height": generation.image.height,
        "favourite": entry.is_favourite,
    }


def _needs_view(names: Mapping[str, Any]) -> bool:
    """Whether the front end loads widgets only with a view of theirs: VS Code and Colab do."""
    return "__vsc_ipynb_file__" in names or "google.colab" in sys.modules
