"""Means within groups: questions to people, and people to slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from penchant.errors import BadData
from penchant.metrics.intervals import Interval, mean_interval
from penchant.metrics.shapes import REAL, WHOLE, checked, within


def mean_by_group(values: npt.ArrayLike, group: npt.ArrayLike, n_groups: int) -> npt.NDArray[np.float64]:
    """The mean of each group; used for "mean per person, then over people", so that busy people do not outvote others.

    Args:
        values: real numbers [Q]; NaN ones are left out.
        group: whole numbers [Q], 0 .. n_groups - 1, in any order.
        n_groups: how many groups, G.

    Returns:
        float64 [G]; NaN for a group without a value.

    Raises:
        BadData: wrong shapes or kinds, or a group outside 0 .. n_groups - 1.

    >>> mean_by_group([1.0, 0.0, 0.5, float("nan")], [0, 0, 2, 2], 3)
    array([0.5, nan, 0.5])
    """
    known = checked("values", values, (None,), REAL).astype(np.float64)
    number = checked("group", group, known.shape, WHOLE).astype(np.int64)
    within("group", number, 0, n_groups - 1)
    use = ~np.isnan(known)
    total = np.bincount(number[use], weights=known[use], minlength=n_groups)
    count = np.bincount(number[use], minlength=n_groups)
    mean: npt.NDArray[np.float64] = np.divide(total, count, out=np.full(n_groups, np.nan), where=count > 0)
    return mean


def slices(
    values_per_person: npt.ArrayLike, labels: Sequence[str] | Sequence[int] | npt.NDArray[Any], level: float = 0.95
) -> dict[Any, Interval]:
    """Mean and interval of each slice of people.

    Args:
        values_per_person: real numbers [P]; NaN ones are left out.
        labels: a text or a whole number for each person [P]. Give people without the attribute a label of their own,
            so that they are not lost.
        level: of the intervals.

    Returns:
        Label (str or int) -> `Interval`, labels sorted.

    Raises:
        BadData: wrong shapes, or a label that is neither a text nor a whole number.

    >>> {label: found.n for label, found in slices([0.1, 0.2, 0.3], ["warm", "cold", "warm"]).items()}
    {'cold': 1, 'warm': 2}
    """
    known = checked("values_per_person", values_per_person, (None,), REAL).astype(np.float64)
    name = np.asarray(labels)
    if name.shape != known.shape:
        raise BadData(f"labels: expected one for each of {len(known)} people, got shape {list(name.shape)}")
    if name.dtype.kind not in "OU" + WHOLE and name.size:
        raise BadData(f"labels: expected texts or whole numbers, got {name.dtype}")
    if name.dtype.kind == "O":
        for row, label in enumerate(name):
            if not isinstance(label, str):
                raise BadData(
                    f"labels[{row}] is {label!r}: expected a text; give people without one a label of their own"
                )
    different, which = np.unique(name, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(len(different) + 1))
    return {
        label: mean_interval(known[order[ends[number] : ends[number + 1]]], level)
        for number, label in enumerate(different.tolist())
    }
