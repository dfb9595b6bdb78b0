"""The graph filter against matrices worked out by hand, and against the formula written with dense matrices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.models.base import load_model
from penchant.models.spectral import Spectral
from penchant.query import Past, Query
from penchant.train.run import Run
from tests.evaluate.logs import dataset, random_log
from tests.models.toys import tiny_log
from tests.toy import toy_dataset

# ann has a and b, bob has b and c, cid has d; nobody has e
LOG = tiny_log("ann:a ann:b bob:b bob:c cid:d", "a b c d e")
PLAIN: dict[str, Any] = {
    "item_exponent": 0.0,
    "row_exponent": 0.0,
    "edge_power": 1.0,
    "sharpen": 0.0,
    "low_pass": 0.0,
    "popularity_behind": False,
}


def ask(*items: str) -> Query:
    return Query(history=tuple(Past(item_id=item) for item in items))


def test_edges_by_hand():
    # X'X / (2 people x sqrt(1 x 2)): a and b meet in ann's row of two, b has two people, a and c one each
    model = Spectral(**{**PLAIN, "item_exponent": 0.5, "row_exponent": 1.0}).fit(LOG)
    edge = 1 / (2 * np.sqrt(2))
    expected = np.zeros((5, 5))
    expected[0, 1] = expected[1, 0] = expected[1, 2] = expected[2, 1] = edge
    assert model.similar.toarray() == pytest.approx(expected, abs=1e-6)
    # the diagonal: 1/2 of one person over sqrt(1 x 1); twice 1/2 over sqrt(2 x 2); 1/2; 1 of a row of one; nothing
    assert model.own == pytest.approx([0.5, 0.5, 0.5, 1.0, 0.0], abs=1e-6)
    # the power acts on each edge by itself
    half = Spectral(**{**PLAIN, "item_exponent": 0.5, "row_exponent": 1.0, "edge_power": 0.5}).fit(LOG)
    assert half.similar.toarray() == pytest.approx(np.sqrt(expected), abs=1e-6)


def test_sharpening_by_hand():
    # X'X over a, b, c is [[1 1 0] [1 2 1] [0 1 1]] with the greatest eigenvalue 3 at (1 2 1) / sqrt 6; r S = (0 1 0) for the
    # past a, whose part along that wave is 2/6 (1 2 1); half of it is taken away. d lies outside
    model = Spectral(**{**PLAIN, "embedding_dim": 1, "sharpen": 0.5}).fit(LOG)
    assert model.score(ask("a"), list("abcde")) == pytest.approx(
        [-1 / 6, 2 / 3, -1 / 6, 0, np.nan], abs=1e-6, nan_ok=True
    )
    assert np.abs(model.waves[:, 0]) == pytest.approx(np.asarray([1, 2, 1, 0, 0]) / np.sqrt(6), abs=1e-6)
    # a low pass adds it instead
    low = model.with_settings(sharpen=-0.5)
    assert low.score(ask("a"), list("abc")) == pytest.approx([1 / 6, 4 / 3, 1 / 6], abs=1e-6)


def test_the_low_pass_by_hand():
    # without exponents the only wave is v = (1 2 1) / sqrt 6 over a, b, c, of which s^2 is 3: the past a adds 3 a v_a v
    model = Spectral(**{**PLAIN, "embedding_dim": 1, "low_pass": 0.5}).fit(LOG)
    assert model.score(ask("a"), list("abcde")) == pytest.approx(
        [1 / 4, 3 / 2, 1 / 4, 0, np.nan], abs=1e-6, nan_ok=True
    )
    # with b = 1/2, a and c have one person and b two, X is [[1 r 0] [0 r 1]] with r = sqrt 1/2, and X'X has 2 at (1 2r 1) / 2.
    # D is (1 1/r 1): the past b adds 2 a r (2r / 2) (1 2 1) / 2 = a (1 2 1) / 2; smoothing adds r to its neighbours
    halves = Spectral(**{**PLAIN, "item_exponent": 0.5, "embedding_dim": 1, "low_pass": 0.5}).fit(LOG)
    r = np.sqrt(0.5)
    assert halves.score(ask("b"), list("abcd")) == pytest.approx([r + 1 / 4, 1 / 2, r + 1 / 4, 0], abs=1e-6)
    # the power of the edges acts on its scale alone: 2 -> 2^(1/2)
    power = Spectral(**{**PLAIN, "item_exponent": 0.5, "embedding_dim": 1, "low_pass": 0.5, "edge_power": 0.5}).fit(LOG)
    assert power.score(ask("b"), ["b", "d"]) == pytest.approx([r / 2, 0], abs=1e-6)


def test_the_published_filter_is_the_product_of_dense_matrices():
    data = random_log(3, n=900, people=40, items=30)
    settings = {**PLAIN, "item_exponent": 0.5, "row_exponent": 1.0, "low_pass": 0.3, "embedding_dim": 5}
    model = Spectral(**settings, last_n=2000, context_lift=0.0).fit(data)
    chosen = np.zeros((data.n_users, data.n_items))
    chosen[data.interactions.user, data.interactions.item] = 1.0
    chosen, seen = chosen[chosen.any(axis=1)], np.flatnonzero(data.seen_items).astype(np.int32)
    chosen = chosen[:, seen]
    graph = chosen / np.sqrt(np.outer(chosen.sum(axis=1), chosen.sum(axis=0)))
    broad = np.linalg.svd(graph)[2][:5].T
    popular = np.sqrt(chosen.sum(axis=0))
    smooth = graph.T @ graph
    np.fill_diagonal(smooth, 0.0)
    expected = smooth + 0.3 * (broad / popular[:, None]) @ (broad * popular[:, None]).T
    items = data.items.ids_of(seen)
    scores = np.stack([model.score(ask(item), items) for item in items])
    assert scores == pytest.approx(expected, abs=1e-4 * np.abs(expected).max())


def test_a_past_counts_by_its_weights_and_may_come_again():
    # newest c counts 1 and a before it 1/2: b gets 3/2; with `again` a gets 1/2 of its own edge, c all of it (1 person each)
    model = Spectral(**{**PLAIN, "decay": 0.5}).fit(LOG)
    assert model.score(ask("a", "c"), list("abcd")) == pytest.approx([0, 1.5, 0, 0], abs=1e-6)
    again = model.with_settings(again=1.0)
    assert again.score(ask("a", "c"), list("abcd")) == pytest.approx([0.5, 1.5, 1.0, 0], abs=1e-6)


def test_only_the_strongest_edges_are_kept():
    # b goes with a twice, with c once
    log = tiny_log("ann:a ann:b bob:a bob:b cid:b cid:c", "a b c")
    model = Spectral(**{**PLAIN, "neighbours": 1}).fit(log)
    assert model.similar.toarray().tolist() == [[0, 2, 0], [2, 0, 0], [0, 1, 0]]


def test_no_usable_past_is_no_opinion():
    model = Spectral(**PLAIN).fit(LOG)
    assert np.isnan(model.score(ask(), list("abcde"))).all()
    assert np.isnan(model.score(ask("e"), list("abcde"))).all()


def test_kinds_without_weight_leave_no_trace():
    log = tiny_log("ann:a ann:b ann:c:skip bob:c bob:b", "a b c", kinds={"view": 1.0, "skip": 0.0})
    same = tiny_log("ann:a ann:b bob:c bob:b", "a b c")
    ours, expected = (Spectral().fit(data).score(ask("a"), list("abc")) for data in (log, same))
    assert ours == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("people", [4, 90])
def test_with_all_waves_the_filter_is_the_product_of_dense_matrices(people):
    # fewer people than items and more: the waves come from one side or the other
    data = random_log(3, n=900, people=people, items=30)
    settings = {**PLAIN, "item_exponent": 0.4, "row_exponent": 0.6, "edge_power": 0.7, "sharpen": 0.4}
    model = Spectral(**settings, last_n=2000, context_lift=0.0).fit(data)
    chosen = np.zeros((data.n_users, data.n_items))
    chosen[data.interactions.user, data.interactions.item] = 1.0
    chosen = chosen[chosen.any(axis=1)]
    count = np.maximum(chosen.sum(axis=0), 1)
    graph = chosen * chosen.sum(axis=1, keepdims=True) ** -0.3 * count**-0.4
    square = graph.T @ graph
    edges = square**0.7
    np.fill_diagonal(edges, 0.0)
    expected = edges @ (np.eye(data.n_items) - 0.4 * square / np.linalg.eigvalsh(square)[-1])
    items = list(data.items)
    scores = np.stack([model.score(ask(item), items) for item in items])
    seen = data.seen_items
    assert scores[np.ix_(seen, seen)] == pytest.approx(expected[np.ix_(seen, seen)], abs=1e-4 * np.abs(expected).max())


def test_a_truncated_spectrum_is_the_same_by_both_ways_and_for_any_seed():
    # 60 items and 90 people: with 12 waves the iterative solver works, with 60 the dense one, of which the first 12 are taken
    data = random_log(5, n=2500, people=90, items=60)
    few = Spectral(**{**PLAIN, "item_exponent": 0.3, "embedding_dim": 12}).fit(data, run=Run(seed=1))
    every = Spectral(**{**PLAIN, "item_exponent": 0.3, "embedding_dim": 60}).fit(data)
    other = Spectral(**{**PLAIN, "item_exponent": 0.3, "embedding_dim": 12}).fit(data, run=Run(seed=2))
    assert few.waves.shape == (data.n_items, 12) and few.shares[0] == 1.0 and (np.diff(few.shares) <= 0).all()
    assert few.shares == pytest.approx(every.shares[:12], abs=1e-5)
    filters = [(m.waves[:, :12] * m.shares[:12]) @ m.waves[:, :12].T for m in (few, every, other)]
    assert filters[0] == pytest.approx(filters[1], abs=1e-4) and filters[0] == pytest.approx(filters[2], abs=1e-4)


def test_saved_and_loaded_it_scores_alike_to_the_last_bit(tmp_path: Path):
    model = Spectral(sharpen=0.3).fit(toy_dataset())
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    items = list("abcdefgh")
    for past in ("a", "abc", "g"):
        assert np.array_equal(loaded.score(ask(*past), items), model.score(ask(*past), items), equal_nan=True)


def test_a_log_of_one_person_or_one_item_is_no_mistake():
    assert Spectral(**PLAIN).fit(tiny_log("ann:a ann:b", "a b")).recommend(ask("a"), 1).item_ids == ("b",)
    alone = Spectral(**PLAIN).fit(tiny_log("ann:a bob:a", "a b"))
    assert alone.score(ask("a"), ["a", "b"]) == pytest.approx([0.0, np.nan], nan_ok=True)


def test_a_graph_of_equal_parts_has_no_first_waves():
    # 300 people with two items of their own: 300 equal singular values, of which no 8 come first, so nothing is sharpened
    pairs = dataset(np.repeat(np.arange(300), 2), np.arange(600), np.arange(600))
    model = Spectral(**{**PLAIN, "embedding_dim": 8, "sharpen": 0.8}).fit(pairs)
    assert model.waves.shape == (600, 0)
    assert model.score(ask("i0"), ["i0", "i1", "i2"]).tolist() == [0.0, 1.0, 0.0]


def test_a_graph_with_few_waves_keeps_those():
    # five people chose the same four of 40 items, 30 others one item each: the greatest square is 5 x 4, the others are 1
    user = np.append(np.repeat(np.arange(5), 4), np.arange(5, 35))
    item = np.append(np.tile(np.arange(4), 5), np.arange(4, 34))
    model = Spectral(**{**PLAIN, "embedding_dim": 3, "sharpen": 0.5}).fit(dataset(user, item, np.arange(50)))
    assert model.shares.tolist() == pytest.approx([1.0])
    # the edges are 5 each; from i0 the row is (0 5 5 5), of which the wave (1 1 1 1) / 2 holds 15 / 4 at each item
    assert model.score(ask("i0"), ["i0", "i1", "i9"]) == pytest.approx([-15 / 8, 5 - 15 / 8, 0], abs=1e-5)
