"""A log of numbers as plain events, so that a store can begin with what a model was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from penchant.data.arrays import Int64
from penchant.data.catalogue import Catalogue, People
from penchant.data.features import Categories, Column, Numbers, Tags, Texts, Vectors
from penchant.event import Interaction, ItemUpdate, UserUpdate

_PIECE = 50_000
"""Rows that are plain values at a time."""


class EventIds:
    """Ids made from what events say: who, what, when and of which kind, and which of several equal ones it is.

    The same events again, in a log that has grown, or that a model keeps a part of, have the same ids, and bring nothing new.
    Ask in order of time, or in order of time for each person.
    """

    def __init__(self) -> None:
        self._at = 0.0
        self._seen: dict[str, int] = {}

    def id_of(self, user_id: str, item_id: str, at: float, kind: str) -> str:
        """The id of the next event; `at` in seconds, of which whole milliseconds count."""
        said = f"{user_id}\0{item_id}\0{round(at * 1000)}\0{kind}"
        key = "log:" + blake2b(said.encode(), digest_size=12).hexdigest()
        if at != self._at:
            # equal events share their instant
            self._at = at
            self._seen.clear()
        before = self._seen.get(key, 0)
        self._seen[key] = before + 1
        return f"{key}:{before + 1}" if before else key


def interactions_of(people: People, catalogue: Catalogue, *, by_person: bool = False) -> Iterator[Interaction]:
    """All events of the people in order of time, with ids, names and seconds; about 7 microseconds each.

    Where the log names an order of its own, it decides between events of the same instant. Their ids are those of `EventIds`,
    in either order.

    Args:
        by_person: person after person instead, each in order: a store takes them in more than twice as fast, because what
            belongs together lies together.
    """
    log, event_ids = people.sequences.log, EventIds()
    users, items, kinds = people.users.ids.to_list(), catalogue.items.ids.to_list(), list(catalogue.schema.kinds)
    order: Int64 = np.arange(len(log)) if log.order is None else np.lexsort((log.order, log.at))
    if by_person:
        order = people.sequences.rows
    for start in range(0, len(log), _PIECE):
        rows = order[start : start + _PIECE]
        stated = _rows_of({name: column.take(rows) for name, column in log.context.items()}, len(rows))
        sessions = [None] * len(rows) if log.session is None else [str(one) for one in log.session[rows].tolist()]
        columns = (log.user[rows], log.item[rows], log.at[rows] / 1000, log.kind[rows], log.value[rows])
        plain = zip(*(column.tolist() for column in columns), stated, sessions, strict=True)
        for user, item, at, kind, value, context, session in plain:
            yield Interaction(
                user_id=users[user],
                item_id=items[item],
                at=at,
                kind=kinds[kind],
                value=value,
                context=context,
                session_id=session,
                event_id=event_ids.id_of(users[user], items[item], at, kinds[kind]),
            )


def user_updates_of(people: People, at: float, digest: str) -> Iterator[UserUpdate]:
    """What is known of each person, as known from `at` on (seconds since 1970); people of whom nothing is known are left out.

    The person with the number u has the event id ``log:<first twelve digits of digest>:user:u``.
    """
    table, source = people.user_features, f"log:{digest[:12]}:user:"
    for start in range(0, table.n_rows, _PIECE):
        rows = np.arange(start, min(start + _PIECE, table.n_rows))
        stated = _rows_of(table.take(rows).columns, len(rows))
        users = people.users.ids.take(rows).to_list()
        for row, user, features in zip(rows.tolist(), users, stated, strict=True):
            if features:
                yield UserUpdate(user_id=user, at=at, features=features, event_id=f"{source}{row}")


def item_updates_of(catalogue: Catalogue, at: float) -> Iterator[ItemUpdate]:
    """What is known of each item, as known from `at` on (seconds since 1970); items of which nothing is known are left out."""
    table = catalogue.item_features
    for start in range(0, table.n_rows, _PIECE):
        rows = np.arange(start, min(start + _PIECE, table.n_rows))
        stated = _rows_of(table.take(rows).columns, len(rows))
        for item, features in zip(catalogue.items.ids.take(rows).to_list(), stated, strict=True):
            if features:
                yield ItemUpdate(item_id=item, at=at, features=features)


def _rows_of(columns: Any, n: int) -> Sequence[dict[str, Any]]:
    """The values of each row by name, missing ones left out."""
    rows: list[dict[str, Any]] = [{} for _ in range(n)]
    for name, column in columns.items():
        for place, value in zip(*_values(column), strict=True):
            rows[place][name] = value
    return rows


def _values(column: Column) -> tuple[list[int], list[Any]]:
    """The rows that have a value, and their values as an event states them."""
    match column:
        case Categories():
            some = np.flatnonzero(column.codes >= 0)
            names = column.names.ids.to_list()
            return some.tolist(), [names[code] for code in column.codes[some].tolist()]
        case Numbers():
            some = np.flatnonzero(~np.isnan(column.values))
            return some.tolist(), column.values[some].tolist()
        case Tags():
            some = np.flatnonzero(np.diff(column.offsets))
            names = column.names.ids.to_list()
            ends: Int64 = column.offsets
            spans = zip(ends[some].tolist(), ends[some + 1].tolist(), strict=True)
            return some.tolist(), [
                tuple(names[code] for code in column.codes[low:high].tolist()) for low, high in spans
            ]
        case Texts():
            some = np.flatnonzero(np.diff(column.values.offsets))
            return some.tolist(), column.values.take(some).to_list()
        case Vectors():
            some = np.flatnonzero(~np.isnan(column.values).any(axis=1))
            return some.tolist(), [tuple(row) for row in column.values[some].tolist()]
