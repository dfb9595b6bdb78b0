"""Removing a person from the tables; the bytes that remain are the backend's to scrub."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.store.counters import held_counters
from penchant.store.database import Dialect, Transaction
from penchant.store.erased import Erased
from penchant.store.forgotten import Forgotten


@dataclass(frozen=True)
class Forget:
    """Who is to be forgotten, and up to when (seconds) nothing about the person may come back."""

    user_id: str
    at: float


def erase(transaction: Transaction, dialect: Dialect, forgotten: Forgotten, forget: Forget) -> Erased:
    """Deletes all rows about a person and remembers the keyed hash."""
    held_counters(transaction, dialect)
    who = (forget.user_id,)
    places: list[int] = []
    events = 0
    for own in (dialect.pasts.own_places, "SELECT place FROM log WHERE type <> 1 AND user_id = ?"):
        count, first = transaction.rows(f"SELECT count(*), min(place) FROM ({own}) AS own", who)[0]
        transaction.rows(f"DELETE FROM log WHERE place IN ({own})", who)
        events += count
        places += [first] if count else []
    for statement in dialect.pasts.after_delete:
        transaction.rows(statement, who)
    lists = transaction.rows("SELECT count(*) FROM lists WHERE user_id = ?", who)[0][0]
    transaction.rows("DELETE FROM lists WHERE user_id = ?", who)
    transaction.rows(
        "INSERT INTO forgotten (hashed, at) VALUES (?, ?) ON CONFLICT (hashed) DO UPDATE "
        "SET at = CASE WHEN excluded.at > forgotten.at THEN excluded.at ELSE forgotten.at END",
        (forgotten.hashed(forget.user_id), forget.at),
    )
    transaction.rows("UPDATE counters SET value = value + 1 WHERE name = 'forgotten'")
    return Erased(
        rows={"log": events, "impressions": lists},
        first_offset=min(places, default=None),
        places=(
            f"log: {events} rows with their index entries",
            f"impressions: {lists} rows with their index entries",
            "refusals: a keyed hash in place of the id",
        ),
    )
