"""Tasks for the workers of an executor, and their results.

A task carries a request, settings and a claim, never a key: workers read their own environment. A result is
small, since the picture is in the store, which all workers share.
"""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Protocol

from gemini_nb import event_loop
from gemini_nb.call import Call
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

OWN_ENVIRONMENT = "Keys are never sent to workers: each reads its own environment."
_SHOWN_CHARACTERS = 60


class GeneratingClient(Protocol):
    """The part of a client that a worker uses."""

    @property
    def store(self) -> Store | None:
        """The store that keeps the pictures, or None."""

    async def generate(self, request: ImageRequest, /) -> Generation:
        """Return the picture for a request; raise a `GeminiError`."""


@dataclass(frozen=True)
class Settings:
    """The arguments of the caller's client without its key; `make` is the class."""

    make: Callable[..., GeneratingClient]
    provider: str
    base_url: str
    store: str | None
    replay: str
    timeout: float
    retry_unknown: bool

    def client(self) -> GeneratingClient:
        """Return this process's client for these settings; its tasks share it and its rate limiter."""
        provider = choose_provider(self.provider, base_url=self.base_url)
        return _client(self, find_key(provider), os.getpid())


@lru_cache(maxsize=8)
def _client(settings: Settings, _key: Secret | None, _process: int) -> GeneratingClient:
    """Make a client; another one when the key has changed or the process was forked (hence the arguments)."""
    arguments = {name: value for name, value in vars(settings).items() if name != "make"}
    return settings.make(**arguments)


@dataclass(frozen=True)
class Result:
    """A worker's result: an error, a generation that is not stored, or neither if it is in the store.

    `sha256` is then the picture's digest, if it is known.
    """

    error: GeminiError | None = None
    generation: Generation | None = None
    replayed: bool = False
    sha256: str | None = None


@dataclass(frozen=True)
class Task:
    """One request, sent by the process that calls the task. `claim` is None where nothing can be billed."""

    request: ImageRequest
    settings: Settings
    claim: Claim | None

    def __call__(self) -> Result:
        if self.claim is None or self.claim.acquire():
            return self._ask()
        state = self.claim.state  # executors run a task again after they lost its worker
        if state == "kept":
            return Result()
        if state == "sent" and self.settings.retry_unknown:
            return self._ask()
        if state == "sent":
            return Result(error=error_for_lost_worker(self.request))
        return Result(
            error=ArgumentError(
                f"The worker cannot see the store {self.settings.store}. Nothing was sent.",
                hint="Set store= to a folder that all workers share under the same path and can write to.",
            )
        )

    def pack(self) -> bytes:
        """Return a pickle that calls the task when it is loaded: `pickle.loads` returns the result.

        So an executor carries bytes only. Every process on the way would have to import this package for
        anything else, and a Dask worker that cannot import a value never reports it.
        """
        return pickle.dumps(_Call(self))

    def _ask(self) -> Result:
        try:
            client = self.settings.client()
            row = Call(began=0)  # its batch may be older than any pause here
            generation = event_loop.run(partial(client.generate, self.request), call=row)
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
    """Whether the store answers with this very picture; its file may be there without a record."""
    found = store.find(generation.request) if store is not None else None
    return found is not None and found.image.sha256 == generation.image.sha256


def error_for_lost_worker(request: ImageRequest, how: str = "was lost") -> OutcomeUnknownError:
    """Return the error for a request that a worker had begun before it was lost."""
    return OutcomeUnknownError(f"The worker that was asked for {describe_request(request)} {how}.")


def describe_request(request: ImageRequest) -> str:
    """Return a request's prompt, shortened, its take and the beginning of its digest."""
    take = f", take {request.take}" if request.take else ""
    return f"{request.prompt[:_SHOWN_CHARACTERS]!r}{take} ({request.digest[:12]})"


def _error_for_missing_key(settings: Settings) -> MissingKeyError:
    variable = providers.PROVIDERS[settings.provider].key_variables[0]
    return MissingKeyError(
        f"No API key is set for {settings.provider} where the worker runs.",
        hint=f"{OWN_ENVIRONMENT} Set {variable} there before they start.",
    )
