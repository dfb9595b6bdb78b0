"""Popularity beside the scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models import standing
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


def one_by_one(scores: np.ndarray, counts: np.ndarray, known: np.ndarray, weight: float) -> np.ndarray:
    """The definition, cell by cell."""
    answer = np.full(scores.shape, NAN)
    for b, row in enumerate(scores):
        spoken = row[~np.isnan(row)]
        size = float(np.abs(spoken).max()) if len(spoken) and np.abs(spoken).max() > 0 else 1.0
        peak = float(counts[b].max()) or 1.0
        for i, score in enumerate(row):
            base = float(score)
            if np.isnan(base) and (counts[b, i] > 0 or (len(spoken) == 0 and known[i])):
                base = 0.0
            answer[b, i] = base + (1e-6 + weight) * size * counts[b, i] / peak
    return answer


def test_blocks_of_rows_agree_with_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "_CELLS", 40)  # 2 rows of 17 at a time
    rng = np.random.default_rng(3)
    scores = rng.standard_normal((9, 17)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.3] = NAN
    scores[[2, 5]] = NAN
    scores[6] = 0.0
    counts = rng.integers(0, 3, scores.shape).astype(np.float32)
    counts[4] = 0.0
    known = rng.random(17) < 0.8
    expected = one_by_one(scores, counts, known, 0.25)
    add_popularity(scores, counts.copy(), known, 0.25)
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-7)
