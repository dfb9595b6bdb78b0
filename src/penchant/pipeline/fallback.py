"""What is shown when nothing is left: the popular of late, then anything that is allowed."""

from __future__ import annotations

import numpy as np

from penchant.config import Config, setting
from penchant.index.allowed import Allowed
from penchant.pipeline.asked import Asked
from penchant.pipeline.ordering import best_first
from penchant.pipeline.retrievers.popular import most_chosen
from penchant.pipeline.stages import Candidates

_SPARE = 1_000
"""Items beyond the list: a very long past may take some away that the mask does not know of."""


class FallbackConfig(Config):
    """Settings of the fallback."""

    window: float = setting(30.0, "age up to which a choice counts", unit="days", gt=0)


class Fallback:
    """Scores are weights of choices in the window, 0 for what nobody chose."""

    name = "fallback"

    def __init__(self, config: FallbackConfig | None = None) -> None:
        self.config = config or FallbackConfig()

    def candidates(self, asked: Asked, allowed: Allowed, k: int) -> Candidates:
        """`k` items and some to spare, best first; fewer where fewer are allowed. O(n_items) time."""
        n = k + _SPARE
        items, weight = most_chosen(asked.world, int(asked.batch.at[0]), self.config.window, allowed, n)
        if len(items) < n:
            rest = allowed.mask.copy()
            rest[items] = False
            more = np.flatnonzero(rest)[: 4 * n].astype(np.int32)
            more = more[best_first(np.zeros(len(more), dtype=np.float32), more)][: n - len(items)]
            items = np.concatenate([items, more])
            weight = np.concatenate([weight, np.zeros(len(more), dtype=np.float32)])
        return Candidates.of(items, weight.astype(np.float32), self.name)
