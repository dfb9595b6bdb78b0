"""Clusters of rows, and which of them a question looks into: those in which a great product is likely, not those near it.

Where lengths differ, as those of learned items do (what is often chosen grows long), the rows of greatest product lie in
clusters whose centre says little: a wide cluster of many rows holds one that is far from the centre and close to the question.
So a cluster is judged by the greatest product that is to be expected in it.

Source: Bachrach et al. 2014, "Speeding up the Xbox recommender system using a Euclidean transformation for inner-product
spaces" (why the nearest and those of greatest product differ); Ram & Gray 2012, "Maximum inner-product search using cone
trees", theorem 3.1 (centre's product plus length of the question times radius bounds the products of a ball). The radius here
is the one to be expected of normal rows, because the bound itself is too far away to tell clusters apart.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from penchant.index.protocol import Float32, Nums

Numbers = npt.NDArray[np.int64]

_STRETCHED = 1.5
"""Times a round cluster's reach: real ones are longer in some directions. From 1 to 2 the share found hardly differs."""


class Clusters:
    """Centres of clusters and how far their rows reach.

    The product of a question q with a row of a cluster of m rows around centre c is taken as normal, with mean q.c and
    deviation |q| s, where s^2 is the mean square of a number of row - c. The greatest of m such lies near
    q.c + |q| s sqrt(2 ln m).

    Args:
        centres: float32 [K, D].
        members: for each cluster the places of its rows in `dense`.
        dense: float32 [n, D]. O(n D) time, O(rows of the largest cluster) memory.
    """

    def __init__(self, centres: Float32, members: list[Numbers], dense: Float32) -> None:
        self.centres = centres
        self.sizes = np.asarray([len(rows) for rows in members], dtype=np.int64)
        self.of_row: Nums = np.zeros(len(dense), dtype=np.int32)
        reach = np.zeros(len(centres), dtype=np.float32)
        for k, rows in enumerate(members):
            self.of_row[rows] = k
            if len(rows) > 1:
                off = dense[rows] - centres[k]
                square = float(np.einsum("ij,ij->", off, off)) / off.size
                reach[k] = _STRETCHED * math.sqrt(square * 2 * math.log(len(rows)))
        self._reach = reach

    def in_order(self, query: Float32) -> tuple[Numbers, Float32]:
        """Clusters, most promising first, int64 [K], and the products of all centres with the query, float32 [K]."""
        middle = self.centres @ query
        promise = middle + self._reach * np.float32(math.sqrt(float(query @ query)))
        return (-promise).argsort(), middle

    def read_until(self, order: Numbers, rows: int) -> int:
        """How many clusters of `order` are read until they held `rows` rows, 1..K."""
        return min(int(self.sizes[order].cumsum().searchsorted(rows)) + 1, len(order))
