"""The controller of one studio: connects its controls and buttons, its gallery and the job that runs.

A widget's callbacks come on whatever thread the kernel chooses, so they only start things; the work is done
on the background loop, and state is changed under a lock.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
from anyio import to_thread

from gemini_nb import event_loop, interrupts, models
from gemini_nb.call import Call
from gemini_nb.costs import estimate
from gemini_nb.errors import GeminiError
from gemini_nb.notebook import export, saving
from gemini_nb.notebook.studio.controls import UPLOAD_MEGABYTES, Controls
from gemini_nb.notebook.studio.gallery import Gallery
from gemini_nb.notebook.studio.job import Sources, StudioRequest, new_takes, requests_for, run_job
from gemini_nb.request import ImageRequest
from gemini_nb.text import format_count, format_dollars

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

    from gemini_nb.client.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Album, Entry

_DEBOUNCE_SECONDS = 0.3  # a second click within it stops before anything is sent; late keystrokes arrive
_DOUBLE_CLICK_SECONDS = 0.06  # two clicks as close as this are one: nobody has seen the button change
_SAVE_FOLDER = "pictures/"


class StudioController:
    """The controls and the gallery of one studio."""

    def __init__(self, session: Session, album: Album) -> None:
        self._session = session
        self._album = album
        self._lock = threading.RLock()
        self._drawing = threading.RLock()
        self._future: Future[None] | None = None
        self._started = 0.0
        self._gallery = Gallery()
        self._display_id = f"gemini-nb-{uuid4().hex}"
        self._is_shown = self.is_closed = False
        self._uploads: dict[str, bytes] = {}  # files by name
        self.controls = Controls(session)
        self._connect()
        self.controls.offer_pictures(album.entries)
        self._show_estimate()
        album.watch(self)

    def _connect(self) -> None:
        controls = self.controls
        controls.go.on_click(lambda _button: self._start_or_stop())
        controls.observe(self._show_estimate)
        controls.observe_choice(self._publish)
        actions: dict[str, Callable[[Entry], None]] = {
            "Edit this": self._edit,
            "Again": self._repeat,
            "Use as source": self._use_as_source,
            "Save": self._save,
            "Copy as cell": self._show_cell,
            "Python": self._show_python,
        }
        for name, button in controls.actions.items():
            button.on_click(partial(self._run_action, actions[name]))
        controls.clear.on_click(lambda _button: self._clear_sources())
        controls.upload.observe(lambda change: self._add_uploads(change["new"]), "value")

    def _start_or_stop(self) -> None:
        """Generate, or Stop while something is being made."""
        with self._lock:
            now = self._click_time()
            if self._future is None:
                self._started = now
                self._start(self._request_from_controls, "Generating…")
            elif not 0 <= now - self._started < _DOUBLE_CLICK_SECONDS:
                self._future.cancel()

    def _click_time(self) -> float:
        """Return when the front end sent the message that is handled now; else the time now."""
        parent: dict[str, Any] = getattr(self._session.shell, "get_parent", dict)() or {}
        header = parent.get("header", {})
        sent = header.get("date")
        is_ours = header.get("msg_type") == "comm_msg" and isinstance(sent, datetime)
        return sent.timestamp() if is_ours else time.time()

    def _repeat(self, entry: Entry) -> None:
        entry.check_whole()
        with self._lock:
            if self._future is None:
                self._start(partial(self._request_repeat, entry), f"Picture {entry.number} again…")

    def _start(self, work: Callable[[Client], Awaitable[StudioRequest]], words: str) -> None:
        self.controls.show_running(True)
        self.controls.show_status(words)
        call = Call()
        with interrupts.held(), call.watched():
            future = self._future = event_loop.submit(self._run, work)
            future.add_done_callback(partial(self._finish, call))

    async def _run(self, work: Callable[[Client], Awaitable[StudioRequest]]) -> None:
        await anyio.sleep(_DEBOUNCE_SECONDS)
        client = await to_thread.run_sync(self._session.client)
        request = await work(client)
        words, error = await run_job(
            self._session,
            request,
            client,
            on_picture=partial(self._add_picture, sources=request.sources),
            on_progress=self._show_progress,
        )
        self._session.last_error = error or self._session.last_error
        self.controls.show_status(words)

    async def _request_from_controls(self, client: Client) -> StudioRequest:
        sources = Sources(self._album, self._uploads, self._session.shell.user_ns)
        return await requests_for(self.controls.settings(), client, sources)

    async def _request_repeat(self, entry: Entry, client: Client) -> StudioRequest:
        request = entry.generation.request
        known = self._album.known_takes(request)
        if client.store is not None:
            known |= set(range(await to_thread.run_sync(client.store.next_take, request)))
        return StudioRequest(new_takes(request, 1, known), entry.sources)

    def _add_picture(self, generation: Generation, *, sources: tuple[str, ...]) -> None:
        """Add a picture to the album, on a worker's thread."""
        self._session.spending.add(generation)
        self._session.last = generation
        entry = self._album.add(generation, sources=sources)
        with self._drawing:
            self.controls.picture.value = entry.number  # a replayed picture may be an older one

    def _show_progress(self, page: str) -> None:
        with self._lock:
            if self._future is not None:
                self.controls.show_progress(page)

    def _finish(self, call: Call, future: Future[None]) -> None:
        """Show Generate again and how the job ended."""
        with self._lock:
            if self._future is future:
                self._future = None
                self.controls.show_running(False)
        if future.cancelled():
            billed = (
                "What was under way may have been billed"
                if call.may_be_billed
                else "Nothing was under way, so nothing more is billed"
            )
            self.controls.show_status(f"Stopped. {billed}; finished pictures are kept.")
        elif (error := future.exception()) is not None:
            self._show_error(error)
        event_loop.submit(to_thread.run_sync, self._show_estimate)  # this is the loop, and it reads files

    def _show_error(self, error: BaseException) -> None:
        if isinstance(error, GeminiError):
            self._session.last_error = error
            self.controls.show_status(str(error))
        else:  # its text may hold anything, so it is not shown
            self.controls.show_status(
                f"A mistake of gemini_nb's own ({type(error).__name__}). Nothing made is lost."
            )

    def _show_estimate(self) -> None:
        """Show which provider the next press asks and its estimated cost, before it is spent."""
        try:
            self.controls.show_price(self._describe_price())
        except GeminiError as error:
            self.controls.show_price(str(error))

    def _describe_price(self) -> str:
        settings, client = self.controls.settings(), self._session.client()
        if client.provider.name == "offline":
            return "Offline: painted here without a model, at no cost. %gemini key sets a key."
        request = ImageRequest(settings.prompt or "…", **settings.options)
        requests = new_takes(request, settings.number, self._album.known_takes(request))
        costs = estimate([] if settings.sources else requests, holds=client.holds, provider=client.provider)
        sent = len(requests) - len(costs.replayed)
        provider = client.provider.name
        if not sent:
            return f"{provider}: {format_count(len(requests), 'picture')} from the store, at no cost."
        each, row = request.estimated_cost, models.find(request.model)
        total = format_dollars(None if each is None else each * sent)
        words = f"{provider}: {format_count(sent, 'picture')}, estimated at {total} (Google's list price)."
        return f"{words} {row.note if row else ''}".strip()

    def _run_action(self, action: Callable[[Entry], None], _button: Any) -> None:
        try:
            action(self._album.find(self.controls.picture.value or 0))
        except Exception as error:  # noqa: BLE001 - nobody sees what a callback raises
            self._show_error(error)

    def _edit(self, entry: Entry) -> None:
        controls, words = self.controls, f"Say what to change in picture {entry.number}"
        controls.model.value = entry.generation.model
        controls.sources.value = f"#{entry.number}"
        controls.prompt.value = ""
        controls.prompt.placeholder = words
        controls.prompt.focus()
        controls.show_status(f"{words}, and press Generate.")

    def _use_as_source(self, entry: Entry) -> None:
        self._add_sources([f"#{entry.number}"])
        self.controls.show_status(f"Picture {entry.number} is a source of the next one.")

    def _save(self, entry: Entry) -> None:
        saved = saving.save_one(entry.generation, _SAVE_FOLDER)
        if saved.path is not None:
            self._album.set_path(entry, saved.path)
        self.controls.show_status(f"Picture {entry.number} is saved as {saved.path}.")

    def _show_cell(self, entry: Entry) -> None:
        self.controls.show_text("Cell", export.cell_source(self._session, entry))
        self.controls.show_status(
            f"Copy the text into a new cell, or run %gemini cell {entry.number} to have it inserted."
        )

    def _show_python(self, entry: Entry) -> None:
        entry.check_whole()
        self.controls.show_text("Python", export.python_source(self._session, entry.generation.request))
        self.controls.show_status(f"This Python makes picture {entry.number}.")

    def _clear_sources(self) -> None:
        self._uploads.clear()
        self.controls.sources.value = ""
        self.controls.show_status("The next picture has no source pictures.")

    def _add_uploads(self, files: Any) -> None:
        if not files:
            return
        for file in files:
            name, data = _make_word(file["name"]), bytes(file["content"])
            if len(data) > UPLOAD_MEGABYTES * 1_000_000:
                self.controls.show_status(
                    f"{name} has more than {UPLOAD_MEGABYTES} MB. Name the file instead."
                )
                break
            self._uploads[name] = data
            self._add_sources([name])
        else:
            self.controls.show_status("Uploaded; the next picture is made from what Source pictures names.")
        self.controls.upload.value = ()

    def _add_sources(self, words: list[str]) -> None:
        known = self.controls.sources.value.split()
        self.controls.sources.value = " ".join(dict.fromkeys([*known, *words]))

    def redraw(self) -> None:
        """Offer and draw the album's entries again; the album calls this when it has changed."""
        with self._drawing:  # pictures may come on several threads at once
            self.controls.offer_pictures(self._album.entries)
            self._publish()

    def _publish(self, *, update: bool = True) -> None:
        with self._drawing:
            if update and not self._is_shown:
                return
            compared = self.controls.compare.value or None
            bundle = self._gallery.render(
                self._album.entries,
                selected=self.controls.picture.value,
                compared=compared if compared != self.controls.picture.value else None,
            )
            self._session.shell.display_pub.publish(
                bundle, transient={"display_id": self._display_id}, update=update
            )
            self._is_shown = True

    def show(self) -> None:
        """Display controls and gallery in the cell that runs."""
        from IPython.display import display  # noqa: PLC0415 - here only in a shell

        display(self.controls.root)
        self._publish(update=False)

    def close(self) -> None:
        """Stop what is being made and take the controls away; the gallery stays."""
        self.is_closed = True
        self._album.unwatch(self)
        with self._lock:
            if self._future is not None:
                self._future.cancel()
        self.controls.close()


def _make_word(name: str) -> str:
    """Return a file's name as one word that needs no quotes and begins no comment."""
    return "_".join("".join(c for c in name if c not in "\"',").split()).lstrip("#-") or "upload"
