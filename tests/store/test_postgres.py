"""What only PostgreSQL does: connections that are lost, and processes that wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import psycopg
import pytest

from penchant.errors import UserError
from penchant.store.stores import OpenStores
from tests.store.events import play, shown


def cut(url: str) -> int:
    """Ends all our connections from the server's side; how many there were."""
    with psycopg.connect(url, autocommit=True) as connection:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'penchant'"
        return len(connection.execute(sql).fetchall())


def test_lost_connections_are_made_anew(postgres_url: str, opened: Callable[[str], OpenStores]) -> None:
    store = opened(postgres_url).project("p")
    store.append([play("a", "i", 1.0)])
    for number in range(2, 5):
        assert store.offset() == number - 1
        assert cut(postgres_url) >= 2  # one that reads, one that writes
        assert store.history("a")[-1].at == number - 1
        assert store.append([play("a", "i", number)])[0].offset == number


def test_schemas_are_named_after_projects(postgres_url: str, opened: Callable[[str], OpenStores]) -> None:
    stores = opened(postgres_url)
    stores.project("a-b").append([play("a", "i", 1.0)])
    assert stores.keys() == ()
    with psycopg.connect(postgres_url) as connection:
        names = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'penchant%'").fetchall()
        assert sorted(names) == [("penchant-keys",), ("penchant_a-b",)]
        assert connection.execute('SELECT user_id FROM "penchant_a-b".log').fetchall() == [("a",)]


def test_an_id_too_long_for_an_index_fails_alone(postgres_url: str, opened: Callable[[str], OpenStores]) -> None:
    """PostgreSQL's indices take entries up to some 2,700 bytes; hexadecimal digits of a hash cannot be made shorter."""
    store = opened(postgres_url).project("p")
    import hashlib

    long = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(200))
    good = store.submit([play("a", "i", 1.0)])
    with pytest.raises(UserError, match="ids of at most"):
        store.append([play("a", long, 1.0)])
    assert good.result()[0].status == "accepted"
    assert store.append([play("ä" * 256, "✓" * 256, 1.0, "e" * 256)])[0].status == "accepted"


def test_work_in_any_order_does_not_lock_up(postgres_url: str, opened: Callable[[str], OpenStores]) -> None:
    stores = [opened(postgres_url).project("p") for _ in range(2)]
    for number in range(30):
        futures: list[Future] = []
        for place, store in enumerate(stores):
            futures += [store.submit([play("a", f"{place}{number}", 1.0)])]
            futures += [store.keep_impressions([shown(f"{place}{number}", "a", 1.0)])]
        assert [future.exception() for future in futures] == [None] * 4
    assert stores[0].offset() == 60
