"""Compiled with numba: conjugate-gradient steps row by row, with no copy of the factors that a row meets.

Its twin in numpy is `penchant.models.alternating.nearer`, which says what is computed and calls this file when numba is there
and the work pays for loading it (docs/decisions/0009-compiled-kernels.md). Sums run in another order than there, so answers
agree to rounding.
"""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Float32, Int64, Nums
from penchant.models.compiled import compiled


def _descend(
    start: Int64,
    column: Nums,
    weight: Float32,
    others: Float32,
    gram: Float32,
    penalty: Float32,
    x: Float32,
    steps: int,
) -> None:
    """Moves each row of `x` by `steps` steps, in place; rows ``start[u]:start[u + 1]`` of the others belong to row u."""
    n, d = x.shape
    tiny = np.float32(1e-30)
    rest = np.empty(d, dtype=np.float32)
    direction = np.empty(d, dtype=np.float32)
    product = np.empty(d, dtype=np.float32)
    for u in range(n):
        columns, weights = column[start[u] : start[u + 1]], weight[start[u] : start[u + 1]]
        if len(columns) == 0:
            continue
        row = x[u]
        _times(columns, weights, others, gram, penalty[u], row, product)
        rest[:] = -product
        for e in range(len(columns)):
            other = others[columns[e]]
            for k in range(d):
                rest[k] += weights[e] * other[k]
        direction[:] = rest
        size = np.float32(0.0)
        for k in range(d):
            size += rest[k] * rest[k]
        for _ in range(steps):
            _times(columns, weights, others, gram, penalty[u], direction, product)
            along = np.float32(0.0)
            for k in range(d):
                along += direction[k] * product[k]
            far = size / max(along, tiny)
            former, size = size, np.float32(0.0)
            for k in range(d):
                row[k] += far * direction[k]
                rest[k] -= far * product[k]
                size += rest[k] * rest[k]
            for k in range(d):
                direction[k] = rest[k] + size / max(former, tiny) * direction[k]


def _product(
    columns: Nums, weights: Float32, others: Float32, gram: Float32, penalty: np.float32, v: Float32, out: Float32
) -> None:
    """``out = (gram + sum of w y y' + penalty I) v`` for the entries of one row."""
    d = len(v)
    for k in range(d):
        out[k] = penalty * v[k]
    for k in range(d):
        line, value = gram[k], v[k]
        for m in range(d):
            out[m] += value * line[m]
    for e in range(len(columns)):
        other = others[columns[e]]
        value = np.float32(0.0)
        for k in range(d):
            value += other[k] * v[k]
        value *= weights[e]
        for k in range(d):
            out[k] += value * other[k]


_times = compiled(_product, any_order=True)
descend = compiled(_descend, any_order=True)
