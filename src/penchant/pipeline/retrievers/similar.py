"""Items like a given one."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Float32, Nums
from penchant.index.allowed import Allowed
from penchant.models.topk import top_k
from penchant.pipeline.asked import Asked
from penchant.pipeline.ordering import best_first
from penchant.query import Past, Query

_WIDER = 4
"""Items looked at for each one wanted: the index goes by inner product, the answer by the angle."""


class LikeItem:
    """Retrieves by the cosine between vectors of items; without them, what the model says to a past of that one item.

    Its scores are those of the answer: who asks for items like one wants them in that order, whoever they are.
    """

    name = "similar"

    def retrieve(self, asked: Asked, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
        """O(index) or O(model + n_items); see `Retriever`."""
        like = asked.like
        if like is None:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        index = asked.world.index
        if index is not None and like < index.n_items:
            vector = index.vectors_of(np.asarray([like], dtype=np.int32))[0]
            if np.isfinite(vector).all() and vector.any():
                return _by_angle(asked, vector, allowed, n)
        past = Query(history=(Past(item_id=asked.query.similar_to or ""),), at=asked.query.at)
        scores = asked.world.model.score_batch(asked.world.model.encode([past]).batch)
        if allowed is not None:
            scores[0, ~allowed.mask] = np.nan
        best = top_k(scores, n)
        m = int(best.n[0])
        return best.items[0, :m], best.scores[0, :m]


def _by_angle(asked: Asked, vector: Float32, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
    index = asked.world.index
    assert index is not None
    items, products = index.search(vector, _WIDER * n, None if allowed is None else allowed.part(0, index.n_items))
    lengths = np.linalg.norm(index.vectors_of(items), axis=1) * np.linalg.norm(vector)
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    best = best_first(cosines, items)[:n]
    return items[best], cosines[best].astype(np.float32)
