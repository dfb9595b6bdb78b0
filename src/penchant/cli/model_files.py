"""What model files say of themselves, read as text: a list of models must not load what they learn with.

Importing all of them takes seconds, and is not possible where an extra is not installed. So their syntax trees are read: the
first words, the names that a class defines, and the declared settings, which hold nothing but constants, ranges and choices.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import create_model

import penchant.config as ground
from penchant.config import Between, Config, setting
from penchant.errors import PenchantError
from penchant.registry import model_class, model_names

_ROOT = Path(ground.__file__).parent

_KNOWN: dict[str, Any] = {
    **{kind.__name__: kind for kind in (int, float, bool, str, tuple, list, dict)},
    **{"Any": Any, "Literal": Literal, "Between": Between, "setting": setting},
}
"""What a declaration may be made of beside constants, and other constants by name."""


@dataclass(frozen=True)
class ModelFile:
    """A model as its file describes it.

    Attributes:
        about: the file's docstring.
        config: its settings, a class with the fields of the real one and nothing else.
        defined: what the model class and its bases set or define, by name: a method, or the value of a plain constant.
    """

    about: str
    config: type[Config]
    defined: dict[str, Any]


def described(name: str) -> ModelFile:
    """Any model; one of another package is imported. Raises UnknownName for one that is not there."""
    if name in model_names() and (_ROOT / "models" / f"{name}.py").exists():
        return model_file(name)
    model = model_class(name)
    about = (sys.modules[model.__module__].__doc__ or model.__doc__ or "").strip()
    return ModelFile(about, model.config_class(), {key: getattr(model, key) for key in dir(model)})


@lru_cache(maxsize=64)
def model_file(name: str) -> ModelFile:
    """The model `name` of this package, by its text alone."""
    own = _Module.of(f"penchant.models.{name}")
    found = [part for part in own.classes() if "_fit" in _defined(own, part)]
    if len(found) != 1:
        raise PenchantError(f"{own.name}: expected exactly one model class, found {len(found)}")
    defined = _defined(own, found[0])
    module, config = defined["config"]
    return ModelFile(ast.get_docstring(own.tree) or "", config_class(module, config), defined)


@lru_cache(maxsize=64)
def config_class(module: str, name: str) -> type[Config]:
    """The fields of a config class, and those it inherits, as a class of its own."""
    if module == ground.__name__:
        return Config
    own = _Module.of(module)
    node = own.class_named(name)
    fields = {
        part.target.id: (own.value(part.annotation), own.value(part.value))
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and part.value is not None
    }
    bases = tuple(config_class(*own.origin(base.id)) for base in node.bases if isinstance(base, ast.Name))
    made: type[Config] = cast(Any, create_model)(name, __base__=bases, **fields)
    return made


@dataclass(frozen=True)
class _Module:
    """One file of this package."""

    name: str
    tree: ast.Module

    @staticmethod
    @lru_cache(maxsize=128)
    def of(name: str) -> _Module:
        path = _ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py")
        return _Module(name, ast.parse(path.read_text(encoding="utf-8")))

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in self.tree.body if isinstance(node, ast.ClassDef))

    def class_named(self, name: str) -> ast.ClassDef:
        return next(node for node in self.classes() if node.name == name)

    def origin(self, name: str) -> tuple[str, str]:
        """The module and the name there under which something that this file names was defined, however often handed on."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        module = node.module or ""
                        # a file of the models floor may hand on what another one defines
                        elsewhere = not module.startswith("penchant.models.")
                        return (module, alias.name) if elsewhere else _Module.of(module).origin(alias.name)
        return self.name, name

    def value(self, node: ast.expr) -> Any:
        """What a declaration means; it may hold constants, ranges, choices and types."""
        match node:
            case ast.Constant():
                return node.value
            case ast.Tuple() | ast.List():
                return tuple(self.value(part) for part in node.elts)
            case ast.Dict():
                keys = [self.value(key) for key in node.keys if key is not None]
                return dict(zip(keys, map(self.value, node.values), strict=True))
            case ast.UnaryOp(op=ast.USub()):
                return -self.value(node.operand)
            case ast.BinOp(op=ast.BitOr()):
                return self.value(node.left) | self.value(node.right)
            case ast.Subscript():
                return self.value(node.value)[self.value(node.slice)]
            case ast.Call():
                more = {key.arg: self.value(key.value) for key in node.keywords if key.arg is not None}
                return self.value(node.func)(*(self.value(part) for part in node.args), **more)
            case ast.Name():
                return self._named(node.id)
        raise PenchantError(f"{self.name}:{node.lineno}: a setting is declared by constants, ranges and choices alone")

    def _named(self, name: str) -> Any:
        if name in _KNOWN:
            return _KNOWN[name]
        module, original = self.origin(name)
        if module != self.name:
            return _Module.of(module).value(ast.Name(original))
        for node in self.tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return self.value(cast(ast.Assign, node).value)
        raise PenchantError(f"{self.name}: {name} is used in a setting, but is no constant of this file")


def _defined(own: _Module, node: ast.ClassDef) -> dict[str, Any]:
    """What a class has: methods as True, constants by their value, and of `config` the origin of its annotation."""
    found: dict[str, Any] = {}
    for base in reversed(node.bases):
        module, name = own.origin(base.id) if isinstance(base, ast.Name) else ("", "")
        if module.startswith("penchant."):
            parent = _Module.of(module)
            found |= _defined(parent, parent.class_named(name))
    for part in node.body:
        match part:
            case ast.FunctionDef():
                found[part.name] = True
            case ast.AnnAssign(target=ast.Name(id="config"), annotation=ast.Name(id=kind)):
                found["config"] = own.origin(kind)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                found[name] = part.value.value if isinstance(part.value, ast.Constant) else True
    return found
