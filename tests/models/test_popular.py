"""`popular` on the toy world: counts as of an instant, decay, window and groups by hand."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.errors import BadConfig, UnknownName
from penchant.models.popular import Popular
from penchant.query import Query
from tests.toy import ITEMS, day, toy_dataset


def counts(at, user_id=None, features=None, **settings):
    model = Popular(**settings).fit(toy_dataset())
    return model.score(Query(user_id=user_id, at=day(at), features=features or {}), ITEMS)


def test_counts_of_all_time_weigh_kinds():
    # views count 1 and buys 3: c = buy + 2 views, d = buy + 4 views, e = buy + 2 views
    np.testing.assert_allclose(counts(7, half_life=None), [4, 3, 5, 7, 5, 1, 1, 0])


def test_nothing_at_or_after_the_moment_counts():
    # rows 0-12; eve's buy of e at day 4 sharp does not count
    np.testing.assert_allclose(counts(4, half_life=None), [3, 3, 4, 3, 1, 1, 0, 0])
    np.testing.assert_allclose(counts(0, half_life=None), 0)


def test_half_life():
    # as of day 3.5, half-life 1 day: d at 2.25, 3.0, 3.25; e and f at 2.5
    scores = counts(3.5, half_life=1.0)
    np.testing.assert_allclose(scores[3], 2**-1.25 + 2**-0.5 + 2**-0.25, rtol=1e-6)
    np.testing.assert_allclose(scores[4:], [0.5, 0.5, 0, 0], rtol=1e-6)


def test_window():
    # as of day 3.5 only days 2.4 to 3.5: d at 3.0 and 3.25, e, f
    np.testing.assert_allclose(counts(3.5, half_life=None, window=1.1), [0, 0, 0, 2, 1, 1, 0, 0], atol=1e-6)


def test_within_a_group():
    # as of day 4 the young (ann, bob) chose a 3 times, b twice, c by a buy, d once; a share of 20 choices goes by the
    # overall counts 3 3 4 3 1 1 0 0 (sum 15) of the test above
    overall = np.asarray([3, 3, 4, 3, 1, 1, 0, 0]) * 20 / 15
    young = counts(4, user_id="bob", half_life=None, within="group")
    np.testing.assert_allclose(young, [3, 2, 3, 1, 0, 0, 0, 0] + overall, rtol=1e-6)
    stranger = counts(4, features={"group": "young"}, half_life=None, within="group")
    np.testing.assert_allclose(stranger, young)


def test_people_of_no_group_get_the_overall_counts():
    np.testing.assert_allclose(counts(4, user_id="eve", half_life=None, within="group"), [3, 3, 4, 3, 1, 1, 0, 0])


def test_bad_settings_are_refused():
    with pytest.raises(UnknownName, match="group"):
        Popular(within="grup").fit(toy_dataset())
    with pytest.raises(BadConfig, match="popularity_behind"):
        Popular(popularity_behind=True)


def test_a_window_as_long_as_the_newest_part_of_the_log() -> None:
    # 20 events in six days; the newest half begins with row 9 of 19 (int(.5 * 19)): day 2.5, so the window is 3.5 days.
    # From day 6.2 it reaches back to day 2.7: rows 10-19, the choices d d a e a d c g d e, with a buy (3) of e and d
    model = Popular(half_life=None, window_share=0.5).fit(toy_dataset())
    scores = model.score(Query(at=day(6.2)), ["a", "b", "c", "d", "e", "g"])
    assert scores.tolist() == [2.0, 0.0, 1.0, 1 + 1 + 3 + 1, 3 + 1, 1.0]
