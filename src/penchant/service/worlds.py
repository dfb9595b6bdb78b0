"""Worlds: a model with the items and the popularity of a moment, made from the log so that any of them can be made again."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

import numpy as np

from penchant.data.arrays import Nums, frozen
from penchant.data.growing import grown
from penchant.event import Features
from penchant.index.build import build_index
from penchant.index.growing import GrowingIndex
from penchant.index.lists import ListsIndex
from penchant.models.base import Model
from penchant.models.serving import with_world
from penchant.models.vectors import HasVectors
from penchant.pipeline.asked import World
from penchant.service.journal import Journal, item_updates, known_until
from penchant.service.shelf import Shelf, version_of
from penchant.store.protocol import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """A version in memory: its model as it was trained, and the index of its vectors."""

    version: str
    trained_to: int
    model: Model
    index: GrowingIndex | None


class Worlds:
    """Makes worlds and keeps the newest few; one thread makes at a time."""

    def __init__(self, store: Store, shelf: Shelf, kept: int) -> None:
        self.store, self.shelf, self.kept = store, shelf, kept
        self._journal: Journal | None = None
        self._lock = Lock()
        self._opened: OrderedDict[str, Opened] = OrderedDict()
        self._made: OrderedDict[tuple[str, int, int], World] = OrderedDict()
        self._updates: tuple[str, int, dict[str, Features]] = ("", 0, {})

    def opened(self, version: str) -> Opened:
        """A version, read from the shelf unless it was of late; raises BadModelFolder, or UnknownName for an unknown one."""
        with self._lock:
            return self._open(version)

    def _open(self, version: str) -> Opened:
        found = self._opened.get(version)
        if found is None:
            trained_to = version_of(self.store, version).trained_to
            model = self.shelf.load(version)
            index = build_index(model.item_vectors()) if isinstance(model, HasVectors) else None
            if index is not None and isinstance(index.base, ListsIndex):
                # how much of the best a search reaches is a property of these vectors, and was measured on them
                measured = {"rows_read": index.base.rows_read, "found": round(index.base.found, 4)}
                _log.info("index built", extra={"version": version, "items": index.n_items, **measured})
            found = Opened(version=version, trained_to=trained_to, model=model, index=index)
            self._opened[version] = found
            while len(self._opened) > self.kept:
                self._opened.popitem(last=False)
        self._opened.move_to_end(version)
        return found

    def world(self, version: str, catalogue_offset: int, popularity_offset: int) -> World:
        """The world of a version that knows so much of the log; the same arguments give the same world, whenever asked."""
        key = (version, catalogue_offset, popularity_offset)
        with self._lock:
            world = self._made.get(key)
            if world is None:
                world = self._make(self._open(version), catalogue_offset, popularity_offset)
                self._made[key] = world
                while len(self._made) > self.kept:
                    self._made.popitem(last=False)
            self._made.move_to_end(key)
            return world

    def _make(self, opened: Opened, catalogue_offset: int, popularity_offset: int) -> World:
        base = opened.model.catalogue
        catalogue = grown(base, self._updates_of(opened, catalogue_offset), strict=False)
        journal = self._journal
        if journal is None or journal.since > known_until(base):
            journal = self._journal = Journal(self.store, known_until(base))
        journal.read(popularity_offset)
        later = journal.choices(catalogue, popularity_offset)
        popularity = base.popularity.extended(later.item, later.at, later.weight, n_items=len(catalogue.items))
        model = with_world(opened.model, catalogue, popularity)
        index, n = opened.index, len(catalogue.items)
        if index is not None and n > len(base.items) and model.scores_unseen and isinstance(model, HasVectors):
            # only what came later is new to the index; the rest is shared between worlds
            index = index.with_rows(model.item_vectors()[len(base.items) :])
        return World(
            version=opened.version,
            model=model,
            index=index,
            fresh=_newest_first(opened.model.n_fit, n),
            catalogue_offset=catalogue_offset,
            popularity_offset=popularity_offset,
        )

    def _updates_of(self, opened: Opened, upto: int) -> Mapping[str, Features]:
        """Item updates that came after the version's training; read on from the ones made last where that is possible."""
        version, read, updates = self._updates
        if version == opened.version and read > upto:
            # a list of the past: the newest ones stay at hand
            return item_updates(self.store, opened.trained_to, upto)
        if version != opened.version:
            read, updates = opened.trained_to, {}
        updates = item_updates(self.store, read, upto, updates)
        self._updates = (opened.version, upto, updates)
        return updates


def _newest_first(n_fit: int, n_items: int) -> Nums:
    return frozen(np.arange(n_items - 1, n_fit - 1, -1, dtype=np.int32))
