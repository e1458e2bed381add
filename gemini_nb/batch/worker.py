"""What a worker does: a `Task` that is called where it arrives, and what it gives back.

A request, settings and a claim travel there, never a key: workers read their own environment. What comes
back is small: the picture is in the store, which all of them share.
"""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Protocol

from gemini_nb import event_loop
from gemini_nb.errors import ArgumentError, Cancelled, GeminiError, MissingKeyError, OutcomeUnknownError
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import find_key
from gemini_nb.providers.selection import choose_provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.batch.claim import Claim
    from gemini_nb.generation import Generation
    from gemini_nb.providers.secret import Secret
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.store import Store

OWN_ENVIRONMENT = "Keys never travel: workers read their own environment."
_SHOWN_CHARACTERS = 60


class GeneratingClient(Protocol):
    """What a worker needs of a client: one picture for a request, and the store that keeps it."""

    @property
    def store(self) -> Store | None: ...

    async def generate(self, request: ImageRequest, /) -> Generation: ...


@dataclass(frozen=True)
class Settings:
    """What a worker needs to make the client of whoever asks, but for the key; `make` is its class."""

    make: Callable[..., GeneratingClient]
    provider: str
    base_url: str
    store: str | None
    replay: str
    timeout: float
    retry_unknown: bool

    def client(self) -> GeneratingClient:
        """Return this process's client for these settings: one, so that all its tasks keep one limiter."""
        provider = choose_provider(self.provider, base_url=self.base_url)
        return _client(self, find_key(provider), os.getpid())


@lru_cache(maxsize=8)
def _client(settings: Settings, _key: Secret | None, _process: int) -> GeneratingClient:
    """The arguments say when another is needed: the key was set or changed, or the process was forked."""
    return settings.make(
        settings.provider,
        base_url=settings.base_url,
        store=settings.store or False,
        replay=settings.replay,
        timeout=settings.timeout,
        retry_unknown=settings.retry_unknown,
    )


@dataclass(frozen=True)
class Result:
    """What a worker gives back: an error, a generation that is not stored, or neither: it is in the store.

    `sha256` then names the picture, as far as it is known.
    """

    error: GeminiError | None = None
    generation: Generation | None = None
    replayed: bool = False
    sha256: str | None = None


@dataclass(frozen=True)
class Task:
    """One request, asked where it is called. `claim` is None where nothing can be billed."""

    request: ImageRequest
    settings: Settings
    claim: Claim | None

    def __call__(self) -> Result:
        if self.claim is None or self.claim.acquire():
            return self._ask()
        state = self.claim.state  # an executor runs a task again after its worker was lost
        if state == "kept":
            return Result()
        if state == "sent":
            return (
                self._ask()
                if self.settings.retry_unknown
                else Result(error=error_for_lost_worker(self.request))
            )
        return Result(
            error=ArgumentError(
                f"The worker does not see the store {self.settings.store}. Nothing was sent.",
                hint="Give store= a folder that all workers share under the same path, and may write.",
            )
        )

    def pack(self) -> bytes:
        """Return a pickle that calls the task when it is loaded: `pickle.loads` gives its result.

        So an executor carries nothing but bytes. Values of this package would have to be importable in each
        process on the way, and a Dask worker that cannot import what it is sent never says so.
        """
        return pickle.dumps(_Call(self))

    def _ask(self) -> Result:
        try:
            client = self.settings.client()
            generation = event_loop.run(partial(client.generate, self.request))
        except MissingKeyError:
            return Result(error=_error_for_missing_key(self.settings))
        except GeminiError as error:
            return Result(error=error)
        except Cancelled:
            return Result(error=error_for_lost_worker(self.request, "was interrupted"))
        if self.claim is None or not _is_stored(generation, client.store):  # a painting, or the disk is full
            return Result(generation=generation)
        self.claim.complete()
        return Result(replayed=generation.replayed, sha256=generation.image.sha256)


@dataclass(frozen=True)
class _Call:
    task: Task

    def __reduce__(self) -> tuple[Callable[[Task], Result], tuple[Task]]:
        return Task.__call__, (self.task,)


def _is_stored(generation: Generation, store: Store | None) -> bool:
    """Whether the store gives this very picture; a picture's file may be there without its record."""
    found = store.find(generation.request) if store is not None else None
    return found is not None and found.image.sha256 == generation.image.sha256


def error_for_lost_worker(request: ImageRequest, how: str = "was lost") -> OutcomeUnknownError:
    """Return the error for a request whose worker had begun it and is gone."""
    return OutcomeUnknownError(f"The worker that was asked for {describe_request(request)} {how}.")


def describe_request(request: ImageRequest) -> str:
    """Return a request in a few words, and the beginning of its digest."""
    take = f", take {request.take}" if request.take else ""
    return f"{request.prompt[:_SHOWN_CHARACTERS]!r}{take} ({request.digest[:12]})"


def _error_for_missing_key(settings: Settings) -> MissingKeyError:
    variable = providers.PROVIDERS[settings.provider].key_variables[0]
    return MissingKeyError(
        f"No API key is set for {settings.provider} where the worker runs.",
        hint=f"{OWN_ENVIRONMENT} Set {variable} there before they start.",
    )
