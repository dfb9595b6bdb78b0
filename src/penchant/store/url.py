"""Opens a store by its URL."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl

from penchant.store.protocol import BadStore
from penchant.store.stores import OpenStores, Place

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):")


def open_stores(url: str | Path) -> OpenStores:
    """The stores at a URL; folder and tables are made on first use.

    Args:
        url: a path or ``sqlite:FOLDER`` (one SQLite file per project in that folder), or ``postgresql://...`` (one schema per
            project in that database).

    Raises:
        BadStore: the URL is of another kind, or what is there cannot be used.
        MissingExtra: PostgreSQL without psycopg.
        StoreUnavailable: the server does not answer, the folder cannot be written.
    """
    scheme = _SCHEME.match(url) if isinstance(url, str) else None
    if scheme is None:
        return OpenStores(_folder(Path(url)))
    if scheme[1] == "sqlite":
        folder, _, options = str(url)[len("sqlite:") :].partition("?")
        return OpenStores(_folder(Path(folder), options))
    if scheme[1] in ("postgresql", "postgres"):
        return OpenStores(_server(str(url)))
    raise BadStore(f'store: expected a folder, "sqlite:FOLDER" or "postgresql://...", got "{scheme[1]}:..."')


def _folder(folder: Path, options: str = "") -> Place:
    from penchant.store.sqlite_folder import SqliteFolder

    known = dict(parse_qsl(options))
    vfs = known.pop("vfs", "")
    if known:
        raise BadStore(f'store: unknown option "{next(iter(known))}" after "?"; known: vfs')
    return SqliteFolder(folder, vfs)


def _server(url: str) -> Place:
    from penchant.store.postgres import PostgresServer

    return PostgresServer(url)
