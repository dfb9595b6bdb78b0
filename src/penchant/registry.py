"""Models by name: the file ``models/ease.py`` is the model ``ease``; third parties use the entry-point group."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from penchant.errors import MissingExtra, PenchantError, UnknownName

GROUP = "penchant.models"
"""Entry-point group in which another package offers model classes."""

_NOT_MODELS = frozenset(
    (
        "alternating alternating_kernel attributes base blas blend_learning candidate_features choice "
        "circumstances closed_form compiled finishing folder gbdt_learning history judging listing meeting meeting_fields "
        "meeting_learning meeting_net model_config moment_features neighbours neighbours_kernel neural next_item panel pool "
        "predicting recent rehearsal seeding sequential serving standing symmetric topk vectors"
    ).split()
)
"""Files of the models floor that hold shared parts instead of one model."""

_EXTRAS = {"torch": "deep", "safetensors": "deep"}
"""Library that a model file imports at its top -> the extra that installs it."""


@lru_cache(maxsize=1)
def model_names() -> tuple[str, ...]:
    """All model names, sorted; looks at file names only and imports nothing."""
    folder = Path(__file__).parent / "models"
    own = {info.name for info in pkgutil.iter_modules([str(folder)])} - _NOT_MODELS
    foreign = {entry.name for entry in entry_points(group=GROUP)}
    return tuple(sorted(own | foreign))


def model_class(name: str) -> type[Any]:
    """The model class called `name`.

    Raises:
        UnknownName: there is none; offers the nearest one.
        MissingExtra: its file needs a library that is not installed.
    """
    if name not in model_names():
        raise UnknownName("model", name, model_names())
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            loaded: type[Any] = entry.load()
            return loaded
    try:
        module = import_module(f"penchant.models.{name}")
    except ModuleNotFoundError as fault:
        missing = (fault.name or "").partition(".")[0]
        if missing not in _EXTRAS:
            raise
        raise MissingExtra(name, missing, _EXTRAS[missing]) from None
    found: list[type[Any]] = [thing for thing in vars(module).values() if _is_model(thing, module.__name__)]
    if len(found) != 1:
        raise PenchantError(f"{module.__name__}: expected exactly one model class, found {len(found)}")
    return found[0]


def _is_model(thing: Any, module: str) -> bool:
    return isinstance(thing, type) and thing.__module__ == module and hasattr(thing, "_fit")
