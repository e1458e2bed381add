"""Reading of input images off the event loop: in daemon threads, and before a deadline."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from gemini_nb import event_loop
from gemini_nb.errors import ArgumentError, LinkFailedError, LinkRefusedError
from gemini_nb.images import input_bytes, inputs
from gemini_nb.images.input_bytes import is_data_uri
from gemini_nb.images.sources import list_sources

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gemini_nb.images.mask import Mask

    ReadImages = Callable[[list[Any]], Awaitable[tuple[inputs.InputImage, ...]]]
    Fetch = Callable[[str], Awaitable[tuple[bytes, str | None]]]

T = TypeVar("T")


async def read_images(
    given: Any, *, deadline: float, fetch: Fetch, redact: Callable[[str], str], provider: str
) -> tuple[inputs.InputImage, ...]:
    """Read the pictures that a caller handed over, one or many, before the deadline.

    Links are fetched by `fetch`; what their servers say is redacted. What is at Google already is named to it
    and to no other `provider`. Raises `ArgumentError`, which names the picture that could not be read.
    """
    if isinstance(given, list | tuple) and not given:
        return ()  # most requests have none
    found = await call_before(deadline, list_sources, given)
    images: list[inputs.InputImage] = []
    for source in found:
        if reference := inputs.find_reference(source):
            if provider != "google":
                address = input_bytes.quote(reference.uri)
                raise ArgumentError(
                    f"Only Google can read {address}, but the provider is {provider}.",
                    hint="Nothing was sent or billed. Pass the picture itself, or use the provider google.",
                )
            images.append(reference)
            continue
        data = await _fetch(source, fetch, redact) if inputs.is_link(source) else source
        images.append(await call_before(deadline, inputs.read, data))
    return tuple(images)


async def read_mask(
    given: Any, images: Sequence[inputs.InputImage], *, feather: int, deadline: float, read_images: ReadImages
) -> Mask | None:
    """Read the mask for the one picture of `images` before the deadline; None for none.

    A mask that is a picture is read by `read_images`. Raises `ArgumentError`, see `mask.read`.
    """
    if given is None and not feather:
        return None
    from gemini_nb.images import composition, mask  # noqa: PLC0415 - few requests have one

    if given is None:
        raise ArgumentError("feather is for a mask, and there is none.", hint="Give a mask as well.")
    source = mask.find_source(images)
    if not mask.is_pixels_or_box(given) and not isinstance(given, mask.Mask):
        found = await read_images([given])
        if len(found) != 1:
            raise ArgumentError(f"One mask is wanted, not {len(found)}.", hint=mask.UNSENT)
        (given,) = found
    read = partial(composition.read_mask, source=source, feather=feather)
    return await call_before(deadline, read, given)


async def _fetch(link: str, fetch: Fetch, redact: Callable[[str], str]) -> bytes:
    try:
        data, _ = await fetch(link)
    except (LinkRefusedError, LinkFailedError) as error:
        reason = redact(str(error.args[0]))
    else:
        return data
    raise ArgumentError(f"The input image could not be fetched. {reason}", hint="Nothing was sent or billed.")


async def call_before(deadline: float, call: Callable[[Any], T], source: Any) -> T:
    """Return `call(source)`, called in a thread of its own: a file that does not answer holds it for ever.

    Raises `ArgumentError`, with the name of the source, past the deadline in the event loop's seconds.
    """
    try:
        return await event_loop.await_daemon_thread(call, source, deadline=deadline)
    except TimeoutError:
        pass
    raise ArgumentError(
        f"{_describe(source)} could not be read before the timeout.",
        hint="Nothing was sent or billed. If it is on a network drive, copy it to this machine first.",
    )


def _describe(source: Any) -> str:
    if is_data_uri(source):
        return "The data URI"
    if isinstance(source, str | os.PathLike):
        return f"The input image {input_bytes.quote(source)}"
    for attribute in ("filename", "name"):  # of a PIL image that was opened only, of an open file
        if isinstance(name := getattr(source, attribute, None), str) and name:
            return f"The input image {input_bytes.quote(name)}"
    return f"The {type(source).__name__}"
