"""Ranking figures: hand-made lists, laws that hold for any list, and ties."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.errors import BadData
from penchant.metrics.names import KNOWN_METRICS, Metric, parse_metric
from penchant.metrics.ranking import ranked_lists, single_target


def metrics_at(*depths: int) -> list[Metric]:
    """Every known metric at each depth."""
    return [Metric(name, k) for k in depths for name in KNOWN_METRICS]


def of_list(hits: list[int], n_relevant: int, metric: str) -> float:
    """One figure of one list, written as 0 and 1."""
    found = ranked_lists(np.array([hits], dtype=bool), [n_relevant], [parse_metric(metric)])
    return float(found[metric][0])


# The list 0 1 0 1 1: hits at ranks 2, 4 and 5, of 4 relevant items.
@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("recall@5", 3 / 4),
        ("recall@3", 1 / 4),
        ("recall_capped@5", 3 / 4),  # min(5, 4) = 4
        ("recall_capped@3", 1 / 3),  # min(3, 4) = 3
        ("precision@5", 3 / 5),
        ("precision@2", 1 / 2),
        ("hit@1", 0.0),
        ("hit@2", 1.0),
        ("mrr@1", 0.0),  # the first hit, at rank 2, lies beyond
        ("mrr@5", 1 / 2),
        ("map@5", (1 / 2 + 2 / 4 + 3 / 5) / 4),
        ("map@3", (1 / 2) / 3),
        # 1/log2(3) + 1/log2(5) + 1/log2(6) = .63093 + .43068 + .38685 = 1.44846;
        # ideal, hits at ranks 1 to 4: 1 + .63093 + .5 + .43068 = 2.56161
        ("ndcg@5", 1.44846 / 2.56161),
        # .63093 over hits at ranks 1 to 3: 1 + .63093 + .5 = 2.13093
        ("ndcg@3", 0.63093 / 2.13093),
    ],
)
def test_a_list_worked_out_by_hand(metric: str, expected: float) -> None:
    assert of_list([0, 1, 0, 1, 1], 4, metric) == pytest.approx(expected, abs=1e-5)


def test_a_perfect_list_is_exactly_one_and_an_empty_one_exactly_zero() -> None:
    perfect = ranked_lists(np.ones((1, 7), dtype=bool), [7], metrics_at(1, 7))
    # Of 7 relevant items one fits into the first rank.
    assert {name: value[0] for name, value in perfect.items()} == {
        str(metric): (1 / 7 if metric == Metric("recall", 1) else 1.0) for metric in metrics_at(1, 7)
    }
    nothing = ranked_lists(np.zeros((1, 7), dtype=bool), [7], metrics_at(1, 7))
    assert all(value[0] == 0.0 for value in nothing.values())


def test_nobody_relevant_is_no_opinion() -> None:
    found = ranked_lists(np.zeros((2, 3), dtype=bool), [0, 1], metrics_at(3))
    for value in found.values():
        assert math.isnan(value[0])
        assert value[1] == 0.0


def test_figures_come_in_the_order_asked_for() -> None:
    asked = ["recall@3", "ndcg@1", "mrr@2"]
    hits = np.zeros((2, 3), dtype=bool)
    assert list(ranked_lists(hits, [1, 1], [parse_metric(text) for text in asked])) == asked
    assert list(single_target([0], [0], [parse_metric(text) for text in asked])) == asked


def test_no_lists_and_no_questions_give_empty_answers() -> None:
    assert all(v.shape == (0,) for v in ranked_lists(np.zeros((0, 5), dtype=bool), [], metrics_at(5)).values())
    assert all(v.shape == (0,) for v in single_target([], [], metrics_at(5)).values())


lists = st.lists(st.booleans(), min_size=1, max_size=12)


@given(hits=lists, missed=st.integers(0, 5), k=st.integers(1, 12))
def test_every_figure_lies_between_nought_and_one(hits: list[bool], missed: int, k: int) -> None:
    k = min(k, len(hits))
    relevant = sum(hits) + missed
    for value in ranked_lists([hits], [relevant], metrics_at(k)).values():
        assert math.isnan(value[0]) if relevant == 0 else 0.0 <= value[0] <= 1.0


@given(hits=lists.filter(lambda hits: len(hits) > 1), missed=st.integers(0, 3), data=st.data())
def test_moving_a_hit_up_never_lowers_a_figure(hits: list[bool], missed: int, data: st.DataObject) -> None:
    """Swapping a miss with the hit just below it."""
    places = [r for r in range(len(hits) - 1) if hits[r + 1] and not hits[r]]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    better = [*hits[:place], True, False, *hits[place + 2 :]]
    asked = metrics_at(*range(1, len(hits) + 1))
    before, after = (ranked_lists([row], [sum(hits) + missed], asked) for row in (hits, better))
    for name in before:
        assert after[name][0] >= before[name][0] - 1e-12, name
    full = f"ndcg@{len(hits)}"
    assert after[full][0] > before[full][0]


@given(hits=lists, missed=st.integers(0, 5))
def test_recall_and_hit_and_mrr_never_fall_with_depth(hits: list[bool], missed: int) -> None:
    relevant = sum(hits) + missed
    if relevant == 0:
        return
    found = ranked_lists([hits], [relevant], metrics_at(*range(1, len(hits) + 1)))
    for name in ("recall", "hit", "mrr"):
        steps = [found[f"{name}@{k}"][0] for k in range(1, len(hits) + 1)]
        assert steps == sorted(steps)


@given(above=st.integers(0, 8), tied=st.integers(0, 5), below=st.integers(0, 4))
def test_a_tied_target_gets_the_mean_over_all_orders(above: int, tied: int, below: int) -> None:
    """The target takes each of the tied ranks equally often among all orders, so it is enough to list those ranks."""
    width = above + 1 + tied + below
    hits = np.zeros((tied + 1, width), dtype=bool)
    hits[np.arange(tied + 1), above + np.arange(tied + 1)] = True
    asked = metrics_at(1, (width + 1) // 2, width)
    listed = ranked_lists(hits, np.ones(tied + 1, dtype=int), asked)
    for name, value in single_target([above], [tied], asked).items():
        assert value[0] == pytest.approx(listed[name].mean(), abs=1e-12), name


def test_many_questions_at_once_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    above, tied = rng.integers(0, 40, 50), rng.integers(0, 6, 50)
    asked = metrics_at(1, 10, 100)
    together = single_target(above.astype(np.int32), tied.astype(np.int32), asked)
    for q in range(50):
        alone = single_target(above[q : q + 1], tied[q : q + 1], asked)
        assert all(alone[name][0] == pytest.approx(together[name][q], abs=1e-12) for name in alone)


def test_all_scores_equal_give_the_figure_of_the_random_ranker() -> None:
    """Among 50 candidates the target's rank is uniform on 1 .. 50, so each figure is a sum over 50."""
    found = single_target([0], [49], [parse_metric(f"{name}@10") for name in ("hit", "mrr", "ndcg", "precision")])
    assert found["hit@10"][0] == pytest.approx(10 / 50)
    # The tenth harmonic number is 7381/2520.
    assert found["mrr@10"][0] == pytest.approx(7381 / 2520 / 50)
    assert found["ndcg@10"][0] == pytest.approx(sum(1 / math.log2(1 + rank) for rank in range(1, 11)) / 50)
    assert found["precision@10"][0] == pytest.approx(10 / 50 / 10)


def test_all_scores_equal_agree_with_a_simulated_random_ranker() -> None:
    rng = np.random.default_rng(11)
    rank = rng.integers(0, 30, 40_000)
    asked = metrics_at(5)
    simulated = single_target(rank, np.zeros_like(rank), asked)
    for name, value in single_target([0], [29], asked).items():
        # Four standard errors of the simulation.
        margin = 4 * simulated[name].std() / math.sqrt(len(rank))
        assert abs(simulated[name].mean() - value[0]) < margin, name


@settings(max_examples=25)
@given(scores=st.lists(st.integers(0, 2), min_size=2, max_size=6), k=st.integers(1, 6))
def test_counts_taken_from_scores_agree_with_every_order_of_the_equals(scores: list[int], k: int) -> None:
    """Item 0 is the target; the orders of equals are listed by the places that the target's equals can take."""
    above = sum(score > scores[0] for score in scores)
    tied = sum(score == scores[0] for score in scores) - 1
    ranks = [
        above + 1 + before
        for before in range(tied + 1)
        for _ in combinations(range(tied), before)  # which of the equals stand before the target
        for _ in range(math.factorial(before) * math.factorial(tied - before))  # and in which order
    ]
    expected = sum(1 / rank for rank in ranks if rank <= k) / len(ranks)
    assert single_target([above], [tied], [Metric("mrr", k)])[f"mrr@{k}"][0] == pytest.approx(expected)


def test_a_huge_depth_and_narrow_integers_are_fine() -> None:
    top = np.iinfo(np.int32).max - 1
    found = single_target(np.array([3], dtype=np.int8), np.array([0], dtype=np.int8), [Metric("mrr", 10**9)])
    assert found["mrr@1000000000"][0] == pytest.approx(1 / 4)
    # n_above + 1 + n_tied is past int32 here.
    deep = single_target(np.array([top], dtype=np.int32), np.array([5], dtype=np.int32), [Metric("hit", 3)])
    assert deep["hit@3"][0] == 0.0


@pytest.mark.parametrize(
    ("above", "tied", "said"),
    [
        ([1, 2], [0], r"n_tied: expected whole numbers of shape \[2\], got int64 of shape \[1\]"),
        ([[1]], [0], r"n_above: expected whole numbers of shape \[any\]"),
        ([1.0], [0], "n_above: expected whole numbers .* got float64"),
        ([3, -1], [0, 0], r"n_above\[1\] is -1: expected 0 or more"),
    ],
)
def test_wrong_counts_are_named(above: npt.ArrayLike, tied: npt.ArrayLike, said: str) -> None:
    with pytest.raises(BadData, match=said):
        single_target(above, tied, metrics_at(5))


@pytest.mark.parametrize(
    ("hits", "relevant", "said"),
    [
        ([[True, False]], [1], "ndcg@3: the lists hold 2 ranks"),
        ([[1, 0, 0]], [1], "hits: expected true or false"),
        ([True, False, True], [1], r"hits: expected true or false of shape \[any, any\], got bool of shape \[3\]"),
        ([[True, False, True]], [2, 2], r"n_relevant: expected whole numbers of shape \[1\]"),
        ([[True, False, True]], [1], r"hits\[0\] has 2 hits but n_relevant\[0\] is 1"),
        ([[False, False, False]], [-1], r"n_relevant\[0\] is -1"),
    ],
)
def test_wrong_lists_are_named(hits: npt.ArrayLike, relevant: npt.ArrayLike, said: str) -> None:
    with pytest.raises(BadData, match=said):
        ranked_lists(hits, relevant, [Metric("ndcg", 3)])
