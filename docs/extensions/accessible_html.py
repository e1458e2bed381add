"""What Sphinx's and pandas' HTML lacks for those who hear a page: empty headers, lists that are none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_EMPTY_HEADER = re.compile(r"<th(?: [^>]*)?>\s*(?:<p></p>)?\s*</th>")
_PARAMETERS = re.compile(r"<dl>(?=\s*<dd>)")  # a signature over several lines has no terms to define


def setup(app: Sphinx) -> dict[str, Any]:
    """Mend each page before it is written."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mend(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Mend the body of one page."""
    if "body" in context:
        body = _EMPTY_HEADER.sub("<td></td>", context["body"])
        context["body"] = _PARAMETERS.sub('<dl role="presentation">', body)
