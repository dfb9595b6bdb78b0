"""Who scores the candidates."""

from __future__ import annotations

from penchant.data.arrays import Float32, Nums
from penchant.pipeline.asked import Asked


class ModelRanker:
    """The model: the very scores of `Model.recommend`."""

    name = "model"

    def rank(self, asked: Asked, items: Nums) -> Float32:
        """O(what the model needs for `items`), or O(n) where the whole catalogue was scored already."""
        return asked.scores_of(items)
