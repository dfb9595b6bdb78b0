"""EASE against a matrix inverted by hand, and against the formula written in one line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from penchant.errors import BadConfig
from penchant.models import ease, symmetric
from penchant.models.ease import Ease
from penchant.query import Past, Query
from penchant.testing.subject import difference, scores_of
from tests.models.toys import tiny_log
from tests.toy import day, toy_dataset

# ann has a and b, bob has b and c, cid has d: a and c never meet, but both go with b. nobody has e.
LOG = tiny_log("ann:a ann:b bob:b bob:c cid:d", "a b c d e")


def ask(model: Ease, *items: str) -> Query:
    return Query(history=tuple(Past(item_id=item) for item in items))


def fitted(**settings) -> Ease:
    return Ease(**{"reg": 1.0, "popularity_behind": False, "decay": 0.5, **settings}).fit(LOG)


def test_weights_by_hand():
    # gram + I over a, b, c:   2 1 0      its inverse, determinant 8:    5 -2  1
    #                          1 3 1                                    -2  4 -2   / 8
    #                          0 1 2                                     1 -2  5
    # B[i, j] = -P[i, j] / P[j, j]; d goes with nothing; e took no part
    expected = [[0, 0.5, -0.2, 0], [0.4, 0, 0.4, 0], [-0.2, 0.5, 0, 0], [0, 0, 0, 0]]
    model = fitted()
    assert model.members.tolist() == [0, 1, 2, 3]
    assert model.weights == pytest.approx(np.asarray(expected), abs=1e-6)


def test_scores_add_up_over_the_decayed_past():
    # the newest event c counts 1, a before it 0.5: for b 0.5 + 0.5 * 0.5, for a -0.2, for c 0.5 * -0.2
    scores = fitted().score(ask(fitted(), "a", "c"), list("abcde"))
    assert scores == pytest.approx([-0.2, 0.75, -0.1, 0.0, np.nan], abs=1e-6, nan_ok=True)


def test_again_counts_an_item_for_itself():
    # 2 x the weight of the past item on top: a has 0.5, c has 1
    scores = fitted(again=2.0).score(ask(fitted(), "a", "c"), list("abc"))
    assert scores == pytest.approx([-0.2 + 1.0, 0.75, -0.1 + 2.0], abs=1e-6)


def test_popularity_joins_as_of_the_moment():
    # the choices lie on days 0 to 4, the query half a day after bob's c (day 3): a is 3.5 days old, b 2.5 and 1.5, c 0.5.
    # with a half-life of one day they count 2^-3.5, 2^-2.5 + 2^-1.5, 2^-0.5; c is the peak. d came later and counts 0.
    query = Query(history=(Past(item_id="c"),), at=3.5 * 86_400)
    counts = [2**-3.5, 2**-2.5 + 2**-1.5, 2**-0.5, 0.0]
    # the greatest score is b's 0.5, of which the peak of popularity counts threefold
    expected = [base + 3.0 * 0.5 * count / counts[2] for base, count in zip([-0.2, 0.5, 0.0, 0.0], counts, strict=True)]
    model = fitted(popularity_behind=True, popularity_weight=3.0, popularity_half_life=1.0)
    assert model.score(query, list("abcd")) == pytest.approx(expected, abs=1e-5)


def test_no_usable_past_is_no_opinion():
    model = fitted()
    assert np.isnan(model.score(ask(model), list("abcde"))).all()
    assert np.isnan(model.score(ask(model, "e"), list("abcde"))).all()


def test_short_rows_part_what_was_chosen_far_apart():
    log = tiny_log("ann:a ann:b ann:c ann:d bob:a", "a b c d")
    whole = Ease(reg=1.0, row_events=None).fit(log)
    cut = Ease(reg=1.0, row_events=2).fit(log)
    assert whole.weights[0, 2] > 0
    # rows (a b) (c d) (a): for a and b the matrix is [[3, 1], [1, 2]], so B[a, b] = 1/3 and B[b, a] = 1/2
    expected = [[0, 1 / 3, 0, 0], [1 / 2, 0, 0, 0], [0, 0, 0, 1 / 2], [0, 0, 1 / 2, 0]]
    assert cut.weights == pytest.approx(np.asarray(expected), abs=1e-6)


def test_kinds_without_weight_leave_no_trace():
    log = tiny_log("ann:a ann:b ann:c:skip bob:c bob:b", "a b c", kinds={"view": 1.0, "skip": 0.0})
    same = tiny_log("ann:a ann:b bob:c bob:b", "a b c")
    assert Ease(reg=1.0).fit(log).weights == pytest.approx(Ease(reg=1.0).fit(same).weights)


@pytest.mark.parametrize("chunk", [2, 3, 1024])
def test_equals_the_formula_for_any_size_of_block(chunk, monkeypatch):
    monkeypatch.setattr(symmetric, "_CHUNK", chunk)
    data = toy_dataset()
    model = Ease(reg=0.5, row_events=None).fit(data)
    log = data.interactions
    x = np.zeros((data.n_users, data.n_items))
    x[log.user, log.item] = 1.0
    x = x[:, :7]  # item h has no event
    inverse = np.linalg.inv(x.T @ x + 0.5 * np.eye(7))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)
    assert model.weights == pytest.approx(expected, abs=1e-5)


def test_only_the_most_frequent_items_take_part():
    model = Ease(max_items=4, popularity_behind=False).fit(toy_dataset())
    # d has 5 events and a has 4; b, c and e have 3 each, of which the last two in number are kept
    assert model.members.tolist() == [0, 2, 3, 4]
    assert dict(model.card)["items"] == {"with_events": 7, "scored": 4}
    scores = model.score(Query(user_id="ann", at=day(6)), list("abcdefgh"))
    assert np.isnan(scores).tolist() == [False, True, False, False, False, True, True, True]


def test_a_matrix_past_the_memory_limit_is_refused_with_the_way_out():
    with pytest.raises(
        BadConfig, match=r"ease: 7 items need a matrix of 0\.0 GB, allowed are 1e-09 GB; lower max_items"
    ):
        Ease(max_gigabytes=1e-9).fit(toy_dataset())


def test_slabs_of_weights_add_up_alike(monkeypatch):
    # many pasts at once take the way through slabs, one by one they do not: bit by bit the same
    monkeypatch.setattr(ease, "_SLAB", 3)
    rng = np.random.default_rng(6)
    weights = rng.standard_normal((10, 10)).astype(np.float32)
    past = sp.csr_matrix(((rng.random((12, 10)) < 0.6) * rng.random((12, 10))).astype(np.float32))
    assert past.nnz >= 4 * len(weights)
    together = ease._weighted(past, weights)
    np.testing.assert_allclose(together, past.toarray() @ weights, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(together, np.concatenate([ease._weighted(past[b], weights) for b in range(12)]))


def test_one_triangle_is_enough(monkeypatch):
    monkeypatch.setattr(symmetric, "_CHUNK", 4)
    rng = np.random.default_rng(7)
    log = sp.csr_matrix((rng.random((30, 11)) < 0.4).astype(np.float32))
    gram = symmetric.upper_product(log.T.tocsr(), log)
    np.testing.assert_array_equal(np.triu(gram), np.triu((log.T @ log).toarray()))
    inverse = np.linalg.inv((log.T @ log).toarray().astype(np.float64) + 2.0 * np.eye(11))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)
    gram[np.tril_indices(11, -1)] = np.nan  # never read
    np.testing.assert_allclose(ease._solved(gram, 2.0), expected, atol=1e-5)


def test_a_past_told_with_its_circumstances_is_a_past_known() -> None:
    data = toy_dataset()
    model = Ease(reg=1.0, context_match=2.0).fit(data)
    log, kinds = data.interactions, list(data.schema.kinds)
    for person in ("ann", "dee", "eve"):
        past = tuple(
            Past(
                item_id=data.items.id(int(log.item[row])),
                at=log.at[row] / 1000,
                kind=kinds[log.kind[row]],
                value=float(log.value[row]),
                context=log.context_of(row),
            )
            for row in np.flatnonzero(log.user == data.users.number(person)).tolist()
        )
        asked = Query(user_id=person, at=day(7), context={"mood": "calm"})
        known, told = (scores_of(model, [query]) for query in (asked, replace(asked, user_id=None, history=past)))
        np.testing.assert_array_equal(known, told)
        untold = replace(asked, history=tuple(replace(one, context={}) for one in past))
        assert difference(known, scores_of(model, [untold]))
