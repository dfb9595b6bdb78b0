"""Which index for how many rows."""

from __future__ import annotations

from importlib.util import find_spec

from penchant.index.exact import ExactIndex
from penchant.index.growing import GrowingIndex
from penchant.index.lists import ListsIndex
from penchant.index.protocol import Float32, VectorIndex

EXACT_UP_TO = 50_000
"""Rows up to which all are looked at: that costs 0.4 ms there, about what inverted lists and their second look cost."""


def build_index(vectors: Float32, *, exact_up_to: int = EXACT_UP_TO, seed: int = 7) -> GrowingIndex:
    """An index of `vectors`, float32 [n, D]; a row of NaN is never found.

    Exact up to `exact_up_to` rows, and at any size where faiss is not installed; inverted lists above.
    """
    small = len(vectors) <= exact_up_to or find_spec("faiss") is None
    base: VectorIndex = ExactIndex(vectors) if small else ListsIndex(vectors, seed=seed)
    return GrowingIndex(base)
