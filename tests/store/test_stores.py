"""Places, names and keys, on each backend."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.errors import BadConfig, MissingExtra, UnknownName
from penchant.store.protocol import BadStore, Key, StoreUnavailable
from penchant.store.stores import OpenStores
from penchant.store.url import open_stores


def a_key(key_id: str, created_at: float = 1.0) -> Key:
    return Key(
        key_id=key_id,
        hashed="0" * 64,
        project="default",
        scopes=frozenset({"read", "ingest"}),
        created_at=created_at,
        note="für ✓",
    )


def test_keys(url: str, stores: OpenStores, opened: Callable[[str], OpenStores]) -> None:
    assert (stores.keys(), stores.keys_generation(), stores.remove_key("a")) == ((), 0, False)
    stores.add_key(a_key("b", 2.0))
    stores.add_key(a_key("a", 1.0))
    other = opened(url)
    assert other.keys() == (a_key("a", 1.0), a_key("b", 2.0))
    assert other.keys_generation() == 2
    with pytest.raises(BadConfig, match="there already"):
        other.add_key(a_key("a"))
    assert other.remove_key("a")
    assert (stores.keys(), stores.keys_generation()) == ((a_key("b", 2.0),), 3)
    assert stores.projects() == ()  # what keys are kept in is no project


@pytest.mark.parametrize("name", ["", "A", "ü", "a/b", "..", "a.b", "x" * 41, "a\0", "a b", 'a"b', "a\n"])
def test_names_of_projects(stores: OpenStores, name: str) -> None:
    with pytest.raises(BadConfig, match="project: expected lower-case"):
        stores.project(name)


def test_a_project_is_made_only_on_demand(stores: OpenStores) -> None:
    with pytest.raises(UnknownName, match='unknown project "music"'):
        stores.project("music", create=False)
    names = ("-", "_", "api-keys", "keys", "0" * 40, "music")
    for name in names:
        stores.project(name).keep_text("name", name)
    assert stores.projects() == tuple(sorted(names))
    assert all(stores.project(name, create=False).text("name") == name for name in names)


@pytest.mark.parametrize("url", ["mysql://x", "http://localhost/x", "sqlite:x?mode=ro", "postgresql://h/d?nonsense=1"])
def test_other_urls(url: str) -> None:
    with pytest.raises(BadStore) as caught:
        open_stores(url).projects()
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreUnavailable, match="database cannot be used"):
        open_stores("postgresql://postgres@127.0.0.1:1/none").project("p")


def test_postgresql_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "penchant.store.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"penchant\[postgres\]"):
        open_stores("postgresql://localhost/x")


def test_a_path_is_a_folder_of_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b?c:d"
    stores = open_stores(folder)
    stores.project("p").keep_text("k", "t")
    assert [path.name for path in folder.glob("*.sqlite")] == ["p.sqlite"]
    assert folder.stat().st_mode & 0o077 == 0
    stores.close()
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadStore, match="found a file"):
        open_stores(tmp_path / "file")
    with pytest.raises((StoreUnavailable, BadStore)):
        open_stores(tmp_path / "file" / "below")
