"""Names for array types, and the one way to freeze an array."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Kinds = NDArray[np.int8]
Nums = NDArray[np.int32]
"""Item, user or category numbers."""
Int64 = NDArray[np.int64]
"""Offsets, rows, or instants in milliseconds since 1970 (UTC)."""
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
AnyArray = NDArray[Any]

ArrayT = TypeVar("ArrayT", bound=NDArray[Any])

MS_PER_DAY = 86_400_000


def frozen(array: ArrayT) -> ArrayT:
    """The same array, marked read-only (a memory-mapped one already is)."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def offsets_of(lengths: Iterable[int] | AnyArray) -> Int64:
    """Offsets int64 [n+1] of ragged rows with these lengths: row i is ``values[offsets[i]:offsets[i+1]]``."""
    counts = np.asarray(lengths if isinstance(lengths, np.ndarray) else list(lengths), dtype=np.int64)
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def ragged_positions(start: Int64, length: Int64) -> Int64:
    """Positions of all elements of the slices ``start[i] : start[i] + length[i]``, one slice after the other."""
    offsets = offsets_of(length)
    return np.repeat(start - offsets[:-1], length) + np.arange(offsets[-1], dtype=np.int64)
