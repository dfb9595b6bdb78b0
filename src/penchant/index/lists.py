"""Inverted lists: rows in clusters, of which a search looks into the nearest few; what it finds is then multiplied exactly.

Source: Sivic & Zisserman 2003, "Video Google" (inverted lists over clusters); Douze et al. 2024, "The Faiss library".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from penchant.index.products import best, products
from penchant.index.protocol import Bool, Float32, Nums

_ROUNDS = 10
"""Rounds of k-means; more changed the share found by less than one in a thousand."""

_POINTS = 64
"""Rows a cluster is learned from."""

FEW = 0.05
"""Share of the rows below which allowed ones are multiplied one and all."""


class ListsIndex:
    """Clusters by k-means, rows as 8-bit numbers in each, scores from the float vectors.

    A search costs O(lists D + looked_into / lists n D / 4) time; memory is n (5 D + 8) bytes, of which 4 n D are the vectors as
    they came. Answers depend on the vectors and the seed alone: clusters are learned on one thread.

    Args:
        vectors: float32 [n, D]; rows of NaN are never found.
        seed: of the clusters.
        lists: number of clusters; None takes the power of two near the square root of n.
        looked_into: clusters that a search reads; None takes a sixteenth of them, 32 at least.
    """

    def __init__(
        self, vectors: Float32, *, seed: int = 7, lists: int | None = None, looked_into: int | None = None
    ) -> None:
        import faiss

        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._there = np.isfinite(self.vectors).all(axis=1)
        rows = np.flatnonzero(self._there)
        dense = self.vectors if len(rows) == len(vectors) else self.vectors[rows]
        self.lists = lists or 2 ** max(0, round(math.log2(max(len(rows), 1)) / 2))
        self.looked_into = min(self.lists, looked_into or max(32, self.lists // 16))
        self._coarse = faiss.IndexFlatIP(dense.shape[1])
        eight_bits, product = faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        self._index = faiss.IndexIVFScalarQuantizer(self._coarse, dense.shape[1], self.lists, eight_bits, product)
        self._index.cp.niter, self._index.cp.seed = _ROUNDS, seed
        self._index.cp.min_points_per_centroid, self._index.cp.max_points_per_centroid = 1, _POINTS
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            self._index.train(dense)
            self._index.add_with_ids(dense, rows.astype(np.int64))
        finally:
            faiss.omp_set_num_threads(threads)

    @property
    def n_items(self) -> int:
        """How many rows it was built from."""
        return len(self.vectors)

    def vectors_of(self, items: Nums) -> Float32:
        """See `VectorIndex`."""
        return self.vectors[items]

    def search(self, query: Float32, n: int, allowed: Bool | None = None) -> tuple[Nums, Float32]:
        """See `VectorIndex`; a few of the best may be missed, but none of them where few rows are allowed."""
        query = np.ascontiguousarray(query, dtype=np.float32)
        n_allowed = self.n_items if allowed is None else int(np.count_nonzero(allowed))
        if allowed is not None and n_allowed < max(FEW * self.n_items, 4 * n):
            items = np.flatnonzero(allowed & self._there).astype(np.int32)
        else:
            items = self._found(query, n + n // 4, allowed, n_allowed)
        return best(items, products(self.vectors, items, query), n)

    def _found(self, query: Float32, n: int, allowed: Bool | None, n_allowed: int) -> Nums:
        forbidden = self.n_items - n_allowed
        if allowed is None or forbidden <= n:
            # a selector is asked about every row that is read; a few rows more in the answer cost less
            items = self._read(query, n + forbidden, self.looked_into, None)
            return items if allowed is None else items[allowed[items]]
        # the fewer rows of a list are allowed, the farther away lie those that fill an answer
        wider = math.ceil(self.looked_into / math.sqrt(n_allowed / self.n_items))
        return self._read(query, n, min(self.lists, wider), allowed)

    def _read(self, query: Float32, n: int, looked_into: int, allowed: Bool | None) -> Nums:
        """What the nearest lists hold of the nearest rows, by rising number."""
        import faiss

        asked: dict[str, Any] = {"nprobe": looked_into}
        if allowed is not None:
            # the library takes the array, its declared types do not say so
            bitmap: Any = faiss.IDSelectorBitmap
            asked["sel"] = bitmap(np.packbits(allowed, bitorder="little"))
        how = faiss.SearchParametersIVF(**asked)
        _, found = self._index.search(query[None], min(n, self.n_items), params=how)
        items: Nums = found[0][found[0] >= 0].astype(np.int32)
        items.sort()
        return items
