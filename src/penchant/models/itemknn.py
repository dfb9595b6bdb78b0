"""Items like those of the person's past.

When to use it: streams in which the next choice resembles the last ones (music, films), and "similar items". Cost: the fit
takes O(sum over rows of c^2) time for rows (people or visits) of c items and O(n_items neighbours) memory beyond a block of
200 MB; a query takes O(last_n neighbours + n_items). Source: Deshpande & Karypis 2004, "Item-based top-N recommendation
algorithms", section 4.1 (cosine); Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import scipy.sparse as sp

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Float32, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.models.base import Model, ModelConfig
from penchant.models.history import HistoryConfig, history_weights
from penchant.models.neighbours import (
    densified,
    idf,
    inverse,
    kind_weights,
    lengths,
    packed,
    profiles,
    scaled,
    similar,
    unpacked,
)
from penchant.models.vectors import understood
from penchant.train.run import Run

_BM25_K, _BM25_B = 1.2, 0.75
"""Saturation and length normalisation of BM25, at their customary values."""


class ItemKnnConfig(HistoryConfig, ModelConfig):
    """Settings of `itemknn`."""

    last_n: int = setting(20, "newest events that count", unit="events", refit=False, ge=1)
    decay: float = setting(
        0.6, "weight of an event relative to the next newer one", grid=(0.4, 0.6, 0.8), refit=False, gt=0, le=1
    )
    again: float = setting(
        0.0, "weight of the similarity of an item with itself, which lets it come again", grid=(0.0, 1.0),
        search=Between(0.03, 3, log=True, also=(0.0,)), refit=False, ge=0,
    )  # fmt: skip
    history_half_life: float | None = setting(
        None, "age at which a past event counts half; none switches it off", unit="days", grid=(None, 0.02),
        refit=False, gt=0,
    )  # fmt: skip
    similarity: Literal["cosine", "tfidf", "bm25"] = setting(
        "tfidf",
        "cosine: people in common over all; tfidf: people of few items say more; bm25: the same, and popular items less",
        grid=("tfidf", "bm25"),
        search=("cosine", "tfidf", "bm25"),
    )
    shrink: float = setting(
        10.0, "people added to the denominator of cosine and tfidf: doubts pairs seen rarely", grid=(0.0, 10.0),
        search=Between(1, 300, log=True, also=(0.0,)), ge=0,
    )  # fmt: skip
    visit_gap: float | None = setting(
        None, "items count as chosen together within visits parted by such a pause; none: within people", unit="days",
        grid=(None, 0.5), search=Between(0.01, 7, log=True, also=(None,)), gt=0,
    )  # fmt: skip
    neighbours: int = setting(200, "most similar items kept for each item", search=Between(20, 1000, log=True), ge=1)


class ItemKnn(Model):
    """Scores are sums of similarities to past items, weighted by how recent those are."""

    config: ItemKnnConfig
    similar: sp.csr_matrix
    own: Float32

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        left, right = self._factors(profiles(train, self.config.visit_gap))
        size = lengths(left)
        if self.config.similarity == "bm25":
            self.own = size**2
        else:
            self.own = size**2 * inverse(size**2 + np.float32(self.config.shrink))
        divided = None if self.config.similarity == "bm25" else size
        self.similar = similar(left, right, self.config.neighbours, divided, self.config.shrink)

    def _factors(self, chosen: sp.csr_matrix) -> tuple[sp.csr_matrix, sp.csr_matrix]:
        """Two matrices, [n_items, n_rows] and [n_rows, n_items], whose product holds the dot products of items."""
        by_item = chosen.T.tocsr()
        if self.config.similarity == "cosine":
            return by_item, chosen
        # items are the documents here and people (or visits) their words: one who chooses everything says little
        rarity = idf(by_item)
        if self.config.similarity == "tfidf":
            return scaled(by_item, columns=rarity), scaled(chosen, rows=rarity)
        held = np.diff(by_item.indptr).astype(np.float32)
        mean = held.sum() / max(np.count_nonzero(held), 1)
        saturation = ((_BM25_K + 1) / (1 + _BM25_K * (1 - _BM25_B + _BM25_B * held / mean))).astype(np.float32)
        return scaled(by_item, saturation, rarity), scaled(chosen, rarity, saturation)

    def _score(self, batch: QueryBatch) -> Float32:
        past = history_weights(batch, self.config, kind_weights(self.catalogue.schema))[:, : self.n_fit]
        scores = past @ self.similar
        if self.config.again > 0:
            scores = scores + scaled(past, columns=np.float32(self.config.again) * self.own)
        return densified(scores.tocsr())

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32:
        scores: Float32 = self._score(understood(self, batch))[:, np.minimum(items, self.n_fit - 1)]
        return scores

    def _state(self) -> dict[str, AnyArray]:
        return {**packed(self.similar), "own": self.own}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.similar, self.own = unpacked(arrays), arrays["own"]
