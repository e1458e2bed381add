"""The errors: every way a picture can fail to arrive.

    GeminiError
      ArgumentError            the call itself is wrong; nothing was sent
      MissingKeyError          no key is set; nothing was sent
      CostLimitError           it would cost more than allowed; nothing was sent
      ReplayMissError          the store has no such picture and nothing may be sent
      ConnectionFailedError    the request never left
      APIError                 the server answered with an error
        AuthenticationError      the key was refused
        QuotaExhaustedError      the account is out of credit or quota
        RateLimitError           refused for now; may be tried again later
      OutcomeUnknownError      it was sent, and may have been made and billed
      TooLargeError            the reply is larger than is read
      BadResponseError         the reply could not be read
      BlockedError             a policy refused the prompt or the picture
      NoImageError             the reply holds no picture
      LinkRefusedError         the reply's picture is behind a link that is not followed
      LinkFailedError          the reply's picture could not be fetched from its link
      ImageRefusedError        the reply's picture is no PNG, JPEG, WebP or GIF
      ImageLostError           the picture's file is gone or was altered since
      SaveError                the picture could not be written
    Cancelled (KeyboardInterrupt)

A message says what happened; `hint` says what to do next.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


# A key as the providers write them: it may be given by mistake where something else belongs.
KEY_LIKE = re.compile(r"""(?:AIza|(?<![A-Za-z0-9])(?:sk-|AQ\.))[^\s"'`<>\\]{16,}""")


class GeminiError(Exception):
    """The base of all errors of gemini_nb; no message repeats what looks like a key.

    `str(error)` is one to three lines: what happened, then `hint`, what to do next. `raw_path` is the file
    that keeps the reply, where the error is about a reply that was received; else None. `may_be_billed` says
    that the request was sent and perhaps carried out; `usage` is then the reply's, empty if there was none.
    `tier` is "batch" where it was sent in a batch job, and so at that price.
    """

    hint = ""
    raw_path: Path | None = None
    may_be_billed: bool = False
    tier: str | None = None
    usage: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(KEY_LIKE.sub("[key]", message))
        if hint is not None:
            self.hint = KEY_LIKE.sub("[key]", hint)

    def __str__(self) -> str:
        message = str(self.args[0]) if self.args else ""
        return f"{message}\n{self.hint}" if self.hint else message

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a traceback, whose frames could show a key.

        Lines are broken between words: JupyterLab breaks longer ones anywhere.
        """
        from textwrap import wrap  # noqa: PLC0415 - only a notebook needs it

        lines = f"{type(self).__name__}: {self}".splitlines()
        return [
            part for line in lines for part in wrap(line, 80, break_long_words=False, break_on_hyphens=False)
        ]


class ArgumentError(GeminiError):
    """An argument, option or setting is wrong; nothing was sent."""


class MissingKeyError(GeminiError):
    """No API key is set for the provider; nothing was sent."""


class CostLimitError(GeminiError):
    """The request would cost more, or make more pictures, than is allowed; nothing was sent."""


class ReplayMissError(GeminiError):
    """Only replay is allowed, and this picture is not in the store; nothing was sent."""


class ConnectionFailedError(GeminiError):
    """The request never left this machine, so nothing was made or billed."""

    hint = "Nothing was sent or billed. Check the network and the base URL, then try again."


class _StatusError(GeminiError):
    def __init__(
        self, message: str, *, hint: str | None = None, status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


class APIError(_StatusError):
    """The server answered with an error.

    `status` is the HTTP status, `code` the server's own word for the error, if it gave one.
    """


class AuthenticationError(APIError):
    """The key was refused (401, 403, or Google's 400 `API_KEY_INVALID`)."""


class QuotaExhaustedError(APIError):
    """The account has no credit or quota left; waiting does not help."""

    hint = "Top up the account or use another key; trying again will not help."


class RateLimitError(APIError):
    """The server refused the request for now (429, 503); nothing was made.

    `retry_after` is the wait in seconds that the server advised, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class OutcomeUnknownError(_StatusError):
    """The request was sent, but no complete reply came back: it may have been billed.

    In a browser every request that fails is one: a page is not told whether it was sent.
    `status` is the HTTP status where one was received (408, 500, 502, 504, …), `code` the server's word.
    """

    hint = "It may have been billed, so it was not sent again. Run it again if you accept paying twice."
    may_be_billed = True


class TooLargeError(GeminiError):
    """The reply, or the picture in it, is over the size limit (64 MiB, 32 MiB)."""

    hint = "It may have been billed. Ask for a smaller picture."


class BadResponseError(GeminiError):
    """The reply could not be read: it has none of the known formats."""


class _NotMadeError(GeminiError):
    def __init__(
        self, message: str, *, hint: str | None = None, reason: str | None = None, text: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.text = text


class BlockedError(_NotMadeError):
    """A policy refused the prompt or the picture.

    `reason` is the block or finish reason as sent, `text` what the model said about it.
    """

    hint = "Reword the prompt or change the input picture."


class NoImageError(_NotMadeError):
    """The reply was read, but there is no picture in it.

    `reason` is the finish reason, `text` what the model wrote instead, `drafts` its thought pictures.
    `task_id` is the id under which an asynchronous gateway is still making the picture, None elsewhere.
    """

    hint = "Say in the prompt that you want a picture, or try another model."

    def __init__(
        self, message: str, *, drafts: Sequence[Any] = (), task_id: str | None = None, **facts: Any
    ) -> None:
        super().__init__(message, **facts)
        self.drafts = tuple(drafts)
        self.task_id = task_id


class _LinkError(GeminiError):
    def __init__(self, message: str, *, url: str = "", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.url = url


class LinkRefusedError(_LinkError):
    """The reply's picture is behind `url`, a link that is not safe to follow."""

    hint = "The reply was billed and is kept. A link must be https and lead to a public address."


class LinkFailedError(_LinkError):
    """The reply arrived and was billed, but its picture could not be fetched from `url`.

    `received` is what came instead of a picture, until it is kept in `raw_path`.
    """

    hint = "The reply was billed and is kept: open the link yourself before paying again."

    def __init__(self, message: str, *, received: bytes = b"", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.received = received


class ImageRefusedError(GeminiError):
    """The bytes received as a picture are not a PNG, JPEG, WebP or GIF that can be shown."""


class ImageLostError(GeminiError):
    """The picture's file is gone, was changed after it was written, or cannot be read."""

    hint = "Run it again: a picture that is lost is requested, and paid for, again."


class SaveError(GeminiError):
    """The picture could not be written; it is still in `image`."""

    def __init__(self, message: str, *, hint: str | None = None, image: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.image = image


class GeminiWarning(UserWarning):
    """Something worth knowing that stops nothing: an unknown model, size or ratio, a name that misleads."""


class Cancelled(KeyboardInterrupt):
    """The wait for a picture was interrupted; the connection is closed.

    `batch` holds what a batch had finished by then, and is None for a single picture.
    """

    batch: Any = None

    def _render_traceback_(self) -> list[str]:
        return [f"Cancelled: {self}" if str(self) else "Cancelled"]
