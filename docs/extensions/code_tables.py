"""Tables of facts that the package's code holds: the errors, the shapes that models were seen to send."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from parsers import Generated

from gemini_nb import errors
from gemini_nb.models import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

LITERALS = {
    "gemini_nb.settings.options.Search": "What a model may search.",
    "gemini_nb.settings.options.ThinkingLevel": "How much a model may think.",
    "gemini_nb.client.async_client.Tier": "How pictures are asked for: in batch jobs, at half the price.",
    "gemini_nb.store.jobs.State": "How far a batch job is, as the store knows it.",
    "gemini_nb.offline.http_server.Dialect": "Whose words an offline server's errors have.",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives."""
    for directive in (ErrorTable, ErrorTree, ErrorClasses, LiteralTypes, Shapes):
        app.add_directive(directive.name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class ErrorTable(Generated):
    """Every error in the words of its docstring."""

    name = "error-table"

    def markdown(self) -> Iterator[str]:
        """Yield a row for each, in the order of the tree."""
        yield "| error | what it means |\n| --- | --- |"
        for kind in public_errors():
            first = (kind.__doc__ or "").strip().splitlines()[0]
            yield f"| {{py:exc}}`~gemini_nb.{kind.__name__}` | {first} |"


class ErrorTree(Generated):
    """The tree that the docstring of `gemini_nb.errors` draws."""

    name = "error-tree"

    def markdown(self) -> Iterator[str]:
        """Yield it as a block of text."""
        tree = [line[4:] for line in (errors.__doc__ or "").splitlines() if line.startswith("    ")]
        yield "```text"
        yield from tree
        yield "```"


class ErrorClasses(Generated):
    """Every error, the interruption and the warning, each by its docstring."""

    name = "error-classes"

    def markdown(self) -> Iterator[str]:
        """Yield an entry for each."""
        yield "```{eval-rst}"
        for kind in (*public_errors(), errors.Cancelled, errors.GeminiWarning):
            yield f".. autoexception:: gemini_nb.{kind.__name__}\n"
        yield "```"


def public_errors() -> list[type[errors.GeminiError]]:
    """Return the errors in the order of the tree."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [kind for kind in kinds if issubclass(kind, errors.GeminiError) and kind.__name__[0] != "_"]


class LiteralTypes(Generated):
    """The types that are a choice of words."""

    name = "literal-types"

    def markdown(self) -> Iterator[str]:
        """Yield an entry for each."""
        yield "```{eval-rst}"
        for name, about in LITERALS.items():
            module, _, short = name.rpartition(".")
            choices = getattr(import_module(module), short)
            yield f".. py:type:: {name}\n   :canonical: {choices}\n\n   {about}\n"
        yield "```"


class Shapes(Generated):
    """The shape in which each model of the catalogue was last seen to send its picture."""

    name = "shapes"

    def markdown(self) -> Iterator[str]:
        """Yield a row for each model that was seen."""
        yield "| model | the picture came as | seen on |\n| --- | --- | --- |"
        for row in CATALOGUE:
            if row.observed:
                yield f"| `{row.id}` | {row.shape} | {row.observed} |"
