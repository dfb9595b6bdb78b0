"""What the person chose before, where repeats are allowed."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.config import Config, setting
from penchant.data.arrays import Float32, Nums
from penchant.index.allowed import Allowed
from penchant.pipeline.asked import Asked


class OwnConfig(Config):
    """Settings of the retriever `own`."""

    use: Literal["own"] = "own"
    n: int = setting(200, "items proposed at most, those of the newest events first", unit="items", ge=1, le=100_000)


class OwnRepeats:
    """Retrieves the distinct items of the past, newest first: a product of two vectors cannot say "the same again"."""

    name = "own"

    def __init__(self, config: OwnConfig | None = None) -> None:
        self.config = config or OwnConfig()

    def retrieve(self, asked: Asked, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
        """O(history log history); see `Retriever`."""
        if asked.excludes_seen:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        newest_first = asked.batch.history.item[::-1]
        first = np.sort(np.unique(newest_first, return_index=True)[1])
        items = newest_first[first]
        if allowed is not None:
            items = items[allowed.holds(items)]
        items = items[:n]
        return items, np.full(len(items), np.nan, dtype=np.float32)
