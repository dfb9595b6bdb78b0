"""Three numbers of a project: its newest offset, the newest offset of an update, and how many people were forgotten.

Whoever writes reads them first, and holds them until its transaction ends. So transactions follow one another, offsets become
visible in their order, and nothing about a person slips in beside the one that forgets the person.
"""

from __future__ import annotations

from penchant.store.database import Dialect, Transaction


def held_counters(transaction: Transaction, dialect: Dialect) -> dict[str, int]:
    """Name -> value of ``offset``, ``updated`` and ``forgotten``; other writers wait from here on."""
    return dict(transaction.rows(f"SELECT name, value FROM counters ORDER BY name{dialect.lock}"))


def move_counters(transaction: Transaction, offset: int, updated: int) -> None:
    """Sets the two offsets."""
    sql = "UPDATE counters SET value = CASE name WHEN 'offset' THEN ? ELSE ? END WHERE name IN ('offset', 'updated')"
    transaction.rows(sql, (offset, updated))
