"""SQLite below the store: one file per project, a write-ahead log, and a sync before every acknowledgement.

Readers never wait for the writer. Each question is one statement that is read to its end, so no snapshot outlives it and
the log can be emptied. Connections that read are kept on a stack: as many as there were questions at the same time.

No process that has a store open may open these files by other means: on POSIX, closing a file takes away all locks that the
process has on it, SQLite's too, and the file breaks.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import apsw

from penchant.store.database import Dialect, Result, Rows, Transaction
from penchant.store.layout import SQLITE
from penchant.store.migrations import bring_forward
from penchant.store.protocol import BadStore, StoreUnavailable
from penchant.store.rows import not_unicode
from penchant.store.sqlite_faults import damaged, translated

_OLDEST = (3, 51, 3)
"""Older ones may lose writes when a log is reset while another process writes."""

_MARK = 0x70656E63
"""`application_id` of our files, so that another program's file is not taken for one."""

_THERE_ALREADY = (apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY)

_PAGES_BEFORE_CHECKPOINT = 10_000
"""Of the write-ahead log. The longer it may grow, the more commits share one writing of a page to the file; but readers look
there for each page first."""

_PAGES_TOO_MANY = 40_000
_WRITER_CACHE_KIB, _READER_CACHE_KIB = 32_768, 8_192
"""The writer's is no greater, because each commit goes through all of it: 1.5 ms with 256 MB."""


def refuse_old(version: str) -> None:
    """Raises BadStore for an SQLite that must not be trusted with a log."""
    if tuple(int(part) for part in version.split(".")[:3]) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise BadStore(f"expected SQLite {oldest} or newer, got {version}; install a newer apsw")


class SqliteDatabase:
    """A `penchant.store.database.Database` in one file.

    Args:
        steps: layouts to bring the file to.
        vfs: name of a registered SQLite file system; empty for the usual one.
        patience: seconds to wait for another process's transaction.
    """

    dialect: Dialect = SQLITE

    def __init__(self, path: Path, steps: Sequence[Sequence[str]], *, vfs: str = "", patience: float = 10.0) -> None:
        refuse_old(apsw.sqlite_lib_version())
        self._path, self._vfs, self._patience = path, vfs, patience
        self._closed = False
        self._idle: deque[apsw.Cursor] = deque()
        self._pages = 0
        self._writing: apsw.Connection | None = None
        try:
            self._prepare(steps)
        except apsw.Error as fault:
            raise damaged(fault, path) or translated(fault, path) from fault

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """The rows of a question."""
        try:
            cursor = self._idle.pop()
        except IndexError:
            cursor = self._reader()
        try:
            rows: Rows = cursor.execute(sql, values).fetchall()
        except apsw.Error as fault:
            _close(cursor.connection)
            raise translated(fault, self._path) from fault
        except UnicodeEncodeError as fault:
            self._idle.append(cursor)
            raise not_unicode(fault) from fault
        self._idle.append(cursor)
        if self._closed:
            self._drop_readers()
        return rows

    def _reader(self) -> apsw.Cursor:
        try:
            connection = self._connect(_READER_CACHE_KIB)
            connection.execute("PRAGMA query_only = ON")
        except apsw.Error as fault:
            raise translated(fault, self._path) from fault
        return connection.cursor()

    # -- writing -------------------------------------------------------------------------------------------------------

    def transact(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work` between BEGIN IMMEDIATE and COMMIT."""
        try:
            connection = self._writer()
            connection.execute("BEGIN IMMEDIATE")
            result = work(_SqliteTransaction(connection))
            connection.execute("COMMIT")
        except apsw.Error as fault:
            self._roll_back()
            raise translated(fault, self._path) from fault
        except BaseException:
            self._roll_back()
            raise
        return result

    def _roll_back(self) -> None:
        """Undoes a transaction and keeps its connection.

        A commit whose sync failed has left frames in the log. Connections that are open know that they do not count, and the
        next commit writes over them; were all of them closed, the next one to open would take the frames for a commit.
        """
        if self._writing is None or self._writing.get_autocommit():
            return
        try:
            self._writing.execute("ROLLBACK")
        except apsw.Error:
            self._give_up()

    def rest(self) -> None:
        """Moves the write-ahead log into the file when it has grown."""
        if self._pages > _PAGES_BEFORE_CHECKPOINT and self._writing is not None:
            far = self._pages > _PAGES_TOO_MANY
            with contextlib.suppress(apsw.Error):
                self._writing.wal_checkpoint(
                    mode=apsw.SQLITE_CHECKPOINT_RESTART if far else apsw.SQLITE_CHECKPOINT_PASSIVE
                )

    def _writer(self) -> apsw.Connection:
        if self._writing is None:
            connection = self._connect(_WRITER_CACHE_KIB)
            connection.setlk_timeout(int(self._patience * 1000), 0)
            for pragma in ("synchronous = FULL", "fullfsync = ON", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.set_wal_hook(
                self._note_pages
            )  # in place of SQLite's own checkpoints, which come before the answer
            self._writing = connection
        return self._writing

    def _note_pages(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _give_up(self) -> None:
        connection, self._writing = self._writing, None
        if connection is not None:
            _close(connection)

    # -- forgetting ----------------------------------------------------------------------------------------------------

    def scrub(self) -> tuple[str, ...]:
        """Writes the file anew and empties the write-ahead log, which holds pages as they were.

        Deleted cells were overwritten already (`secure_delete`), but copies remain where cells had moved before; a file made
        anew from the rows has none. Takes about twelve seconds per gigabyte, in which readers go on and writers wait.
        """
        deadline = perf_counter() + 3 * self._patience
        for what in (self._vacuum, self._empty_log):
            while not what():
                if perf_counter() > deadline:
                    raise StoreUnavailable(
                        f"{self._path}: the rows are deleted, but a reader keeps old pages in use; forget again"
                    )
                sleep(0.005)
        return (
            "free pages: overwritten, the file was written anew",
            "write-ahead log: moved into the file and emptied",
        )

    def _vacuum(self) -> bool:
        return self._patiently(lambda connection: connection.execute("VACUUM"))

    def _empty_log(self) -> bool:
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE
        return self._patiently(lambda connection: connection.wal_checkpoint(mode=mode))

    def _patiently(self, work: Callable[[apsw.Connection], object]) -> bool:
        try:
            work(self._writer())
        except (apsw.BusyError, apsw.LockedError):
            return False
        except apsw.Error as fault:
            self._roll_back()
            raise translated(fault, self._path) from fault
        return True

    # -- life ----------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Reads every page."""
        try:
            found = self._reader().execute("PRAGMA integrity_check(1)").fetchall()
        except apsw.Error as fault:
            raise damaged(fault, self._path) or translated(fault, self._path) from fault
        if found != [("ok",)]:
            said = " ".join(str(found[0][0]).split())
            raise BadStore(f"{self._path}: is damaged ({said}); restore it from a backup")

    def close(self) -> None:
        """Lets go of all connections; the last one out moves the log into the file."""
        self._closed = True
        self._drop_readers()
        self._give_up()

    def _drop_readers(self) -> None:
        while self._idle:
            with contextlib.suppress(IndexError):
                _close(self._idle.pop().connection)

    def _connect(self, cache_kib: int) -> apsw.Connection:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        connection = apsw.Connection(str(self._path), vfs=self._vfs or None, statementcachesize=64)
        connection.set_busy_timeout(int(self._patience * 1000))
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        return connection

    def _prepare(self, steps: Sequence[Sequence[str]]) -> None:
        """Makes the file or brings it forward."""
        self._refuse_strange(self._writer())
        self._start_log(self._writer())

        def work(transaction: Transaction) -> None:
            self._refuse_strange(self._writer())
            bring_forward(transaction, steps, str(self._path))
            transaction.rows(f"PRAGMA application_id = {_MARK}")

        self.transact(work)
        self.rest()  # a large file that was brought forward has left a large log

    def _refuse_strange(self, connection: apsw.Connection) -> None:
        mark = connection.pragma("application_id")
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()[0][0]
        if mark != _MARK and tables:
            raise BadStore(f"{self._path}: is a database of another program; name another folder")

    def _start_log(self, connection: apsw.Connection) -> None:
        """Turns the write-ahead log on; SQLite does not wait here when another process does the same."""
        deadline = perf_counter() + self._patience
        while True:
            try:
                mode = connection.pragma("journal_mode", "wal")
            except apsw.BusyError:
                if perf_counter() > deadline:
                    raise
                sleep(0.01)
                continue
            if mode != "wal":
                raise BadStore(f"{self._path}: this file system allows no write-ahead log; use a local disk")
            return


def _close(connection: apsw.Connection) -> None:
    """Closes for good, whatever the disk says to it."""
    with contextlib.suppress(apsw.Error):
        connection.close(True)


class _SqliteTransaction:
    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        rows: Rows = self._connection.execute(sql, values).fetchall()
        return rows

    def attempt(self, sql: str, values: Sequence[Any] = ()) -> bool:
        try:
            self._connection.execute(sql, values).fetchall()
        except apsw.ConstraintError as fault:
            if getattr(fault, "extendedresult", None) not in _THERE_ALREADY:
                raise
            return False  # SQLite has undone the statement, and only that
        return True
