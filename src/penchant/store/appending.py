"""How batches of events enter the log: offsets without gaps, each `event_id` once, nothing about forgotten people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penchant.store.counters import held_counters, move_counters
from penchant.store.database import Dialect, Transaction
from penchant.store.forgotten import Forgotten
from penchant.store.protocol import Appended, Logged
from penchant.store.rows import FLAG, ITEM, Row, encoded, json_of, rows_of

_FORGOTTEN = Appended(status="forgotten")
_new = object.__new__


@dataclass(frozen=True)
class Batch:
    """Events of one caller, ready to be written.

    Attributes:
        json: `rows` as one JSON array.
    """

    rows: list[Row]
    json: bytes


def batch_of(events: Sequence[Logged]) -> Batch:
    """Prepares events in the caller's thread; raises UserError for events that cannot be kept."""
    rows = rows_of(events)
    return Batch(rows, encoded(rows))


def append_all(
    transaction: Transaction, dialect: Dialect, forgotten: Forgotten, batches: Sequence[Batch]
) -> list[tuple[Appended, ...]]:
    """Writes the batches of several callers with one statement, and says what became of each event.

    Most batches hold only new events, so all are inserted first; only when the database finds an `event_id` that is there
    already are the known ones looked up and left out.
    """
    counters = held_counters(transaction, dialect)
    newest = counters["offset"]
    forgotten.refresh(transaction, counters["forgotten"])
    rows = [row for batch in batches for row in batch.rows]
    if not rows:
        return [() for _ in batches]
    if not forgotten and transaction.attempt(dialect.insert_log, (newest, _joined(batches))):
        fates = [_accepted(offset) for offset in range(newest + 1, newest + 1 + len(rows))]
        _follow(transaction, dialect, rows, newest, counters["updated"])
    else:
        fates = _append_new(transaction, dialect, forgotten, rows, newest, counters["updated"])
    return _split(fates, batches)


def _append_new(
    transaction: Transaction, dialect: Dialect, forgotten: Forgotten, rows: list[Row], newest: int, updated: int
) -> list[Appended]:
    known = _known(transaction, dialect, rows)
    fates, fresh = [], []
    for row in rows:
        if forgotten and forgotten.refuses_row(row):
            fates.append(_FORGOTTEN)
            continue
        event_id = row[1]
        if event_id is not None and event_id in known:
            fates.append(Appended(status="duplicate", offset=known[event_id]))
            continue
        fresh.append(row)
        offset = newest + len(fresh)
        if event_id is not None:
            known[event_id] = offset
        fates.append(_accepted(offset))
    if fresh:
        transaction.rows(dialect.insert_log, (newest, json_of(fresh).decode()))
        _follow(transaction, dialect, fresh, newest, updated)
    return fates


def _accepted(offset: int) -> Appended:
    """Filled in at once: the constructor of a frozen class sets one field after the other."""
    fate: Appended = _new(Appended)
    fate.__dict__.update(status="accepted", offset=offset)
    return fate


def _known(transaction: Transaction, dialect: Dialect, rows: list[Row]) -> dict[str, int]:
    """Offsets of the event ids that are in the log."""
    asked = [row[1] for row in rows if row[1] is not None]
    if not asked:
        return {}
    sql = f"SELECT event_id, place FROM log JOIN {dialect.each} ON log.event_id = each_value.value"
    return dict(transaction.rows(sql, (json_of(asked).decode(),)))


def _follow(transaction: Transaction, dialect: Dialect, rows: list[Row], newest: int, updated: int) -> None:
    """Brings pasts and counters up to what was inserted after `newest`."""
    for statement in dialect.pasts.after_insert:
        transaction.rows(statement, (newest,))
    for number, row in enumerate(rows, newest + 1):
        if row[0] in (ITEM, FLAG):
            updated = number
    move_counters(transaction, newest + len(rows), updated)


def _joined(batches: Sequence[Batch]) -> str:
    inner = b",".join(batch.json[1:-1] for batch in batches if batch.rows)
    return f"[{inner.decode()}]"


def _split(fates: list[Appended], batches: Sequence[Batch]) -> list[tuple[Appended, ...]]:
    split, start = [], 0
    for batch in batches:
        split.append(tuple(fates[start : start + len(batch.rows)]))
        start += len(batch.rows)
    return split
