"""`userknn` on the toy world: similarities and votes by hand.

Profiles: ann a b c d, bob a b c d, cid a b c e, dee d e f, eve d e g.
"""

from __future__ import annotations

import numpy as np

from penchant.models.userknn import UserKnn
from penchant.query import Past, Query
from tests.toy import ITEMS, day, toy_dataset


def fitted(**settings):
    settings = {"visit_gap": None, "rarity": 0.0, "decay": 0.5, **settings}
    return UserKnn(popularity_behind=False, **settings).fit(toy_dataset())


def scores(*history, **settings):
    past = tuple(Past(item_id=item) for item in history)
    return fitted(**settings).score(Query(at=day(7), history=past), ITEMS)


def test_votes_are_cosines():
    # (d) is 1/2 like ann and bob (4 items each) and 1 / sqrt(3) like dee and eve
    four, three = 1 / 2, 1 / 3**0.5
    expected = [2 * four] * 3 + [2 * four + 2 * three, 2 * three, three, three, np.nan]
    np.testing.assert_allclose(scores("d"), expected, rtol=1e-6)


def test_sharpness_is_a_power_of_the_cosine():
    expected = [2 / 4] * 3 + [2 / 4 + 2 / 3, 2 / 3, 1 / 3, 1 / 3, np.nan]
    np.testing.assert_allclose(scores("d", sharpness=2.0), expected, rtol=1e-6)


def test_older_events_count_less_and_only_the_nearest_vote():
    # past (e 1/2, f 1) has length sqrt(5/4): dee (1/2 + 1) / sqrt(3 * 5/4), ahead of eve and cid who lack f
    dee = 1.5 / (3 * 1.25) ** 0.5
    np.testing.assert_allclose(scores("e", "f", neighbours=1), [0, 0, 0, dee, dee, dee, 0, np.nan], rtol=1e-6)


def test_rare_items_count_more_when_profiles_are_compared():
    # 5 profiles; items of 3, 4 and 1 of them weigh log(1 + 5/3), log(1 + 5/4), log(1 + 5); their common scale cancels
    w3, w4, w1 = np.log(1 + 5 / 3), np.log(1 + 5 / 4), np.log(6.0)
    past = ((0.5 * w4) ** 2 + w1**2) ** 0.5  # the past is (d 1/2, f 1)
    dee = (0.5 * w4**2 + w1**2) / past / (w4**2 + w3**2 + w1**2) ** 0.5
    result = scores("d", "f", rarity=1.0, neighbours=1)
    np.testing.assert_allclose(result, [0, 0, 0, dee, dee, dee, 0, np.nan], rtol=1e-5)


def test_profiles_may_be_visits():
    # a pause above 1.1 days parts visits: ann (a b c) (a) (d), bob (a b) (d) (c), cid (b c) (a) (e), dee (d e f) (d),
    # eve (d e) (g). Past (f): only dee's first visit, 1 / sqrt(3)
    three = 1 / 3**0.5
    np.testing.assert_allclose(scores("f", visit_gap=1.1), [0, 0, 0, three, three, three, 0, np.nan], rtol=1e-6)
    # past (g): eve's last visit, which holds nothing else
    np.testing.assert_allclose(scores("g", visit_gap=1.1), [0, 0, 0, 0, 0, 0, 1, np.nan], rtol=1e-6)


def test_the_profile_is_the_history_not_the_number():
    model = fitted()
    ann = ((0, "a", "view"), (0.5, "b", "view"), (1.5, "c", "buy"), (3.5, "a", "view"), (5.5, "d", "view"))
    told = Query(at=day(6), history=tuple(Past(item_id=i, at=day(t), kind=k) for t, i, k in ann))
    known = Query(user_id="ann", at=day(6))
    np.testing.assert_allclose(model.score(told, ITEMS), model.score(known, ITEMS), rtol=1e-6)


def test_no_past_gives_no_opinion():
    assert np.isnan(scores()).all()
