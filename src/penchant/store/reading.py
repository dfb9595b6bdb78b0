"""All questions that a store answers, the same for every backend."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from penchant.event import Flag, Impression, Interaction, UserUpdate
from penchant.store.database import Database
from penchant.store.lists import impression_of
from penchant.store.own_past import OwnPast, interactions_of
from penchant.store.protocol import ItemState, Logged, Pointer, Stored, Version
from penchant.store.rows import COLUMNS, INTERACTION, TYPES, json_of, state_of, stored_of

_END = 2**63 - 1
_PAGE = 1_000

_CHOICES = (
    "SELECT place, item_id, at, kind FROM log WHERE place > ? AND place <= ? AND type = 1 AND at > ? "
    "ORDER BY place LIMIT ?"
)
_SCAN = "SELECT place, {columns} FROM log WHERE place > ? AND place <= ?{which} ORDER BY place LIMIT ?"
_ITEM = f"SELECT place, {COLUMNS} FROM log WHERE type = 2 AND item_id = ? AND place <= ? ORDER BY place DESC LIMIT 1"
_USER = (
    f"SELECT place, {COLUMNS} FROM log WHERE type <> 1 AND type = 3 AND user_id = ? AND place <= ? "
    "ORDER BY place DESC LIMIT 1"
)
_WITHHELD = (
    "SELECT DISTINCT item_id FROM log AS held WHERE type = 2 AND value <> 0 AND place <= ? AND NOT EXISTS "
    "(SELECT 1 FROM log AS newer WHERE newer.type = 2 AND newer.item_id = held.item_id "
    "AND newer.place > held.place AND newer.place <= ?)"
)
_LISTS_START = "SELECT at, seq FROM lists WHERE at >= ?{whose} ORDER BY at DESC, seq DESC LIMIT 1 OFFSET ?"
_LISTS = (
    "SELECT at, seq, recommendation_id, body FROM lists WHERE at >= ? AND (at > ? OR seq > ?){whose} "
    "ORDER BY at, seq LIMIT ?"
)
_OFFSETS = "SELECT value FROM counters WHERE name IN ('offset', 'updated') ORDER BY name"


class Reading:
    """The part of a store that reads; see `penchant.store.protocol.Store` for what each method promises."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = database.read
        self._pasts = database.dialect.pasts

    def offset(self) -> int:
        """The newest offset."""
        return int(self._rows("SELECT value FROM counters WHERE name = 'offset'")[0][0])

    def updated(self) -> int:
        """The newest offset of an item update or a flag."""
        return int(self._rows("SELECT value FROM counters WHERE name = 'updated'")[0][0])

    def forgotten(self) -> int:
        """How many times somebody was forgotten."""
        return int(self._rows("SELECT value FROM counters WHERE name = 'forgotten'")[0][0])

    def offsets(self) -> tuple[int, int]:
        """The newest offset, and that of an item update or a flag."""
        (newest,), (updated,) = self._rows(_OFFSETS)
        return int(newest), int(updated)

    def history(
        self, user_id: str, *, before: float | None = None, upto: int | None = None, last: int = 1000
    ) -> tuple[Interaction, ...]:
        """A person's newest events, oldest first."""
        rows = self._rows(self._pasts.history, (user_id, _before(before), _upto(upto), max(last, 0)))
        rows.reverse()
        return interactions_of(user_id, rows)

    def past(
        self,
        user_id: str,
        *,
        before: float | None = None,
        upto: int | None = None,
        last: int = 1000,
        contexts: bool = True,
    ) -> OwnPast:
        """The same as columns."""
        sql = self._pasts.history if contexts else self._pasts.newest
        rows = self._rows(sql, (user_id, _before(before), _upto(upto), max(last, 0)))
        rows.reverse()
        return OwnPast.of(rows)

    def chosen_among(
        self,
        user_id: str,
        items: Sequence[str],
        *,
        before: float | None = None,
        upto: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> frozenset[str]:
        """Which of these items the person has an event with."""
        if not items or (kinds is not None and not kinds):
            return frozenset()
        marks = "" if kinds is None else f" AND kind IN ({', '.join('?' * len(kinds))})"
        sql = self._pasts.chosen.format(kinds=marks)
        named = tuple(kinds or ()) * self._pasts.chosen.count("{kinds}")
        values = (json_of(list(items)).decode(), user_id, _before(before), _upto(upto), *named)
        return frozenset(item for (item,) in self._rows(sql, values))

    def newest_at(self, user_id: str) -> float | None:
        """The greatest `at` of a person's events."""
        found: float | None = self._rows(self._pasts.newest_at, (user_id,))[0][0]
        return found

    def scan(
        self,
        after: int = 0,
        upto: int | None = None,
        *,
        types: Sequence[type[Logged]] = (),
        newer_than: float | None = None,
        at_once: int = 10_000,
    ) -> Iterator[Stored]:
        """The log in order; without `upto` it ends at what is the newest offset when the first event is asked for."""
        numbers = sorted(TYPES[kind] for kind in types)
        rare = " AND type <> 1" if numbers and INTERACTION not in numbers else ""
        which = f"{rare} AND type IN ({', '.join(map(str, numbers))})" if numbers else ""
        late = "" if newer_than is None else " AND at > ?"
        since = () if newer_than is None else (newer_than,)
        sql = _SCAN.format(columns=COLUMNS, which=which + late)
        end = self.offset() if upto is None else upto
        at_once = max(at_once, 1)
        while after < end:
            rows = self._rows(sql, (after, end, *since, at_once))
            for row in rows:
                yield stored_of(row)
            if len(rows) < at_once:
                return
            after = rows[-1][0]

    def choices(
        self, after: int, upto: int, *, newer_than: float, at_once: int = 10_000
    ) -> Iterator[list[tuple[int, str, float, str]]]:
        """Interactions without what counting does not need."""
        while after < upto:
            rows = self._rows(_CHOICES, (after, upto, newer_than, at_once))
            if rows:
                yield rows
            if len(rows) < at_once:
                return
            after = rows[-1][0]

    def item(self, item_id: str, *, upto: int | None = None) -> ItemState | None:
        """An item's newest state."""
        rows = self._rows(_ITEM, (item_id, _upto(upto)))
        return state_of(stored_of(rows[0])) if rows else None

    def withheld(self, *, upto: int | None = None) -> frozenset[str]:
        """Items that are unavailable or deleted."""
        return frozenset(item for (item,) in self._rows(_WITHHELD, (_upto(upto), _upto(upto))))

    def user(self, user_id: str, *, upto: int | None = None) -> UserUpdate | None:
        """A person's newest attributes."""
        rows = self._rows(_USER, (user_id, _upto(upto)))
        event = stored_of(rows[0]).event if rows else None
        assert event is None or isinstance(event, UserUpdate)
        return event

    def flags(self, *, upto: int | None = None) -> Mapping[tuple[str, str], Flag]:
        """The newest flag of each subject."""
        found: dict[tuple[str, str], Flag] = {}
        for stored in self.scan(0, upto, types=(Flag,)):
            assert isinstance(stored.event, Flag)
            found[stored.event.subject_kind, stored.event.subject_id] = stored.event
        return found

    def impression(self, recommendation_id: str) -> Impression | None:
        """A served list."""
        rows = self._rows("SELECT body FROM lists WHERE recommendation_id = ?", (recommendation_id,))
        return impression_of(recommendation_id, rows[0][0]) if rows else None

    def impressions(
        self, *, after: float = 0.0, user_id: str | None = None, last: int = 10_000
    ) -> Iterator[Impression]:
        """The newest served lists, oldest first."""
        whose, person = ("", ()) if user_id is None else (" AND user_id = ?", (user_id,))
        start = self._rows(_LISTS_START.format(whose=whose), (after, *person, max(last, 1) - 1)) if last > 0 else []
        at, seq = (start[0][0], start[0][1] - 1) if start else (after, -1)
        left = last
        while left > 0:
            rows = self._rows(_LISTS.format(whose=whose), (at, at, seq, *person, min(left, _PAGE)))
            for _, _, recommendation_id, body in rows:
                yield impression_of(recommendation_id, body)
            if len(rows) < min(left, _PAGE):
                return
            left -= len(rows)
            at, seq = rows[-1][:2]

    def export(self, user_id: str) -> Iterator[Stored | Impression]:
        """Everything about a person: attributes and flags, events by time, served lists by time."""
        sql = f"SELECT place, {COLUMNS} FROM log WHERE type <> 1 AND user_id = ? ORDER BY type, place"
        yield from (stored_of(row) for row in self._rows(sql, (user_id,)))
        at, place = -math.inf, 0
        while rows := self._rows(self._pasts.own_events, (user_id, at, at, place, _PAGE)):
            yield from (stored_of(row) for row in rows)
            place, at = rows[-1][0], rows[-1][5]
        yield from self.impressions(after=-math.inf, user_id=user_id, last=_END)

    def versions(self) -> tuple[Version, ...]:
        """Registered models, oldest first."""
        sql = "SELECT version, trained_to, added_at, card FROM versions ORDER BY added_at, version"
        return tuple(
            Version(version=version, trained_to=trained_to, added_at=added_at, card=_card(card))
            for version, trained_to, added_at, card in self._rows(sql)
        )

    def pointer(self) -> Pointer | None:
        """Which version is served."""
        rows = self._rows("SELECT version, generation, since FROM pointer")
        return Pointer(version=rows[0][0], generation=rows[0][1], since=rows[0][2]) if rows else None

    def text(self, key: str) -> str | None:
        """A small text."""
        rows = self._rows("SELECT value FROM texts WHERE name = ?", (key,))
        return rows[0][0] if rows else None


def _before(before: float | None) -> float:
    return math.inf if before is None else before


def _upto(upto: int | None) -> int:
    return _END if upto is None else min(upto, _END)


def _card(text: str) -> Mapping[str, Any]:
    card: Mapping[str, Any] = json.loads(text)
    return card
