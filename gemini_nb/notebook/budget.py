"""What a cell may cost, checked before anything is sent, and what a dry run says of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.costs import dollars, pictures
from gemini_nb.errors import CostLimitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.client.client import Client
    from gemini_nb.request import ImageRequest

_ELIDED_CHARACTERS = 120


@dataclass(frozen=True)
class Budget:
    """The requests that would be sent, those that would be replayed, and what the former are to cost."""

    sent: tuple[ImageRequest, ...]
    replayed: tuple[ImageRequest, ...]
    provider: str
    base_url: str

    @property
    def cost(self) -> float | None:
        """US dollars at list price, 0.0 offline, None where one price is not known."""
        if self.provider == "offline":
            return 0.0
        return self._list_price

    @property
    def _list_price(self) -> float | None:
        prices = [request.estimated_cost for request in self.sent]
        return None if None in prices else sum(price for price in prices if price is not None)

    def check(self, *, max_cost: float | None, max_images: int) -> None:
        """Raise `CostLimitError` for more than was allowed; offline pictures cost nothing and always pass."""
        if self.provider == "offline" or not self.sent:
            return
        cost, count = self.cost, len(self.sent)
        if max_cost is None:
            if count > max_images:
                raise CostLimitError(
                    f"This asks for {pictures(count)}, estimated at {dollars(cost)}; "
                    f"max_images is {max_images}.",
                    hint="Nothing was sent. --max-cost USD allows as many as cost no more than that.",
                )
        elif cost is None:
            raise CostLimitError(
                f"The price of {self._unpriced()} is unknown, so {dollars(max_cost)} cannot be kept to.",
                hint="Nothing was sent. Leave --max-cost out, or choose a model whose price is known.",
            )
        elif cost > max_cost + 1e-9:
            raise CostLimitError(
                f"This asks for {pictures(count)}, estimated at {dollars(cost)}; "
                f"the limit is {dollars(max_cost)}.",
                hint="Nothing was sent. Ask for fewer or smaller pictures, or raise --max-cost.",
            )

    def _unpriced(self) -> str:
        return ", ".join(sorted({request.model for request in self.sent if request.estimated_cost is None}))

    def lines(self) -> list[str]:
        """Say what would happen, a line each; one body stands for all."""
        said = [
            f"{pictures(len(self.sent))} would be asked of {self.provider}, "
            f"{len(self.replayed)} replayed from the store.",
            self._price_line(),
        ]
        for request in self.sent[:1]:
            said.append(f"POST {self.base_url}/v1beta/models/{request.model}:generateContent")
            said.append(json.dumps(elided(request.body), indent=2, ensure_ascii=False))
        if len(self.sent) > 1:
            said.append(f"… and {len(self.sent) - 1} more like it.")
        return said

    def _price_line(self) -> str:
        if self.provider == "offline":
            return f"Estimated price: nothing, painted offline; with a key {dollars(self._list_price)}."
        return f"Estimated price: {dollars(self.cost)} at Google's list prices; a gateway charges its own."


def plan(requests: Sequence[ImageRequest], client: Client) -> Budget:
    """Look each request up in the client's store, once for each digest, and send nothing."""
    distinct = {request.digest: request for request in requests}.values()
    held = [(request, client.holds(request)) for request in distinct]
    return Budget(
        tuple(request for request, is_stored in held if not is_stored),
        tuple(request for request, is_stored in held if is_stored),
        client.provider.name,
        client.provider.base_url,
    )


def elided(value: Any) -> Any:
    """Return a JSON value with long base64 replaced by its length."""
    if isinstance(value, dict):
        return {name: _cut(one) if name == "data" else elided(one) for name, one in value.items()}
    return [elided(one) for one in value] if isinstance(value, list) else value


def _cut(text: Any) -> Any:
    if not isinstance(text, str) or len(text) <= _ELIDED_CHARACTERS:
        return text
    return f"{text[:24]}… ({len(text):,} characters of base64)"
