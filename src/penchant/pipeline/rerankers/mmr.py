"""The diversity dial: maximal marginal relevance.

Source: Carbonell & Goldstein 1998, "The use of MMR, diversity-based reranking for reordering documents and producing
summaries": the next item is ``argmax lambda * relevance - (1 - lambda) * max similarity to those chosen``, with
lambda = 1 - diversity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from penchant.config import Config, setting
from penchant.data.arrays import Float32, Int64, Nums
from penchant.data.catalogue import Catalogue
from penchant.data.features import Categories, Tags
from penchant.data.schema import Schema
from penchant.pipeline.asked import Asked
from penchant.pipeline.rerankers.cap import checked_attribute
from penchant.pipeline.stages import Candidates


class MmrConfig(Config):
    """Settings of the reranker `mmr`."""

    use: Literal["mmr"] = "mmr"
    diversity: float = setting(0.3, "0 keeps the order of the scores, 1 looks at difference alone", ge=0, le=1)
    by: Literal["auto", "vectors", "attributes"] = setting(
        "auto", "what likeness is read from; auto takes vectors where the model has them"
    )
    attributes: tuple[str, ...] = setting(
        (), "item attributes, categories or tags, that likeness is read from; empty: all"
    )
    pool: int = setting(100, "best items that are chosen from, more for longer lists", unit="items", ge=2, le=5_000)

    def check(self, schema: Schema, where: str) -> None:
        """Raises UnknownName or BadConfig when the schema has no such attribute."""
        for name in self.attributes:
            checked_attribute(name, schema, f"{where}.attributes")


class Mmr:
    """Chooses one item after the other from the best `pool`; equals go to the one ranked before.

    Relevance is the score on a scale from 0 (worst of the pool) to 1 (best). Likeness is the cosine of vectors, or the mean
    over attributes that both have: equal or not for a category, shared of all (Jaccard) for tags. The scores stay what they
    were, so they no longer fall along the list. O(pool^2 D + k pool) time.
    """

    name = "mmr"

    def __init__(self, config: MmrConfig | None = None) -> None:
        self.config = config or MmrConfig()

    def rerank(self, asked: Asked, ranked: Candidates, k: int) -> Candidates:
        """See `Reranker`."""
        size = min(int(np.isfinite(ranked.scores).sum()), max(self.config.pool, 2 * k))
        if size < 2 or self.config.diversity == 0:
            return ranked
        scores = ranked.scores[:size]
        span = float(scores.max() - scores.min())
        relevance = (scores - scores.min()) / span if span > 0 else np.ones(size, dtype=np.float32)
        order = chosen(relevance, self._likeness(asked, ranked.items[:size]), self.config.diversity, min(k, size))
        rest = np.delete(np.arange(len(ranked)), order)
        return ranked.take(np.concatenate([order, rest]))

    def _likeness(self, asked: Asked, items: Nums) -> Float32:
        index = asked.world.index
        if index is not None and self.config.by != "attributes":
            return by_vectors(index.vectors_of(items))
        if self.config.by == "vectors":
            raise ValueError("mmr: by = vectors, but the model has none; use attributes")
        return by_attributes(asked.world.catalogue, items, self.config.attributes)


def chosen(relevance: Float32, likeness: Float32, diversity: float, k: int) -> Int64:
    """Places of the `k` chosen items, in order, int64 [k].

    Args:
        relevance: float32 [n] in [0, 1], falling.
        likeness: float32 [n, n].
        diversity: in [0, 1].
        k: <= n.
    """
    relevant = np.float32(1 - diversity) * relevance
    nearest = np.full(len(relevance), -np.inf, dtype=np.float32)
    left = np.zeros(len(relevance), dtype=np.float32)
    order = np.empty(k, dtype=np.int64)
    for place in range(k):
        # nothing is chosen yet at the first place: nothing is like it
        penalty = np.float32(diversity) * nearest if place else np.float32(0.0)
        best = int(np.argmax(relevant - penalty + left))
        order[place] = best
        left[best] = -np.inf
        np.maximum(nearest, likeness[best], out=nearest)
    return order


def by_vectors(vectors: Float32) -> Float32:
    """Cosines float32 [n, n] of vectors float32 [n, D]; 0 where one is missing (NaN) or zero."""
    known = np.nan_to_num(vectors, nan=0.0)
    length = np.linalg.norm(known, axis=1, keepdims=True)
    known = np.divide(known, length, out=np.zeros_like(known), where=length > 0)
    cosines: Float32 = known @ known.T
    return cosines


def by_attributes(catalogue: Catalogue, items: Nums, names: Sequence[str] = ()) -> Float32:
    """Likeness float32 [n, n] in [0, 1] of items by attributes, `names` or all categories and tags; 0 where none is known."""
    alike = np.zeros((len(items), len(items)), dtype=np.float32)
    known = np.zeros_like(alike)
    for name, column in catalogue.item_features.columns.items():
        if names and name not in names:
            continue
        if isinstance(column, Categories):
            codes = column.codes[items]
            there = codes >= 0
            pair = there[:, None] & there
            alike += pair & (codes[:, None] == codes)
            known += pair
        elif isinstance(column, Tags):
            shared, both = _jaccard(column.take(items))
            alike += shared
            known += both
    likeness: Float32 = np.divide(alike, known, out=np.zeros_like(alike), where=known > 0)
    return likeness


def _jaccard(tags: Tags) -> tuple[Float32, Float32]:
    """Shared tags of all tags of each pair, and whether both have any; float32 [n, n] each."""
    length = np.diff(tags.offsets)
    distinct, code = np.unique(tags.codes, return_inverse=True)
    has = np.zeros((len(length), len(distinct)), dtype=np.float32)
    has[np.repeat(np.arange(len(length)), length), code] = 1
    shared = has @ has.T
    together = length[:, None] + length - shared
    both = ((length[:, None] > 0) & (length > 0)).astype(np.float32)
    jaccard = np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)
    return jaccard.astype(np.float32), both
