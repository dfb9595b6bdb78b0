"""EASE for items that nobody has chosen yet: their columns of weights are foretold from their attributes.

When to use it: catalogues with attributes (titles, genres, tags) in which items come and go. What is known of an item with
events is `ease`; an item without gets the weights that items like it have, by kernel ridge regression from attributes to the
columns of `ease`. Cost, for m items with events and c without: that of `ease`, then m^3 multiply-adds for the second inverse
and m^3 for its product with the weights; 8 m^2 bytes; the columns of the c items take m^2 c multiply-adds and 4 m c bytes
when they are first asked for. Sources: Steck 2019 (see `ease`); Saunders, Gammerman and Vovk, "Ridge Regression Learning
Algorithm in Dual Variables", ICML 1998; the leave-one-out columns by the identity of Rifkin and Lippert, "Notes on
Regularized Least Squares", MIT-CSAIL-TR-2007-025, section 4.

With B the weights of `ease`, K the kernel between items with events and G = (K + ridge I)^-1, a new item with the kernel
values k has the column B G k. For an item with n events the column foretold from the others is B - B G / diag(G); it counts
``content_prior / (content_prior + n)``, so that an item of few events leans on what it is like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import scipy.sparse as sp

from penchant.config import Between, setting
from penchant.data.arrays import AnyArray, Float32, Int64, frozen
from penchant.data.batch import QueryBatch
from penchant.data.catalogue import Catalogue, People
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.questions import Task
from penchant.data.terms import Terms
from penchant.errors import BadConfig
from penchant.models.attributes import (
    AttributesConfig,
    item_vectors,
    learned_attributes,
    packed_terms,
    unpacked_terms,
)
from penchant.models.closed_form import inverted
from penchant.models.ease import Ease, EaseConfig
from penchant.train.run import Run

_COLUMNS = 2048
"""Columns of the kernel that exist at a time."""


class EaseContentConfig(AttributesConfig, EaseConfig):
    """Settings of `ease_content`."""

    cold_scale: float = setting(
        2.0, "times the scores of items without events: foretold weights are smaller than learned ones",
        grid=(1.5, 1.75, 2.25, 2.5, 3.0, 4.0), search=Between(0.5, 6.0), refit=False, ge=0,
    )  # fmt: skip
    ridge: float = setting(
        1.0,
        "added to the diagonal of the kernel; doubts likeness",
        grid=(0.3, 1.0, 3.0),
        search=Between(0.05, 10.0, log=True),
        gt=0,
    )
    degree: int = setting(
        2, "the kernel is ((1 + cosine) / 2) to this power; from 2 on, pairs of attributes count", grid=(1, 2), ge=1, le=5
    )  # fmt: skip
    content_prior: float = setting(
        5.0, "events at which an item's own weights count as much as those foretold from its attributes",
        unit="events", grid=(0.0, 5.0, 20.0), search=Between(0.5, 100.0, log=True, also=(0.0,)), ge=0,
    )  # fmt: skip
    text_weight: float = setting(
        0.6, "weight of each text attribute", grid=(0.3, 0.6, 1.0), search=Between(0.0, 3.0), ge=0
    )
    n_bins: int = setting(10, "bins of equal size that numbers are cut into; 0 leaves numbers out", ge=0)


@dataclass(frozen=True, eq=False)
class _Others:
    """Items that are no members but have attributes, int64 [c], their columns float32 [m, c], and their rows of terms."""

    table: FeatureTable
    items: Int64
    columns: Float32
    rows: Sequence[bytes]


def _rows(vectors: sp.csr_matrix) -> list[bytes]:
    """Each row as bytes, so that equal rows can be found."""
    ends = pairwise(vectors.indptr.tolist())
    return [vectors.indices[low:high].tobytes() + vectors.data[low:high].tobytes() for low, high in ends]


class EaseContent(Ease):
    """Scores float32 [B, n_items now]: those of `ease`, and for other items with attributes the foretold ones times a scale.

    Attributes:
        terms: how each attribute becomes numbers.
        vectors: float32 [m, D], the attributes of the members.
        foretelling: float32 [m, m], B G of the module's formula.
    """

    config: EaseContentConfig
    scores_unseen = True
    terms: tuple[Terms, ...]
    vectors: sp.csr_matrix
    foretelling: Float32
    _others: _Others | None
    _at_fit: _Others | None
    _late: dict[bytes, Float32]

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        super()._fit(train, valid, run)
        self.terms = learned_attributes(self.config, train.item_features, self.name())
        self._encode_members(train.item_features)
        kernel = self._kernel(self.vectors)
        kernel[np.diag_indices(len(kernel))] += np.float32(self.config.ridge)
        solver = inverted(kernel)
        if solver is None:
            raise BadConfig(f"ease_content: ridge: {self.config.ridge:g} is too small; the kernel cannot be inverted")
        self.foretelling = frozen(self.weights @ solver)
        if self.config.content_prior > 0:
            events = np.bincount(train.interactions.item, minlength=train.n_items)[self.members]
            share = self.config.content_prior / (self.config.content_prior + events) / np.diagonal(solver)
            weights = self.weights - self.foretelling * share.astype(np.float32)
            np.fill_diagonal(weights, 0.0)
            self.weights = frozen(weights)

    def _encode_members(self, items: FeatureTable) -> None:
        self.vectors = item_vectors(self.terms, self.config, items.take(self.members))
        self._others = self._at_fit = None
        self._late = {}

    def _kernel(self, vectors: sp.csr_matrix) -> Float32:
        """Likeness of the members to other items, float32 [m, c], in [0, 1]."""
        kernel: Float32 = np.ascontiguousarray((self.vectors @ vectors.T).toarray(), dtype=np.float32)
        kernel += 1
        kernel *= np.float32(0.5)
        return np.power(kernel, np.float32(self.config.degree), out=kernel)

    def _columns_now(self, items: FeatureTable) -> tuple[Int64, Float32]:
        """Numbers of the items that are no members but have attributes, int64 [c], and their columns, float32 [m, c]."""
        if self._others is None or self._others.table is not items:
            if self._at_fit is None:
                self._at_fit = self._made(self.catalogue.item_features)
            self._others = self._at_fit if self._at_fit.table is items else self._changed(self._at_fit, items)
        return self._others.items, self._others.columns

    def _described(self, items: FeatureTable) -> tuple[Int64, sp.csr_matrix]:
        other = np.setdiff1d(np.arange(items.n_rows), self.members)
        vectors = item_vectors(self.terms, self.config, items.take(other))
        described = np.diff(vectors.indptr) > 0
        return other[described], vectors[described]

    def _made(self, items: FeatureTable) -> _Others:
        """The columns of all that are no members, at once."""
        other, vectors = self._described(items)
        columns = np.empty((len(self.members), len(other)), dtype=np.float32)
        for start in range(0, len(other), _COLUMNS):
            part = slice(start, start + _COLUMNS)
            columns[:, part] = self.foretelling @ self._kernel(vectors[part])
        return _Others(items, other, columns, _rows(vectors))

    def _changed(self, before: _Others, items: FeatureTable) -> _Others:
        """The same for a catalogue that has grown: items as they were keep their columns; others get theirs one by one.

        One by one, so that a column is the same, bit by bit, whatever else is new.
        """
        other, vectors = self._described(items)
        rows, columns = _rows(vectors), np.empty((len(self.members), len(other)), dtype=np.float32)
        was = np.minimum(np.searchsorted(before.items, other), max(len(before.items) - 1, 0))
        same = np.asarray(
            [
                len(before.items) > 0 and before.items[old] == number and before.rows[old] == row
                for number, row, old in zip(other.tolist(), rows, was.tolist(), strict=True)
            ],
            dtype=np.bool_,
        )
        columns[:, same] = before.columns[:, was[same]]
        for place in np.flatnonzero(~same).tolist():
            column = self._late.get(rows[place])
            if column is None:
                column = self._late[rows[place]] = self.foretelling @ self._kernel(vectors[place])[:, 0]
                if len(self._late) > _COLUMNS:
                    self._late.pop(next(iter(self._late)), None)
            columns[:, place] = column
        return _Others(items, other, columns, rows)

    def in_world(self, catalogue: Catalogue, people: People) -> Self:
        """See `Model.in_world`; the columns of what the fit knew are made once for all worlds."""
        self._columns_now(self.catalogue.item_features)
        return super().in_world(catalogue, people)

    def _score(self, batch: QueryBatch) -> Float32:
        past = self._past(batch)
        scores = np.full((len(batch), batch.n_items), np.nan, dtype=np.float32)
        scores[:, : self.n_fit] = self._scores_of(past)
        other, columns = self._columns_now(batch.items)
        spoken = np.flatnonzero(np.diff(past.indptr))
        scores[np.ix_(spoken, other)] = (past[spoken] @ columns) * np.float32(self.config.cold_scale)
        return scores

    def _state(self) -> dict[str, AnyArray]:
        return {**super()._state(), **packed_terms(self.terms), "foretelling": self.foretelling}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        super()._restore(arrays)
        self.terms, self.foretelling = unpacked_terms(arrays), arrays["foretelling"]
        self._encode_members(self.catalogue.item_features)
