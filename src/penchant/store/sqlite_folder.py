"""A folder of SQLite files: ``PROJECT.sqlite`` each, and ``api-keys.db``."""

from __future__ import annotations

from pathlib import Path

from penchant.store.layout import SQLITE
from penchant.store.protocol import BadStore, StoreUnavailable
from penchant.store.sqlite import SqliteDatabase

_ENDING = ".sqlite"


class SqliteFolder:
    """A `penchant.store.stores.Place`; the folder is made, for its owner alone, when it is not there."""

    def __init__(self, folder: Path, vfs: str = "") -> None:
        if folder.exists() and not folder.is_dir():
            raise BadStore(f"{folder}: expected a folder for the store, found a file")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreUnavailable(f"{folder}: cannot be made ({fault.strerror})") from fault
        self._folder, self._vfs = folder, vfs

    def projects(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(path.name.removesuffix(_ENDING) for path in self._folder.glob(f"*{_ENDING}"))

    def project(self, name: str) -> SqliteDatabase:
        """The file of a project."""
        return SqliteDatabase(self._folder / f"{name}{_ENDING}", SQLITE.steps, vfs=self._vfs)

    def keys(self) -> SqliteDatabase:
        """The file of keys; no project can have its name."""
        return SqliteDatabase(self._folder / "api-keys.db", SQLITE.key_steps, vfs=self._vfs)
