"""Items that came after the model was fitted."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.config import Config, setting
from penchant.data.arrays import Float32, Nums
from penchant.index.allowed import Allowed
from penchant.pipeline.asked import Asked


class FreshConfig(Config):
    """Settings of the retriever `fresh`."""

    use: Literal["fresh"] = "fresh"
    n: int = setting(50, "items proposed at most, the newest first", unit="items", ge=1, le=100_000)


class FreshItems:
    """Retrieves new items, which no index of a fit holds; shown where the model has an opinion on them, or by exploring."""

    name = "fresh"

    def __init__(self, config: FreshConfig | None = None) -> None:
        self.config = config or FreshConfig()

    def retrieve(self, asked: Asked, allowed: Allowed | None, n: int) -> tuple[Nums, Float32]:
        """O(fresh); see `Retriever`."""
        items = asked.world.fresh
        if allowed is not None and len(items):
            items = items[allowed.holds(items)]
        items = items[:n]
        return items, np.full(len(items), np.nan, dtype=np.float32)
