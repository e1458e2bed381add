"""The studio's widget: the state that the page shows, and the messages that it sends.

Its script is `studio.js`, its style `studio.css`; both are loaded as they are. Nothing of it is saved with a
notebook: it has no view of its own, but shows itself where the studio's saved output stands.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anywidget
import traitlets

from gemini_nb.notebook.studio.settings import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HERE = Path(__file__).parent


class StudioWidget(anywidget.AnyWidget):
    """The state of one studio as the page shows it. Pictures travel in messages, since they are many.

    Traits are set through methods, on any thread. The page sets `settings` and `view`, of which
    `on_page_change` is told.
    """

    _esm = _HERE / "studio.js"
    _css = _HERE / "studio.css"

    studio_id = traitlets.Unicode().tag(sync=True)
    offer = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    work = traitlets.Dict().tag(sync=True)
    sources: Any = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    entries: Any = traitlets.List().tag(sync=True)
    prompts: Any = traitlets.List().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, offer: dict[str, Any], values: dict[str, str]) -> None:
        self._changing = threading.RLock()
        self.on_page_change: Callable[[str], object] = lambda _name: None
        super().__init__(
            studio_id=uuid4().hex,
            offer=offer,
            settings={**EMPTY, **values},
            work={
                "running": False, "label": "Generate", "price": "", "status": "", "problem": "", "hint": "",
                "undo": "", "takes": [], "turn": 0,
            },
            view={"chosen": 0, "compared": 0, "comparison": "aside"},
        )  # fmt: skip

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take what the page has set.

        Meanwhile traitlets holds back all changes, and loses those that another thread makes: they wait.
        """
        with self._changing:
            super().set_state(sync_data)
        for name in sync_data:
            self.on_page_change(name)

    def change(self, **traits: Any) -> None:
        """Set traits."""
        with self._changing:
            for name, value in traits.items():
                setattr(self, name, value)

    def update_work(self, **changes: Any) -> None:
        """Change what is said of the work."""
        with self._changing:
            self.work = {**self.work, **changes}

    def tell(self, **changes: Any) -> None:
        """Change what is said of the work; the page is told even if the words are the same."""
        with self._changing:
            self.update_work(**changes, turn=self.work["turn"] + 1)

    def replace_status(self, before: str, words: str) -> None:
        """Say `words` unless something else has been said since `before`."""
        with self._changing:
            if self.work["status"] == before:
                self.update_work(status=words)

    def update_view(self, **changes: Any) -> None:
        """Choose another picture, or another to compare it with."""
        with self._changing:
            self.view = {**self.view, **changes}
