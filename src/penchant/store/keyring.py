"""API keys in a database of their own, next to the projects."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, cast

from penchant.errors import BadConfig
from penchant.store.database import Database, Transaction
from penchant.store.protocol import Key, KeyScope
from penchant.store.rows import checked_text


class Keyring:
    """The keys of one place; any thread may ask and change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()

    def add(self, key: Key) -> None:
        """Keeps a key; raises BadConfig when its id is taken."""
        texts = (key.key_id, key.hashed, key.project, json.dumps(sorted(key.scopes)))
        values = (*(checked_text(text, "key") for text in texts), key.created_at, checked_text(key.note, "note"))
        sql = "INSERT INTO keys (key_id, hashed, project, scopes, created_at, note) VALUES (?, ?, ?, ?, ?, ?)"

        def work(transaction: Transaction) -> None:
            if not transaction.attempt(sql, values):
                raise BadConfig(f'key_id: expected a new one, got "{key.key_id}", which is there already')
            _count(transaction)

        self._change(work)

    def all(self) -> tuple[Key, ...]:
        """All keys, oldest first."""
        sql = "SELECT key_id, hashed, project, scopes, created_at, note FROM keys ORDER BY created_at, key_id"
        return tuple(
            Key(
                key_id=key_id,
                hashed=hashed,
                project=project,
                scopes=frozenset(cast(list[KeyScope], json.loads(scopes))),
                created_at=created_at,
                note=note,
            )
            for key_id, hashed, project, scopes, created_at, note in self._database.read(sql)
        )

    def remove(self, key_id: str) -> bool:
        """Whether there was such a key."""

        def work(transaction: Transaction) -> bool:
            found = transaction.rows("DELETE FROM keys WHERE key_id = ? RETURNING key_id", (key_id,))
            if found:
                _count(transaction)
            return bool(found)

        there: bool = self._change(work)
        return there

    def generation(self) -> int:
        """Rises with every change."""
        return int(self._database.read("SELECT value FROM counters WHERE name = 'keys'")[0][0])

    def close(self) -> None:
        """Lets go of the database."""
        self._database.close()

    def _change(self, work: Callable[[Transaction], Any]) -> Any:
        with self._lock:
            return self._database.transact(work)


def _count(transaction: Transaction) -> None:
    transaction.rows("UPDATE counters SET value = value + 1 WHERE name = 'keys'")
