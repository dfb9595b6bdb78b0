"""How the past of a person is found: its newest events, and whether an item is among them, without reading all of it.

PostgreSQL writes what has changed, and has two indices of the log for this. SQLite writes whole pages, and two indices are two
pages for each event, as people come in any order. So there an event is written under its time only (`pasts`, part 0). Rows
under item and kind (part 1) follow later and for many events of a person at once, so that they share pages: `listed` says up to
which time they are there. What is newer is some hundred events at most, which are read; most people never have more
(decision 0028).

Rows of part 0 hold what an answer is made from, so that a past is read from one place; in the log, events of one person lie
far apart. Every byte of a row costs ingest more pages, so a person is a number here (the first offset about the person, given
by `people`), rows of part 1 hold no time, and what is long and seldom looked at stays in the log (decision 0027).
"""

from __future__ import annotations

from dataclasses import dataclass

from penchant.store.rows import COLUMNS

_UNLISTED = 64
"""So many newest events of a person have no row under their item; on average it becomes twice as many before rows are made."""


@dataclass(frozen=True, kw_only=True)
class Pasts:
    """Statements of one backend.

    Attributes:
        newest: newest events as rows ``(item_id, at, kind, value, body, event_id)``, in which `body` is always None; values:
            person, before, upto, how many.
        history: the same with the bodies.
        newest_at: greatest time; values: person.
        chosen: texts of a JSON array that are items of the person; values: the array, person, before, upto. Each ``{kinds}``
            takes a condition on kinds; their values follow, once for each.
        own_events: rows of the log by time, in pages; values: person, time, time, offset of the last one, how many.
        own_places: offsets; values: person.
        after_insert: statements that follow an insert into the log; each has one value, the offset before it.
        after_delete: statements that follow a delete from the log; values: person.
    """

    newest: str
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
SQLITE_TABLES = (
    """CREATE TABLE past (
        user_id TEXT NOT NULL, part INTEGER NOT NULL, item_id TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL,
        place INTEGER NOT NULL, PRIMARY KEY (user_id, part, item_id, kind, at, place)) STRICT, WITHOUT ROWID""",
)
SQLITE_TABLES_2 = (
    "CREATE TABLE people (user_id TEXT PRIMARY KEY, person INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE pasts (
        person INTEGER NOT NULL, part INTEGER NOT NULL, item_id TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL,
        place INTEGER NOT NULL, own_item TEXT, own_kind TEXT, value REAL, event_id TEXT, more INTEGER,
        PRIMARY KEY (person, part, item_id, kind, at, place)) STRICT, WITHOUT ROWID""",
    "INSERT INTO people (user_id, person) SELECT user_id, min(place) FROM past GROUP BY user_id",
    # in the order of the old key: nothing is sorted, and each person's rows are written together
    """INSERT INTO pasts SELECT person, part, past.item_id, past.kind, CASE part WHEN 0 THEN past.at ELSE 0 END, past.place,
        log.item_id, log.kind, log.value, log.event_id, CASE part WHEN 0 THEN log.body IS NOT NULL END
        FROM past CROSS JOIN people ON people.user_id = past.user_id
        LEFT JOIN log ON past.part = 0 AND log.place = past.place
        ORDER BY past.user_id, past.part, past.item_id, past.kind, past.at, past.place""",
    # a process of an older version that still has the file open would add rows without the event: now it fails
    "DROP TABLE past",
    "CREATE TABLE listed (person INTEGER PRIMARY KEY, upto REAL NOT NULL) STRICT",
    # pasts of before have all their rows under items; so much of a long one need not be read
    "INSERT INTO listed SELECT person, (SELECT at FROM pasts WHERE pasts.person = people.person AND part = 0 AND item_id = '' "
    f"AND kind = '' ORDER BY at DESC LIMIT 1 OFFSET {_UNLISTED}) AS upto FROM people WHERE upto IS NOT NULL",
)

_NEWEST = "SELECT item_id, at, kind, value, {body}, event_id FROM log WHERE type = 1 AND user_id = ? AND at < ? "
_NEWEST += "AND place <= ? ORDER BY at DESC, place DESC LIMIT ?"

POSTGRES_PASTS = Pasts(
    newest=_NEWEST.format(body="NULL"),
    history=_NEWEST.format(body="body"),
    newest_at="SELECT max(at) FROM log WHERE type = 1 AND user_id = ?",
    # OFFSET keeps the planner from joining, that is from reading a whole past to find a few items in it
    chosen="SELECT value FROM json_array_elements_text(?::json) AS asked (value) WHERE EXISTS (SELECT 1 FROM log "
    "WHERE type = 1 AND user_id = ? AND item_id = asked.value AND at < ? AND place <= ?{kinds} LIMIT 1 OFFSET 0)",
    own_events=f"SELECT place, {COLUMNS} FROM log WHERE type = 1 AND user_id = ? AND at >= ? AND (at > ? OR place > ?) "
    "ORDER BY at, place LIMIT ?",
    own_places="SELECT place FROM log WHERE type = 1 AND user_id = ?",
)

_PERSON = "person = (SELECT person FROM people WHERE user_id = {who})"
_PART_0 = "part = 0 AND pasts.item_id = '' AND pasts.kind = ''"
_BY_TIME = f"{_PERSON.format(who='?')} AND {_PART_0}"
_OWN_NEWEST = f"SELECT own_item, at, own_kind, value, {{body}}, event_id FROM pasts WHERE {_BY_TIME} AND at < ? "
_OWN_NEWEST += "AND place <= ? ORDER BY at DESC, place DESC LIMIT ?"
_LOG_ROW = ", ".join(f"log.{name}" for name in ("place", *COLUMNS.split(", ")))

_NEW = "FROM log CROSS JOIN people ON people.user_id = log.user_id WHERE place > ?1 AND type = 1"
_LISTED = "SELECT upto FROM listed WHERE listed.person = {whose}"
_MIXED = "(place % 2147483647 * 1103515245 % 2147483647)"
_DUE = (
    f"(SELECT person, coalesce(({_LISTED.format(whose='one.person')}), -9e999) AS listed, "
    f"(SELECT at FROM pasts WHERE pasts.person = one.person AND {_PART_0} ORDER BY at DESC LIMIT 1 OFFSET {_UNLISTED}) "
    f"AS upto FROM (SELECT DISTINCT person {_NEW} AND {_MIXED} * {_MIXED} % 2147483647 % {_UNLISTED} = 0) AS one)"
)
"""People with a new event at one of the offsets that are picked as if by chance, so that no rhythm of people keeps clear of
them; up to when their events are listed, and up to when they should be."""

_INTO = "INTO pasts (person, part, item_id, kind, at, place, own_item, own_kind, value, event_id, more)"
_UNDER_ITEM = "INTO pasts (person, part, item_id, kind, at, place)"

SQLITE_PASTS = Pasts(
    newest=_OWN_NEWEST.format(body="NULL"),
    history=_OWN_NEWEST.format(body="CASE WHEN more THEN (SELECT body FROM log WHERE log.place = pasts.place) END"),
    newest_at=f"SELECT max(at) FROM pasts WHERE {_BY_TIME}",
    chosen=f"SELECT value FROM json_each(?1) AS asked WHERE EXISTS (SELECT 1 FROM pasts WHERE {_PERSON.format(who='?2')} "
    "AND part = 1 AND item_id = asked.value AND (SELECT at FROM log WHERE log.place = pasts.place) < ?3 AND place <= ?4{kinds} "
    "LIMIT 1) OR value IN (SELECT own_item FROM (SELECT own_item, own_kind AS kind FROM pasts WHERE "
    # named by the question, not by the row: else SQLite reads the whole past to compare
    f"{_PERSON.format(who='?2')} AND {_PART_0} "
    f"AND at > coalesce((SELECT upto FROM listed WHERE {_PERSON.format(who='?2')}), -9e999) "
    "AND at < ?3 AND place <= ?4) WHERE true{kinds})",
    own_events=f"SELECT {_LOG_ROW} FROM pasts CROSS JOIN log ON log.place = pasts.place WHERE {_BY_TIME} "
    "AND pasts.at >= ? AND (pasts.at > ? OR pasts.place > ?) ORDER BY pasts.at, pasts.place LIMIT ?",
    own_places=f"SELECT place FROM pasts WHERE {_BY_TIME}",
    after_insert=(
        "INSERT INTO people (user_id, person) SELECT user_id, min(place) FROM log WHERE place > ?1 AND type = 1 "
        "AND NOT EXISTS (SELECT 1 FROM people WHERE people.user_id = log.user_id) GROUP BY user_id",
        f"INSERT {_INTO} SELECT person, 0, '', '', at, place, item_id, kind, value, event_id, body IS NOT NULL {_NEW}",
        # what comes late would otherwise never be found under its item
        f"INSERT {_UNDER_ITEM} SELECT person, 1, item_id, kind, 0, place {_NEW} "
        f"AND at <= ({_LISTED.format(whose='people.person')})",
        f"INSERT OR IGNORE {_UNDER_ITEM} SELECT due.person, 1, own_item, own_kind, 0, place FROM {_DUE} AS due "
        f"CROSS JOIN pasts ON pasts.person = due.person AND {_PART_0} AND at > listed AND at <= upto ORDER BY 1, 3, 4, 6",
        f"INSERT INTO listed SELECT person, upto FROM {_DUE} AS due WHERE upto > listed "
        "ON CONFLICT (person) DO UPDATE SET upto = excluded.upto",
    ),
    after_delete=(
        f"DELETE FROM listed WHERE {_PERSON.format(who='?')}",
        f"DELETE FROM pasts WHERE {_PERSON.format(who='?')}",
        "DELETE FROM people WHERE user_id = ?",
    ),
)
