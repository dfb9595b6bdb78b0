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
from penchant.data.features import Column, FeatureTable, Texts
from penchant.data.terms import Terms, learned_terms, terms_of, unit_rows
from penchant.errors import BadData, UnknownName
from penchant.models.base import Model, ModelConfig
from penchant.models.history import HistoryConfig, history_weights
from penchant.models.neighbours import kind_weights, packed, unpacked
from penchant.train.run import Run


class ContentConfig(HistoryConfig, ModelConfig):
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
    weights: dict[str, float] = setting(
        {}, "weights of single item attributes; 0 leaves one out, one that is not named has 1 (a text `text_weight`)"
    )
    text_weight: float = setting(1.0, "weight of each text attribute", grid=(0.0, 1.0, 3.0), ge=0)
    n_bins: int = setting(10, "bins of equal size that numbers are cut into; 0 leaves numbers out", grid=(0, 10), ge=0)
    min_items: int = setting(2, "a word counts when so many items have it", unit="items", ge=1)
    max_words: int = setting(50_000, "most words of one text attribute", unit="words", ge=1)


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

    def _fit(self, train: Dataset, valid: Dataset | None, run: Run) -> None:
        columns = train.item_features.columns
        for name in self.config.weights:
            if name not in columns:
                raise UnknownName("item attribute", name, columns, "content: weights")
        used = [name for name, column in columns.items() if self._weight(name, column) > 0]
        if not used:
            raise BadData("content: expected item attributes to compare, got none; give a file of items (--items)")
        limits = self.config.model_dump(include={"n_bins", "min_items", "max_words"})
        self.terms = tuple(learned_terms(name, columns[name], **limits) for name in used)
        self.vectors = self._encoded(train.item_features)
        self._later = None

    def _weight(self, name: str, column: Column) -> float:
        return self.config.weights.get(name, self.config.text_weight if isinstance(column, Texts) else 1.0)

    def _encoded(self, items: FeatureTable) -> sp.csr_matrix:
        """All attributes side by side, each of the length of its weight, the whole of length 1. float32 [n, D]."""
        columns = [items.columns[terms.name] for terms in self.terms]
        blocks = [
            terms_of(terms, column) * np.float32(self._weight(terms.name, column))
            for terms, column in zip(self.terms, columns, strict=True)
        ]
        return unit_rows(sp.hstack(blocks, format="csr", dtype=np.float32))

    def _now(self, items: FeatureTable) -> sp.csr_matrix:
        """The vectors of the catalogue as it is; those of items that came after the fit are kept until it changes again."""
        if items.n_rows <= self.n_fit:
            return self.vectors
        if self._later is None or self._later[0] is not items:
            fresh = self._encoded(items.take(np.arange(self.n_fit, items.n_rows)))
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
        arrays: dict[str, AnyArray] = {f"vectors.{key}": part for key, part in packed(self.vectors).items()}
        for i, terms in enumerate(self.terms):
            arrays |= {f"terms.{i}.{key}": part for key, part in terms.packed().items()}
        return arrays

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.vectors = unpacked({key[8:]: part for key, part in arrays.items() if key.startswith("vectors.")})
        found: list[Terms] = []
        while f"terms.{len(found)}.weight" in arrays:
            start = f"terms.{len(found)}."
            found.append(
                Terms.unpacked({key[len(start) :]: part for key, part in arrays.items() if key.startswith(start)})
            )
        self.terms = tuple(found)
        self._later = None
