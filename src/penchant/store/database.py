"""What a backend offers to the one implementation of the store: rows for a question, a transaction, and a way to scrub.

SQL is written once, with ``?`` for a value; the few places where backends differ are named in `Dialect`. No statement names a
project: a database holds one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from penchant.store.pasts import Pasts

Result = TypeVar("Result")
Rows = list[tuple[Any, ...]]


class Transaction(Protocol):
    """An open transaction that no other writer shares."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Runs one statement and returns its rows."""

    def attempt(self, sql: str, values: Sequence[Any] = ()) -> bool:
        """Runs one statement that inserts; False, and nothing was inserted, when a row is there already."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """SQL that is not the same everywhere.

    Attributes:
        steps: statements of each layout, oldest first (`penchant.store.migrations`).
        key_steps: the same for the database of keys.
        pasts: how the past of a person is found.
        lock: ends a SELECT so that other writers wait.
        each: a table ``each_value(value)`` of the texts in one JSON array, as a source in FROM.
        insert_log: inserts a JSON array of rows; values: the offset before the first, the JSON.
        insert_lists: the same for served lists, leaving out those that are there; values: the JSON.
    """

    steps: tuple[tuple[str, ...], ...]
    key_steps: tuple[tuple[str, ...], ...]
    pasts: Pasts
    lock: str
    each: str
    insert_log: str
    insert_lists: str


class Database(Protocol):
    """One project's database (or the one of keys)."""

    dialect: Dialect

    def read(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """The rows of a question, all at once, so that no lock outlives it; from any thread.

        Raises:
            StoreUnavailable: it could not be asked.
        """

    def transact(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work` in a transaction and returns once it is on disk; by one thread at a time.

        Raises:
            StoreFull, StoreUnavailable: nothing of it was kept. What `work` raises comes through, nothing was kept either.
        """

    def rest(self) -> None:
        """Housekeeping that may take milliseconds, after a transaction, by the thread that writes; raises nothing."""

    def scrub(self) -> tuple[str, ...]:
        """Overwrites what deleted rows left behind; by the thread that writes. In words, what was done.

        Raises:
            StoreUnavailable: somebody else kept it from being done.
        """

    def check(self) -> None:
        """Raises BadStore when damaged, StoreUnavailable when out of reach."""

    def close(self) -> None:
        """Lets go of files and connections; nothing may be asked afterwards."""
