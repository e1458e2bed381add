"""Imports point one way: a folder imports from rows above its own, and within itself without a circle."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter

from support.paths import PACKAGE

ORDER = (
    "errors _version call interrupts",
    "text files event_loop models",
    "providers display notebook_folder",
    "images http settings",
    "request",
    "generation",
    "costs reply",
    "store",
    "batch",
    "jobs",
    "client",
    "probe prompts",
    "cli notebook",
    "__init__ __main__",
)
LEVEL = {name: level for level, row in enumerate(ORDER) for name in row.split()}
OFFLINE_MAY_IMPORT = {"errors", "event_loop", "models", "offline"}
OFFLINE_ENTRANCES = {"client/pipeline.py", "cli/serve.py"}
HTTPX_ROOMS = {"http", "offline/transport.py"}


@cache
def trees():
    """The tree of each module by its path: {"http/retry.py": …}."""
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")
    }


def room(module):
    return module.split("/")[0].removesuffix(".py")


def imports(module):
    """The package's modules that a module names anywhere, those for types alone included."""
    for base, name in imported_names(trees()[module]):
        if base[0] == "gemini_nb":
            yield next(filter(trees().__contains__, files([*base[1:], name], base[1:])), "__init__.py")


def imported_names(tree):
    """Each import of a module as the parts of a dotted name, and what is taken from it or ""."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split("."), "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (((node.module or "").split("."), alias.name) for alias in node.names)


def files(*candidates):
    for parts in candidates:
        yield "/".join(parts) + ".py"
        yield "/".join([*parts, "__init__.py"])


def against_the_order(module, imported):
    here, there = room(module), room(imported)
    if here == "offline" or there == "offline":
        entering = there == "offline" and (here == "offline" or module in OFFLINE_ENTRANCES)
        return not (entering or there in OFFLINE_MAY_IMPORT - {"offline"})
    return here != there and LEVEL[there] >= LEVEL[here]


def test_every_module_has_a_place_in_the_order():
    assert {room(module) for module in trees()} == {*LEVEL, "offline"}


def test_imports_point_one_way():
    edges = [(module, imported) for module in trees() for imported in imports(module)]
    assert len(edges) > 500
    assert [edge for edge in edges if against_the_order(*edge)] == []


def test_no_import_leads_back_in_a_circle():
    graph = {module: set(imports(module)) - {module} for module in trees()}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_httpx_is_named_by_the_transports_alone():
    modules = {
        module
        for module, tree in trees().items()
        if any(base[0] == "httpx" for base, _ in imported_names(tree))
    }
    assert modules
    assert {module for module in modules if not {room(module), module} & HTTPX_ROOMS} == set()


def test_threads_and_waiting_are_one_trees():
    """In a browser no thread can be started: whatever blocks goes through the seam, which knows."""
    named = {
        module
        for module, tree in trees().items()
        for base, name in imported_names(tree)
        if "to_thread" in (*base, name)
    }
    assert named == {"event_loop.py"}
    asking = {
        module
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.platform"
    }
    assert asking == {"event_loop.py", "http/fetch_transport.py"}


def test_no_import_is_relative():
    nodes = ((module, node) for module, tree in trees().items() for node in ast.walk(tree))
    assert [module for module, node in nodes if isinstance(node, ast.ImportFrom) and node.level] == []


def test_a_module_says_what_it_owns():
    assert [module for module, tree in trees().items() if tree.body and not ast.get_docstring(tree)] == []


def test_the_folders_are_not_crowded():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    counts = {folder: sum(file.name != "__init__.py" for file in folder.glob("*.py")) for folder in folders}
    assert max(counts.values()) <= 18
    assert counts[PACKAGE] <= 13
