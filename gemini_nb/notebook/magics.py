"""The magics: `%%gemini_image`, `%gemini_image`, `%%gemini_edit` and `%gemini`, and their defaults.

Loading it is what `%load_ext` waits for, so that the rest of the package is imported where it is needed.
"""

# ruff: noqa: PLC0415 - of twenty milliseconds, imports at the top took fifteen
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    cell_magic,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from traitlets import Bool, Enum, Float, Int, Unicode, default, validate

from gemini_nb.notebook.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from gemini_nb.batch.result import Batch
    from gemini_nb.generation import Generation


@magics_class
class GeminiMagics(Magics):
    """Defaults of the magics; set them with `%config GeminiMagics.model = "nano-banana"`."""

    shell: InteractiveShell

    provider = Enum(
        ("", "crazyrouter", "google", "offline", "auto"),
        "",
        help="provider to ask; empty: GEMINI_NB_PROVIDER, else auto",
    ).tag(config=True)
    base_url = Unicode("", help="another server's address; empty: the provider's own").tag(config=True)
    model = Unicode("default", help="model id or alias; default: the provider's own").tag(config=True)
    aspect_ratio = Unicode("", help="aspect ratio, e.g. 16:9; empty: the model's choice").tag(config=True)
    image_size = Unicode("", help="image size, e.g. 2K; empty: the model's choice").tag(config=True)
    store = Unicode(
        "", help='folder to replay from and keep in, or "off"; empty: GEMINI_NB_STORE, else .gemini_nb here'
    ).tag(config=True)
    replay = Enum(
        ("auto", "only", "refresh", "off"),
        "auto",
        help="how the store is used; auto: as GEMINI_NB_REPLAY says",
    ).tag(config=True)
    timeout = Float(240.0, min=0.1, help="seconds for one picture, everything included").tag(config=True)
    progress = Bool(
        None, allow_none=True, help="a line while a cell waits for a model; None: as GEMINI_NB_PROGRESS says"
    ).tag(config=True)
    requests_per_minute = Float(
        None, min=0.001, allow_none=True, help="requests per minute that may be sent; None: no limit"
    ).tag(config=True)
    preview_width = Int(
        min=16, max=4096, help="width in pixels of the preview that is saved with the notebook"
    ).tag(config=True)
    max_cost = Float(
        None, min=0, allow_none=True, help="US dollars that one cell may cost by estimate; None: no limit"
    ).tag(config=True)
    max_images = Int(20, min=1, help="pictures that one cell may ask for without --max-cost").tag(config=True)

    def __init__(self, shell: InteractiveShell, **settings: Any) -> None:
        super().__init__(shell, **settings)
        self.session = Session(shell, self)  # type: ignore[arg-type]  # traitlets: a Float of None is an int

    @default("preview_width")
    def _default_preview_width(self) -> int:
        from gemini_nb.display.figure import PREVIEW_WIDTH

        return PREVIEW_WIDTH

    @validate("model", "aspect_ratio", "image_size", "base_url", "store")
    def _valid(self, proposal: Any) -> str:
        from gemini_nb.notebook import defaults

        return defaults.check_value(proposal["trait"].name, proposal["value"])

    def update_config(self, config: Config) -> None:
        """Take what `%config` sets; a line is printed about a bad value, and the old one stays."""
        from gemini_nb.notebook import defaults, error_boundary

        with error_boundary.warnings_as_lines():
            defaults.drop_bad_values(self, config)
            super().update_config(config)

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def gemini_image(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> Generation | Batch | None:
        """Ask a Gemini image model for a picture; `--help` lists the options."""
        from gemini_nb import interrupts

        with interrupts.held():
            from gemini_nb.notebook import call_site, error_boundary, generate

            site = call_site.find()
        result = None
        with error_boundary.reporting_errors(self.session):
            result = generate.run(self.session, line, cell, self.session.names(local_ns), site)
        return site.show(result)

    @no_var_expand
    @needs_local_scope
    @cell_magic
    def gemini_edit(self, line: str, cell: str, local_ns: dict[str, Any] | None = None) -> Generation | None:
        """Change the last picture, turn by turn; `--help` lists the options."""
        from gemini_nb import interrupts

        with interrupts.held():
            from gemini_nb.notebook import call_site, edit, error_boundary

            site = call_site.find()
        result = None
        with error_boundary.reporting_errors(self.session):
            result = edit.run(self.session, line, cell, self.session.names(local_ns), site)
        return site.show(result)

    @no_var_expand
    @line_magic
    def gemini(self, line: str) -> Any:
        """Look after gemini_nb; `%gemini` alone says what there is."""
        from gemini_nb.notebook import call_site, commands, error_boundary, options

        with error_boundary.masking_keys(), error_boundary.warnings_as_lines():
            result = commands.run(self.session, options.split_words(line))
        return call_site.find().show(result)
