"""Sparse neighbour lists: the log as a matrix of people or visits, its weightings, and products cut to the strongest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import scipy.sparse as sp

from penchant.data.arrays import MS_PER_DAY, AnyArray, Float32, Int64
from penchant.data.dataset import Dataset
from penchant.data.schema import Schema
from penchant.models.compiled import pays
from penchant.models.symmetric import mirror_upper, upper_product
from penchant.models.topk import item_at_place, order_keys, tie_order, top_k

_BLOCK_CELLS = 8_000_000
"""Cells of a sparse product that are held at once: about 200 MB with what is made of them."""


_WHOLE_CELLS = 1 << 25
"""Cells of a product that may be held whole: 128 MB, of 5,800 items."""

_ROWS = 256
"""Rows of such a product whose strongest cells are looked for at a time."""


def kind_weights(schema: Schema) -> Float32:
    """Weight of each event kind by its number, float32 [n_kinds]."""
    return np.asarray([kind.weight for kind in schema.kinds.values()], dtype=np.float32)


def profiles(train: Dataset, visit_gap: float | None) -> sp.csr_matrix:
    """Who chose what: float32 [n_rows, n_items], 1 where the row has an event of positive weight with the item.

    Args:
        train: the log.
        visit_gap: a row is a visit, a stretch of one person's events without a longer pause (days); None: a row is a person.
    """
    sequences, log = train.sequences, train.interactions
    rows = sequences.rows[train.kind_weight[log.kind[sequences.rows]] > 0]
    user, at = log.user[rows], log.at[rows]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = user[1:] != user[:-1]
    if visit_gap is not None:
        new[1:] |= np.diff(at) > visit_gap * MS_PER_DAY
    owner = np.cumsum(new) - 1
    shape = (int(owner[-1]) + 1 if len(rows) else 0, train.n_items)
    matrix = sp.csr_matrix((np.ones(len(rows), dtype=np.float32), (owner, log.item[rows])), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def idf(matrix: sp.csr_matrix) -> Float32:
    """Rarity of each column, ``log(1 + n_rows / rows with the column)`` over its root mean square: float32 [n_columns].

    The mean is taken over all cells of the matrix, so that a sum of squares still counts cells. 0 for an empty column.
    """
    held = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rarity = np.where(held > 0, np.log1p(matrix.shape[0] / np.maximum(held, 1)), 0.0)
    mean_square = (held * rarity**2).sum() / max(matrix.nnz, 1)
    relative: Float32 = (rarity / np.sqrt(mean_square or 1.0)).astype(np.float32)
    return relative


def scaled(matrix: sp.csr_matrix, rows: Float32 | None = None, columns: Float32 | None = None) -> sp.csr_matrix:
    """A copy with row r times ``rows[r]`` and column c times ``columns[c]``."""
    data = matrix.data.copy()
    if rows is not None:
        data *= np.repeat(rows, np.diff(matrix.indptr))
    if columns is not None:
        data *= columns[matrix.indices]
    return sp.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def lengths(matrix: sp.csr_matrix) -> Float32:
    """Euclidean length of each row, float32 [n_rows]."""
    squares = matrix.multiply(matrix).sum(axis=1)
    length: Float32 = np.sqrt(np.asarray(squares).ravel()).astype(np.float32)
    return length


def inverse(values: Float32) -> Float32:
    """``1 / values`` where they are positive, else 0."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def _terms(left: sp.csr_matrix, right: sp.csr_matrix) -> Int64:
    """Multiply-adds of each row of the product ``left @ right``, int64 [n_rows]."""
    per_row = np.diff(right.indptr).astype(np.int64)
    upto = np.append(0, np.cumsum(per_row[left.indices]))
    terms: Int64 = upto[left.indptr[1:]] - upto[left.indptr[:-1]]
    return terms


def product_blocks(left: sp.csr_matrix, right: sp.csr_matrix) -> Iterator[tuple[int, sp.csr_matrix]]:
    """The product ``left @ right`` in blocks of rows that fit in memory: (first row, block), top to bottom."""
    cells = np.cumsum(np.minimum(_terms(left, right), right.shape[1]))
    start = 0
    while start < left.shape[0]:
        done = cells[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(cells, done + _BLOCK_CELLS, side="right")))
        yield start, (left[start:end] @ right).tocsr()
        start = end


def strongest(matrix: sp.csr_matrix, k: int) -> sp.csr_matrix:
    """Only the `k` greatest positive cells of each row; among equals at the border those first in `tie_order`."""
    start = matrix.indptr
    keep = matrix.data > 0
    crowded = np.flatnonzero(np.diff(start) > k)
    if len(crowded):
        keys = order_keys(matrix.data, tie_order(matrix.shape[1])[matrix.indices])
        for row in crowded.tolist():
            cells = slice(start[row], start[row + 1])
            keep[start[row] + np.argpartition(keys[cells], k - 1)[k:]] = False
    bounds = np.append(0, np.cumsum(keep))[start]
    return sp.csr_matrix((matrix.data[keep], matrix.indices[keep], bounds), shape=matrix.shape)


def similar(left: sp.csr_matrix, right: sp.csr_matrix, k: int, size: Float32 | None, shrink: float) -> sp.csr_matrix:
    """The `k` strongest positive cells of each row of ``left @ right``, which is symmetric, without the diagonal.

    A product that is small and full is held whole, from one triangle; else it is made row by row by compiled code where that
    pays, or in blocks by scipy. The cells are the same in all three ways, bit by bit.

    Args:
        size: float32 [n]; a cell (i, j) is divided by ``size[i] size[j] + shrink``. None leaves the product as it is.
    """
    terms, n = int(_terms(left, right).sum()), right.shape[1]
    if n * n <= min(_WHOLE_CELLS, terms):
        return _similar_whole(left, right, k, size, shrink)
    if pays(terms):
        return _similar_compiled(left, right, k, size, shrink)
    blocks = [sp.csr_matrix((0, right.shape[1]), dtype=np.float32)]
    for first, block in product_blocks(left, right):
        row = np.repeat(np.arange(first, first + block.shape[0]), np.diff(block.indptr))
        if size is not None:
            block.data *= inverse(size[row] * size[block.indices] + np.float32(shrink))
        block.data[row == block.indices] = 0.0
        blocks.append(strongest(block, k))
    return sp.vstack(blocks, format="csr", dtype=np.float32)


def _similar_whole(
    left: sp.csr_matrix, right: sp.csr_matrix, k: int, size: Float32 | None, shrink: float
) -> sp.csr_matrix:
    n = right.shape[1]
    product = upper_product(left, right)
    mirror_upper(product)
    blocks = []
    for start in range(0, n, _ROWS):
        block = product[start : start + _ROWS]
        if size is not None:
            block *= inverse(size[start : start + _ROWS, None] * size + np.float32(shrink))
        np.fill_diagonal(block[:, start:], 0.0)
        block[block <= 0] = np.nan
        best = top_k(block, k)
        filled = np.arange(best.items.shape[1]) < best.n[:, None]
        cells = (best.scores[filled], best.items[filled], np.append(0, np.cumsum(best.n)))
        blocks.append(sp.csr_matrix(cells, shape=block.shape))
    found = sp.vstack(blocks, format="csr", dtype=np.float32)
    found.sort_indices()
    return found


def _similar_compiled(
    left: sp.csr_matrix, right: sp.csr_matrix, k: int, size: Float32 | None, shrink: float
) -> sp.csr_matrix:
    from penchant.models.neighbours_kernel import strongest_cells

    n = right.shape[1]
    k = min(k, n)
    divisor = np.ones(n, dtype=np.float32) if size is None else size
    start, numbers = left.indptr.astype(np.int64), (np.int64, np.int32, np.float32)
    right_parts = [
        part.astype(kind) for part, kind in zip((right.indptr, right.indices, right.data), numbers, strict=True)
    ]
    blocks = [sp.csr_matrix((0, n), dtype=np.float32)]
    for first in range(0, left.shape[0], max(1, _BLOCK_CELLS // k)):
        bounds = start[first : first + max(1, _BLOCK_CELLS // k) + 1]
        many, columns, values = strongest_cells(
            bounds, left.indices.astype(np.int32), left.data.astype(np.float32), *right_parts, first, divisor,
            np.float32(shrink), size is not None, tie_order(n), item_at_place(n), k,
        )  # fmt: skip
        filled = np.arange(k) < many[:, None]
        cells = (values[filled], columns[filled], np.append(0, np.cumsum(many)))
        blocks.append(sp.csr_matrix(cells, shape=(len(many), n)))
    found = sp.vstack(blocks, format="csr", dtype=np.float32)
    found.sort_indices()
    return found


def packed(matrix: sp.csr_matrix) -> dict[str, AnyArray]:
    """A sparse matrix as named arrays, for a model's state."""
    return {
        "data": matrix.data.astype(np.float32),
        "indices": matrix.indices.astype(np.int32),
        "indptr": matrix.indptr.astype(np.int64),
        "width": np.asarray([matrix.shape[1]], dtype=np.int64),
    }


def unpacked(arrays: Mapping[str, AnyArray]) -> sp.csr_matrix:
    """The matrix that `packed` took apart."""
    shape = (len(arrays["indptr"]) - 1, int(arrays["width"][0]))
    return sp.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)


def densified(scores: sp.csr_matrix) -> Float32:
    """Sparse scores as a writable dense array, float32 [B, n]; rows without any cell are NaN: no opinion."""
    dense = np.zeros(scores.shape, dtype=np.float32)
    scores.toarray(out=dense)
    dense[np.diff(scores.indptr) == 0] = np.nan
    return dense
