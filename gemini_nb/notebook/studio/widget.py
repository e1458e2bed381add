"""The studio's widget: the state that the page shows, and the messages that it sends.

Its script is `studio.js`, its style `studio.css`; both are loaded as they are. Nothing of it is saved with a
notebook: it has no view of its own, but shows itself where the studio's saved output stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import traitlets

from gemini_nb.notebook.studio import settings

_HERE = Path(__file__).parent


class StudioWidget(anywidget.AnyWidget):
    """The state of one studio as the page shows it; a trait may be set from any thread.

    The page sets `settings` and `view` only. Pictures travel in messages, since they are many.
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
        super().__init__(
            studio_id=uuid4().hex,
            offer=offer,
            settings={**settings.EMPTY, **values},
            work={
                "running": False, "label": "Generate", "price": "", "status": "", "problem": "", "hint": "",
                "undo": "", "takes": [], "turn": 0,
            },
            view={"chosen": 0, "compared": 0, "comparison": "aside"},
        )  # fmt: skip

    def update_work(self, **changes: Any) -> None:
        """Change what is said of the work; the page is told even if the words are the same."""
        self.work = {**self.work, **changes, "turn": self.work["turn"] + 1}

    def update_view(self, **changes: Any) -> None:
        """Choose another picture, or another to compare it with."""
        self.view = {**self.view, **changes}
