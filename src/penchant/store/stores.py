"""All projects of one place: opened on first use, the same object for the same name."""

from __future__ import annotations

import re
import threading
from typing import Protocol

from penchant.errors import BadConfig, UnknownName
from penchant.store.database import Database
from penchant.store.keyring import Keyring
from penchant.store.project import ProjectStore
from penchant.store.protocol import Key

_NAME = re.compile(r"[a-z0-9_-]{1,40}")


class Place(Protocol):
    """Where a backend keeps its databases."""

    def projects(self) -> tuple[str, ...]:
        """Names of the projects that are there."""

    def project(self, name: str) -> Database:
        """The database of a project; made on first use."""

    def keys(self) -> Database:
        """The database of keys; made on first use."""


class OpenStores:
    """A `penchant.store.protocol.Stores` at one place.

    Open it after a process has forked, not before: neither threads nor connections survive that.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.RLock()
        self._open: dict[str, ProjectStore] = {}
        self._keyring: Keyring | None = None

    def project(self, name: str, *, create: bool = True) -> ProjectStore:
        """The store of one project."""
        if not _NAME.fullmatch(name):
            raise BadConfig(f'project: expected lower-case letters, digits, "-" and "_", at most 40, got "{name}"')
        with self._lock:
            if name not in self._open:
                if not create and name not in self.projects():
                    raise UnknownName("project", name, self.projects())
                self._open[name] = ProjectStore(self._place.project(name), name)
            return self._open[name]

    def projects(self) -> tuple[str, ...]:
        """Names of the projects that are there."""
        return tuple(sorted(self._place.projects()))

    def add_key(self, key: Key) -> None:
        """Keeps a key; raises BadConfig when its id is taken."""
        self._keys().add(key)

    def keys(self) -> tuple[Key, ...]:
        """All keys."""
        return self._keys().all()

    def remove_key(self, key_id: str) -> bool:
        """Whether there was such a key."""
        return self._keys().remove(key_id)

    def keys_generation(self) -> int:
        """Rises with every change of keys."""
        return self._keys().generation()

    def close(self) -> None:
        """Closes all projects."""
        with self._lock:
            for store in self._open.values():
                store.close()
            self._open.clear()
            if self._keyring is not None:
                self._keyring.close()
                self._keyring = None

    def _keys(self) -> Keyring:
        with self._lock:
            if self._keyring is None:
                self._keyring = Keyring(self._place.keys())
            return self._keyring
