"""The past as weights, by hand on the toy world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.batch import QueryBatch
from penchant.data.queries import encode
from penchant.models.history import HistoryConfig, history_weights, likeness, log_matrix
from penchant.query import Past, Query
from tests.toy import day, toy_dataset

DATA = toy_dataset()
PLAIN = HistoryConfig(decay=1.0)


def batch(*queries: Query) -> QueryBatch:
    return encode(queries, DATA.catalogue(), DATA.people()).batch


def weights(config: HistoryConfig, *queries: Query, kinds: tuple[float, float] = (1.0, 3.0)) -> list[list[float]]:
    matrix = history_weights(batch(*queries), config, np.asarray(kinds, dtype=np.float32))
    assert matrix.shape == (len(queries), 8) and matrix.dtype == np.float32
    return [[round(x, 5) for x in row] for row in matrix.toarray().tolist()]


def test_kinds_count_and_events_of_an_item_add_up() -> None:
    # ann: a b c(buy) a d
    assert weights(PLAIN, Query(user_id="ann"), Query()) == [[2, 1, 3, 1, 0, 0, 0, 0], [0] * 8]


def test_newer_events_count_more_and_old_ones_not_at_all() -> None:
    # from the newest: d 1, a .5, c 3 x .25, b .125, a .0625
    assert weights(HistoryConfig(decay=0.5), Query(user_id="ann")) == [[0.5625, 0.125, 0.75, 1, 0, 0, 0, 0]]
    assert weights(HistoryConfig(decay=0.5, last_n=2), Query(user_id="ann")) == [[0.5, 0, 0, 1, 0, 0, 0, 0]]


def test_half_life_is_an_age_in_days() -> None:
    # at day 7.5: d is 2 days old, a 4 and 7.5, c 6, b 7 (half-life 2 days)
    config = HistoryConfig(decay=1.0, history_half_life=2.0)
    expected = [0.25 + 2**-3.75, 2**-3.5, 3 / 8, 0.5]
    assert weights(config, Query(user_id="ann", at=day(7.5)))[0][:4] == pytest.approx(expected, abs=1e-5)


def test_a_past_of_no_weight_is_no_past() -> None:
    matrix = history_weights(batch(Query(user_id="cid")), PLAIN, np.asarray([0.0, 3.0], dtype=np.float32))
    # cid only viewed: nothing is stored, so that a model sees somebody without a past (NaN) and not a row of zeros
    assert matrix.nnz == 0 and matrix.indptr.tolist() == [0, 0]


def test_likeness_is_the_mean_over_what_is_known_on_both_sides() -> None:
    # day 7 is a Monday at 00:00. The past: day 0 (Monday 00:00, calm), day 6.5 (Sunday 12:00)
    asked = Query(user_id="ann", at=day(7), context={"mood": "calm"})
    made = batch(asked)
    first = made.history.take(np.asarray([0])).keep(made.history.at == made.history.at[0])
    # same hour 1, both working days 1, same mood 1
    assert likeness(made, first).tolist() == [1.0]
    stranger = batch(replace(asked, user_id=None, history=[Past(item_id="a", at=day(6.5))]))
    # opposite hour 0, weekend against working day 0, no mood of its own: left out
    assert likeness(stranger, stranger.history).tolist() == [0.0]
    noon = batch(replace(asked, user_id=None, history=[Past(item_id="a", at=day(4.25))]))
    # six hours apart (1 + cos 90 degrees) / 2 = .5, both working days 1: mean .75
    assert likeness(noon, noon.history).tolist() == pytest.approx([0.75])


def test_likeness_without_a_moment_looks_at_circumstances_only() -> None:
    made = replace(batch(Query(user_id="ann", context={"mood": "calm"})), is_moment=False)
    # ann: calm calm calm calm lively
    assert likeness(made, made.history).tolist() == [1, 1, 1, 1, 0]
    nothing = replace(batch(Query(user_id="ann")), is_moment=False)
    assert likeness(nothing, nothing.history).tolist() == [0] * 5


def test_context_match_multiplies() -> None:
    config = HistoryConfig(decay=1.0, context_match=1.0)
    made = replace(batch(Query(user_id="ann", context={"mood": "calm"})), is_moment=False)
    got = history_weights(made, config, np.ones(2, dtype=np.float32)).toarray()[0]
    assert got[:4].tolist() == pytest.approx([2 * np.e, np.e, np.e, 1.0])


def test_the_log_as_a_matrix() -> None:
    count = log_matrix(DATA, "count").toarray()
    # ann: a twice, c bought; fay did nothing and has no row
    assert count.shape == (5, 8) and count[0].tolist() == [2, 1, 3, 1, 0, 0, 0, 0]
    assert log_matrix(DATA).toarray().tolist() == (count > 0).astype(float).tolist()
    assert log_matrix(DATA, "log").toarray() == pytest.approx(np.log1p(count))


def test_events_of_no_weight_take_no_place_of_others() -> None:
    past = batch(Query(user_id="ann"))
    # ann: view a, view b, buy c, view a, view d; when views count nothing the buy is the newest event
    weights = history_weights(past, HistoryConfig(last_n=1, decay=0.5), np.asarray([0.0, 3.0], dtype=np.float32))
    assert weights.toarray().tolist() == [[0, 0, 3, 0, 0, 0, 0, 0]]
