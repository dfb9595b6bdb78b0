"""Inverted lists: rows in clusters, of which a search looks into the nearest few; what it finds is then multiplied exactly.

Source: Sivic & Zisserman 2003, "Video Google" (inverted lists over clusters); Jégou et al. 2011, "Product quantization for
nearest neighbor search" (a code for each part of a row); André et al. 2015, "Cache locality is not enough" (such codes
of four bits, looked up in registers); Douze et al. 2024, "The Faiss library".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from penchant.index.products import best, products
from penchant.index.protocol import Allowed, Float32, Nums

_ROUNDS = 10
"""Rounds of k-means; more changed the share found by less than one in a thousand."""

_POINTS = 64
"""Rows a cluster is learned from."""

_BITS = 4
"""Of the code of a number: a search looks such codes up in registers, twice as fast as it multiplies 8-bit numbers."""

_ONE_QUESTION = 11
"""The library's way to search for one question alone; left to itself it takes ways for many, a fifth slower for one."""

_WIDER = 1.25
"""Rows found for each one wanted: the exact products choose among them."""

_MOST = 0.75
"""Share of the rows from which on the nearest of all are likely to hold enough allowed ones."""

FEW = 0.05
"""Share of the rows below which allowed ones are multiplied one and all."""


class ListsIndex:
    """Clusters by k-means, rows as codes of 4 bits a number in each, scores from the float vectors.

    A search costs O(lists D + looked_into / lists n D / 8) time; memory is n (4.5 D + 8) bytes, of which 4 n D are the
    vectors as they came. Answers depend on the vectors and the seed alone: clusters are learned on one thread.

    Args:
        vectors: float32 [n, D]; rows of NaN are never found.
        seed: of the clusters.
        lists: number of clusters; None takes the power of two near the square root of n.
        looked_into: clusters that a search reads; None takes an eighth of them, 48 at least.
    """

    def __init__(
        self, vectors: Float32, *, seed: int = 7, lists: int | None = None, looked_into: int | None = None
    ) -> None:
        import faiss

        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._there = np.isfinite(self.vectors).all(axis=1)
        rows = np.flatnonzero(self._there)
        dense = self.vectors if len(rows) == len(vectors) else self.vectors[rows]
        width = dense.shape[1]
        self.lists = lists or 2 ** max(0, round(math.log2(max(len(rows), 1)) / 2))
        self.looked_into = min(self.lists, looked_into or max(48, self.lists // 8))
        self._coarse = faiss.IndexFlatIP(width)
        self._index = faiss.IndexIVFPQFastScan(
            self._coarse, width, self.lists, width, _BITS, faiss.METRIC_INNER_PRODUCT
        )
        self._index.by_residual, self._index.implem = True, _ONE_QUESTION
        self._index.cp.niter, self._index.cp.seed = _ROUNDS, seed
        self._index.cp.min_points_per_centroid, self._index.cp.max_points_per_centroid = 1, _POINTS
        self._index.pq.cp.min_points_per_centroid, self._index.pq.cp.seed = 1, seed
        self._index.nprobe = self.looked_into
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            # as many codes are learned as four bits can say, and each needs a row
            self._index.train(dense if len(dense) >= 2**_BITS else np.resize(dense, (2**_BITS, width)))
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

    def search(self, query: Float32, n: int, allowed: Allowed | None = None) -> tuple[Nums, Float32]:
        """See `VectorIndex`; a few of the best may be missed, but none of them where few rows are allowed."""
        query = np.ascontiguousarray(query, dtype=np.float32)
        if allowed is not None and allowed.left < max(FEW * self.n_items, 4 * n):
            items = np.flatnonzero(allowed.mask & self._there).astype(np.int32)
        else:
            items = self._found(query, math.ceil(_WIDER * n), allowed)
        return best(items, products(self.vectors, items, query), n)

    def _found(self, query: Float32, n: int, allowed: Allowed | None) -> Nums:
        if allowed is None:
            return self._read(query, n, None)
        if allowed.left >= _MOST * self.n_items or allowed.forbidden <= n:
            # it takes less to read some rows more than to ask about each; the nearest that are allowed come first in both
            items = self._read(query, n + min(n, allowed.forbidden), None)
            items = items[allowed.holds(items)]
            if len(items) >= n or allowed.forbidden <= n:
                return items
        import faiss

        # the library takes the array and the names, its declared types do not say so
        bitmap: Any = faiss.IDSelectorBitmap
        how: Any = faiss.SearchParametersIVF
        # the fewer rows of a list are allowed, the farther away lie those that fill an answer
        wider = math.ceil(self.looked_into / math.sqrt(allowed.left / self.n_items))
        only = bitmap(np.packbits(allowed.mask, bitorder="little"))
        return self._read(query, n, how(sel=only, nprobe=min(self.lists, wider)))

    def _read(self, query: Float32, n: int, how: Any) -> Nums:
        """What the nearest lists hold of the nearest rows, by rising number."""
        _, found = self._index.search(query[None], min(n, self.n_items), params=how)
        items: Nums = found[0][found[0] >= 0].astype(np.int32)
        items.sort()
        return items
