"""The ability to foretell what comes of a person meeting an item: protocols `ctr` and `rating` ask it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from penchant.data.arrays import Float32, Nums
from penchant.data.batch import QueryBatch


@runtime_checkable
class Predicts(Protocol):
    """A model that says what comes of B meetings, each with all that is known before it."""

    def predict(self, batch: QueryBatch, items: Nums) -> Float32:
        """What comes of each query's person meeting its item, float32 [B], finite.

        Args:
            batch: B people in their moments and circumstances.
            items: int32 [B], one item for each; its number may be one that came after the fit.

        Returns:
            The probability of label 1 where the training log has labels 0 and 1, else the expected value.
        """
        ...
