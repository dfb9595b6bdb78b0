"""Least squares for all rows of a sparse matrix at once, with the factors of its columns held still.

Row u, with weights ``w_ui``, factors ``y_i`` of the columns and a penalty, seeks the x of

    (Y'Y + sum_i w_ui y_i y_i' + penalty_u I) x = sum_i w_ui y_i

(Hu, Koren and Volinsky 2008, equation 4, in the form of Rendle et al. 2022). `exact` solves it; `nearer` takes a few steps of
the conjugate-gradient method from a given x, without ever forming the d x d matrix of a row (Takacs, Pilaszy and Tikk,
"Applications of the Conjugate Gradient Method for Implicit Feedback Collaborative Filtering", RecSys 2011). In alternating
least squares the former x is near already, so that three steps do what a solution does at a fifth of the price.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from penchant.data.arrays import AnyArray, Float32, Float64, Int64
from penchant.models.compiled import pays

_CELLS = 1 << 19
"""Numbers that one block of gathered factors may hold: 2 MB, so that every step finds them in a cache."""

_TINY = np.float32(1e-30)
"""Keeps a row that has arrived from dividing by 0."""


def exact(weights: sp.csr_matrix, others: Float32, gram: Float32 | Float64, penalty: AnyArray) -> Float32:
    """The solution for every row, in the precision of `gram`: float32 [n_rows, d]; 0 for a row without an entry.

    O(N d^2 + n_rows d^3) for N entries.

    Args:
        weights: [n_rows, n_columns].
        others: float32 [n_columns, d], the factors Y of the columns.
        gram: Y'Y, [d, d].
        penalty: [n_rows].
    """
    diagonal = np.arange(len(gram))
    solved = np.zeros((weights.shape[0], len(gram)), dtype=np.float32)
    for rows, columns, weight in _blocks(weights, len(gram), len(gram)):
        gathered: AnyArray = others[columns].astype(gram.dtype, copy=False)
        weighted = gathered * weight[:, :, None]
        left = weighted.transpose(0, 2, 1) @ gathered
        left += gram
        left[:, diagonal, diagonal] += penalty[rows, None]
        solved[rows] = np.linalg.solve(left, weighted.sum(axis=1)[:, :, None])[:, :, 0]
    return solved


def nearer(
    weights: sp.csr_matrix, others: Float32, gram: Float32, penalty: Float32, start: Float32, steps: int
) -> Float32:
    """`steps` conjugate-gradient steps from `start` for every row: float32 [n_rows, d]; O(steps (N d + n_rows d^2)).

    Args:
        start: float32 [n_rows, d]; rows without an entry are returned as they are.
    """
    found = start.copy()
    if pays(steps * (2.0 * weights.nnz * len(gram) + len(found) * len(gram) ** 2)):
        from penchant.models.alternating_kernel import descend

        descend(
            weights.indptr.astype(np.int64), weights.indices.astype(np.int32), weights.data.astype(np.float32),
            others, np.ascontiguousarray(gram), penalty, found, steps,
        )  # fmt: skip
        return found
    for rows, columns, weight in _blocks(weights, len(gram), 1):
        gathered = others[columns]
        right = np.matmul(weight[:, None, :], gathered)[:, 0, :]
        found[rows] = _descended(found[rows], right, gathered, weight, gram, penalty[rows, None], steps)
    return found


def _descended(
    x: Float32, right: Float32, gathered: Float32, weight: Float32, gram: Float32, penalty: Float32, steps: int
) -> Float32:
    """A block of rows: x and right [b, d], gathered [b, L, d], weight [b, L], penalty [b, 1]."""

    def left_times(v: Float32) -> Float32:
        along = np.matmul(gathered, v[:, :, None])[:, :, 0]
        along *= weight
        product: Float32 = np.matmul(along[:, None, :], gathered)[:, 0, :]
        product += v @ gram
        product += penalty * v
        return product

    rest = right - left_times(x)
    direction = rest.copy()
    size = np.einsum("bd,bd->b", rest, rest)
    for step in range(1, steps + 1):
        product = left_times(direction)
        far = size / np.maximum(np.einsum("bd,bd->b", direction, product), _TINY)
        x += far[:, None] * direction
        if step < steps:
            rest -= far[:, None] * product
            former, size = size, np.einsum("bd,bd->b", rest, rest)
            direction *= (size / np.maximum(former, _TINY))[:, None]
            direction += rest
    return x


def _blocks(weights: sp.csr_matrix, d: int, least: int) -> Iterator[tuple[Int64, Int64, Float32]]:
    """The non-empty rows in blocks of about equal length: (rows [b], columns [b, L], weights [b, L]); weight 0 fills up.

    Each entry brings d numbers; a row counts as if it had at least `least` entries.
    """
    length = np.diff(weights.indptr).astype(np.int64)
    order = np.argsort(length, kind="stable")
    order = order[length[order] > 0]
    start = 0
    while start < len(order):
        stop = _end_of_block(length[order], start, least, d)
        rows = order[start:stop]
        width = int(length[rows].max())
        inside = np.arange(width) < length[rows][:, None]
        at = np.where(inside, weights.indptr[rows].astype(np.int64)[:, None] + np.arange(width), 0)
        yield rows, weights.indices[at], np.where(inside, weights.data[at], np.float32(0)).astype(np.float32)
        start = stop


def _end_of_block(length: Int64, start: int, least: int, d: int) -> int:
    """The block ends where its padded rows (of at least `least` entries) would no longer fit into `_CELLS`."""
    held = np.maximum(length[start:], least) * (np.arange(len(length) - start) + 1) * d
    return start + max(int(np.searchsorted(held, _CELLS)), 1)
