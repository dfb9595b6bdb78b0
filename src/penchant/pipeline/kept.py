"""Things that are made once for an owner (a catalogue, a popularity log) and forgotten with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class Kept(Generic[T]):
    """The newest few things of each owner; owners are told apart by identity. May be used from any thread."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = Lock()
        self._of: WeakKeyDictionary[object, OrderedDict[Hashable, T]] = WeakKeyDictionary()

    def get(self, owner: object, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for `key`; made now where it is not at hand. Two threads may make the same at once; one is kept."""
        with self._lock:
            mine = self._of.setdefault(owner, OrderedDict())
            if key in mine:
                mine.move_to_end(key)
                return mine[key]
        made = make()
        with self._lock:
            made = mine.setdefault(key, made)
            while len(mine) > self.most:
                mine.popitem(last=False)
        return made
