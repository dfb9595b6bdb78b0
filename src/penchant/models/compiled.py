"""Whether, and how, an inner loop is compiled with numba; docs/decisions/0009-compiled-kernels.md says which loops are."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

WORTH_LOADING = 100_000_000
"""Multiply-adds from which on loading compiled code (a third of a second) costs less than it saves."""


def pays(multiply_adds: float) -> bool:
    """Whether so much work is left to compiled code: numba is installed, and the work is worth loading it."""
    return multiply_adds >= WORTH_LOADING and find_spec("numba") is not None


def compiled(function: Callable[..., Any], *, any_order: bool = False) -> Callable[..., Any]:
    """The function, compiled on its first call; kept on disk for later processes where a folder can be written.

    Args:
        any_order: sums may be taken in any order, so that they can be taken several at a time; then their last digits depend
            on the processor.
    """
    import numba

    try:
        made: Callable[..., Any] = numba.njit(cache=True, nogil=True, fastmath=any_order)(function)
    except RuntimeError:
        # neither beside this file nor in the user's folders can a cache be written
        made = numba.njit(nogil=True, fastmath=any_order)(function)
    return made
