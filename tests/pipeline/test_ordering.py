"""The order of candidates is that of the whole catalogue."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.models.topk import top_k
from penchant.pipeline.ordering import best_first


@given(st.lists(st.sampled_from([1.0, -1.0, 0.0, -0.0, 2.5, np.nan, np.inf, -np.inf]), min_size=1, max_size=60))
def test_equals_stand_as_top_k_puts_them(values: list[float]) -> None:
    scores = np.asarray(values, dtype=np.float32)
    items = np.arange(len(scores), dtype=np.int32)
    best = top_k(scores[None], len(scores))
    order = best_first(scores, items)
    n = int(best.n[0])
    assert items[order][:n].tolist() == best.items[0, :n].tolist()
    assert not np.isfinite(scores[order][n:]).any()


def test_some_of_a_catalogue_stand_as_all_of_it() -> None:
    some = np.asarray([900_000, 5, 123_456, 77, 3], dtype=np.int32)
    equal = np.full(1_000_000, np.nan, dtype=np.float32)
    equal[some] = 1.0
    assert some[best_first(equal[some], some)].tolist() == top_k(equal[None], 5).items[0].tolist()
