"""The four kinds of stage and what passes between them; no general graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from penchant.data.arrays import Bool, Float32, Nums
from penchant.pipeline.asked import Asked


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Items under way.

    Attributes:
        items: int32 [n], distinct.
        scores: float32 [n]; NaN where nobody has scored yet, or has no opinion.
        propensity: float32 [n], probability with which each item got its place, in (0, 1]; 1 until something is drawn.
        sources: source -> bool [n], which items it proposed.
    """

    items: Nums
    scores: Float32
    propensity: Float32
    sources: Mapping[str, Bool] = field(default_factory=dict)


class Retriever(Protocol):
    """Proposes items."""

    name: str

    def retrieve(self, asked: Asked, allowed: Bool | None, n: int) -> tuple[Nums, Float32]:
        """At most `n` items int32 [m], best first, and the model's own scores float32 [m] where they are at hand, else NaN.

        `allowed` (bool [n_items]) leaves items out; None allows all.
        """


class Filter(Protocol):
    """Takes items away for everybody or for this question."""

    name: str

    def keep(self, asked: Asked, items: Nums) -> Bool:
        """Which of `items` may stay, bool [n]."""


class Ranker(Protocol):
    """Scores candidates."""

    name: str

    def rank(self, asked: Asked, items: Nums) -> Float32:
        """float32 [n]; NaN is no opinion."""


class Reranker(Protocol):
    """Puts scored candidates, best first, into the order in which they are shown."""

    name: str

    def rerank(self, asked: Asked, ranked: Candidates, k: int) -> Candidates:
        """At least the first `k` places in their final order; what lies behind may be left out."""
