"""Items like those of the past, by their attributes alone; it also scores items that nobody has chosen yet.

When to use it: for new items, beside a model that knows what people choose. Cost, for n items with t attribute terms each and
D different terms: O(n t) to fit, n t numbers in memory; a batch of B queries takes B (L t + n t) multiply-adds and
4 B (D + n) bytes. Numbers are cut into bins of equal size. Source: Pazzani and Billsus, "Content-Based Recommendation Systems",
in The Adaptive Web, 2007; the terms are weighted as in Salton and Buckley 1988.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp

from penchant.config import setting
from penchant.data.arrays import AnyArray, Float32
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.questions import Task
from penchant.data.terms import Terms, unit_rows
from penchant.models.attributes import (
    AttributesConfig,
    item_vectors,
    learned_attributes,
    packed_terms,
    under,
    unpacked_terms,
)
from penchant.models.base import Model, ModelConfig
from penchant.models.history import HistoryConfig, history_weights
from penchant.models.neighbours import kind_weights, packed, unpacked
from penchant.train.run import Run


class ContentConfig(AttributesConfig, HistoryConfig, ModelConfig):
    """Settings of `content`."""

    last_n: int = setting(50, "newest events that count", unit="events", grid=(50, 200), refit=False, ge=1)
    decay: float = setting(
        0.8, "weight of an event relative to the next newer one", grid=(0.6, 0.8, 1.0), refit=False, gt=0, le=1
    )
    history_half_life: float | None = setting(
        None, "age at which a past event counts half; none switches it off", unit="days", grid=(None, 1.0),
        refit=False, gt=0,
    )  # fmt: skip
    context_match: float = setting(
        0.0, "how much more a past event counts in like circumstances: times exp(context_match x likeness in 0..1)",
        grid=(0.0, 1.0), refit=False, ge=0, le=20,
    )  # fmt: skip


class Content(Model):
    """Scores float32 [B, n_items now]: the cosine, in [0, 1], between an item and the weighted sum of the past.

    NaN for items without any attribute, and everywhere for a query without a past that has one. Items keep the attributes of
    the fit; only items that came later are read from the catalogue of the query.

    Attributes:
        terms: how each attribute becomes numbers.
        vectors: float32 [n_fit, D], the items of the fit, each of length 1 (or 0: no attribute).
    """

    config: ContentConfig
    scores_unseen = True
    terms: tuple[Terms, ...]
    vectors: sp.csr_matrix
    _later: tuple[FeatureTable, sp.csr_matrix] | None

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        self.terms = learned_attributes(self.config, train.item_features, self.name())
        self.vectors = item_vectors(self.terms, self.config, train.item_features)
        self._later = None

    def _now(self, items: FeatureTable) -> sp.csr_matrix:
        """The vectors of the catalogue as it is; those of items that came after the fit are kept until it changes again."""
        if items.n_rows <= self.n_fit:
            return self.vectors
        if self._later is None or self._later[0] is not items:
            late = items.take(np.arange(self.n_fit, items.n_rows))
            fresh = item_vectors(self.terms, self.config, late)
            self._later = (items, sp.vstack([self.vectors, fresh], format="csr"))
        return self._later[1]

    def _score(self, batch: QueryBatch) -> Float32:
        vectors = self._now(batch.items)
        past = history_weights(batch, self.config, kind_weights(self.catalogue.schema))
        person = unit_rows(sp.csr_matrix(past @ vectors))
        scores: Float32 = np.ascontiguousarray((vectors @ person.T.toarray()).T, dtype=np.float32)
        scores[:, np.diff(vectors.indptr) == 0] = np.nan
        scores[np.diff(person.indptr) == 0] = np.nan
        return scores

    def _state(self) -> dict[str, AnyArray]:
        vectors = {f"vectors.{key}": part for key, part in packed(self.vectors).items()}
        return {**vectors, **packed_terms(self.terms)}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.vectors = unpacked(under(arrays, "vectors."))
        self.terms = unpacked_terms(arrays)
        self._later = None
