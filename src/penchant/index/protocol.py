"""What an index of vectors promises: arrays in, arrays out; it is never changed, and never read from a file."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from penchant.index.allowed import Allowed as Allowed
from penchant.index.allowed import Bool as Bool
from penchant.index.allowed import Nums as Nums

Float32 = npt.NDArray[np.float32]


class VectorIndex(Protocol):
    """Vectors of items, searched by inner product."""

    @property
    def n_items(self) -> int:
        """How many rows it was built from."""

    def search(self, query: Float32, n: int, allowed: Allowed | None = None) -> tuple[Nums, Float32]:
        """The `n` rows of greatest inner product with `query` (float32 [D]), best first; fewer where there are no more.

        Rows of NaN are never found; `allowed` (of n_items rows) leaves others out. Equal ones come by number.

        Returns:
            numbers int32 [m] and inner products float32 [m], m <= n.
        """

    def vectors_of(self, items: Nums) -> Float32:
        """The vectors of `items` (int32 [m]), float32 [m, D]; NaN for items that are not in it."""
