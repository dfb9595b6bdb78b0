"""`itemknn` on the toy world: similarities by hand.

People of each item: a ann bob cid, b ann bob cid, c ann bob cid, d ann bob dee eve, e cid dee eve, f dee, g eve, h nobody.
"""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models.itemknn import ItemKnn
from penchant.query import Past, Query
from tests.toy import ITEMS, day, toy_dataset


def scores(*history, kind=None, dataset=None, **settings):
    settings = {"similarity": "cosine", "shrink": 0.0, "decay": 0.5, **settings}
    model = ItemKnn(popularity_behind=False, **settings).fit(dataset or toy_dataset())
    past = tuple(Past(item_id=item, kind=kind) for item in history)
    return model.score(Query(at=day(7), history=past), ITEMS)


def test_cosine():
    # to d: a, b, c share ann and bob, 2 / sqrt(3 * 4); e shares dee and eve; f and g share one of 1 and 4
    d = 2 / 12**0.5
    np.testing.assert_allclose(scores("d"), [d, d, d, 0, d, 1 / 2, 1 / 2, np.nan], rtol=1e-6)
    # to a: b and c have the same three people, d two of 4, e only cid of 3
    np.testing.assert_allclose(scores("a"), [0, 1, 1, d, 1 / 3, 0, 0, np.nan], rtol=1e-6)


def test_older_events_count_less_and_kinds_count_their_weight():
    older_a, newest_d = scores("a"), scores("d")
    np.testing.assert_allclose(scores("a", "d"), 0.5 * older_a + newest_d, rtol=1e-6)
    np.testing.assert_allclose(scores("d", kind="buy"), 3 * newest_d, rtol=1e-6)


def test_shrink_doubts_rare_pairs():
    # dot / (length * length + 3): b 3 / (3 + 3), d 2 / (sqrt(12) + 3), e 1 / (3 + 3)
    expected = [0, 0.5, 0.5, 2 / (12**0.5 + 3), 1 / 6, 0, 0, np.nan]
    np.testing.assert_allclose(scores("a", shrink=3.0), expected, rtol=1e-6)


def test_an_item_may_come_again():
    # its similarity with itself is 3 / (3 + 3), counted half
    without = scores("a", shrink=3.0)
    again = scores("a", shrink=3.0, again=0.5)
    np.testing.assert_allclose(again - without, [0.25, 0, 0, 0, 0, 0, 0, np.nan], atol=1e-6)


def test_only_the_most_similar_are_kept():
    # f: e has 1 / sqrt(3), d only 1 / 2
    np.testing.assert_allclose(scores("f"), [0, 0, 0, 1 / 2, 1 / 3**0.5, 0, 0, np.nan], rtol=1e-6)
    np.testing.assert_allclose(scores("f", neighbours=1), [0, 0, 0, 0, 1 / 3**0.5, 0, 0, np.nan], rtol=1e-6)


def rarities():
    """Squared weight of people with 4 items (ann, bob, cid) and with 3 (dee, eve), of 8 items.

    log(1 + 8/4) and log(1 + 8/3), squared, over the mean square of the 18 (person, item) cells.
    """
    of_four, of_three = np.log(3.0) ** 2, np.log(11 / 3) ** 2
    mean = (12 * of_four + 6 * of_three) / 18
    return of_four / mean, of_three / mean


def test_tfidf_trusts_people_of_few_items():
    x, y = rarities()
    # d is held by two people of four items and two of three, e by one and two, f by one of three
    d, e, f = 2 * x + 2 * y, x + 2 * y, y
    expected = [0, 0, 0, y / (d * f) ** 0.5, y / (e * f) ** 0.5, 0, 0, np.nan]
    np.testing.assert_allclose(scores("f", similarity="tfidf"), expected, rtol=1e-5)


def test_bm25_saturates_popular_items():
    x, y = rarities()
    # (1.2 + 1) / (1 + 1.2 (0.25 + 0.75 people / mean people)), mean 18 / 7 over the seven items with people
    weight = {n: 2.2 / (1 + 1.2 * (0.25 + 0.75 * n / (18 / 7))) for n in (1, 3, 4)}
    expected = [0, 0, 0, y * weight[1] * weight[4], y * weight[1] * weight[3], 0, 0, np.nan]
    np.testing.assert_allclose(scores("f", similarity="bm25"), expected, rtol=1e-5)


def test_visits_narrow_what_is_together():
    # a pause above 1.1 days parts visits: ann (a b c) (a) (d), bob (a b) (d) (c), cid (b c) (a) (e), dee (d e f) (d),
    # eve (d e) (g)
    # a is in 4 visits, b in 3, both in 2; c in 3, with a in 1; d in 5; e in 3, with d in 2; f in 1
    expected = [0, 2 / 12**0.5, 1 / 12**0.5, 0, 0, 0, 0, np.nan]
    np.testing.assert_allclose(scores("a", visit_gap=1.1), expected, rtol=1e-6)
    np.testing.assert_allclose(scores("d", visit_gap=1.1)[4:6], [2 / 15**0.5, 1 / 5**0.5], rtol=1e-6)


def test_no_past_or_an_unknown_past_gives_no_opinion():
    assert np.isnan(scores()).all()
    assert np.isnan(scores("h")).all()


def test_the_fit_in_small_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch):
    whole = scores("d", "a")
    monkeypatch.setattr("penchant.models.neighbours._BLOCK_CELLS", 5)
    np.testing.assert_array_equal(scores("d", "a"), whole)
