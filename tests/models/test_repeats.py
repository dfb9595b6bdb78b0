"""`repeats` on the toy world: decayed counts and learned chances by hand."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models.repeats import Repeats
from penchant.query import Past, Query
from tests.toy import ITEMS, day, toy_dataset

# Ann before day 6: a at 0, b at 0.5, c bought at 1.5, a at 3.5, d at 5.5.
ANN = Query(user_id="ann", at=day(6), k=8)


def fitted(**settings):
    return Repeats(popularity_behind=False, **settings).fit(toy_dataset())


def test_decay_by_place():
    model = fitted(counting="decayed", half_life=None, decay=0.5)
    # places from the newest: d 0, a 1, c 2 (a buy weighs 3), b 3, a 4
    expected = [0.5 + 0.5**4, 0.5**3, 3 * 0.5**2, 1.0]
    np.testing.assert_allclose(model.score(ANN, ["a", "b", "c", "d"]), expected, rtol=1e-6)
    np.testing.assert_array_equal(model.score(ANN, ["e", "f", "g", "h"]), 0)


def test_decay_by_age():
    model = fitted(counting="decayed", half_life=2.0)
    expected = [2**-3.0 + 2**-1.25, 2**-2.75, 3 * 2**-2.25, 2**-0.25]
    np.testing.assert_allclose(model.score(ANN, ["a", "b", "c", "d"]), expected, rtol=1e-6)


def test_only_the_newest_events_count():
    model = fitted(counting="decayed", half_life=None, last_n=2)
    np.testing.assert_allclose(model.score(ANN, ["a", "b", "c", "d"]), [1, 0, 0, 1])


def test_chances_of_a_return_are_learned():
    # Only ann and dee, so that the table can be made by hand. Cells are (kind of the last event, minutes since it rounded
    # down to a power of two, count in half octaves); without a half-life a count is a whole number. Own items at each event:
    #   ann b 0.5: a 0.50 d        ann c 1.5: a 1.5 d, b 1.0 d      ann a 3.5: a 3.5 d (comes), b 3.0 d, c bought 2.0 d
    #   ann d 5.5: a 2.0 d twice, b 5.0 d, c bought 4.0 d
    #   dee e 2.5: d 0.25 d        dee f 2.5: d 0.25 d (e shares the instant, so it is not past)
    #   dee d 4.5: d 2.25 d (comes), e 2.0 d, f 2.0 d
    # That is 14 occasions with 2 returns. 2048 min = 1.42 d, 4096 min = 2.84 d, 8192 min = 5.69 d:
    #   views 1.42-2.84 d: once 4 occasions (a, d, e, f) with 1 return, twice 1 occasion (a) without
    #   views 2.84-5.69 d: once 3 occasions (a, b, b) with 1 return; buys 1.42-2.84 d: 1 without; buys 2.84-5.69 d: 1 without
    toy = toy_dataset()
    train = toy.take(np.isin(toy.interactions.user, [0, 3]))
    model = Repeats(popularity_behind=False, half_life=None).fit(train)
    overall = 2 / 14
    middle, old, bought = (1 + 5 * overall) / (5 + 5), (1 + 5 * overall) / (3 + 5), (5 * overall) / (1 + 5)
    expected = [
        (0 + 5 * middle) / (1 + 5),  # a: 2.1 days ago, twice
        (1 + 5 * old) / (3 + 5),  # b: 5.1 days ago, once
        (0 + 5 * bought) / (1 + 5),  # c: bought 4.1 days ago
    ]
    query = Query(user_id="ann", at=day(5.6))
    scores = model.score(query, ["a", "b", "c"])
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_the_count_fades_with_its_half_life():
    # 2 events of a 4 and 2 days ago at a half-life of 2 days: count 1/4 + 1/2 = 0.75, cell floor(2 log2 .75) = -1;
    # 1 event of b 2 days ago: count 1/2, cell -2; both last seen 2 days ago. Told apart only by the count.
    model = fitted(half_life=2.0)
    past = (Past(item_id="a", at=day(2)), Past(item_id="a", at=day(4)), Past(item_id="b", at=day(4)))
    a, b = model.score(Query(at=day(6), history=past), ["a", "b"])
    chance = model.chance.reshape(2, 21, 24)[0, 12]
    np.testing.assert_allclose([a, b], [chance[6 - 1], chance[6 - 2]])


def test_a_later_event_is_not_known():
    model = fitted(counting="decayed", half_life=None)
    # at day 3.5 sharp ann's second a is not past
    np.testing.assert_allclose(model.score(Query(user_id="ann", at=day(3.5)), ["a", "b", "c", "d"]), [1, 1, 3, 0])


@pytest.mark.parametrize("counting", ["learned", "decayed"])
def test_without_a_past_there_is_no_opinion_but_popularity_behind(counting):
    nobody = Query(user_id="fay", at=day(7), k=3)
    assert np.isnan(fitted(counting=counting).score(nobody, ITEMS)).all()
    # of all choices, half counted per 7 days, d and e lead and c follows (see test_popular)
    behind = Repeats(counting=counting).fit(toy_dataset())
    assert behind.recommend(nobody).item_ids == ("d", "e", "c")


def test_an_item_that_training_never_saw_can_come_again():
    model = fitted(counting="decayed")
    stranger = Query(at=day(7), history=(Past(item_id="h", at=day(6.9)), Past(item_id="a", at=day(1))), k=2)
    assert model.recommend(stranger).item_ids == ("h", "a")
