"""What `%gemini probe` does: it says the cost, and with `--yes` asks the models and shows their shapes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gemini_nb import event_loop, probe
from gemini_nb.client.async_client import AsyncClient
from gemini_nb.errors import Cancelled
from gemini_nb.notebook import progress
from gemini_nb.providers import provider as providers
from gemini_nb.providers.selection import choose_provider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.display.table import Table
    from gemini_nb.notebook.magics import GeminiMagics
    from gemini_nb.probe import Finding


def run_probe(magics: GeminiMagics, models: Sequence[str], *, sure: bool) -> Table | None:
    """Ask these models, or the catalogue's; without `sure` only where it costs nothing.

    An interrupt prints what was found until then.
    """
    asked = probe.requests(models)
    provider = choose_provider(magics.provider_name(), base_url=magics.base_url or None)
    print("\n".join(probe.estimate(asked, provider)))
    if provider is not providers.OFFLINE:
        probe.check_unlocked()
        if not sure:
            print("Nothing was sent. Add --yes to send it.")
            return None
    base_url = provider.base_url if magics.base_url else None
    client = AsyncClient(
        provider.name,
        base_url=base_url,
        replay="off",
        timeout=magics.timeout,
        requests_per_minute=magics.requests_per_minute,
    )
    found: list[Finding] = []
    task = partial(probe.probe, client, [request.model for request in asked], each=found.append)
    try:
        with progress.shown(lambda seconds: _progress(len(found), len(asked), seconds)):
            return probe.table(event_loop.run(task))
    except Cancelled:
        if found:
            print(probe.table(found))
        raise


def _progress(done: int, count: int, seconds: float) -> dict[str, str]:
    words = f"{done} of {count} models have answered · {seconds:.0f} s"
    bar = f'<progress max="{count}" value="{done}" aria-label="{words}" style="width:16em"></progress>'
    return {"text/plain": words, "text/html": f"<div>{bar} <span>{words}</span></div>"}
