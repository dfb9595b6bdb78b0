"""The tables of a project, for both backends.

`log` is the sequence of events. Offsets come from `counters`, never from the rows: what was forgotten leaves gaps, and its
offsets are not given again. The indices answer, in this order: is this event there; what is the newest state of a person, of
an item; which items are withheld; the log without interactions. The pasts of people are in `penchant.store.pasts`.
"""

from __future__ import annotations

from penchant.store.database import Dialect
from penchant.store.pasts import POSTGRES_PASTS, POSTGRES_TABLES, SQLITE_LISTED, SQLITE_PASTS, SQLITE_TABLES

_INDICES = (
    "CREATE UNIQUE INDEX log_event ON log (event_id) WHERE event_id IS NOT NULL",
    "CREATE INDEX log_person ON log (user_id, type, place) WHERE type <> 1",
    "CREATE INDEX log_item ON log (item_id, place) WHERE type = 2",
    "CREATE INDEX log_withheld ON log (item_id, place) WHERE type = 2 AND value <> 0",
    "CREATE INDEX log_rare ON log (place) WHERE type <> 1",
    "CREATE INDEX lists_person ON lists (user_id, at, seq)",
    "CREATE INDEX lists_at ON lists (at, seq)",
    "INSERT INTO counters (name, value) VALUES ('offset', 0), ('updated', 0), ('forgotten', 0)",
)

_LITE = (
    """CREATE TABLE log (
        place INTEGER PRIMARY KEY, type INTEGER NOT NULL, event_id TEXT, user_id TEXT, item_id TEXT,
        at REAL NOT NULL, kind TEXT, value REAL NOT NULL, body TEXT) STRICT""",
    """CREATE TABLE lists (
        seq INTEGER PRIMARY KEY, recommendation_id TEXT NOT NULL UNIQUE, user_id TEXT, at REAL NOT NULL,
        body TEXT NOT NULL) STRICT""",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE forgotten (hashed TEXT PRIMARY KEY, at REAL NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE texts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE versions (
        version TEXT PRIMARY KEY, trained_to INTEGER NOT NULL, added_at REAL NOT NULL, card TEXT NOT NULL) STRICT""",
    "CREATE TABLE pointer (one INTEGER PRIMARY KEY, version TEXT NOT NULL, generation INTEGER NOT NULL, "
    "since REAL NOT NULL) STRICT",
)
_LITE_KEYS = (
    "CREATE TABLE keys (key_id TEXT PRIMARY KEY, hashed TEXT NOT NULL, project TEXT NOT NULL, scopes TEXT NOT NULL, "
    "created_at REAL NOT NULL, note TEXT NOT NULL) STRICT",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "INSERT INTO counters (name, value) VALUES ('keys', 0)",
)


def _for_postgres(statement: str) -> str:
    text = statement.replace(" STRICT", "").replace(", WITHOUT ROWID", "").replace(" REAL", " double precision")
    text = text.replace("seq INTEGER PRIMARY KEY", "seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
    return text.replace(" INTEGER", " bigint")


SQLITE = Dialect(
    steps=(
        # SQLite adds the place to an index itself
        _LITE + SQLITE_TABLES + tuple(index.replace(", place)", ")") for index in _INDICES),
        SQLITE_LISTED,
    ),
    key_steps=(_LITE_KEYS,),
    lock="",
    pasts=SQLITE_PASTS,
    each="(SELECT value FROM json_each(?)) AS each_value",
    insert_log="INSERT INTO log (place, type, event_id, user_id, item_id, at, kind, value, body) "
    "SELECT ? + 1 + key, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, "
    "value ->> 7 FROM json_each(?)",
    insert_lists="INSERT INTO lists (recommendation_id, user_id, at, body) "
    "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true ORDER BY key "
    "ON CONFLICT (recommendation_id) DO NOTHING",
)

_NO_STATISTICS = tuple(
    f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0"
    for table, columns in (("log", "event_id user_id body"), ("lists", "recommendation_id user_id body"))
    for column in columns.split()
)
"""PostgreSQL's statistics keep common values of a column, ids of forgotten people too."""

POSTGRES = Dialect(
    steps=(tuple(map(_for_postgres, _LITE)) + POSTGRES_TABLES + _INDICES + _NO_STATISTICS,),
    key_steps=(tuple(map(_for_postgres, _LITE_KEYS)),),
    lock=" FOR UPDATE",
    pasts=POSTGRES_PASTS,
    each="json_array_elements_text(?::json) AS each_value (value)",
    insert_log="INSERT INTO log (place, type, event_id, user_id, item_id, at, kind, value, body) "
    "SELECT ? + nth, (row_ ->> 0)::bigint, row_ ->> 1, row_ ->> 2, row_ ->> 3, (row_ ->> 4)::double precision, "
    "row_ ->> 5, (row_ ->> 6)::double precision, row_ ->> 7 "
    "FROM json_array_elements(?::json) WITH ORDINALITY AS given (row_, nth)",
    insert_lists="INSERT INTO lists (recommendation_id, user_id, at, body) "
    "SELECT row_ ->> 0, row_ ->> 1, (row_ ->> 2)::double precision, row_ ->> 3 "
    "FROM json_array_elements(?::json) WITH ORDINALITY AS given (row_, nth) ORDER BY nth "
    "ON CONFLICT (recommendation_id) DO NOTHING",
)
