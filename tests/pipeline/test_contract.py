"""The last look at a list."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.arrays import Bool, Nums
from penchant.pipeline import contract
from penchant.pipeline.contract import among, kept_by_contract
from penchant.pipeline.stages import Candidates
from penchant.query import Query
from tests.pipeline.expression.shop import WORLD
from tests.pipeline.worlds import ask


def ranked(*items: int) -> Candidates:
    scores = np.arange(len(items), 0, -1).astype(np.float32)
    return Candidates.of(np.asarray(items, dtype=np.int32), scores, "model")


def test_others_move_up_where_some_are_taken_away() -> None:
    asked = ask(WORLD, Query(k=3, exclude=frozenset({"b"})), withheld=["e"])
    kept, removed = kept_by_contract(asked, ranked(0, 1, 0, 4, 2, 3, 5), 3, None)
    assert kept.items.tolist() == [0, 2, 3]
    assert kept.scores.tolist() == [7.0, 3.0, 2.0]
    assert {rule: n for rule, n in removed.items() if n} == {"twice": 1, "withheld": 1, "excluded": 1}


def test_the_log_is_asked_about_the_head_alone_when_that_is_enough() -> None:
    looked_at: list[list[int]] = []

    def chosen_before(items: Nums, kind: str | None) -> Bool:
        looked_at.append(items.tolist())
        return np.isin(items, [5])

    asked = replace(ask(WORLD, Query(k=2, repeats="exclude")), chosen_before=chosen_before)
    assert kept_by_contract(asked, ranked(2, 3, 4, 5), 2, None)[0].items.tolist() == [2, 3]
    assert looked_at == [[2, 3]]
    looked_at.clear()
    assert kept_by_contract(asked, ranked(5, 3, 4), 2, None)[0].items.tolist() == [3, 4]
    assert looked_at == [[5, 3], [5, 3, 4]]


@given(some=st.lists(st.integers(0, 30)), others=st.lists(st.integers(0, 30)), cells=st.sampled_from([0, 10**6]))
def test_among(some: list[int], others: list[int], cells: int) -> None:
    before, contract._CELLS = contract._CELLS, cells
    try:
        found = among(np.asarray(some, dtype=np.int32), np.asarray(others, dtype=np.int32))
    finally:
        contract._CELLS = before
    assert found.tolist() == [item in others for item in some]
