"""Brings a database forward to the newest layout, one numbered step after the other; there is no way back."""

from __future__ import annotations

from collections.abc import Sequence

from penchant.store.database import Transaction
from penchant.store.protocol import BadStore


def bring_forward(transaction: Transaction, steps: Sequence[Sequence[str]], where: str) -> int:
    """Runs the steps that a database has not seen, and returns how many there were.

    Layout n is what the first n steps make. The caller holds a lock, so that of several processes that open a new database one
    makes it and the others find it made; a step that fails leaves the layout as it was.

    Raises:
        BadStore: the layout is newer than the steps.
    """
    transaction.rows("CREATE TABLE IF NOT EXISTS layout (version bigint NOT NULL)")
    found = transaction.rows("SELECT version FROM layout")
    layout = int(found[0][0]) if found else 0
    if layout > len(steps):
        raise BadStore(
            f"{where}: has layout {layout}, this version of penchant knows up to {len(steps)}; use a newer penchant"
        )
    for statement in (statement for step in steps[layout:] for statement in step):
        transaction.rows(statement)
    if layout < len(steps):
        transaction.rows("DELETE FROM layout")
        transaction.rows("INSERT INTO layout (version) VALUES (?)", (len(steps),))
    return len(steps) - layout
