"""The controller of one studio: what the page asks for is done here, and the page is told what came of it.

Messages come on whatever thread the kernel chooses, so they only start things; the work is done on the
background loop and its threads, and state is changed under a lock.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb import event_loop, interrupts
from gemini_nb.call import Call
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.event_loop import run_in_thread
from gemini_nb.notebook import export
from gemini_nb.notebook.error_boundary import explain_missing_key
from gemini_nb.notebook.studio.job import StudioRequest, new_takes, run_job
from gemini_nb.notebook.studio.page import Page
from gemini_nb.notebook.studio.price import describe_price
from gemini_nb.notebook.studio.sources import Sources
from gemini_nb.prompts import saving
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from concurrent.futures import Future

    from gemini_nb.client.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Album, Entry

_SAVE_FOLDER = "pictures/"
_MAX_PROMPTS = 100
_NEW_PROMPT = "A new prompt begins without the source pictures of the last one. Pin those that should stay."


class StudioController:
    """The work of one studio, and its page."""

    def __init__(self, session: Session, album: Album) -> None:
        self._session = session
        self._album = album
        self._lock = threading.RLock()
        self._showing = threading.RLock()  # so that what is shown last is the newest
        self._future: Future[None] | None = None
        self._reading: anyio.Lock | None = None
        self._used_prompt = ""
        self._sources = Sources(album)
        self._page = Page(session, album)
        self._actions: dict[str, Callable[[Entry], object]] = {
            "again": self._repeat,
            "edit": lambda entry: self._read_source(partial(self._edit_picture, entry)),
            "save": partial(self._in_background, self._save),
            "cell": partial(self._in_background, self._show_cell),
            "python": partial(self._in_background, self._show_python),
            "favourite": partial(self._in_background, self._turn_favourite),
            "remove": partial(self._in_background, self._remove),
        }
        self.is_closed = False
        self.widget = self._page.widget
        self.widget.on_msg(self._receive)
        self.widget.on_page_change = self._take_change
        self._show_price()
        album.watch(self._page)

    def _receive(self, _widget: Any, message: Any, buffers: Sequence[memoryview]) -> None:
        """Do what a message of the page asks for."""
        try:
            self._handle(str(message.get("kind", "")), message, b"".join(buffers))
        except Exception as error:  # noqa: BLE001 - nobody sees what a callback raises
            self._page.show_error(error)

    def _handle(self, kind: str, message: Mapping[str, Any], data: bytes) -> None:
        if kind in self._actions:
            self._actions[kind](self._album.find(int(message["number"])))
        elif kind == "generate":
            self._generate(message["settings"])
        elif kind == "stop":
            self._stop()
        elif kind == "source":
            self._read_source(partial(self._add_word, str(message["word"])))
        elif kind == "upload":
            self._take_upload(message, data)
        elif kind == "mask":
            self._read_source(partial(self._add_mask, int(message["number"]), data, int(message["feather"])))
        elif kind == "picture":
            self._in_background(self._page.send_picture, int(message["number"]), str(message["size"]))
        elif kind == "store":
            self._in_background(self._page.list_store, int(message["page"]))
        elif kind == "recall":
            self._in_background(self._add_from_store, [str(digest) for digest in message["digests"]])
        elif kind == "undo":
            self._in_background(self._undo)
        elif kind in ("unsource", "pin", "unmask"):
            self._change_sources(kind, str(message.get("id", "")))

    def _take_change(self, name: str) -> None:
        """Do what follows from what the page has set."""
        if name == "settings":
            self._change_settings()
        elif name == "view":
            self._in_background(self._page.publish)

    def _in_background(self, function: Callable[..., object], *args: object) -> None:
        """Call a function that reads files or draws in a worker's thread; its error is shown."""
        self._submit(lambda: run_in_thread(partial(function, *args)))

    def _submit(self, work: Callable[[], Awaitable[object]]) -> None:
        async def call() -> None:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - nobody sees what a task raises
                self._page.show_error(error)

        event_loop.submit(call)

    # Making pictures

    def _generate(self, values: Mapping[str, Any]) -> None:
        with self._lock:
            if self._future is not None:
                return
            self.widget.change(settings={**self.widget.settings, **values})
            self._change_settings()
            prompt = str(self.widget.settings["prompt"]).strip()
            if prompt:
                earlier = [other for other in self.widget.prompts if other != prompt]
                self.widget.change(prompts=[*earlier, prompt][-_MAX_PROMPTS:])
            self._start(self._request_from_page, "Generating…")

    def _stop(self) -> None:
        with self._lock:
            if self._future is not None:
                self._future.cancel()
            else:
                self.widget.tell()

    def _repeat(self, entry: Entry) -> None:
        entry.check_whole()
        with self._lock:
            if self._future is None:
                self._start(partial(self._request_repeat, entry), f"Picture {entry.number} again…")

    def _start(self, work: Callable[[Client], Awaitable[StudioRequest]], words: str) -> None:
        self._page.say(words, running=True, takes=[])
        call = Call()
        with interrupts.held(), call.watched():
            future = self._future = event_loop.submit(self._run, work, words)
            future.add_done_callback(partial(self._finish, call))

    async def _run(self, work: Callable[[Client], Awaitable[StudioRequest]], words: str) -> None:
        async with self._reading_lock():  # sources that were named before are read first, later ones after it
            client = await run_in_thread(self._session.client)
            request = await work(client)
        prompt = self.widget.settings["prompt"]
        outcome = await run_job(
            self._session,
            request,
            client,
            on_picture=partial(self._add_picture, sources=request.sources),
            on_progress=self._show_takes,
        )
        if outcome.made:
            self._used_prompt = prompt
            self._sources.mark_used(request.source_ids)
        if outcome.error:
            self._page.show_error(outcome.error, words=outcome.words)
        else:
            self.widget.replace_status(words, outcome.words)  # what was done since is told already

    def _reading_lock(self) -> anyio.Lock:
        if self._reading is None:  # on the loop's thread only
            self._reading = anyio.Lock()
        return self._reading

    async def _request_from_page(self, client: Client) -> StudioRequest:
        wanted, sources = self._page.read_settings(), self._sources.usable()
        options = dict(wanted.options)
        for source in sources:
            if source.mask is not None:
                options |= {"mask": source.mask, "feather": source.feather}
        images = [image for source in sources for image in source.images]
        first = await client.asynchronous.request(wanted.prompt, images=images, **options)
        words = tuple(source.word for source in sources for _image in source.images)
        takes = new_takes(first, wanted.number, self._album.known_takes(first))
        return StudioRequest(takes, words, frozenset(source.id for source in sources))

    async def _request_repeat(self, entry: Entry, client: Client) -> StudioRequest:
        request = entry.generation.request.at(client.provider.name)
        known = self._album.known_takes(request)
        if client.store is not None:
            known |= set(range(await run_in_thread(client.store.next_take, request)))
        return StudioRequest(new_takes(request, 1, known), entry.sources)

    def _add_picture(self, generation: Generation, *, sources: tuple[str, ...]) -> None:
        """Add a picture to the album, on a worker's thread."""
        self._session.spending.add(generation)
        self._session.last = generation
        entry = self._album.add(generation, sources=sources)
        self._page.choose(entry)  # a replayed picture may be an older one

    def _show_takes(self, takes: list[dict[str, Any]]) -> None:
        if self._future is None:  # stopped, and the last of it comes later
            takes = _list_failed(takes)
        if takes != self.widget.work["takes"]:
            self.widget.update_work(takes=takes)

    def _finish(self, call: Call, future: Future[None]) -> None:
        """Show Generate again and how the job ended."""
        with self._lock:
            if self._future is future:
                self._future = None
        ended: dict[str, Any] = {"running": False, "takes": _list_failed(self.widget.work["takes"])}
        if future.cancelled():
            billed = (
                "What was under way may have been billed"
                if call.may_be_billed
                else "Nothing was under way, so nothing more is billed"
            )
            self._page.say(f"Stopped. {billed}; finished pictures are kept.", **ended)
        elif (error := future.exception()) is not None:
            self._page.show_error(error, **ended)
        else:
            self.widget.update_work(**ended)
        self._in_background(self._show_sources)  # this is the loop, and it reads files

    # Settings and sources

    def _change_settings(self) -> None:
        """Offer what the model takes, let used sources go where the prompt is new, and show the price."""
        self._page.offer()
        if self.widget.settings["prompt"] != self._used_prompt and self._sources.drop_used():
            self._page.say(_NEW_PROMPT)
            self._show_sources()
        else:
            self._show_price()

    def _show_price(self) -> None:
        """Show what the next press does and costs, before it is spent."""
        with self._showing:
            try:
                label, words = describe_price(
                    self._session, self._page.read_settings(), self._sources.all, self._album
                )
            except GeminiError as error:
                explain_missing_key(error)
                label, words = "Generate", str(error)
            self.widget.update_work(label=label, price=words)

    def _show_sources(self) -> None:
        with self._showing:
            self.widget.change(sources=[source.describe() for source in self._sources.all])
            self._show_price()

    def _read_source(self, add: Callable[[Client], Awaitable[object]]) -> None:
        """Read a source picture in the background; its chip comes when it is read."""

        async def read() -> None:
            async with self._reading_lock():
                await add(await run_in_thread(self._session.client))
                await run_in_thread(self._show_sources)

        self._submit(read)

    async def _add_word(self, word: str, client: Client) -> None:
        source = await self._sources.add(word, self._session.shell.user_ns, client.asynchronous)
        if not source.problem:
            name = f"Picture {source.number}" if source.number else source.word
            self._page.say(f"{name} is a source of the next picture.")

    async def _edit_picture(self, entry: Entry, client: Client) -> None:
        self._sources.keep_pinned()
        await self._sources.add(f"#{entry.number}", {}, client.asynchronous)
        self._page.say(f"Say what to change in picture {entry.number}, and press Generate.")

    async def _add_mask(self, number: int, mask: bytes, feather: int, client: Client) -> None:
        word = f"#{number}"
        known = [source for source in self._sources.all if source.word == word and not source.problem]
        if not known:
            self._sources.keep_pinned()
            known = [await self._sources.add(word, {}, client.asynchronous)]
        self._sources.drop_masks()
        self._sources.change(known[0].id, mask=mask, feather=feather)
        self._page.say(f"Only what is painted over changes in picture {number}.")

    def _take_upload(self, message: Mapping[str, Any], piece: bytes) -> None:
        name = str(message.get("name", ""))
        try:
            data = self._sources.take_piece(message, piece)
        except ArgumentError as error:
            self._sources.refuse(name, error)
            self._show_sources()
            return
        if data is not None:
            self._read_source(partial(self._add_upload, name, data))

    async def _add_upload(self, name: str, data: bytes, client: Client) -> None:
        source = await self._sources.add_upload(name, data, client.asynchronous)
        self._page.say("" if source.problem else f"{source.word} is a source of the next picture.")

    def _change_sources(self, kind: str, source_id: str) -> None:
        if kind == "unsource":
            self._sources.remove(source_id)
        elif kind == "unmask":
            self._sources.drop_masks()
        else:
            self._sources.turn_pin(source_id)
        self._show_sources()

    # What is done with a picture

    def _save(self, entry: Entry) -> None:
        saved = saving.save_one(entry.generation, _SAVE_FOLDER)
        if saved.path is not None:
            self._album.set_path(entry, saved.path)
        self._page.say(f"Picture {entry.number} is saved as {saved.path}.")

    def _show_cell(self, entry: Entry) -> None:
        self.widget.send({"kind": "text", "label": "Cell", "text": export.cell_source(self._session, entry)})
        self._page.say(f"Copy the text into a new cell, or run %gemini cell {entry.number} to insert it.")

    def _show_python(self, entry: Entry) -> None:
        entry.check_whole()
        text = export.python_source(self._session, entry.generation.request)
        self.widget.send({"kind": "text", "label": "Python", "text": text})
        self._page.say(f"This Python makes picture {entry.number}.")

    def _turn_favourite(self, entry: Entry) -> None:
        self._album.set_favourite(entry.number, not entry.is_favourite)

    def _remove(self, entry: Entry) -> None:
        self._album.remove(entry.number)
        keeps = "It can be painted again" if entry.generation.provider == "offline" else "The store keeps it"
        self._page.say(f"Picture {entry.number} is removed from here. {keeps}.", undo="remove")

    def _undo(self) -> None:
        entry = self._album.restore()
        self._page.say(f"Picture {entry.number} is back.")

    def _add_from_store(self, digests: Sequence[str]) -> None:
        entries = self._page.add_from_store(digests)
        self._page.say(f"{format_count(len(entries), 'picture')} added from the store.")

    # The cell

    def show(self) -> None:
        """Display the studio in the cell that runs."""
        self._page.show()

    def close(self) -> None:
        """Stop what is being made and take the controls away; the gallery stays."""
        self.is_closed = True
        self._album.unwatch(self._page)
        with self._lock:
            if self._future is not None:
                self._future.cancel()
        self.widget.close()


def _list_failed(takes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [take for take in takes if take["problem"]]
