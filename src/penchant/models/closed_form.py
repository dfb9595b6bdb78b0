"""The inverse of a large symmetric matrix in its own memory, for models with a closed form."""

from __future__ import annotations

from contextlib import nullcontext

from scipy.linalg import lapack

from penchant.data.arrays import Float32
from penchant.models.blas import one_thread
from penchant.models.symmetric import mirror_upper

_SHORT = 6_000
"""Rows up to which one thread does it, in two or three seconds; more would save little and may wait expensively."""


def inverted(matrix: Float32) -> Float32 | None:
    """The inverse of a symmetric positive definite float32 [m, m]; it takes the memory of `matrix`. None when it has none.

    Only the upper triangle is read; the Cholesky factor and the inverse take its place (m^3 operations in all).
    """
    with one_thread() if len(matrix) <= _SHORT else nullcontext():
        # LAPACK wants columns together: the transpose of a symmetric matrix is itself, and costs no copy
        factor, failed = lapack.spotrf(matrix.T, lower=1, overwrite_a=1, clean=0)
        inverse, also_failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or also_failed:
        return None
    made: Float32 = inverse.T
    mirror_upper(made)
    return made
