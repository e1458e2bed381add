"""Sphinx's settings for the documentation: `make docs` builds it into `docs/_build/html/`."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(path) for path in (HERE.parent, HERE / "extensions", HERE.parent / "notebooks")]

# With it jsonschema, which reads notebooks, compiles grammars for seconds; the pages need no address checked.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import index as course_index  # noqa: E402 - notebooks/index.py, which knows where the repository is

_PROJECT = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "gemini_nb"
author = "The gemini_nb authors"
version = release = _PROJECT["version"]
repository_url = f"https://github.com/{course_index.repository()}"

extensions = [
    "accessible_html",
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "code_tables",
    "course",
    "docstrings",
    "measurements",
    "parsers",
]
nitpicky = True  # a name that no page explains is an error
default_role = "code"
exclude_patterns = ["_build", "extensions", "static"]
suppress_warnings = ["config.cache"]  # the extensions' own functions are no values to be cached

nb_execution_mode = "off"  # the pages show what the committed notebooks hold
nb_ipywidgets_js = {}  # no widget is drawn, so nothing is fetched for one
nb_mime_priority_overrides = [("html", "text/html", 0)]  # the figure, which has the alt text
nb_render_text_lexer = "none"
myst_enable_extensions = ["deflist", "html_image"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_use_type_comments = False
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_domain_indices = html_use_index = False  # the search finds the same
html_show_sourcelink = False
html_scaled_image_link = False
html_show_sphinx = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "icon_links": [{"name": "Source", "url": repository_url, "icon": "fa-brands fa-github"}],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
}
project_copyright = f"{author}, MIT licence"
copybutton_exclude = ".linenos, .gp, .go"
