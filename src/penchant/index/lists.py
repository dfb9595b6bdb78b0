"""Inverted lists: rows in clusters, of which a search looks into the most promising; what it finds is then multiplied exactly.

Source: Sivic & Zisserman 2003, "Video Google" (inverted lists over clusters); Jégou et al. 2011, "Product quantization for
nearest neighbor search" (a code for each part of a row); André et al. 2015, "Cache locality is not enough" (such codes
of four bits, looked up in registers); Douze et al. 2024, "The Faiss library". The order of clusters is that of
`penchant.index.clusters`, and how many are read is measured (`penchant.index.enough`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from penchant.index.clusters import Clusters, Numbers
from penchant.index.enough import rows_read_for_best
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

_WIDER = 2
"""Rows found for each one wanted: the exact products choose among them. Codes of long rows are coarse, and more of them
cost next to nothing (1.25 finds .992 of the best of sasrec at a million items, 2 finds .996, 3 finds .997)."""

_MOST = 0.75
"""Share of the rows from which on the nearest of all are likely to hold enough allowed ones."""

FEW = 0.05
"""Share of the rows below which allowed ones are multiplied one and all."""

PROMISED = 0.98
"""Share of the ten best that lie in the lists a search reads, as measured when it is built."""

_LISTS = 32
"""Lists of mean size that a search reads at least."""

_ROOM = 4
"""Rows read at least for each one that is to be found."""


class ListsIndex:
    """Clusters by k-means, rows as codes of 4 bits a number in each, scores from the float vectors.

    A search costs O(lists D + rows_read D / 8) time; memory is n (4.5 D + 12) bytes, of which 4 n D are the
    vectors as they came. Answers depend on the vectors and the seed alone: clusters are learned on one thread.

    Args:
        vectors: float32 [n, D]; rows of NaN are never found.
        seed: of the clusters, and of the questions by which `rows_read` is measured.
        lists: number of clusters; None takes the power of two near twice the square root of n.
        rows_read: rows that a search reads, of the most promising lists; None measures how many hold `PROMISED` of the best,
            and takes 32 lists' worth at least.

    Attributes:
        found: share of the best that lay in the lists read, for the questions of `penchant.index.enough`; NaN where `rows_read`
            was given.
    """

    def __init__(
        self, vectors: Float32, *, seed: int = 7, lists: int | None = None, rows_read: int | None = None
    ) -> None:
        import faiss

        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._there = np.isfinite(self.vectors).all(axis=1)
        rows = np.flatnonzero(self._there)
        dense = self.vectors if len(rows) == len(vectors) else self.vectors[rows]
        self.lists = min(lists or 2 ** (1 + round(math.log2(max(len(rows), 1)) / 2)), max(len(rows), 1))
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            self._coarse = faiss.IndexFlatL2(dense.shape[1])
            self._index, self._clusters = _made(self._coarse, dense, rows, self.lists, seed)
            self.rows_read, self.found = rows_read or len(dense), math.nan
            if rows_read is None:
                needed = rows_read_for_best(self._clusters, dense, seed)
                enough = needed[math.ceil(PROMISED * len(needed)) - 1]
                self.rows_read = min(max(enough, _LISTS * len(dense) // self.lists), len(dense))
                self.found = float(np.mean(np.asarray(needed) <= self.rows_read))
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
        left = self.n_items if allowed is None else allowed.left
        items = None if left < max(FEW * self.n_items, 4 * n) else self._found(query, _WIDER * n, allowed)
        if items is None or len(items) < min(n, left):
            # too few are found where all products are one: codes cannot tell such rows apart
            items = np.flatnonzero(self._there if allowed is None else allowed.mask & self._there).astype(np.int32)
        return best(items, products(self.vectors, items, query), n)

    def _found(self, query: Float32, n: int, allowed: Allowed | None) -> Nums:
        if allowed is None:
            return self._read(query, n, self.rows_read)
        if allowed.left >= _MOST * self.n_items or allowed.forbidden <= n:
            # it takes less to read some rows more than to ask about each; the nearest that are allowed come first in both
            items = self._read(query, n + min(n, allowed.forbidden), self.rows_read)
            items = items[allowed.holds(items)]
            if len(items) >= n or allowed.forbidden <= n:
                return items
        import faiss

        # the library takes the array, its declared types do not say so
        bitmap: Any = faiss.IDSelectorBitmap
        # the fewer rows of a list are allowed, the farther away lie those that fill an answer
        rows = math.ceil(self.rows_read / math.sqrt(allowed.left / self.n_items))
        only = bitmap(np.packbits(allowed.mask, bitorder="little"))
        items = self._read(query, n, rows, only)
        # those allowed may lie where no great products are, as where all of them are short: then every list is read
        return items if len(items) >= n else self._read(query, n, self.n_items, only)

    def _read(self, query: Float32, n: int, rows: int, only: Any = None) -> Nums:
        """What the most promising lists of `rows` rows hold of the rows of greatest product, by rising number."""
        import faiss

        n = min(n, self.n_items)
        order, middle = self._clusters.in_order(query)
        read = self._clusters.read_until(order, max(rows, _ROOM * n))
        # the library reads as many lists as it was made for, and passes over those of no number
        middle = middle[order]
        middle[read:] = middle[0]
        order[read:] = -1
        scores, found = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.int64)
        at = faiss.swig_ptr
        # by its own name: the wrapper around it takes no selector
        self._index.search_preassigned_c(
            1, at(query), n, at(order), at(middle), at(scores), at(found), False, self._how(only)
        )
        items: Nums = found[found >= 0].astype(np.int32)
        items.sort()
        return items

    def _how(self, only: Any) -> Any:
        if only is None:
            return None
        import faiss

        how: Any = faiss.SearchParametersIVF
        return how(sel=only, nprobe=self.lists)


def _made(coarse: Any, dense: Float32, names: Numbers, lists: int, seed: int) -> tuple[Any, Clusters]:
    """The library's lists of the rows `dense`, which are called `names`, and their clusters.

    `coarse`, empty as it comes, becomes theirs, and must live as long as they do.
    """
    import faiss

    width = dense.shape[1]
    index = faiss.IndexIVFPQFastScan(coarse, width, lists, width, _BITS, faiss.METRIC_INNER_PRODUCT)
    index.by_residual, index.implem, index.nprobe = True, _ONE_QUESTION, lists
    # centres of one length, which the library takes for products, would lie far from all rows of any other
    index.cp.spherical, index.cp.niter, index.cp.seed = False, _ROUNDS, seed
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, _POINTS
    index.pq.cp.min_points_per_centroid, index.pq.cp.seed = 1, seed
    least = max(lists, 2**_BITS)
    # as many codes are learned as four bits can say, and each needs a row
    index.train(dense if len(dense) >= least else np.resize(dense, (least, width)))
    index.add_with_ids(dense, names.astype(np.int64))
    place = names.searchsorted
    kept: Any = index.invlists
    sizes = [kept.list_size(k) for k in range(lists)]
    members = [
        place(faiss.rev_swig_ptr(kept.get_ids(k), size)) if size else np.zeros(0, dtype=np.int64)
        for k, size in enumerate(sizes)
    ]
    return index, Clusters(coarse.reconstruct_n(0, lists), members, dense)
