"""Docstrings as pages: `Names` of classes in backticks become links, anything else in backticks is code.

With nitpicky, a class that no page explains fails the build. Nothing is fetched meanwhile: the addresses of
other projects' names stand in `ELSEWHERE`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from sphinx import addnodes
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_PYTHON = "https://docs.python.org/3/library/"
_ABC = f"{_PYTHON}collections.abc.html#collections.abc."
ELSEWHERE = {
    **{name: f"{_ABC}{name}" for name in ("Iterable", "Iterator", "Mapping", "Sequence")},
    **{name: f"{_PYTHON}typing.html#typing.{name}" for name in ("Any", "Literal", "Self", "Unpack")},
    **{
        name: f"{_PYTHON}stdtypes.html#{name}"
        for name in ("bytes", "dict", "frozenset", "list", "str", "tuple")
    },
    **{name: f"{_PYTHON}functions.html#{name}" for name in ("bool", "float", "int", "object")},
    "None": f"{_PYTHON}constants.html#None",
    "Callable": f"{_ABC}Callable",
    "Coroutine": f"{_ABC}Coroutine",
    "Executor": f"{_PYTHON}concurrent.futures.html#concurrent.futures.Executor",
    "Exception": f"{_PYTHON}exceptions.html#Exception",
    "InteractiveShell": "https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.interactiveshell.html",
    "KeyboardInterrupt": f"{_PYTHON}exceptions.html#KeyboardInterrupt",
    "PIL.Image.Image": "https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.Image",
    "Path": f"{_PYTHON}pathlib.html#pathlib.Path",
    "Source": f"{_PYTHON}stdtypes.html#str",  # of a picture: one of the words that its docstring names
    "UserWarning": f"{_PYTHON}exceptions.html#UserWarning",
    "os.PathLike": f"{_PYTHON}os.html#os.PathLike",
    "PathLike": f"{_PYTHON}os.html#os.PathLike",
}
MADE_BY_CALLERS = {"AsyncClient", "Client", "ImageRequest", "OfflineServer", "Studio"}
_SPAN = re.compile(r"(?<![`:\w])`([^`\n]+)`(?![`_])")
_CLASS = re.compile(r"(?!None|True|False)[A-Z]+[a-z]+[A-Za-z]*(\.[a-z_]+)?")


def setup(app: Sphinx) -> dict[str, Any]:
    """Read docstrings as Markdown's backticks have it, and know other projects' names."""
    app.connect("autodoc-process-docstring", mark_names)
    app.connect("autodoc-process-signature", leave_out_signature)
    app.connect("missing-reference", find_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mark_names(_app: Sphinx, _what: str, _name: str, _owner: Any, _options: Any, lines: list[str]) -> None:
    """Turn the `spans` of a docstring into links to classes and their members, or into code."""
    lines[:] = [_SPAN.sub(lambda span: role(span[1]), line) for line in lines]


def role(text: str) -> str:
    """Return a span as reStructuredText; what looks like a class has to be explained on some page."""
    return f":py:obj:`{text}`" if _CLASS.fullmatch(text) else f"``{text}``"


def leave_out_signature(
    _app: Sphinx,
    what: str,
    name: str,
    _owner: Any,
    _options: Any,
    signature: str | None,
    _returns: str | None,
) -> tuple[str, None] | None:
    """Show no signature of what callers are given and never make."""
    made_by_callers = name.rpartition(".")[2] in MADE_BY_CALLERS
    if signature is None or what not in ("class", "exception") or made_by_callers:
        return None
    return "", None


def find_name(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Link a name as docstrings and signatures write it: ours without its module, or another project's."""
    name = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    domain = env.domains.python_domain
    for short in (name, name.rpartition(".")[2]):
        known = [
            full for full, entry in domain.objects.items() if full.endswith(f".{short}") and not entry.aliased
        ]
        if len(known) == 1:
            place = domain.objects[known[0]]
            return make_refnode(app.builder, node["refdoc"], place.docname, place.node_id, content, known[0])
        if short in ELSEWHERE:
            return nodes.reference("", "", content, internal=False, refuri=ELSEWHERE[short])
    return None
