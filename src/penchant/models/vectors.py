"""Representations: models that have a vector for each question and each item, so that an index of vectors can serve them.

What is promised is *retrieval, not scores*: ranked by inner product, the first 500 items hold at least 98 % of the 20 that the
model itself ranks first (repeats allowed, without popularity of the moment and circumstances, which no fixed vector can hold).
Final scores always come from `Model.score_batch`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, runtime_checkable
from weakref import WeakKeyDictionary

import numpy as np

from penchant.data.arrays import Float32, frozen
from penchant.data.batch import QueryBatch
from penchant.data.catalogue import Catalogue
from penchant.errors import UserError
from penchant.models.base import Model

RETRIEVED, EXACT, HELD = 500, 20, 0.98
"""The promise in numbers: of the `EXACT` best items a share of `HELD` is among the `RETRIEVED` nearest."""


@runtime_checkable
class HasVectors(Protocol):
    """The ability of a fitted model; D is the same for questions and items."""

    def query_vectors(self, batch: QueryBatch) -> Float32:
        """One vector a question, float32 [B, D]; a row of NaN where the model has no opinion, such as without a past."""

    def item_vectors(self) -> Float32:
        """One vector an item of the catalogue as it is now, float32 [n_items, D]; a row of NaN for items it cannot score."""


def with_vectors(model: Model) -> HasVectors:
    """The model as one that has vectors; raises UserError when it has none."""
    if isinstance(model, HasVectors):
        return model
    raise UserError(f"{model.name()}: this model has no vectors of people and items; penchant models shows which have")


class OnceABatch:
    """Vectors of questions, kept as long as the batch is: who looks for the nearest items wants their scores next."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[QueryBatch, tuple[Model, Catalogue, Float32]] = WeakKeyDictionary()

    def __call__(self, model: Model, batch: QueryBatch, make: Callable[[QueryBatch], Float32]) -> Float32:
        """What `make` says of the batch, read-only; it is asked again for another model, or after another fit."""
        kept = self._kept.get(batch)
        if kept is not None and kept[0] is model and kept[1] is model.catalogue:
            return kept[2]
        vectors = frozen(make(batch))
        self._kept[batch] = (model, model.catalogue, vectors)
        return vectors


once_a_batch = OnceABatch()


def products(vectors: Float32, items: Float32) -> Float32:
    """Inner products [B, C] of question vectors [B, D] and item vectors [C, D]."""
    scores: Float32 = vectors @ items.T
    return scores


def understood(model: Model, batch: QueryBatch) -> QueryBatch:
    """The batch without the events in its histories that are about items without an event in the training log."""
    items = batch.history.item
    inside = items < model.n_fit
    return replace(batch, history=batch.history.keep(inside & model.known[np.where(inside, items, 0)]))


def of_known(model: Model, vectors: Float32) -> Float32:
    """Vectors float32 [n_fit, D] of the fit as those of the whole catalogue: NaN where the training log has no event."""
    wide = np.full((len(model.catalogue.items), vectors.shape[1]), np.nan, dtype=np.float32)
    wide[: model.n_fit][model.known] = vectors[model.known]
    return wide
