"""Rows that may be found, by number and by mask: both say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.index import allowed as module
from penchant.index.allowed import Allowed, Nums

N = 30
ROWS = st.lists(st.integers(0, N - 1), max_size=8)
STEPS = st.lists(st.tuples(st.sampled_from(["forbid", "keep", "keep_only", "look"]), ROWS), max_size=5)


def numbers(rows: list[int]) -> Nums:
    return np.asarray(rows, dtype=np.int32)


@given(shut=st.none() | ROWS, steps=STEPS, few=st.sampled_from([0, 5, 2_000]), cut=st.tuples(*[st.integers(0, N)] * 2))
def test_whatever_is_forbidden_in_whatever_way(
    shut: list[int] | None, steps: list[tuple[str, list[int]]], few: int, cut: tuple[int, int]
) -> None:
    mask = None if shut is None else np.isin(np.arange(N), shut)
    left = set(range(N)) - set(shut or ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW", few)
        allowed = Allowed(N, mask)
        for step, rows in steps:
            if step == "forbid":
                allowed.forbid(numbers(rows))
                left -= set(rows)
            elif step == "keep":
                allowed.keep(np.isin(np.arange(N), rows))
                left &= set(rows)
            elif step == "keep_only":
                allowed.keep_only(numbers(rows))
                left &= set(rows)
            else:
                assert np.flatnonzero(allowed.mask).tolist() == sorted(left)
            assert (allowed.left, allowed.forbidden) == (len(left), N - len(left))
            assert allowed.holds(numbers([*range(N), 3, 0])).tolist() == [i in left for i in [*range(N), 3, 0]]
        low, high = sorted(cut)
        part = allowed.part(low, high)
        expected = [i - low for i in sorted(left) if low <= i < high]
        assert (part.n, part.left) == (high - low, len(expected))
        assert np.flatnonzero(part.mask).tolist() == expected
        assert np.flatnonzero(allowed.mask).tolist() == sorted(left)
    assert mask is None or np.flatnonzero(mask).tolist() == sorted(set(shut or ()))


def test_no_mask_is_made_for_the_usual_question() -> None:
    allowed = Allowed(1_000_000, np.zeros(1_000_000, dtype=np.bool_), 0)
    allowed.forbid(numbers([5, 9, 5]))
    assert allowed.holds(numbers([5, 6, 999_999])).tolist() == [False, True, True]
    assert (allowed.left, allowed._mask) == (999_998, None)
