"""From queries in words to numbers, on the toy world."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.queries import EncodedQueries, encode
from penchant.errors import UnknownName
from penchant.query import Past, Query
from tests.data.columns_as_values import plain
from tests.toy import ITEMS, PEOPLE, day, toy_dataset

DATA = toy_dataset()
CATALOGUE, KNOWN = DATA.catalogue(), DATA.people()


def encoded(*queries: Query) -> EncodedQueries:
    return encode(queries, CATALOGUE, KNOWN)


def pasts(found: EncodedQueries) -> list[list[str]]:
    history = found.batch.history
    bounds = history.offsets.tolist()
    return [[ITEMS[i] for i in history.item[a:b]] for a, b in zip(bounds[:-1], bounds[1:], strict=True)]


def test_a_known_person_brings_history_and_attributes() -> None:
    found = encoded(Query(user_id="dee"))
    assert pasts(found) == [["d", "e", "f", "d"]]
    assert found.batch.history.kind.tolist() == [0, 0, 0, 1]
    assert plain(found.batch.user_features.columns["group"]) == ["old"]
    assert plain(found.batch.history.context["mood"]) == ["lively"] * 4
    # one millisecond after the last event of the log, on day 6
    assert found.batch.at.tolist() == [round(day(6.0) * 1000) + 1]
    assert found.strangers == () and found.unknown_items == ()


def test_the_moment_cuts_the_history_strictly() -> None:
    # dee: d on 2.25, the basket e f on 2.50
    found = encoded(*(Query(user_id="dee", at=day(d)) for d in (2.25, 2.5, 2.51)))
    assert pasts(found) == [[], ["d"], ["d", "e", "f"]]


def test_a_stranger_is_served_and_said() -> None:
    found = encoded(Query(user_id="zoe"), Query(), Query(user_id="zoe", features={"group": "young"}))
    assert found.strangers == ("zoe",) and found.batch.user.tolist() == [-1, -1, -1]
    assert pasts(found) == [[], [], []]
    assert plain(found.batch.user_features.columns["group"]) == [None, None, "young"]


def test_features_override_what_is_known() -> None:
    found = encoded(Query(user_id="ann", features={"group": "old"}), Query(user_id="ann"))
    assert plain(found.batch.user_features.columns["group"]) == ["old", "young"]
    with pytest.raises(UnknownName, match='unknown user attribute "gruop". Did you mean "group"'):
        encoded(Query(features={"gruop": "old"}))


def test_a_given_history_replaces_the_known_one() -> None:
    found = encoded(Query(user_id="ann", history=[Past(item_id="g")]), Query(user_id="ann", history=()))
    assert pasts(found) == [["g"], []] and found.batch.user.tolist() == [0, 0]


def test_events_without_a_time_lie_just_before_the_query() -> None:
    timed = Past(item_id="c", at=day(6.5), kind="buy", value=2.0)
    found = encoded(Query(history=[Past(item_id="a"), timed, Past(item_id="b")], at=day(7)))
    history, now = found.batch.history, round(day(7) * 1000)
    assert pasts(found) == [["c", "a", "b"]]
    assert (now - history.at).tolist() == [43_200_000, 3, 1]
    assert history.kind.tolist() == [1, 0, 0] and history.value.tolist() == [2.0, 1.0, 1.0]


def test_later_events_of_a_history_are_dropped() -> None:
    history = [Past(item_id="a", at=day(8)), Past(item_id="b", at=day(7)), Past(item_id="c", at=day(6))]
    assert pasts(encoded(Query(history=history, at=day(7)))) == [["c"]]
    # without a moment of its own the query comes after all of them
    found = encoded(Query(history=history))
    assert pasts(found) == [["c", "b", "a"]] and found.batch.at.tolist() == [round(day(8) * 1000) + 1]


def test_unknown_items_are_reported_and_left_out() -> None:
    found = encoded(
        Query(history=[Past(item_id="zz"), Past(item_id="a")], exclude=frozenset(["b", "yy"]), candidates=("xx",)),
        Query(candidates=("c", "zz", "c"), exclude=frozenset()),
    )
    assert found.unknown_items == ("zz", "xx", "yy") and pasts(found) == [["a"], []]
    assert [None if c is None else c.tolist() for c in found.candidates] == [[], [2]]
    assert [e.tolist() for e in found.excluded] == [[1], []]
    assert encoded(Query()).candidates == (None,)


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(UnknownName, match='unknown context field "mod". Did you mean "mood"'):
        encoded(Query(context={"mod": "calm"}))
    with pytest.raises(UnknownName, match='unknown event kind "byu". Did you mean "buy"'):
        encoded(Query(history=[Past(item_id="a", kind="byu")]))


def test_context_of_the_moment() -> None:
    found = encoded(Query(context={"mood": "lively"}), Query(), Query(context={"mood": "unheard of"}))
    assert plain(found.batch.context["mood"]) == ["lively", None, None]


def known_past(person: str) -> list[Past]:
    """The person's events in the log, as a query states them."""
    log, kinds = DATA.interactions, list(DATA.schema.kinds)
    return [
        Past(
            item_id=ITEMS[log.item[row]],
            at=log.at[row] / 1000,
            kind=kinds[log.kind[row]],
            value=float(log.value[row]),
            context=log.context_of(row),
        )
        for row in np.flatnonzero(log.user == DATA.users.number(person)).tolist()
    ]


@pytest.mark.parametrize("person", PEOPLE)
def test_a_past_may_state_all_that_the_log_knows(person: str) -> None:
    known, told = (
        encoded(query).batch.history
        for query in (Query(user_id=person, at=day(7)), Query(history=known_past(person), at=day(7)))
    )
    for name in ("item", "at", "kind", "value", "offsets"):
        assert getattr(known, name).tolist() == getattr(told, name).tolist()
    assert plain(known.context["mood"]) == plain(told.context["mood"])


def test_circumstances_of_a_past_must_be_declared() -> None:
    calm, strange = (Past(item_id="a", context={"mood": mood}) for mood in ("calm", "unheard of"))
    assert plain(encoded(Query(history=[calm, strange, Past(item_id="b")])).batch.history.context["mood"]) == [
        "calm",
        None,
        None,
    ]
    # even where its item is not known
    for item in ("a", "zz"):
        with pytest.raises(UnknownName, match='unknown context field "mod". Did you mean "mood"'):
            encoded(Query(history=[Past(item_id=item, context={"mod": "calm"})]))


def test_nothing_asked() -> None:
    assert len(encoded().batch) == 0


people = st.sampled_from([*PEOPLE, "zoe", None])
past = st.builds(
    Past,
    item_id=st.sampled_from([*ITEMS, "zz"]),
    at=st.none() | st.sampled_from([day(d) for d in (1, 3, 5, 7)]),
    context=st.sampled_from([{}, {"mood": "calm"}, {"mood": "lively"}]),
)
queries = st.builds(
    Query,
    user_id=people,
    history=st.none() | st.lists(past, max_size=4),
    at=st.none() | st.sampled_from([day(d) for d in (0, 2.5, 4, 6, 8)]),
    context=st.sampled_from([{}, {"mood": "calm"}]),
)


@given(st.lists(queries, min_size=1, max_size=5))
def test_asked_together_is_asked_alone(asked: list[Query]) -> None:
    together = encoded(*asked).batch
    for b, query in enumerate(asked):
        mine, alone = together.take(np.asarray([b])), encoded(query).batch
        assert mine.at.tolist() == alone.at.tolist() and mine.user.tolist() == alone.user.tolist()
        for name in ("item", "at", "kind", "value", "offsets"):
            assert getattr(mine.history, name).tolist() == getattr(alone.history, name).tolist()
        # the circumstances of known events stay, whoever else asks
        assert plain(mine.history.context["mood"]) == plain(alone.history.context["mood"])
        assert plain(mine.context["mood"]) == plain(alone.context["mood"])


@given(st.lists(queries, min_size=1, max_size=5))
def test_no_history_reaches_the_moment(asked: list[Query]) -> None:
    batch = encoded(*asked).batch
    assert (batch.history.at < batch.at[batch.history.owner]).all()
    assert ((batch.history.item >= 0) & (batch.history.item < len(ITEMS))).all()
    inside = batch.history.owner[1:] == batch.history.owner[:-1]
    assert (np.diff(batch.history.at)[inside] >= 0).all()
