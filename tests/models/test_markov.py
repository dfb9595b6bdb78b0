"""`markov` on the toy world: transitions by hand. Views weigh 1 and buys 3, on either side of a transition.

    ann a b C a d      a>b 1, b>C 3, C>a 3, a>d 1            (capitals are buys)
    bob a b d c        a>b 1, b>d 1, d>c 1
    cid b c a e        b>c 1, c>a 1, a>e 1
    dee d (e f) D      d>e 1/2, d>f 1/2 (they share the instant), e>D 3, f>D 3
    eve d E g          d>E 3, E>g 3

Rows: a: b 2, d 1, e 1 of 4; b: c 4, d 1 of 5; c: a 4 of 4; d: c 1, e 3.5, f 0.5 of 5; e: d 3, g 3 of 6; f: d 3 of 3; g: none.
"""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models.markov import Markov
from penchant.query import Past, Query
from tests.toy import ITEMS, day, toy_dataset

ONE_STEP = {"window": 1, "last_n": 1, "shrink": 0.0, "decay": 0.5, "fade": 0.5}


def scores(*history, query=None, **settings):
    model = Markov(popularity_behind=False, **{**ONE_STEP, **settings}).fit(toy_dataset())
    past = tuple(Past(item_id=item) for item in history)
    return model.score(query or Query(at=day(7), history=past), ITEMS)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("a", [0, 0.5, 0, 0.25, 0.25, 0, 0, np.nan]),
        ("b", [0, 0, 0.8, 0.2, 0, 0, 0, np.nan]),
        ("c", [1, 0, 0, 0, 0, 0, 0, np.nan]),
        ("d", [0, 0, 0.2, 0, 0.7, 0.1, 0, np.nan]),
        ("e", [0, 0, 0, 0.5, 0, 0, 0.5, np.nan]),
        ("f", [0, 0, 0, 1, 0, 0, 0, np.nan]),
    ],
)
def test_shares_of_followers(last, expected):
    np.testing.assert_allclose(scores("c", last), expected, rtol=1e-6)


def test_what_was_never_followed_gives_no_opinion():
    assert np.isnan(scores("a", "g")).all()
    assert np.isnan(scores()).all()


def test_all_events_of_the_newest_instant_are_last():
    # dee at day 4: e and f share the instant and half the weight each: d 1/2 * 1/2 + 1/2 * 1, g 1/2 * 1/2
    dee = Query(user_id="dee", at=day(4))
    np.testing.assert_allclose(scores(query=dee), [0, 0, 0, 0.75, 0, 0, 0.25, np.nan], rtol=1e-6)
    # one instant further back is d, at half: c .1, e .35, f .05
    expected = [0, 0, 0.1, 0.75, 0.35, 0.05, 0.25, np.nan]
    np.testing.assert_allclose(scores(query=dee, last_n=2), expected, rtol=1e-6)


def test_the_kind_of_past_events_counts():
    bought = Query(at=day(7), history=(Past(item_id="b", kind="buy"),))
    np.testing.assert_allclose(scores(query=bought), [0, 0, 2.4, 0.6, 0, 0, 0, np.nan], rtol=1e-6)


def test_followers_two_instants_later_count_half():
    # new from b: ann b>a 1/2, bob b>c 1/2, cid b>a 1/2; with c 4 and d 1 that makes a 1, c 4.5, d 1 of 6.5
    expected = np.asarray([1, 0, 4.5, 1, 0, 0, 0, np.nan]) / 6.5
    np.testing.assert_allclose(scores("b", window=2), expected, rtol=1e-6)


def test_longest_time_to_a_follower():
    # within a day: ann a>b b>C, bob a>b, cid b>c, dee d>e d>f, eve d>E; what follows c came two days later
    np.testing.assert_allclose(scores("a", max_gap=1.0), [0, 1, 0, 0, 0, 0, 0, np.nan], rtol=1e-6)
    assert np.isnan(scores("c", max_gap=1.0)).all()


def test_shrink_doubts_items_followed_rarely():
    # a was followed 4 times: b 2 / (4 + 4)
    np.testing.assert_allclose(scores("a", shrink=4.0), [0, 0.25, 0, 0.125, 0.125, 0, 0, np.nan], rtol=1e-6)


def test_the_fit_in_small_chunks_is_the_same(monkeypatch: pytest.MonkeyPatch):
    whole = scores("b", "d", window=3, last_n=2)
    monkeypatch.setattr("penchant.models.markov._CHUNK", 3)
    np.testing.assert_allclose(scores("b", "d", window=3, last_n=2), whole, rtol=1e-6)
