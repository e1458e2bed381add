"""What the next press of Generate does and costs, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb import models
from gemini_nb.costs import estimate
from gemini_nb.notebook.studio.job import new_takes
from gemini_nb.request import ImageRequest
from gemini_nb.text import format_count, format_dollars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Album
    from gemini_nb.notebook.studio.settings import Settings
    from gemini_nb.notebook.studio.sources import Source


def describe_price(
    session: Session, settings: Settings, sources: Sequence[Source], album: Album
) -> tuple[str, str]:
    """Return the button's words, "Edit #3 · about $0.07", and a sentence on where that price is from."""
    client, does = session.client(), _describe_action(settings.number, sources)
    if client.provider.name == "offline":
        return f"{does} · free", "Painted offline, without a model. %gemini key sets a key."
    provider = client.provider
    request = ImageRequest(settings.prompt or "…", provider=provider.name, **settings.options)
    requests = new_takes(request, settings.number, album.known_takes(request))
    costs = estimate([] if sources else requests, holds=client.holds, provider=provider)
    sent = len(requests) - len(costs.replayed)
    if not sent:
        pictures = format_count(len(requests), "picture")
        return f"{does} · free", f"{provider.name}: {pictures} from the store, at no cost."
    each, row = request.estimated_cost, models.find(request.model)
    offer = row.at(provider.name) if row else None
    total = format_dollars(None if each is None else each * sent)
    price = "price unknown" if each is None else f"about {total}"
    words = f"{provider.name}, estimated from Google's list price."
    unvalidated = ", ".join(request.unvalidated(provider.name))
    words += f" Not validated on Crazyrouter, passed on as given: {unvalidated}." if unvalidated else ""
    return f"{does} · {price}", f"{words} {offer.note if offer else ''}".strip()


def _describe_action(number: int, sources: Sequence[Source]) -> str:
    times = f" {number}" if number > 1 else ""
    if not sources:
        return f"Generate{times}"
    if len(sources) == 1 and sources[0].number:
        where = " where painted" if sources[0].mask is not None else ""
        return f"Edit #{sources[0].number}{where}{f', {number} times' if number > 1 else ''}"
    count = sum(max(1, len(source.images)) for source in sources)
    return f"Generate{times} from {format_count(count, 'picture')}"
