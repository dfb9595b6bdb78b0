"""The laws of the house about single files: a rule takes ``(path, text)`` and gives one sentence per broken place.

A source file is known by its path below ``src``, such as ``penchant/data/files.py``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture import dotted, imports_by_name

CLOCK = "penchant/clock.py"
"""The only file below cli that may read the wall clock; everything else is given a `clock` argument."""

WORKERS = frozenset({"penchant/evaluate/worker.py", "penchant/service/refit_worker.py"})
"""Programs of their own, run as child processes: their stdout is the pipe to the parent."""

UNSAFE_MODULES = frozenset({"_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"})
UNSAFE_CALLS = frozenset({"eval", "exec", "builtins.eval", "builtins.exec", "torch.load", "torch.save"})
CLOCK_NAMES = frozenset({"time", "time_ns", "localtime", "gmtime", "ctime"})
FORBIDDEN_WORDS = frozenset(
    {"common", "handler", "handlers", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
)
MAX_FILE, MAX_FUNCTION = 300, 60

Function = ast.FunctionDef | ast.AsyncFunctionDef


def nodes(text: str) -> Iterator[tuple[int, ast.AST]]:
    """All nodes of a file with their line."""
    for node in ast.walk(ast.parse(text)):
        yield getattr(node, "lineno", 1), node


def modules(node: ast.AST) -> list[str]:
    """Dotted names of the modules that a node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module or ""]
    if imports_by_name(node) and isinstance(node.args[0], ast.Constant):
        return [str(node.args[0].value)]
    return []


def unsafe_code(path: str, text: str) -> list[str]:
    """No format that runs code when it is read, no eval, no exec."""
    return [f"{path}:{line}: {what} runs code that it reads" for line, node in nodes(text) for what in _unsafe(node)]


def _unsafe(node: ast.AST) -> Iterator[str]:
    yield from (module for module in modules(node) if module.split(".")[0] in UNSAFE_MODULES)
    if isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{a.name}" for a in node.names if f"{node.module}.{a.name}" in UNSAFE_CALLS)
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        if name in UNSAFE_CALLS or name.split(".")[-1] in ("read_pickle", "to_pickle"):
            yield name
        for keyword in node.keywords:
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg == "allow_pickle" and not off:
                yield "allow_pickle"


def hidden_randomness(path: str, text: str) -> list[str]:
    """Draws come from a Generator that was passed in; only rng.py makes one."""
    allowed = {"Generator"} | ({"default_rng", "SeedSequence"} if path == "penchant/rng.py" else set())
    broken = []
    for line, node in nodes(text):
        if isinstance(node, ast.Attribute) and dotted(node.value) in ("np.random", "numpy.random"):
            taken = [node.attr]
        elif isinstance(node, ast.ImportFrom) and node.module == "numpy.random":
            taken = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "numpy":
            taken = [alias.name for alias in node.names if alias.name == "random"]
        else:
            taken = [module for module in modules(node) if module in ("random", "numpy.random")]
        broken += [
            f"{path}:{line}: {name}: draw from a Generator that is passed in" for name in taken if name not in allowed
        ]
    return broken


def loud_output(path: str, text: str) -> list[str]:
    """Only the command line writes to the terminal."""
    if path.startswith("penchant/cli/"):
        return []
    streams = ("sys.stderr",) if path in WORKERS else ("sys.stdout", "sys.stderr")
    return [
        f"{path}:{line}: writes to the terminal; give it to the reporter"
        for line, node in nodes(text)
        if (isinstance(node, ast.Call) and dotted(node.func) in ("print", "rich.print"))
        or (isinstance(node, ast.Attribute) and dotted(node) in streams)
    ]


def clock_reads(path: str, text: str) -> list[str]:
    """Time is explicit: the wall clock comes in as an argument. Measuring with perf_counter or process_time is fine."""
    if path.startswith("penchant/cli/") or path == CLOCK:
        return []
    return [
        f"{path}:{line}: {what} reads the clock; take an argument"
        for line, node in nodes(text)
        for what in _clock(node)
    ]


def _clock(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value).split(".")[-1]
        if owner == "time" and node.attr in CLOCK_NAMES:
            yield f"time.{node.attr}"
        if owner in ("datetime", "date", "Timestamp") and node.attr in ("now", "utcnow", "today"):
            yield f"{owner}.{node.attr}"
    elif isinstance(node, ast.ImportFrom) and node.module == "time":
        yield from (f"time.{alias.name}" for alias in node.names if alias.name in CLOCK_NAMES)
    elif isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "datetime64":
        yield from ("datetime64" for a in node.args if isinstance(a, ast.Constant) and a.value in ("now", "today"))


def undocumented(path: str, text: str) -> list[str]:
    """Every module and every public class, function and method has a docstring and complete annotations."""
    tree = ast.parse(text)
    broken = [] if ast.get_docstring(tree) else [f"{path}:1: no docstring"]
    for name, node in _public(tree):
        marks = {dotted(mark).split(".")[-1] for mark in node.decorator_list}
        excused = name.split(".")[-1].startswith("__") or marks & {"overload", "override", "setter"}
        if not excused and ast.get_docstring(node) is None:
            broken.append(f"{path}:{node.lineno}: {name} has no docstring")
        if isinstance(node, Function):
            missing = _unannotated(node, method="." in name and "staticmethod" not in marks)
            broken += [f"{path}:{node.lineno}: {name} lacks a type for {what}" for what in missing]
    return broken


def _public(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in tree.body:
        if not isinstance(node, Function | ast.ClassDef):
            continue
        if node.name.startswith("_") and not node.name.endswith("__"):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public(node, f"{prefix}{node.name}.")


def _unannotated(node: Function, *, method: bool) -> list[str]:
    plain = [*node.args.posonlyargs, *node.args.args][1 if method else 0 :]
    starred = [argument for argument in (node.args.vararg, node.args.kwarg) if argument]
    names = [argument.arg for argument in [*plain, *node.args.kwonlyargs, *starred] if argument.annotation is None]
    return names + (["the result"] if node.returns is None else [])


def oversized(path: str, text: str) -> list[str]:
    """A file fits in a head, a function on a screen."""
    lines = len(text.splitlines())
    broken = [f"{path}: {lines} lines; past {MAX_FILE} a file has two subjects"] if lines > MAX_FILE else []
    for line, node in nodes(text):
        if isinstance(node, Function) and (size := (node.end_lineno or line) - line + 1) > MAX_FUNCTION:
            broken.append(f"{path}:{line}: {node.name} has {size} lines, more than {MAX_FUNCTION}")
    return broken


def empty_names(path: str, text: str = "") -> list[str]:
    """A name says what is inside."""
    words = set(re.split(r"[/_.]", path))
    return [f"{path}: {word} says nothing about what is inside" for word in sorted(words & FORBIDDEN_WORDS)]


# Put together from pieces, so that this file does not break its own rule.
_FOLDERS = "|".join(["wo" + "rk", "tm" + "p", "ro" + "ot", "ho" + "me", "Us" + "ers"])
_HOSTS = "|".join(["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.", "deb" + r"\.debian"])
MACHINE_PATH = re.compile(rf"(?<![\w.\-/~])/(?:{_FOLDERS})/[\w.]|{_HOSTS}")


def machine_paths(path: str, text: str) -> list[str]:
    """No file of the project knows the machine on which it was written."""
    return [
        f'{path}:{number}: "{found.group(0)}" belongs to one machine'
        for number, line in enumerate(text.splitlines(), 1)
        if (found := MACHINE_PATH.search(line))
    ]


def tests_without_assertion(path: str, text: str) -> list[str]:
    """A test asserts something that can fail."""
    return [
        f"{path}:{line}: {node.name} asserts nothing"
        for line, node in nodes(text)
        if isinstance(node, Function) and node.name.startswith("test_") and not any(map(_asserts, ast.walk(node)))
    ]


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    name = dotted(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""
    return name in ("raises", "warns", "check", "deprecated_call") or name.startswith(("assert_", "check_"))
