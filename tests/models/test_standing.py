"""Popularity beside the scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models.standing import add_popularity

NAN = np.nan


def added(row: list[float], counts: list[float], known: list[bool], weight: float) -> list[float]:
    scores = np.asarray([row], dtype=np.float32)
    add_popularity(scores, np.asarray([counts], dtype=np.float32), np.asarray(known), weight)
    found: list[float] = scores[0].tolist()
    return found


def test_the_peak_counts_its_share_of_the_greatest_score() -> None:
    # greatest score 4, weight .5: the peak (8 choices) adds 2, half of it adds 1, none adds nothing
    got = added([4.0, 1.0, 0.0], [4.0, 8.0, 0.0], [True] * 3, 0.5)
    assert got == pytest.approx([4 + 1, 1 + 2, 0], abs=1e-4)


def test_what_was_chosen_speaks_where_the_model_is_silent() -> None:
    # item 1: no opinion but chosen; item 2: no opinion, never chosen
    got = added([2.0, NAN, NAN], [0.0, 5.0, 0.0], [True, False, False], 0.0)
    assert got[0] == 2.0 and 0 < got[1] < 1e-5 and np.isnan(got[2])


def test_a_row_without_any_opinion_knows_all_known_items() -> None:
    got = added([NAN, NAN, NAN], [0.0, 5.0, 0.0], [True, True, False], 0.0)
    assert got[0] == 0.0 and got[1] > 0 and np.isnan(got[2])


def test_without_any_choice_nothing_changes() -> None:
    assert added([1.0, -3.0], [0.0, 0.0], [True, True], 1.0) == [1.0, -3.0]
