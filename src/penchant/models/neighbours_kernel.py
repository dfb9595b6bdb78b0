"""Compiled with numba: a product of two sparse matrices, of whose rows only the strongest cells are ever stored.

Its twin in numpy and scipy is `penchant.models.neighbours.similar`, which says what is computed and calls this file when numba
is there and the product is long enough to pay for loading it (docs/decisions/0009-compiled-kernels.md). Both give the same
cells, bit by bit: sums run in the same order.
"""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Float32, Int64, Nums
from penchant.models.compiled import compiled


def _strongest_cells(
    left_start: Int64, left_row: Nums, left_value: Float32, right_start: Int64, right_item: Nums, right_value: Float32,
    first: int, size: Float32, shrink: float, scaled: bool, place: Nums, item_of: Nums, k: int,
) -> tuple[Nums, Nums, Float32]:  # fmt: skip
    """For each of these rows of the left matrix: how many cells are kept, their columns [n, k] and their values [n, k].

    Args:
        first: column that the first of these rows is itself; it is left out, and so on.
        size, shrink: a cell (i, j) is divided by ``size[i] size[j] + shrink``, if `scaled`.
        place, item_of: the order among equal cells, and its inverse.
    """
    n, width = len(left_start) - 1, len(size)
    many = np.zeros(n, dtype=np.int32)
    columns = np.zeros((n, k), dtype=np.int32)
    values = np.zeros((n, k), dtype=np.float32)
    sums = np.zeros(width, dtype=np.float32)
    bits = sums.view(np.int32)
    touched = np.empty(width, dtype=np.int32)
    heap = np.empty(k, dtype=np.int64)
    one = np.float32(1.0)
    for i in range(n):
        rows, weights = left_row[left_start[i] : left_start[i + 1]], left_value[left_start[i] : left_start[i + 1]]
        terms = 0
        for row in rows:
            terms += right_start[row + 1] - right_start[row]
        # what was reached is noted while it is little; else all columns are looked at, which spares a question a term
        noted = terms < width
        found = 0
        for a in range(len(rows)):
            # slices, because numba then knows that no index counts from the end
            items = right_item[right_start[rows[a]] : right_start[rows[a] + 1]]
            others = right_value[right_start[rows[a]] : right_start[rows[a] + 1]]
            if noted:
                for j in items:
                    if sums[j] == 0.0:
                        touched[found] = j
                        found += 1
            for b in range(len(items)):
                sums[items[b]] += weights[a] * others[b]
        if not noted:
            for j in range(width):
                if sums[j] != 0.0:
                    touched[found] = j
                    found += 1
        held = 0
        for j in touched[:found]:
            if j != first + i and sums[j] > 0.0:
                if scaled:
                    sums[j] *= one / (size[first + i] * size[j] + shrink)
                # the bits of a positive float rise with it; below them the place, turned round
                held = _take(heap, held, (np.int64(bits[j]) << 32) | (np.int64(0x7FFFFFFF) - place[j]))
        many[i] = held
        for h in range(held):
            columns[i, h] = item_of[np.int64(0x7FFFFFFF) - (heap[h] & 0x7FFFFFFF)]
            values[i, h] = sums[columns[i, h]]
        for j in touched[:found]:
            sums[j] = 0.0
    return many, columns, values


def _kept(heap: Int64, held: int, key: int) -> int:
    """Takes `key` into a heap of the greatest keys, its least in front; returns how many are held now."""
    if held < len(heap):
        at = held
        while at > 0 and heap[(at - 1) >> 1] > key:
            heap[at] = heap[(at - 1) >> 1]
            at = (at - 1) >> 1
        heap[at] = key
        return held + 1
    if key > heap[0]:
        at, below = 0, 1
        while below < held:
            if below + 1 < held and heap[below + 1] < heap[below]:
                below += 1
            if heap[below] >= key:
                break
            heap[at] = heap[below]
            at, below = below, 2 * below + 1
        heap[at] = key
    return held


_take = compiled(_kept)
strongest_cells = compiled(_strongest_cells)
