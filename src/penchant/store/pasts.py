"""How the past of a person is found: its newest events, and whether an item is among them, without reading all of it.

PostgreSQL writes what has changed, and has two indices of the log for this. SQLite writes whole pages, and two indices are two
pages for each event, as people come in any order. So there an event is written under its time only (`past`, part 0). Rows under
item and kind (part 1) follow later and for many events of a person at once, so that they share pages: `listed` says up to which
time they are there. What is newer is some hundred events at most, which are read; most people never have more (decision 0028).
"""

from __future__ import annotations

from dataclasses import dataclass

from penchant.store.rows import COLUMNS

_EVENT = "event_id, log.user_id, log.item_id, log.at, log.kind, value, body"
_ROW = ", ".join(f"log.{name}" for name in ("place", *COLUMNS.split(", ")))

_UNLISTED = 64
"""So many newest events of a person have no row under their item; on average it becomes twice as many before rows are made."""


@dataclass(frozen=True, kw_only=True)
class Pasts:
    """Statements of one backend.

    Attributes:
        history: newest events; values: person, before, upto, how many.
        newest_at: greatest time; values: person.
        chosen: texts of a JSON array that are items of the person; values: the array, person, before, upto. Each ``{kinds}``
            takes a condition on kinds; their values follow, once for each.
        own_events: rows of the log by time, in pages; values: person, time, time, offset of the last one, how many.
        own_places: offsets; values: person.
        after_insert: statements that follow an insert into the log; each has one value, the offset before it.
        after_delete: statements that follow a delete from the log; values: person.
    """

    history: str
    newest_at: str
    chosen: str
    own_events: str
    own_places: str
    after_insert: tuple[str, ...] = ()
    after_delete: tuple[str, ...] = ()


POSTGRES_TABLES = (
    "CREATE INDEX log_history ON log (user_id, at, place) WHERE type = 1",
    "CREATE INDEX log_chosen ON log (user_id, item_id, kind, at, place) WHERE type = 1",
)
SQLITE_LISTED = (
    "CREATE TABLE listed (user_id TEXT PRIMARY KEY, upto REAL NOT NULL) STRICT, WITHOUT ROWID",
    # pasts of before have all their rows under items; so much of a long one need not be read
    "INSERT INTO listed SELECT user_id, (SELECT at FROM past AS own WHERE own.user_id = one.user_id AND part = 0 "
    f"AND item_id = '' AND kind = '' ORDER BY at DESC LIMIT 1 OFFSET {_UNLISTED}) AS upto "
    "FROM (SELECT DISTINCT user_id FROM past) AS one WHERE upto IS NOT NULL",
)
SQLITE_TABLES = (
    """CREATE TABLE past (
        user_id TEXT NOT NULL, part INTEGER NOT NULL, item_id TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL,
        place INTEGER NOT NULL, PRIMARY KEY (user_id, part, item_id, kind, at, place)) STRICT, WITHOUT ROWID""",
)

POSTGRES_PASTS = Pasts(
    history=f"SELECT {_EVENT} FROM log WHERE type = 1 AND user_id = ? AND at < ? AND place <= ? "
    "ORDER BY at DESC, place DESC LIMIT ?",
    newest_at="SELECT max(at) FROM log WHERE type = 1 AND user_id = ?",
    # OFFSET keeps the planner from joining, that is from reading a whole past to find a few items in it
    chosen="SELECT value FROM json_array_elements_text(?::json) AS asked (value) WHERE EXISTS (SELECT 1 FROM log "
    "WHERE type = 1 AND user_id = ? AND item_id = asked.value AND at < ? AND place <= ?{kinds} LIMIT 1 OFFSET 0)",
    own_events=f"SELECT {_ROW} FROM log WHERE type = 1 AND user_id = ? AND at >= ? AND (at > ? OR place > ?) "
    "ORDER BY at, place LIMIT ?",
    own_places="SELECT place FROM log WHERE type = 1 AND user_id = ?",
)

_LISTED = "SELECT upto FROM listed WHERE listed.user_id = {whose}"
_MIXED = "(place % 2147483647 * 1103515245 % 2147483647)"
_DUE = (
    f"(SELECT user_id, coalesce(({_LISTED.format(whose='one.user_id')}), -9e999) AS listed, "
    "(SELECT at FROM past WHERE past.user_id = one.user_id AND part = 0 AND past.item_id = '' AND past.kind = '' "
    f"ORDER BY at DESC LIMIT 1 OFFSET {_UNLISTED}) AS upto FROM (SELECT DISTINCT user_id FROM log "
    f"WHERE place > ?1 AND type = 1 AND {_MIXED} * {_MIXED} % 2147483647 % {_UNLISTED} = 0) AS one)"
)
"""People with a new event at one of the offsets that are picked as if by chance, so that no rhythm of people keeps clear of
them; up to when their events are listed, and up to when they should be."""

_BY_TIME = "past.user_id = ? AND past.part = 0 AND past.item_id = '' AND past.kind = ''"
_INTO = "INSERT INTO past (user_id, part, item_id, kind, at, place)"

SQLITE_PASTS = Pasts(
    history=f"SELECT {_EVENT} FROM past CROSS JOIN log ON log.place = past.place WHERE {_BY_TIME} "
    "AND past.at < ? AND past.place <= ? ORDER BY past.at DESC, past.place DESC LIMIT ?",
    newest_at=f"SELECT max(at) FROM past WHERE {_BY_TIME}",
    chosen="SELECT value FROM json_each(?1) AS asked WHERE EXISTS (SELECT 1 FROM past "
    "WHERE user_id = ?2 AND part = 1 AND item_id = asked.value AND at < ?3 AND place <= ?4{kinds} LIMIT 1) "
    "OR value IN (SELECT item_id FROM (SELECT log.item_id, log.kind FROM past CROSS JOIN log ON log.place = past.place "
    f"WHERE {_BY_TIME.replace('?', '?2')} AND past.at > coalesce(({_LISTED.format(whose='?2')}), -9e999) "
    "AND past.at < ?3 AND past.place <= ?4) WHERE true{kinds})",
    own_events=f"SELECT {_ROW} FROM past CROSS JOIN log ON log.place = past.place WHERE {_BY_TIME} "
    "AND past.at >= ? AND (past.at > ? OR past.place > ?) ORDER BY past.at, past.place LIMIT ?",
    own_places=f"SELECT place FROM past WHERE {_BY_TIME}",
    after_insert=(
        f"{_INTO} SELECT user_id, 0, '', '', at, place FROM log WHERE place > ?1 AND type = 1",
        # what comes late would otherwise never be found under its item
        f"{_INTO} SELECT user_id, 1, item_id, kind, at, place FROM log WHERE place > ?1 AND type = 1 "
        f"AND at <= ({_LISTED.format(whose='log.user_id')})",
        f"{_INTO.replace('INSERT', 'INSERT OR IGNORE')} SELECT due.user_id, 1, log.item_id, log.kind, log.at, log.place "
        f"FROM {_DUE} AS due CROSS JOIN past ON past.user_id = due.user_id AND part = 0 AND past.item_id = '' "
        "AND past.kind = '' AND past.at > listed AND past.at <= upto CROSS JOIN log ON log.place = past.place ORDER BY 1, 2, 3",
        f"INSERT INTO listed SELECT user_id, upto FROM {_DUE} AS due WHERE upto > listed "
        "ON CONFLICT (user_id) DO UPDATE SET upto = excluded.upto",
    ),
    after_delete=("DELETE FROM past WHERE user_id = ?", "DELETE FROM listed WHERE user_id = ?"),
)
