"""What the model itself would choose: the nearest vectors where there is an index, else the best of all its scores."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.config import Config, setting
from penchant.data.arrays import Float32, Nums
from penchant.index.allowed import Allowed
from penchant.models.base import Model
from penchant.models.topk import top_k
from penchant.pipeline.asked import Asked

_FEW, _PLACES = 150, 4
"""Items that are enough, and for each place of the list, where the nearest vectors are the best scores."""


def _is_product(model: Model) -> bool:
    """Whether scores are products of vectors, up to what decides between equals: then nothing far away can be wanted."""
    return model.config.popularity_weight == 0 and model.config.context_lift == 0


class ByModelConfig(Config):
    """Settings of the retriever `model`."""

    use: Literal["model"] = "model"
    n: int = setting(
        500,
        "items proposed at most; fewer, 150 or four times the list, where popularity and circumstances move nothing",
        unit="items", ge=1, le=100_000,
    )  # fmt: skip


class ByModel:
    """Retrieves by the model.

    A product of vectors leaves out what fixed vectors cannot hold (popularity of the moment, circumstances, a copy of the
    past), see `penchant.models.vectors`; so its items come without scores, and the ranker asks the model. Without an index, or
    where the question has no vector, the whole catalogue is scored, and those scores stay.
    """

    name = "model"

    def __init__(self, config: ByModelConfig | None = None) -> None:
        self.config = config or ByModelConfig()

    def retrieve(self, asked: Asked, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
        """O(index) or O(model + n_items); see `Retriever`."""
        index = asked.world.index
        if index is not None and not asked.exact:
            vector = asked.query_vector
            if vector is not None:
                if _is_product(asked.world.model):
                    n = min(n, max(_FEW, _PLACES * asked.query.k))
                items, _ = index.search(vector, n, None if allowed is None else allowed.part(0, index.n_items))
                return items, np.full(len(items), np.nan, dtype=np.float32)
        scores = asked.scores if allowed is None else np.where(allowed.mask, asked.scores, np.float32(np.nan))
        best = top_k(scores[None], n)
        m = int(best.n[0])
        return best.items[0, :m], best.scores[0, :m]
