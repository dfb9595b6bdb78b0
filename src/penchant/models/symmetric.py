"""Symmetric dense matrices made from one triangle: half the products, and no second copy."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from penchant.data.arrays import Float32

_CHUNK = 512
"""Rows that are worked on at a time; so many rows of a product are held in sparse form."""


def upper_product(left: sp.csr_matrix, right: sp.csr_matrix) -> Float32:
    """``left @ right`` where that is symmetric, as a dense float32 [m, m]; below the diagonal it means nothing.

    O(m^2) and half the multiply-adds of the product.
    """
    m = right.shape[1]
    product = np.zeros((m, m), dtype=np.float32)
    for start in range(0, m, _CHUNK):
        # what is left of the block is known from the rows above it
        product[start : start + _CHUNK, start:] = (left[start : start + _CHUNK] @ right[:, start:]).toarray()
    return product


def mirror_upper(square: Float32) -> None:
    """Copies the upper triangle onto the lower one, in place and block by block."""
    m = len(square)
    for start in range(0, m, _CHUNK):
        stop = min(start + _CHUNK, m)
        corner = square[start:stop, start:stop]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        square[stop:, start:stop] = square[start:stop, stop:].T
