"""Which circumstances of a question a model was told, and why others changed nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penchant.data.features import Categories
from penchant.errors import nearest
from penchant.models.base import Model

_STRENGTHS = ("context_lift", "context_match")
"""Settings that give circumstances a weight."""


def ignored(model: Model, context: Mapping[str, Any]) -> dict[str, str]:
    """Field -> why it changed nothing; fields that the model was told are not in it."""
    if not context:
        return {}
    if not reads_context(model):
        return dict.fromkeys(context, "this model gives circumstances no weight")
    found: dict[str, str] = {}
    for name, value in context.items():
        column = model.people.sequences.log.context.get(name)
        if column is None:
            found[name] = "no event of the training log states it"
        elif isinstance(column, Categories) and str(value) not in column.names:
            near = nearest(str(value), column.names)
            found[name] = f'"{value}" was never seen in training' + (f'; did you mean "{near}"?' if near else "")
    return found


def reads_context(model: Model) -> bool:
    """Whether circumstances can change the scores of a model or of one of its members."""
    if any(getattr(model.config, name, 0.0) for name in _STRENGTHS):
        return True
    panel = getattr(model, "panel", None)
    if panel is not None:
        return any(reads_context(member) for member in panel.models.values())
    return bool(getattr(model, "reads_context", False))
