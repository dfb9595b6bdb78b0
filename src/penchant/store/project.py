"""One project's store, on any backend: what it writes (the reading part is in `penchant.store.reading`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from penchant.errors import UnknownName
from penchant.event import Impression
from penchant.store.appending import Batch, append_all, batch_of
from penchant.store.counters import held_counters
from penchant.store.database import Database, Transaction
from penchant.store.erased import Erased
from penchant.store.erasing import Forget, erase
from penchant.store.forgotten import Forgotten, project_secret
from penchant.store.lists import ListRow, list_row
from penchant.store.protocol import Appended, Logged, Pointer, Version
from penchant.store.reading import Reading
from penchant.store.rows import checked_text, encoded
from penchant.store.writer import Job, Work, Writer


class ProjectStore(Reading):
    """A `penchant.store.protocol.Store` on a database that is at the newest layout.

    Args:
        name: of the project; only for the names of threads.
    """

    def __init__(self, database: Database, name: str) -> None:
        super().__init__(database)
        self._forgotten = Forgotten(database.transact(project_secret))
        self._writer = Writer(self._write, database.rest, name)

    # -- writing -------------------------------------------------------------------------------------------------------

    def append(self, events: Sequence[Logged]) -> tuple[Appended, ...]:
        """Keeps a batch, and returns when it is on disk."""
        return self.submit(events).result()

    def submit(self, events: Sequence[Logged]) -> Future[tuple[Appended, ...]]:
        """Keeps a batch without waiting; raises UserError at once for events that cannot be kept."""
        return self._writer.submit(Job(batch_of(events)))

    def keep_impressions(self, impressions: Sequence[Impression]) -> Future[None]:
        """Keeps served lists; one that is there already stays as it is, one about a forgotten past is left out."""
        return self._writer.submit(Job(tuple(list_row(impression) for impression in impressions)))

    def add_version(self, version: Version, *, forgotten: int | None = None) -> bool:
        """Registers a model, unless somebody was forgotten since its log was read."""
        values = (version.version, version.trained_to, version.added_at, json.dumps(dict(version.card)))
        checked_text(version.version, "version")
        sql = "INSERT INTO versions (version, trained_to, added_at, card) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"

        def work(transaction: Transaction) -> bool:
            # whoever forgets holds the counters too: nobody comes in between
            if forgotten not in (None, held_counters(transaction, self._database.dialect)["forgotten"]):
                return False
            transaction.rows(sql, values)
            return True

        return bool(self._now(work))

    def point(self, version: str, at: float) -> Pointer:
        """Serves another registered version; the one that is served already stays as it is."""

        def work(transaction: Transaction) -> Pointer:
            known = [name for (name,) in transaction.rows("SELECT version FROM versions")]
            if version not in known:
                raise UnknownName("model version", version, known)
            sql = f"SELECT version, generation, since FROM pointer{self._database.dialect.lock}"
            found = transaction.rows(sql)
            if found and found[0][0] == version:
                return Pointer(version=version, generation=found[0][1], since=found[0][2])
            generation = found[0][1] + 1 if found else 1
            transaction.rows(
                "INSERT INTO pointer (one, version, generation, since) VALUES (1, ?, ?, ?) ON CONFLICT (one) DO UPDATE "
                "SET version = excluded.version, generation = excluded.generation, since = excluded.since",
                (version, generation, at),
            )
            return Pointer(version=version, generation=generation, since=at)

        pointer: Pointer = self._now(work)
        return pointer

    def keep_text(self, key: str, text: str) -> None:
        """Keeps a small text under a key."""
        values = (checked_text(key, "key"), checked_text(text, f"text {key}"))
        sql = "INSERT INTO texts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        self._now(lambda transaction: transaction.rows(sql, values))

    def forget(self, user_id: str, at: float) -> Erased:
        """Removes a person; asked again, it cleans what an earlier attempt could not."""
        checked_text(user_id, "user_id")
        erased: Erased = self._writer.submit(Job(Forget(user_id, at))).result()
        return erased

    # -- life ----------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Reads the whole store and raises BadStore when it is damaged, StoreUnavailable when it is out of reach."""
        self._database.check()

    def close(self) -> None:
        """Finishes what was submitted, then lets go of files and connections."""
        self._writer.close()
        self._database.close()

    # -- the writer's thread -------------------------------------------------------------------------------------------

    def _now(self, work: Work) -> Any:
        return self._writer.submit(Job(work)).result()

    def _write(self, group: Sequence[Job]) -> list[Any]:
        people = [job.load for job in group if isinstance(job.load, Forget)]
        if people:
            return self._erase(people)
        return self._database.transact(lambda transaction: self._write_in(transaction, group))

    def _erase(self, people: Sequence[Forget]) -> list[Erased]:
        erased = self._database.transact(
            lambda transaction: [
                erase(transaction, self._database.dialect, self._forgotten, person) for person in people
            ]
        )
        scrubbed = self._database.scrub()
        return [replace(each, places=each.places + scrubbed) for each in erased]

    def _write_in(self, transaction: Transaction, group: Sequence[Job]) -> list[Any]:
        """Events, then lists, then the rest: everybody takes what others may wait for in this order."""
        loads = [job.load for job in group]
        batches = [load for load in loads if isinstance(load, Batch)]
        fates = iter(append_all(transaction, self._database.dialect, self._forgotten, batches) if batches else ())
        lists = [row for load in loads if isinstance(load, tuple) for row in load]
        if lists:
            self._insert_lists(transaction, lists)
        results: list[Any] = []
        for load in loads:
            if isinstance(load, Batch):
                results.append(next(fates))
            else:
                results.append(None if isinstance(load, tuple | Forget) else load(transaction))
        return results

    def _insert_lists(self, transaction: Transaction, rows: list[ListRow]) -> None:
        self._forgotten.refresh(transaction, held_counters(transaction, self._database.dialect)["forgotten"])
        if self._forgotten:
            rows = [row for row in rows if row[1] is None or not self._forgotten.refuses(row[1], row[2])]
        if rows:
            transaction.rows(self._database.dialect.insert_lists, (encoded(rows).decode(),))
