"""Reader of replies: bytes → `Generation`, hosted pictures fetched, and nothing received ever lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from gemini_nb.errors import (
    AuthenticationError,
    BadResponseError,
    BlockedError,
    GeminiError,
    ImageRefusedError,
    LinkFailedError,
    NoImageError,
    QuotaExhaustedError,
    RateLimitError,
)
from gemini_nb.generation import Generation, notes
from gemini_nb.images.image import GeneratedImage
from gemini_nb.reply import api_errors
from gemini_nb.reply.error_body import body_beginning
from gemini_nb.reply.kept import keep_reply
from gemini_nb.reply.no_image import no_image_error
from gemini_nb.reply.reply import read_reply
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret
    from gemini_nb.reply.content import Content
    from gemini_nb.reply.json_receiver import ReceivedBody
    from gemini_nb.reply.reply import Reply
    from gemini_nb.reply.shapes import ReplyImage
    from gemini_nb.request import ImageRequest


_QUOTED_BYTES = 65537
_MAX_QUOTED_CHARS = 200

_REFUSALS = (
    AuthenticationError,
    QuotaExhaustedError,
    RateLimitError,
)  # which cost nothing, whatever their status


MAX_KEEP_SECONDS = 0.5  # that an interrupt waits for; what it began is written all the same


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
        self,
        request: ImageRequest,
        body: bytes | ReceivedBody,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Generation, Content]:
        """Return the pictures of a reply and its raw content; raise what says why there are none.

        `headers` may advise a wait, for a refusal that came as a success.
        """
        reply = await self._read_reply(request, body, headers)
        images, failures = self._read_inline(reply)
        if not images:
            try:
                images, failures = await self._fetch_hosted(reply, deadline, failures)
            except anyio.get_cancelled_exc_class():
                await self.keep_interrupted(body)
                raise
        if not images:
            problem = failures[0] if failures else self._error_without_image(reply, body)
            raise await self.with_kept_reply(problem, body, usage=reply.usage)
        generation = Generation(
            request,
            images,
            provider=self.provider.name,
            drafts=_read_pictures(reply.drafts)[0],
            text=self._redact(reply.text),
            model_version=reply.model_version,
            finish_reason=reply.finish_reason,
            usage=reply.usage,
            notes=(*notes(request, images[-1], reply.usage), *(str(f.args[0]) for f in failures)),
        )
        return generation, reply.turn

    async def _read_reply(
        self, request: ImageRequest, body: bytes | ReceivedBody, headers: Mapping[str, str] | None
    ) -> Reply:
        usage: dict[str, Any] = {}
        try:
            reply = read_reply(body, request=request)
            reply = self._key.redact_all(reply) if self._key else reply
        except GeminiError as error:
            problem = error
        except RecursionError:
            problem = BadResponseError("The reply is not readable: it is nested too deeply.")
        else:
            if reply.error is None or reply.images or reply.links:
                return reply
            usage = reply.usage
            problem = api_errors.error_in_reply(
                reply.error,
                has_begun=reply.has_begun,
                headers=headers,
                provider=self.provider,
                model=request.model,
                key=self._key,
            )
        if isinstance(problem, RateLimitError):  # nothing was made or billed, and it may come again and again
            raise problem
        if isinstance(problem, BadResponseError):
            self._quote_beginning(problem, body)
            problem = self._find_quota(request, body) or problem
        raise await self.with_kept_reply(problem, body, usage=usage)

    def _read_inline(self, reply: Reply) -> tuple[tuple[GeneratedImage, ...], list[GeminiError]]:
        images, failures = _read_pictures(reply.images)
        refused = [
            ImageRefusedError(f"A picture in the reply cannot be read: {why}.") for why in reply.refused
        ]
        return images, [*failures, *refused]

    async def _fetch_hosted(
        self, reply: Reply, deadline: float, failures: list[GeminiError]
    ) -> tuple[tuple[GeneratedImage, ...], list[GeminiError]]:
        """Fetch the pictures of a reply's links, all at once, and return them in the order of the links."""
        outcomes: list[GeneratedImage | GeminiError | None] = [None] * len(reply.links)

        async def fetch(place: int, url: str) -> None:
            outcomes[place] = await self._fetch_image(url, deadline)

        async with anyio.create_task_group() as group:  # of MAX_LINKS tasks at most
            for place, url in enumerate(reply.links):
                group.start_soon(fetch, place, url)
        images = tuple(outcome for outcome in outcomes if isinstance(outcome, GeneratedImage))
        missing = [outcome for outcome in outcomes if isinstance(outcome, GeminiError)]
        return images, [*missing, *failures]

    async def _fetch_image(self, url: str, deadline: float) -> GeneratedImage | GeminiError:
        data = b""
        try:
            data, declared = await self.fetch(url, deadline=deadline, is_new=True)
            return GeneratedImage.from_bytes(data, declared_mime_type=declared, source="hosted URL", url=url)
        except LinkFailedError as error:
            problem: GeminiError = error
            data, error.received = error.received, b""
        except GeminiError as error:
            problem = error
        return await self.with_kept_reply(problem, data) if data else problem

    async def fetch(self, url: str, *, deadline: float, is_new: bool = False) -> tuple[bytes, str | None]:
        """Fetch a hosted picture; the provider's own origin is trusted where it is this machine.

        With `is_new` a server that does not have it yet is asked again.
        """
        from gemini_nb.http import link_fetch  # noqa: PLC0415 - httpx is loaded with the first request

        trusted = self.provider.origin if self.provider.is_loopback else None
        return await link_fetch.fetch(
            url, trusted_origin=trusted, deadline=deadline, transport=self._embedded, is_new=is_new
        )

    def _error_without_image(self, reply: Reply, body: bytes | ReceivedBody) -> GeminiError:
        error = no_image_error(reply) or NoImageError("The reply holds no picture.")
        if isinstance(error, NoImageError) and not (
            error.text or error.reason or error.drafts or error.task_id
        ):
            self._quote_beginning(error, body)
        error.args = (self._redact(str(error.args[0])),)
        if isinstance(error, BlockedError | NoImageError):
            error.text = self._redact(error.text)
        if isinstance(error, NoImageError):
            error.drafts = tuple(draft.in_memory() for draft in _read_pictures(reply.drafts)[0])
        return error

    def _find_quota(self, request: ImageRequest, body: bytes | ReceivedBody) -> GeminiError | None:
        """Return the error for a reply of mere text that says that a quota is used up."""
        text = body_beginning(_beginning(body))
        if text[:1] in ("{", "["):  # a reply that was cut short, with a model's words in it
            return None
        error = api_errors.error_in_reply(text, provider=self.provider, model=request.model, key=self._key)
        return error if isinstance(error, QuotaExhaustedError) else None

    def _quote_beginning(self, error: GeminiError, body: bytes | ReceivedBody) -> None:
        """Add the body's beginning to an error about it, where it names no page's title already."""
        beginning = one_line(self._redact(body_beginning(_beginning(body))), _MAX_QUOTED_CHARS)
        if beginning and "titled" not in str(error.args[0]):
            error.args = (f"{error.args[0]} It begins: {beginning}",)

    def _redact(self, text: str) -> str:
        return self._key.redact(text) if self._key else text

    async def with_kept_reply(
        self, error: GeminiError, body: bytes | ReceivedBody, *, usage: Mapping[str, Any] | None = None
    ) -> GeminiError:
        """Keep what was received for an error about it, and name its path and usage in the error."""
        error.args = (self._redact(str(error.args[0])),)
        if usage:
            error.usage = usage
        error.may_be_billed = self._embedded is None and not isinstance(error, _REFUSALS)
        if error.raw_path is None and self._embedded is None:  # what this process made cost nothing
            path = await to_thread.run_sync(self._keep_reply, body)
            where = f"The reply is kept in {path}." if path else "The disk refused to keep the reply."
            error.hint = f"{error.hint} {where}".strip()
            error.raw_path = path
        return error

    async def keep_interrupted(self, body: bytes | ReceivedBody) -> None:
        """Keep what came of a reply whose wait was interrupted: it is paid for."""
        if self._embedded is None and (isinstance(body, bytes) or body.rest.strip()):
            with anyio.move_on_after(MAX_KEEP_SECONDS, shield=True):
                await to_thread.run_sync(self._keep_reply, body, abandon_on_cancel=True)

    def _keep_reply(self, body: bytes | ReceivedBody) -> Path | None:
        raw = body if isinstance(body, bytes) else body.raw()
        return keep_reply(raw, folder=self._folder, key=self._key)


def _beginning(body: bytes | ReceivedBody) -> bytes:
    return body[:_QUOTED_BYTES] if isinstance(body, bytes) else body.abridged(_QUOTED_BYTES)


def _read_pictures(parts: Iterable[ReplyImage]) -> tuple[tuple[GeneratedImage, ...], list[GeminiError]]:
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
