"""Pasts that come with queries: columns give the batch that an event-by-event reading gives, bit by bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.queries import encode
from penchant.data.sequences import Histories
from penchant.query import Past, PastColumns, Query
from tests.toy import ITEMS, day, toy_dataset

DATA = toy_dataset()
CATALOGUE, KNOWN = DATA.catalogue(), DATA.people()
NAMES = ("offsets", "item", "at", "kind", "value")

pasts = st.builds(
    Past,
    item_id=st.sampled_from([*ITEMS, "zz", "yy"]),
    # some share a millisecond, some reach the moment of the query, on day 5
    at=st.none() | st.sampled_from([day(4.0), day(4.0) + 0.0004, day(4.0) + 0.0005]) | st.floats(day(0.0), day(5.1)),
    kind=st.sampled_from([None, *DATA.schema.kinds]),
    value=st.floats(-3.0, 3.0),
    context=st.just({}) | st.sampled_from([{"mood": "calm"}, {"mood": "lively"}, {"mood": "unheard of"}]),
)


def one_by_one(history: list[Past], now: int) -> tuple[list[list[float]], list[str | None], list[str]]:
    """Rows of item, millisecond, kind and value; moods; unknown items: by the words of `Past` and `encode`."""
    rows, unknown = [], []
    for place, past in enumerate(history):
        if past.item_id not in ITEMS:
            unknown.append(past.item_id)
            continue
        at = now - len(history) + place if past.at is None else round(past.at * 1000)
        kind = 0 if past.kind is None else list(DATA.schema.kinds).index(past.kind)
        mood = past.context.get("mood")
        if at < now:
            rows.append((at, ITEMS.index(past.item_id), kind, past.value, None if mood is None else str(mood)))
    rows.sort(key=lambda row: row[0])  # stable
    return [[item, at, kind, value] for at, item, kind, value, _ in rows], [row[4] for row in rows], unknown


def same_bits(one: Histories, other: Histories) -> bool:
    arrays = [(getattr(one, name), getattr(other, name)) for name in NAMES]
    arrays.append((one.context["mood"].codes, other.context["mood"].codes))  # type: ignore[union-attr]
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in arrays)


@given(st.lists(pasts, max_size=12))
def test_columns_are_read_as_events_are(history: list[Past]) -> None:
    now = round(day(5.0) * 1000)
    rows, moods, unknown = one_by_one(history, now)
    codes = [-1 if mood in (None, "unheard of") else ["calm", "lively"].index(mood) for mood in moods]
    names = KNOWN.sequences.log.context["mood"].names  # type: ignore[union-attr]
    for told in (history, PastColumns.of(history)):
        found = encode([Query(history=told, at=day(5.0))], CATALOGUE, KNOWN)
        past = found.batch.history
        assert past.item.tolist() == [row[0] for row in rows] and past.item.dtype == np.int32
        assert past.at.tolist() == [row[1] for row in rows] and past.at.dtype == np.int64
        assert past.kind.tolist() == [row[2] for row in rows] and past.kind.dtype == np.int8
        assert past.value.tobytes() == np.asarray([row[3] for row in rows], dtype=np.float32).tobytes()
        mood = past.context["mood"].codes  # type: ignore[union-attr]
        assert [names.id(code) if code >= 0 else None for code in mood.tolist()] == [
            None if code < 0 else ["calm", "lively"][code] for code in codes
        ]
        assert found.unknown_items == tuple(dict.fromkeys(unknown))
        assert not past.item.flags.writeable


@given(st.lists(st.lists(pasts, max_size=6), max_size=4))
def test_several_pasts_are_those_of_each(histories: list[list[Past]]) -> None:
    together, as_columns = (
        encode([Query(history=told, at=day(5.0)) for told in form], CATALOGUE, KNOWN).batch.history
        for form in (histories, [PastColumns.of(one) for one in histories])
    )
    assert same_bits(together, as_columns)
    alone = [encode([Query(history=one, at=day(5.0))], CATALOGUE, KNOWN).batch.history for one in histories]
    assert together.lengths.tolist() == [len(one.item) for one in alone]
    for name in NAMES[1:]:
        assert getattr(together, name).tolist() == [x for one in alone for x in getattr(one, name).tolist()]


@given(st.lists(pasts, max_size=5))
def test_columns_are_a_sequence_of_entries(history: list[Past]) -> None:
    columns = PastColumns.of(history)
    assert list(columns) == history and list(columns[1:3]) == history[1:3] and len(columns) == len(history)
    assert PastColumns.of(columns) is columns
    assert Query(history=columns).history is columns
    if history:
        assert columns[-1] == history[-1]
