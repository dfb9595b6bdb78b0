"""PostgreSQL below the store: one schema per project, found by the search path of each connection.

Several machines may share it. A question costs a round trip, so that `offset` takes some hundred microseconds instead of three.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any, LiteralString

from penchant.errors import MissingExtra
from penchant.store.database import Dialect, Result, Rows, Transaction
from penchant.store.layout import POSTGRES
from penchant.store.migrations import bring_forward
from penchant.store.protocol import BadStore, StoreUnavailable
from penchant.store.rows import not_unicode

try:
    import psycopg
    from psycopg import sql as composed
except ImportError as fault:
    raise MissingExtra("a PostgreSQL store", "psycopg", "postgres") from fault

from penchant.store.postgres_faults import one_line, translated

if TYPE_CHECKING:
    from psycopg import Connection

_OLDER: LiteralString = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND age(backend_xmin) >= age(%s::xid)"
)
"""Who may still see what was deleted by a transaction."""

_PROJECT, _KEYS = "penchant_", "penchant-keys"


class PostgresServer:
    """A `penchant.store.stores.Place`: schemas ``penchant_PROJECT`` and, with a name that no project can have, one of keys."""

    def __init__(self, url: str) -> None:
        self._url = url

    def projects(self) -> tuple[str, ...]:
        """Names of the schemas."""
        with _reporting():
            connection = _connect(self._url)
        with connection, _reporting():
            found = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
        return tuple(name.removeprefix(_PROJECT) for (name,) in found if name.startswith(_PROJECT))

    def project(self, name: str) -> PostgresDatabase:
        """The schema of a project."""
        return PostgresDatabase(self._url, f"{_PROJECT}{name}", POSTGRES.steps)

    def keys(self) -> PostgresDatabase:
        """The schema of keys."""
        return PostgresDatabase(self._url, _KEYS, POSTGRES.key_steps)


class PostgresDatabase:
    """A `penchant.store.database.Database` in one schema.

    A connection that was lost is made anew: questions are asked a second time, a transaction is not, because its COMMIT may
    have arrived; sending the events again is safe when they have an `event_id`.

    Args:
        steps: layouts to bring the schema to.
        patience: seconds to wait for another process's transaction.
    """

    dialect: Dialect = POSTGRES

    def __init__(self, url: str, schema: str, steps: Sequence[Sequence[str]], *, patience: float = 10.0) -> None:
        self._url, self._schema, self._patience = url, schema, patience
        self._closed = False
        self._idle: deque[Connection] = deque()
        self._writing: Connection | None = None

        def work(transaction: Transaction) -> None:
            transaction.rows("SELECT pg_advisory_xact_lock(hashtext(?))", (schema,))
            transaction.rows(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            bring_forward(transaction, steps, schema)

        self.transact(work)

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """The rows of a question; asked again on a new connection when the old one was lost."""
        with _reporting():
            connection = self._reader()
            try:
                rows = _rows(connection, sql, values)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                connection.close()
                self._drop_readers()
                connection = self._open()
                rows = _rows(connection, sql, values)
            finally:
                if not connection.closed:
                    self._idle.append(connection)
        if self._closed:
            self._drop_readers()
        return rows

    def _reader(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    # -- writing -------------------------------------------------------------------------------------------------------

    def transact(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work` between BEGIN and COMMIT."""
        with _reporting():
            connection = self._begin()
            try:
                result = work(_PostgresTransaction(connection))
                connection.execute("COMMIT")
            except BaseException:
                self._give_up()
                raise
        return result

    def rest(self) -> None:
        """Nothing: the server keeps house by itself."""

    def _begin(self) -> Connection:
        try:
            connection = self._writer()
            connection.execute("BEGIN")
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self._give_up()  # lost while it was idle; nothing was sent yet
            connection = self._writer()
            connection.execute("BEGIN")
        return connection

    def _writer(self) -> Connection:
        if self._writing is None:
            connection = self._open()
            connection.execute("SET synchronous_commit = on")
            connection.execute(f"SET lock_timeout = '{int(self._patience * 1000)}ms'")
            self._writing = connection
        return self._writing

    def _give_up(self) -> None:
        if self._writing is not None:
            self._writing.close()
            self._writing = None

    # -- forgetting ----------------------------------------------------------------------------------------------------

    def scrub(self) -> tuple[str, ...]:
        """Writes the two tables anew; their statistics hold no ids (`penchant.store.layout`).

        Deleted rows that an older transaction could still see would be written anew too, so those must have ended first.
        """
        with _reporting():
            try:
                connection = self._writer()
                deleted = connection.execute("SELECT pg_current_xact_id()::xid::text").fetchone()
                deadline = perf_counter() + 3 * self._patience
                while connection.execute(_OLDER, deleted).fetchall():
                    if perf_counter() > deadline:
                        raise StoreUnavailable(
                            f"schema {self._schema}: the rows are deleted, but an older transaction still sees them; "
                            "forget again when it has ended"
                        )
                    sleep(0.005)
                connection.execute("VACUUM (FULL, ANALYZE) log, lists")
            except psycopg.Error:
                self._give_up()
                raise
        return (
            "tables: written anew, without the deleted rows",
            "not cleaned: the server's own write-ahead log and backups, which its operator lets expire",
        )

    # -- life ----------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Asks for the counters; damage below is the server's to find."""
        if not self.read("SELECT 1 FROM counters"):
            raise BadStore(f"schema {self._schema}: has no counters; restore it from a backup")

    def close(self) -> None:
        """Lets go of all connections."""
        self._closed = True
        self._drop_readers()
        self._give_up()

    def _drop_readers(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _open(self) -> Connection:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        connection = _connect(self._url)
        try:
            connection.execute(composed.SQL("SET search_path TO {}").format(composed.Identifier(self._schema)))
        except psycopg.Error:
            connection.close()
            raise
        return connection


class _PostgresTransaction:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        return _rows(self._connection, sql, values)

    def attempt(self, sql: str, values: Sequence[Any] = ()) -> bool:
        self._connection.execute("SAVEPOINT attempt")
        try:
            _rows(self._connection, sql, values)
        except psycopg.errors.UniqueViolation:
            self._connection.execute("ROLLBACK TO SAVEPOINT attempt")
            return False
        self._connection.execute("RELEASE SAVEPOINT attempt")
        return True


def _connect(url: str) -> Connection:
    """A connection that notices a dead server within seconds."""
    try:
        return psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=10,
            client_encoding="utf8",
            application_name="penchant",
            tcp_user_timeout=10_000,
        )
    except psycopg.ProgrammingError as fault:
        raise BadStore(
            f'store: expected a URL such as "postgresql://user@host/database" ({one_line(fault)})'
        ) from fault


def _rows(connection: Connection, sql: str, values: Sequence[Any]) -> Rows:
    cursor = connection.execute(_marked(sql), values)
    return cursor.fetchall() if cursor.description is not None else []


@lru_cache(maxsize=256)
def _marked(sql: str) -> LiteralString:
    """SQL with psycopg's mark for a value; none of our statements holds a ``?`` or ``%`` in a text."""
    return sql.replace("?", "%s")


@contextlib.contextmanager
def _reporting() -> Any:
    try:
        yield
    except psycopg.Error as fault:
        raise translated(fault) from fault
    except UnicodeEncodeError as fault:
        raise not_unicode(fault) from fault
