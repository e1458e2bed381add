"""Reference pages made from what runs: the parsers of the magics and of the command line.

`{parser} %%gemini_image` writes every option of a parser as an `option`, so that other pages can link to it;
`{magic-commands}` is the list that `%gemini` prints, `{magic-defaults}` what `%config GeminiMagics` takes.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from gemini_nb.cli.main import _parser as program_parser
from gemini_nb.notebook import commands, options
from gemini_nb.notebook.magics import GeminiMagics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#$~])")
_CODE = re.compile(
    r"(%?%gemini\w*(?: [a-z]+)?|(?<![\w-])-{1,2}[a-z][a-z-]*|GEMINI_NB_[A-Z]+|GeminiMagics(?:\.\w+)?"
    r"|[a-z]*/?\{\{.*?\}\}(?:\.\w+)?)"
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives."""
    for directive in (ParserPage, ParserUsage, MagicCommands, MagicDefaults):
        app.add_directive(directive.name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Generated(SphinxDirective):
    """Markdown that code writes, read where the directive stands."""

    name = ""

    def markdown(self) -> Iterator[str]:
        """Yield the lines."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the lines."""
        place = nodes.Element()
        place.document = self.state.document
        lines = [part for line in self.markdown() for part in line.split("\n")]
        self.state.nested_parse(StringList(lines, source=self.get_location()), self.content_offset, place)
        return place.children


class ParserPage(Generated):
    """The options of one parser, named as a user calls it: `%%gemini_edit`, `gemini-nb store list`."""

    name = "parser"
    required_arguments = 1
    final_argument_whitespace = True

    def markdown(self) -> Iterator[str]:
        """Yield the usage, each group of options, and the examples."""
        parser = find_parser(self.arguments[0])
        yield usage(parser)
        yield f"```{{program}} {parser.prog}\n```\n"
        for group in parser._action_groups:  # noqa: SLF001 - argparse has no public way to read a parser
            actions = [a for a in group._group_actions if a.help != argparse.SUPPRESS]  # noqa: SLF001
            actions = [a for a in actions if not isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001
            if not actions:
                continue
            yield f"**{(group.title or 'options').capitalize()}**\n"
            if group.description:
                yield f"{words(group.description)}\n"
            yield from (describe(action, parser) for action in actions)
        if parser.epilog:
            yield f"```text\n{parser.epilog.strip()}\n```\n"


class ParserUsage(Generated):
    """The usage of one parser alone."""

    name = "parser-usage"
    required_arguments = 1

    def markdown(self) -> Iterator[str]:
        """Yield it."""
        yield usage(find_parser(self.arguments[0]))


def usage(parser: argparse.ArgumentParser) -> str:
    """Return a parser's usage as a block of text."""
    return f"```text\n{parser.format_usage().strip()}\n```\n"


def find_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser with this name."""
    magics = {
        "%%gemini_image": lambda: options.image_parser(cell=True),
        "%gemini_image": lambda: options.image_parser(cell=False),
        "%%gemini_edit": options.edit_parser,
    }
    if name in magics:
        return magics[name]()
    parser = program_parser()
    for word in name.split()[1:]:
        (action,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001
        parser = action.choices[word]
    return parser


def describe(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    """Return one option, or one argument, as Markdown."""
    formatter = parser._get_formatter()  # noqa: SLF001
    value = "" if action.nargs == 0 else f" {formatter._format_args(action, metavar(action))}"  # noqa: SLF001
    calls = ", ".join(f"{name}{value}" for name in action.option_strings) or metavar(action)
    text = words(formatter._expand_help(action) if action.help else "")  # noqa: SLF001
    if action.option_strings:
        return f"```{{option}} {calls}\n{text}\n```\n"
    return f"`{calls}`\n: {text}\n"


def metavar(action: argparse.Action) -> str:
    """Return what stands for an option's value."""
    if action.metavar:
        return str(action.metavar)
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def words(text: str) -> str:
    """Return plain text as Markdown: names of the program as code, all else as it stands."""
    parts = _CODE.split(text)
    return "".join(f"`{part}`" if at % 2 else _MARKDOWN.sub(r"\\\1", part) for at, part in enumerate(parts))


class MagicCommands(Generated):
    """The commands of `%gemini`."""

    name = "magic-commands"

    def markdown(self) -> Iterator[str]:
        """Yield a row for each."""
        yield "| command | what it does |\n| --- | --- |"
        for name, command in commands.COMMANDS.items():
            call = f"%gemini {name} {command.arguments}".strip().replace("|", "\\|")
            yield f"| `{call}` | {words(command.act.__doc__ or '')} |"


class MagicDefaults(Generated):
    """The traits of `GeminiMagics`."""

    name = "magic-defaults"

    def markdown(self) -> Iterator[str]:
        """Yield a row for each, with its type and its default."""
        yield "| name | value | meaning |\n| --- | --- | --- |"
        traits = GeminiMagics.class_own_traits(config=True)
        for name, trait in sorted(traits.items(), key=lambda item: list(traits).index(item[0])):
            yield f"| `{name}` | {words(trait.info())} | {words(trait.help)} |"
