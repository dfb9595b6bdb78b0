"""Penchant: recommendations for this person, in this moment, with the reason why.

The nouns below need nothing but the standard library. What needs arrays is imported when it is first asked for, so that
``import penchant`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from penchant.event import Event, Impression, Interaction, ItemUpdate, UserUpdate
from penchant.query import Past, Query
from penchant.slate import Explanation, Reason, Recommendation, Slate, Verdict

__version__ = "0.1.0"

_LAZY = {
    "Dataset": "penchant.data.dataset",
    "Schema": "penchant.data.schema",
    "Model": "penchant.models.base",
    "load_model": "penchant.models.base",
    "read_dataset": "penchant.data.files",
    "evaluate": "penchant.evaluate.run",
}

__all__ = [
    "Event",
    "Explanation",
    "Impression",
    "Interaction",
    "ItemUpdate",
    "Past",
    "Query",
    "Reason",
    "Recommendation",
    "Slate",
    "UserUpdate",
    "Verdict",
    "__version__",
    *_LAZY,
]


def __getattr__(name: str) -> Any:
    """Imports the heavier public names on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module 'penchant' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
