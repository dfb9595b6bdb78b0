"""The four kinds of stage and what passes between them; no general graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Float32, Nums
from penchant.index.allowed import Allowed
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

    @classmethod
    def of(cls, items: Nums, scores: Float32, source: str) -> Candidates:
        """All of one source."""
        return cls(
            items=items,
            scores=scores,
            propensity=np.ones(len(items), dtype=np.float32),
            sources={source: np.ones(len(items), dtype=np.bool_)},
        )

    @classmethod
    def none(cls) -> Candidates:
        """Nothing."""
        return cls(
            items=np.zeros(0, dtype=np.int32),
            scores=np.zeros(0, dtype=np.float32),
            propensity=np.zeros(0, dtype=np.float32),
        )

    def __len__(self) -> int:
        """Number of items."""
        return len(self.items)

    def take(self, places: AnyArray | slice) -> Candidates:
        """Those at `places` (int [m], bool [n] or a slice), in that order."""
        return Candidates(
            items=self.items[places],
            scores=self.scores[places],
            propensity=self.propensity[places],
            sources={source: proposed[places] for source, proposed in self.sources.items()},
        )


class Retriever(Protocol):
    """Proposes items."""

    @property
    def name(self) -> str:
        """The source that its items are shown with."""

    def retrieve(self, asked: Asked, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
        """At most `n` items int32 [m], best first, and the model's own scores float32 [m] where they are at hand, else NaN.

        `allowed` leaves items out; None allows all.
        """


class Filter(Protocol):
    """Takes items away for everybody or for this question."""

    @property
    def name(self) -> str:
        """The rule that removed items are counted under."""

    @property
    def fails_closed(self) -> bool:
        """What happens when it fails: True forbids everything, False is as if it had not been asked.

        The rules of `penchant.pipeline.contract` hold either way.
        """

    def forbid(self, asked: Asked, allowed: Allowed) -> None:
        """Forbids, in place, what must not be shown. allowed: of n_items rows."""


class Ranker(Protocol):
    """Scores candidates."""

    @property
    def name(self) -> str:
        """Its name in traces."""

    def rank(self, asked: Asked, items: Nums) -> Float32:
        """float32 [n]; NaN is no opinion."""


class Reranker(Protocol):
    """Puts scored candidates, best first, into the order in which they are shown."""

    @property
    def name(self) -> str:
        """Its name in traces."""

    def rerank(self, asked: Asked, ranked: Candidates, k: int) -> Candidates:
        """At least the first `k` places in their final order; what lies behind may be left out.

        Items that nobody has scored (NaN) come last; they are shown only where a reranker moves them up and scores them.
        """
