"""The laws of the house about imports, as functions of source text.

A file is known by its path below ``src``, such as ``penchant/data/files.py``. A rule takes ``{path: text}`` and gives
one sentence per broken place. Nothing is imported, only read; imports inside functions and under ``TYPE_CHECKING``
count like all others. The laws about single files are in `architecture_files.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeGuard

FLOORS = (
    *("cli", "server", "scale", "service", "evaluate", "pipeline", "explain", "audit", "testing", "models"),
    *("data", "store", "train", "nn", "metrics", "index", "ground"),
)
"""Top to bottom; a file imports from lower floors or from its own. docs/map.md says what each is for."""

GROUND = frozenset(
    {
        "client",
        "client_wire",
        "clock",
        "config",
        "context",
        "errors",
        "event",
        "log",
        "query",
        "registry",
        "rng",
        "slate",
    }
)
"""Plain files directly in ``src/penchant``; a new one is a decision, so it is added here by hand."""

ROOF = frozenset({"penchant/__init__.py", "penchant/__main__.py"})
"""Faces of the package: they may import from every floor, and no file may import from them."""

LOADS_BY_NAME = frozenset({"penchant/__init__.py", "penchant/registry.py"})
"""The only files that import a module whose name is computed; such an import cannot be checked here."""


def dotted(node: ast.AST) -> str:
    """``a.b.c`` for a chain of attributes; what stands before a call or an index is left out."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imports_by_name(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a node is ``import_module(...)`` or ``__import__(...)``."""
    names = ("import_module", "__import__")
    return isinstance(node, ast.Call) and bool(node.args) and dotted(node.func).split(".")[-1] in names


def imported(path: str, text: str, known: frozenset[str] = frozenset()) -> list[tuple[int, str, str]]:
    """All imports of this package: (line, dotted module, name taken from it or "").

    `known` holds the paths of all files. It tells ``from penchant.data import files``, a module, from
    ``from penchant.data import Dataset``, a name.
    """
    found: list[tuple[int, str, str]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(path, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.append((node.lineno, inner, "") if _file(inner, known) else (node.lineno, base, alias.name))
        elif imports_by_name(node) and isinstance(node.args[0], ast.Constant):
            found.append((node.lineno, str(node.args[0].value), ""))
    return [(line, module, name) for line, module, name in found if module.split(".")[0] == "penchant"]


def _base(path: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    folder = path.split("/")[: -node.level]
    return ".".join([*folder, *([node.module] if node.module else [])])


def _file(module: str, known: frozenset[str]) -> str | None:
    stem = module.replace(".", "/")
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in known), None)


def floor(module: str) -> str | None:
    """The floor on which a dotted module stands; None if it stands on none."""
    parts = module.split(".")
    if len(parts) == 2 and parts[1] in GROUND:
        return "ground"
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS[:-1] else None


def upward_imports(files: Mapping[str, str]) -> list[str]:
    """Imports point down: to a lower floor or to the file's own."""
    broken = []
    for path, text in files.items():
        own = floor(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        if path in ROOF:
            continue
        if own is None:
            broken.append(f"{path}: stands on no floor; known: {', '.join(FLOORS)}")
            continue
        for line, module, _ in imported(path, text, frozenset(files)):
            other = floor(module)
            if other is not None and FLOORS.index(other) < FLOORS.index(own):
                broken.append(f"{path}:{line}: {own} imports {module}, which is higher up")
    return broken


def circles(files: Mapping[str, str]) -> list[str]:
    """No file imports itself, not through others either."""
    known = frozenset(files)
    graph: dict[str, set[str]] = {}
    for path, text in files.items():
        targets = {_file(module, known) for _, module, _ in imported(path, text, known)}
        graph[path] = {target for target in targets if target is not None}
    broken = [f"{path}: imports itself" for path, others in graph.items() if path in others]
    try:
        TopologicalSorter({path: others - {path} for path, others in graph.items()}).prepare()
    except CycleError as fault:
        broken.append("circle: " + " <- ".join(fault.args[1]))
    return broken


def package_imports(files: Mapping[str, str]) -> list[str]:
    """Nobody inside imports the root package, nor a name from a floor's package that only re-exports it."""
    broken = []
    known = frozenset(files)
    for path, text in files.items():
        for line, module, name in imported(path, text, known) if path not in ROOF else []:
            source = _file(module, known) or ""
            from_package = source.endswith("/__init__.py") and name not in _defined(files[source])
            if module == "penchant" or from_package:
                broken.append(f"{path}:{line}: {name or module}: import the module that defines it")
    return broken


def _defined(text: str) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def folders_without_init(files: Mapping[str, str]) -> list[str]:
    """Every folder is a package: without its ``__init__.py`` tools see two modules where there is one."""
    folders = {path.rpartition("/")[0] for path in files}
    return [f"{folder}: has no __init__.py" for folder in sorted(folders) if f"{folder}/__init__.py" not in files]


def computed_imports(files: Mapping[str, str]) -> list[str]:
    """Modules are imported by a name that can be read, but for the registry and the package's lazy names."""
    return [
        f"{path}:{node.lineno}: imports a module whose name is computed"
        for path, text in files.items()
        if path not in LOADS_BY_NAME
        for node in ast.walk(ast.parse(text))
        if imports_by_name(node) and not isinstance(node.args[0], ast.Constant)
    ]
