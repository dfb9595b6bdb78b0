"""Who asked to be forgotten: known by a keyed hash of the id (HMAC, RFC 2104, with SHA-256), never by the id.

The key is 32 random bytes that never leave the store. Without it, a list of hashes cannot be compared with a list of ids.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from penchant.store.database import Transaction
from penchant.store.rows import FLAG, INTERACTION, USER

_PEOPLE = frozenset({INTERACTION, USER, FLAG})


class Forgotten:
    """What the writer of one project knows of forgotten people; read again when another process has forgotten somebody."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._generation = 0
        self._until: Mapping[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._until)

    def refresh(self, transaction: Transaction, generation: int) -> None:
        """Reads the hashes anew if their number changed."""
        if generation != self._generation:
            self._until = dict(transaction.rows("SELECT hashed, at FROM forgotten"))
            self._generation = generation

    def hashed(self, user_id: str) -> str:
        """The keyed hash of an id, 64 hexadecimal digits."""
        return hmac.digest(self._secret, user_id.encode(), "sha256").hex()

    def refuses(self, user_id: str, at: float) -> bool:
        """Whether what happened at `at` (seconds) is too old to be kept about this person."""
        return at <= self._until.get(self.hashed(user_id), -float("inf"))

    def refuses_row(self, row: tuple[Any, ...]) -> bool:
        """The same of a row of the log (`penchant.store.rows`)."""
        return row[0] in _PEOPLE and row[2] is not None and self.refuses(row[2], row[4])


def project_secret(transaction: Transaction) -> bytes:
    """The key of a project's hashes; made on first use."""
    transaction.rows(
        "INSERT INTO secrets (name, value) VALUES ('forgotten', ?) ON CONFLICT (name) DO NOTHING",
        (secrets.token_hex(32),),
    )
    return bytes.fromhex(transaction.rows("SELECT value FROM secrets WHERE name = 'forgotten'")[0][0])
