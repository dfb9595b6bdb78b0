"""A model that is nothing but vectors: items on a circle, and a question that points where its newest item stands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from penchant.data.arrays import AnyArray, Float32, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.models.base import Model, ModelConfig
from penchant.models.vectors import of_known
from penchant.train.run import Run


class OnACircle(Model):
    """Item i stands at i steps around the circle; scores are inner products; counts how often it scored everything."""

    config: ModelConfig
    vectors: Float32
    scored_all = 0
    scored_some = 0

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        angle = 2 * np.pi * np.arange(train.n_items) / train.n_items
        self.vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)

    def query_vectors(self, batch: QueryBatch) -> Float32:
        asked = np.full((len(batch), 2), np.nan, dtype=np.float32)
        for b in range(len(batch)):
            own = batch.history.item[batch.history.offsets[b] : batch.history.offsets[b + 1]]
            own = own[own < self.n_fit]
            if len(own):
                asked[b] = self.vectors[own[-1]]
        return asked

    def item_vectors(self) -> Float32:
        return of_known(self, self.vectors)

    def _score(self, batch: QueryBatch) -> Float32:
        self.scored_all += 1
        return self.query_vectors(batch) @ self.vectors.T

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32:
        self.scored_some += 1
        return self.query_vectors(batch) @ self.vectors[np.minimum(items, self.n_fit - 1)].T

    def _state(self) -> dict[str, AnyArray]:
        return {"vectors": self.vectors}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.vectors = arrays["vectors"]
