"""The magics: `%%gemini_image`, `%gemini_image` and `%gemini`, and taking them back on unload."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Float, Int, TraitError, Unicode

from gemini_nb import models, providers
from gemini_nb.errors import ArgumentError, GeminiWarning, SaveError
from gemini_nb.figure import PREVIEW_WIDTH
from gemini_nb.inputs import is_link
from gemini_nb.notebook import options
from gemini_nb.notebook.status import waiting

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from gemini_nb.client import Client
    from gemini_nb.generation import Generation

_OFFLINE_LINE = (
    "Painted offline, since no key is set. For a model's picture set CRAZYROUTER_API_KEY\n"
    "(or GEMINI_API_KEY and %config GeminiMagics.provider = 'google'), or type %gemini key."
)


@magics_class
class GeminiMagics(Magics):
    """Defaults of the magics; set them with `%config GeminiMagics.model = "nano-banana"`."""

    provider = Unicode(
        "", help="crazyrouter, google, offline or auto; empty: GEMINI_NB_PROVIDER, else auto"
    ).tag(config=True)
    base_url = Unicode("", help="Another server's address; empty: the provider's own").tag(config=True)
    model = Unicode(models.DEFAULT_MODEL, help="Model id or alias").tag(config=True)
    aspect_ratio = Unicode("", help="Aspect ratio, e.g. 16:9; empty: the model's own choice").tag(config=True)
    image_size = Unicode("", help="Image size, e.g. 2K; empty: the model's own choice").tag(config=True)
    timeout = Float(240.0, min=0.1, help="Seconds that one picture may take, everything included").tag(
        config=True
    )
    preview_width = Int(
        PREVIEW_WIDTH, min=16, max=4096, help="Width in pixels of the preview that is saved with the notebook"
    ).tag(config=True)

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, **settings: Any) -> None:
        super().__init__(shell, **settings)
        self._clients: dict[tuple[Any, ...], Client] = {}
        self._said_offline = False

    @no_var_expand
    @line_cell_magic
    def gemini_image(self, line: str, cell: str | None = None) -> Generation | None:
        """Ask a Gemini image model for a picture; `--help` lists the options."""
        try:
            asked = options.image_parser(cell=cell is not None).parse_tokens(options.tokens(line))
        except options.HelpShown:
            return None
        prompt = " ".join(asked.prompt) if cell is None else _body(cell)
        generation = self._generate(prompt, asked)
        if cell is not None and asked.name:
            self.shell.user_ns[asked.name] = generation
        return None if asked.quiet and cell is not None else generation

    def _generate(self, prompt: str, asked: Namespace) -> Generation:
        target = _free(asked.save)
        client = self.client()
        with waiting(asked.model or self.model), _warnings_as_lines():
            generation = client.generate(
                prompt,
                model=asked.model or self.model,
                images=[self._source(text) for text in asked.images],
                aspect_ratio=asked.aspect_ratio or self.aspect_ratio or None,
                image_size=asked.image_size or self.image_size or None,
            )
        generation = replace(
            generation, preview_width=None if asked.full else asked.width or self.preview_width
        )
        if target is not None:
            self.shell.user_ns["_gemini"] = generation  # kept, should the disk refuse it
            generation.save(target)
        self._say_offline(client)
        return generation

    def client(self) -> Client:
        """Return the client that the traits and the environment ask for; one is kept for each choice."""
        from gemini_nb.client import Client  # noqa: PLC0415 - loaded with the first picture

        provider = providers.choose(self.provider_name(), base_url=self.base_url or None)
        choice = (provider, self.timeout, providers.find_key(provider))
        if choice not in self._clients:
            self._clients[choice] = Client(
                provider.name, base_url=provider.base_url if self.base_url else None, timeout=self.timeout
            )
        return self._clients[choice]

    def provider_name(self) -> str:
        """The provider asked for: the trait, else `GEMINI_NB_PROVIDER`, else "auto"."""
        return self.provider or os.environ.get("GEMINI_NB_PROVIDER") or "auto"

    def _say_offline(self, client: Client) -> None:
        if client.provider is providers.OFFLINE and self.provider_name() == "auto" and not self._said_offline:
            self._said_offline = True
            print(_OFFLINE_LINE)  # noqa: T201 - said once, in the cell's output

    def _source(self, text: str) -> Any:
        """What `-i` names: a variable, an https address, or a file."""
        if text in self.shell.user_ns:
            return self.shell.user_ns[text]
        if is_link(text) or Path(text).expanduser().exists():
            return text
        raise ArgumentError(
            f"-i {text}: there is no variable and no file of this name.", hint="Nothing was sent or billed."
        )

    @no_var_expand
    @line_magic
    def gemini(self, line: str) -> Any:
        """Look after gemini_nb: `%gemini models | key | status`."""
        from gemini_nb.notebook import house  # noqa: PLC0415 - needed for this magic only

        return house.run(self, options.tokens(line))


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print our own warnings as plain lines: in a notebook a file name and a line number say nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GeminiWarning)
        try:
            yield
        finally:
            ours = [warning for warning in caught if issubclass(warning.category, GeminiWarning)]
            for warning in ours:
                print(warning.message)  # noqa: T201 - belongs in the cell's output
    for warning in caught:
        if warning not in ours:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _body(cell: str) -> str:
    """The prompt in a cell's body; a leading `# NBVAL_…` line is for the test runner."""
    first, _, rest = cell.partition("\n")
    return (rest if first.startswith("# NBVAL_") else cell).strip()


def _free(path: str | None) -> Path | None:
    """Check before anything is paid for that the picture can be saved there."""
    if path is None:
        return None
    target = Path(path).expanduser()
    if target.exists() and not target.is_dir():
        raise SaveError(
            f"{path} exists already and is never overwritten.",
            hint="Nothing was sent or billed. Choose another name, or remove the file first.",
        )
    return target


def load(shell: InteractiveShell) -> None:
    """Register the magics in place of an earlier instance of theirs."""
    unload(shell)
    shell.register_magics(_configured(shell))


def _configured(shell: InteractiveShell) -> GeminiMagics:
    """Make the magics; a bad value in the configuration is dropped with a warning, not fatal."""
    settings = shell.config.GeminiMagics
    while True:
        try:
            return GeminiMagics(shell)
        except TraitError as problem:
            bad = next((name for name in list(settings) if repr(settings[name]) in str(problem)), None)
            settings.pop(bad, None) if bad else settings.clear()
            print(f"gemini_nb: GeminiMagics.{bad or '*'} is left at its default: {problem}")  # noqa: T201


def unload(shell: InteractiveShell) -> None:
    """Take the magics back from everywhere IPython keeps them."""
    manager = shell.magics_manager
    magics = manager.registry.pop("GeminiMagics", None)
    if magics is None:
        return
    for table in manager.magics.values():
        for name in [name for name, magic in table.items() if getattr(magic, "__self__", None) is magics]:
            del table[name]
    shell.configurables[:] = [one for one in shell.configurables if one is not magics]
