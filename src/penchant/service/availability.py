"""Which items may be shown to nobody, as of an offset: unavailable, deleted, or flagged."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np

from penchant.data.arrays import Bool, frozen
from penchant.event import Flag, ItemUpdate
from penchant.pipeline.asked import World
from penchant.store.protocol import Store

_PAST_KEPT = 64
"""States of the past that are kept."""


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """Two sets of ids, as of the newest update at or below `upto`."""

    upto: int = 0
    gone: frozenset[str] = frozenset()
    flagged: frozenset[str] = frozenset()

    def mask(self, world: World) -> Bool:
        """bool [n_items] of that world."""
        numbers, _ = world.catalogue.items.numbers(self.gone | self.flagged)
        mask = np.zeros(len(world.catalogue.items), dtype=np.bool_)
        mask[numbers] = True
        return frozen(mask)


class Availability:
    """Follows the log's item updates and flags, reading only what is new."""

    def __init__(self, store: Store, suspicion: float) -> None:
        self.store, self.suspicion = store, suspicion
        self._lock, self._past_lock = Lock(), Lock()
        self._now = Withheld()
        self._past: dict[tuple[float, int], Withheld] = {}
        self._mask: tuple[World, Withheld, Bool] | None = None

    def now(self, newest: int) -> Withheld:
        """As of the update at offset `newest`, the last one that the store knows, or of a later one.

        An update that was acknowledged before `newest` was read is in it.
        """
        if newest > self._now.upto:
            with self._lock:
                if newest > self._now.upto:
                    self._now = self._later(self._now, newest, self.suspicion)
        return self._now

    def as_of(self, upto: int, suspicion: float) -> Withheld:
        """As it was at an offset, for flags of at least `suspicion`; read on from the nearest earlier one asked for of late.

        Reading may take long; no question of now waits for it.
        """
        with self._past_lock:
            nearest = max(
                (offset for least, offset in self._past if least == suspicion and offset <= upto), default=None
            )
            before = Withheld() if nearest is None else self._past[suspicion, nearest]
            found = self._later(before, upto, suspicion)
            self._past[suspicion, upto] = found
            while len(self._past) > _PAST_KEPT:
                self._past.pop(next(iter(self._past)))
            return found

    def mask(self, world: World, withheld: Withheld) -> Bool:
        """The mask of one world, made once for each change."""
        kept = self._mask
        if kept is not None and kept[0] is world and kept[1] is withheld:
            return kept[2]
        mask = withheld.mask(world)
        self._mask = (world, withheld, mask)
        return mask

    def _later(self, before: Withheld, upto: int, suspicion: float) -> Withheld:
        gone, flagged = set(before.gone), set(before.flagged)
        for stored in self.store.scan(before.upto, upto, types=(ItemUpdate, Flag)):
            match stored.event:
                case ItemUpdate(item_id=item):
                    (gone.discard if stored.event.available and not stored.event.deleted else gone.add)(item)
                case Flag(subject_kind="item", subject_id=item):
                    (flagged.add if stored.event.score >= suspicion else flagged.discard)(item)
        return Withheld(upto=upto, gone=frozenset(gone), flagged=frozenset(flagged))
