"""Checks of the arrays that come in, so that a wrong one is named in one line instead of failing deep inside numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from penchant.errors import BadData

WHOLE = "iu"
"""numpy kinds of whole numbers."""
REAL = "iuf"
"""numpy kinds of real numbers."""
TRUTH = "b"
"""numpy kind of true and false."""

_WORDS = {WHOLE: "whole numbers", REAL: "real numbers", TRUTH: "true or false"}


def checked(name: str, array: npt.ArrayLike, shape: tuple[int | None, ...], kinds: str) -> npt.NDArray[Any]:
    """The array, once its kind and shape are as declared.

    Args:
        name: how the argument is called, for the message.
        array: anything that numpy takes as an array; an empty one may have any kind.
        shape: the length along each axis; None stands for any length.
        kinds: `WHOLE`, `REAL` or `TRUTH`.

    Raises:
        BadData: naming the argument, what was expected and what came.

    >>> checked("n_above", [[1, 2]], (None,), WHOLE)
    Traceback (most recent call last):
    penchant.errors.BadData: n_above: expected whole numbers of shape [any], got int64 of shape [1, 2]
    """
    found = np.asarray(array)
    lengths = zip(shape, found.shape, strict=False)
    fits = found.ndim == len(shape) and all(want in (None, have) for want, have in lengths)
    if fits and (found.dtype.kind in kinds or found.size == 0):
        return found
    wanted = ", ".join("any" if length is None else str(length) for length in shape)
    came = ", ".join(str(length) for length in found.shape)
    raise BadData(f"{name}: expected {_WORDS[kinds]} of shape [{wanted}], got {found.dtype} of shape [{came}]")


def within(name: str, array: npt.NDArray[Any], low: int, high: int | None = None) -> None:
    """Checks that whole numbers lie in low .. high, both ends included; ``high=None`` means no upper end.

    Raises:
        BadData: naming the first number outside and its place in the array.

    >>> within("n", np.array([3, 9]), 0, 5)
    Traceback (most recent call last):
    penchant.errors.BadData: n[1] is 9: expected 0 to 5
    """
    outside = array < low if high is None else (array < low) | (array > high)
    if outside.any():
        place = tuple(int(axis) for axis in np.argwhere(outside)[0])
        upwards = f"{low} or more" if high is None else f"{low} to {high}"
        raise BadData(f"{name}[{', '.join(map(str, place))}] is {array[place]}: expected {upwards}")
