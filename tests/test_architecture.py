"""Imports point one way: a module imports only from rows above its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gemini_nb"

ROWS = (
    "errors redaction whole_file feed window image_header",
    "models secret row save stored_file decoding base64_run content addresses events prose replay_mode",
    "figure parquet providers cut text_images claim picture_file",
    "grid manifest image table sink",
    "inputs reply_shapes outcome incoming",
    "chunks",
    "request response ledger",
    "generation progress_bar",
    "background streamed wire connecting spool api_error unread link_guard record pace",
    "transport retry stream link_routes nearest upkeep",
    "links store inventory",
    "delivery batch replay chat worker",
    "answering engine",
    "async_client",
    "client probe",
    "cli_manual cli_serve cli_store terminal",
    "cli_generate demo",
    "cli notebook",
    "__init__ __main__",
)
LEVEL = {name: level for level, row in enumerate(ROWS) for name in row.split()}
OFFLINE_ENTRANCES = {("answering", "offline"), ("cli_serve", "offline")}  # where a provider is chosen
HTTPX = {"transport", "wire", "connecting", "links", "link_guard", "link_routes"}


def imports(path: Path) -> set[str]:
    """The package's modules that a file imports at run time, by their first name."""
    found = set()
    for node in running(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gemini_nb":
            parts = (node.module or "").split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found & (LEVEL.keys() | {"offline"})


def running(tree: ast.AST):
    """Every node but those that only type checkers see."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from running(child)


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "offline")


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    here = room(path)
    for name in imports(path) - {here}:
        if name == "offline":
            assert (here, name) in OFFLINE_ENTRANCES
        else:
            assert LEVEL[name] < LEVEL[here], f"{here} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_httpx_stays_below_the_transports(path):
    names = {
        alias.name.partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "httpx" not in names or room(path) in HTTPX


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_module_says_what_it_owns(path):
    assert ast.get_docstring(ast.parse(path.read_text()))
