"""Reader of replies: bytes → `Generation`, hosted pictures fetched, and nothing received ever lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb.errors import (
    AuthenticationError,
    BadResponseError,
    BlockedError,
    GeminiError,
    ImageRefusedError,
    LinkFailedError,
    NoImageError,
    OutcomeUnknownError,
    QuotaExhaustedError,
    RateLimitError,
)
from gemini_nb.generation import Generation, notes
from gemini_nb.http.turns import run_off_loop
from gemini_nb.images.composition import Composed, compose_all
from gemini_nb.images.image import GeneratedImage
from gemini_nb.reply.errors import api_errors
from gemini_nb.reply.errors.error_body import body_beginning
from gemini_nb.reply.errors.no_image import no_image_error
from gemini_nb.reply.json_receiver import ReceivedBody
from gemini_nb.reply.kept import keep_reply
from gemini_nb.reply.reply import Reply, read_reply
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret
    from gemini_nb.reply.content import Content
    from gemini_nb.reply.json_receiver import JSONReceiver
    from gemini_nb.reply.shapes import ReplyImage
    from gemini_nb.reply.stream_receiver import StreamedReply
    from gemini_nb.request import ImageRequest

    Headers = Mapping[str, str]
    Receiver = JSONReceiver | StreamedReply

MAX_BYTES_ON_LOOP = 64 * 1024  # more is read in a thread; a trip to it takes longer than reading so few
MAX_READ_SECONDS = 0.5  # for a reply that came at the very end of its time
MAX_KEEP_SECONDS = 0.5  # that an interrupt waits for; what it began is written all the same
_MAX_PICTURE_BYTES = 4 * 2**20
_QUOTED_BYTES = 65537
_MAX_QUOTED_CHARS = 200
_MAX_REMARK_CHARS = 400
_REFUSALS = (AuthenticationError, QuotaExhaustedError, RateLimitError)  # cost nothing, whatever their status


@dataclass(frozen=True)
class _Reading:
    """What a reply holds: its pictures, what is wrong with some of them, or the problem with all of it."""

    reply: Reply = field(default_factory=Reply)
    images: tuple[GeneratedImage, ...] = ()
    drafts: tuple[GeneratedImage, ...] = ()
    failures: tuple[GeminiError, ...] = ()
    problem: GeminiError | None = None


class ReplyReader:
    """Reads the replies of one provider; `folder` is where replies are kept that could not be used."""

    def __init__(
        self, provider: Provider, key: Secret | None, *, embedded: Any = None, folder: Path | None = None
    ) -> None:
        self.provider = provider
        self._key = key
        self._embedded = embedded
        self._folder = folder

    async def read(
        self, request: ImageRequest, body: ReceivedBody, *, deadline: float, headers: Headers | None = None
    ) -> tuple[Generation, Content]:
        """Return the pictures of a reply and its raw content; raise what says why there are none.

        `headers` may advise a wait, for a refusal that came as a success.
        """
        try:
            reading = await self._read_in_time(request, body, headers, deadline)
            images, failures = reading.images, reading.failures
            if reading.reply.links and not images:
                images, failures = await self._fetch_hosted(reading.reply, deadline, failures)
            composed = await self._compose(request, images, deadline)
            images, failures = composed.images, (*composed.failures, *failures)
        except anyio.get_cancelled_exc_class():
            await self.keep_interrupted(body)
            raise
        problem = reading.problem or (None if images else failures[0])
        if isinstance(problem, RateLimitError):  # nothing was made or billed, and it may come again and again
            raise problem
        if problem is not None:
            usage = reading.reply.usage
            raise await self.with_kept_reply(problem, body, usage=usage, deadline=deadline)
        reply = reading.reply
        remarks = [*notes(request, (composed.received or images)[-1], reply.usage), *composed.notes]
        if reply.finish_message:  # though a picture came
            remarks.append(one_line(reply.finish_message, _MAX_REMARK_CHARS))
        remarks += [str(failure.args[0]) for failure in failures]
        generation = Generation(
            request,
            images,
            provider=self.provider.name,
            drafts=reading.drafts,
            text=reply.text,
            model_version=reply.model_version,
            finish_reason=reply.finish_reason,
            usage=reply.usage,
            grounding=reply.grounding,
            safety_ratings=reply.safety_ratings,
            notes=tuple(remarks),
            received=composed.received,
        )
        return generation, reply.turn

    async def _compose(
        self, request: ImageRequest, pictures: tuple[GeneratedImage, ...], deadline: float
    ) -> Composed:
        """Put back what is outside of the request's mask, in a thread, until just past the deadline."""
        if request.mask is None or not pictures:
            return Composed(pictures)
        with anyio.CancelScope(deadline=max(deadline, anyio.current_time() + MAX_READ_SECONDS)):
            return await run_off_loop(compose_all, request.images[0], request.mask, pictures)
        late = "A picture came, but could not be composed with its mask before time ran out."
        return Composed(failures=(OutcomeUnknownError(late),))

    async def _read_in_time(
        self, request: ImageRequest, body: ReceivedBody, headers: Headers | None, deadline: float
    ) -> _Reading:
        """Read a reply: on the loop where that is quick, else in a thread, until just past the deadline."""
        read = partial(self._read_reply, request, body, headers)
        if weigh(body) <= MAX_BYTES_ON_LOOP:
            return read()
        with anyio.CancelScope(deadline=max(deadline, anyio.current_time() + MAX_READ_SECONDS)):
            return await run_off_loop(read)
        return _Reading(
            problem=OutcomeUnknownError("A reply came, but could not be read before time ran out.")
        )

    def _read_reply(self, request: ImageRequest, body: ReceivedBody, headers: Headers | None) -> _Reading:
        """Return what a reply holds, the key masked in it, or what is wrong with it."""
        reply = Reply()
        try:
            reply = read_reply(body, request=request)
            reply = self._key.redact_all(reply) if self._key else reply
            if reply.error is None or reply.images or reply.links:
                return self._read_pictures(reply, body)
        except GeminiError as error:
            problem = error.with_traceback(None)
        except RecursionError:
            problem = BadResponseError("The reply is not readable: it is nested too deeply.")
        else:
            problem = api_errors.error_in_reply(
                reply.error,
                has_begun=reply.has_begun,
                headers=headers,
                provider=self.provider,
                model=request.model,
                key=self._key,
            )
        if isinstance(problem, BadResponseError):
            self._quote_beginning(problem, body)
            problem = self._find_quota(request, body) or problem
        return _Reading(reply, problem=problem)

    def _read_pictures(self, reply: Reply, body: ReceivedBody) -> _Reading:
        images, failures = _make_images(reply.images)
        failures += [
            ImageRefusedError(f"A picture in the reply cannot be read: {why}.") for why in reply.refused
        ]
        drafts, _ = _make_images(reply.drafts)
        problem = None
        if not (images or failures or reply.links):
            problem = self._error_without_image(reply, drafts, body)
        return _Reading(reply, images, drafts, tuple(failures), problem)

    async def _fetch_hosted(
        self, reply: Reply, deadline: float, failures: tuple[GeminiError, ...]
    ) -> tuple[tuple[GeneratedImage, ...], tuple[GeminiError, ...]]:
        """Fetch the pictures of a reply's links, all at once, and return them in the order of the links."""
        outcomes: list[GeneratedImage | GeminiError | None] = [None] * len(reply.links)

        async def fetch(place: int, url: str) -> None:
            outcomes[place] = await self._fetch_image(url, deadline)

        async with anyio.create_task_group() as group:  # of MAX_LINKS tasks at most
            for place, url in enumerate(reply.links):
                group.start_soon(fetch, place, url)
        images = tuple(outcome for outcome in outcomes if isinstance(outcome, GeneratedImage))
        missing = [outcome for outcome in outcomes if isinstance(outcome, GeminiError)]
        return images, (*missing, *failures)

    async def _fetch_image(self, url: str, deadline: float) -> GeneratedImage | GeminiError:
        data = b""
        try:
            data, declared = await self.fetch(url, deadline=deadline, is_new=True)
            return await run_off_loop(
                GeneratedImage.from_bytes,
                data,
                declared_mime_type=declared and self._redact(declared),
                source="hosted URL",
                url=url,
            )
        except GeminiError as error:
            problem = error
            problem.args = (self._redact(str(error.args[0])),)  # it may quote where a redirect leads
            if isinstance(error, LinkFailedError):
                data, error.received = error.received, b""
        return await self.with_kept_reply(problem, ReceivedBody(data), deadline=deadline) if data else problem

    async def fetch(self, url: str, *, deadline: float, is_new: bool = False) -> tuple[bytes, str | None]:
        """Fetch a hosted picture; the provider's own origin is trusted where it is this machine.

        With `is_new` a server that does not have it yet is asked again.
        """
        from gemini_nb.http import link_fetch  # noqa: PLC0415 - httpx is loaded with the first request

        trusted = self.provider.origin if self.provider.is_loopback else None
        return await link_fetch.fetch(
            url, trusted_origin=trusted, deadline=deadline, transport=self._embedded, is_new=is_new
        )

    def _error_without_image(
        self, reply: Reply, drafts: Iterable[GeneratedImage], body: ReceivedBody
    ) -> GeminiError:
        error = no_image_error(reply)
        if isinstance(error, NoImageError) and not (
            error.text or error.reason or error.drafts or error.task_id
        ):
            self._quote_beginning(error, body)
        if isinstance(error, BlockedError | NoImageError):
            error.text = self._redact(error.text)
        if isinstance(error, NoImageError):
            error.drafts = tuple(draft.in_memory() for draft in drafts)
        return error

    def _find_quota(self, request: ImageRequest, body: ReceivedBody) -> GeminiError | None:
        """Return the error for a reply of mere text that says that a quota is used up."""
        text = body_beginning(body.abridged(_QUOTED_BYTES))
        if text[:1] in ("{", "["):  # a reply that was cut short, with a model's words in it
            return None
        error = api_errors.error_in_reply(text, provider=self.provider, model=request.model, key=self._key)
        return error if isinstance(error, QuotaExhaustedError) else None

    def _quote_beginning(self, error: GeminiError, body: ReceivedBody) -> None:
        """Add the body's beginning to an error about it, where it names no page's title already."""
        words = self._redact(body_beginning(body.abridged(_QUOTED_BYTES)))
        beginning = one_line(words, _MAX_QUOTED_CHARS)
        if beginning and "titled" not in str(error.args[0]):
            error.args = (f"{error.args[0]} It begins: {beginning}",)

    def _redact(self, text: str) -> str:
        return self._key.redact(text) if self._key else text

    async def with_kept_reply(
        self,
        error: GeminiError,
        body: ReceivedBody,
        *,
        usage: Mapping[str, Any] | None = None,
        deadline: float,
    ) -> GeminiError:
        """Keep what was received for an error about it, and name its path and usage in the error.

        Past the `deadline` the error does not wait for a slow disk: the reply is written all the same.
        """
        error.args = (self._redact(str(error.args[0])),)
        if usage:
            error.usage = usage
        error.may_be_billed = self._embedded is None and not isinstance(error, _REFUSALS)
        if error.raw_path is None and self._embedded is None:  # what this process made cost nothing
            where = "The reply is still being written to disk."
            with anyio.CancelScope(deadline=max(deadline, anyio.current_time() + MAX_KEEP_SECONDS)):
                error.raw_path = path = await run_off_loop(
                    keep_reply, body, folder=self._folder, key=self._key
                )
                where = f"The reply is kept in {path}." if path else "The reply could not be written to disk."
            error.hint = f"{error.hint} {where}".strip()
        return error

    async def keep_interrupted(self, body: ReceivedBody | Receiver) -> None:
        """Keep what came of a reply whose wait was interrupted: it is paid for."""
        if self._embedded is None:
            with anyio.move_on_after(MAX_KEEP_SECONDS, shield=True):
                await run_off_loop(self._finish_and_keep, body)

    def _finish_and_keep(self, body: ReceivedBody | Receiver) -> None:
        received = body if isinstance(body, ReceivedBody) else body.finish()
        if received.rest.strip():
            keep_reply(received, folder=self._folder, key=self._key)


def weigh(body: ReceivedBody) -> int:
    """Return how many bytes of a reply may take time to read: one picture of the usual kind takes none."""
    return len(body.rest) + max(0, body.blobs.size - _MAX_PICTURE_BYTES)


def _make_images(parts: Iterable[ReplyImage]) -> tuple[tuple[GeneratedImage, ...], list[GeminiError]]:
    """Return the pictures that can be shown, and an error for each that cannot."""
    images, failures = [], []
    for part in parts:
        try:
            image = GeneratedImage.from_bytes(
                part.data, declared_mime_type=part.declared_mime_type, source=part.source
            )
        except GeminiError as error:
            failures.append(error)
        else:
            images.append(image)
    return tuple(images), failures
