"""What the log says beside histories: choices for the popularity of the moment, and updates of items.

Kept in columns of numbers (about 21 bytes an event), numbered by the journal's own vocabulary, so that any model's catalogue
can be given what came after its training, as of any offset that was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from penchant.data.arrays import Float32, Int64, Nums
from penchant.data.catalogue import Catalogue
from penchant.data.vocabulary import Vocabulary
from penchant.event import Features, ItemUpdate
from penchant.store.protocol import Store

_FIRST_ROOM = 1 << 14
_LONG_AGO = 62_135_596_800.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Choices:
    """Later events of known items by rising time.

    Attributes:
        item: int32 [n], numbers of the catalogue.
        at: int64 [n], milliseconds since 1970 (UTC).
        weight: float32 [n], weight of the event's kind.
    """

    item: Nums
    at: Int64
    weight: Float32


class Journal:
    """Reads the log of one store step by step; not for several threads at once.

    Args:
        since: only events later than this matter, seconds since 1970.
    """

    def __init__(self, store: Store, since: float) -> None:
        self.store, self.since = store, since
        self.upto = 0
        self._items: dict[str, int] = {}
        self._vocabulary: Vocabulary | None = None
        self._numbers = np.zeros(0, dtype=np.int32)
        self._kinds: dict[str, int] = {}
        self._n = 0
        self._offset = np.zeros(_FIRST_ROOM, dtype=np.int64)
        self._at = np.zeros(_FIRST_ROOM, dtype=np.int64)
        self._item = np.zeros(_FIRST_ROOM, dtype=np.int32)
        self._kind = np.zeros(_FIRST_ROOM, dtype=np.int8)

    def read(self, upto: int) -> None:
        """Reads on until an offset; does nothing when it was read before."""
        if upto <= self.upto:
            return
        items, kinds = self._items, self._kinds
        for rows in self.store.choices(self.upto, upto, newer_than=self.since):
            offset, names, at, what = zip(*rows, strict=True)
            item = [items.setdefault(name, len(items)) for name in names]
            kind = [kinds.setdefault(name, len(kinds)) for name in what]
            self._append(offset, np.rint(np.asarray(at) * 1000).astype(np.int64), item, kind)
        self.upto = upto

    def _append(self, offset: Sequence[int], at: Int64, item: Sequence[int], kind: Sequence[int]) -> None:
        end = self._n + len(offset)
        if end > len(self._offset):
            room = max(end, 2 * len(self._offset))
            for name in ("_offset", "_at", "_item", "_kind"):
                old = getattr(self, name)
                wide = np.zeros(room, dtype=old.dtype)
                wide[: self._n] = old[: self._n]
                setattr(self, name, wide)
        rows = slice(self._n, end)
        self._offset[rows], self._at[rows], self._item[rows], self._kind[rows] = offset, at, item, kind
        self._n = end

    def choices(self, catalogue: Catalogue, upto: int) -> Choices:
        """Events with an offset <= `upto` that are later than all that the catalogue's popularity knows."""
        since = round(known_until(catalogue) * 1000)
        n = int(np.searchsorted(self._offset[: self._n], upto, side="right"))
        rows = np.flatnonzero(self._at[:n] > since)
        number = self._numbers_in(catalogue.items)
        kinds = catalogue.schema.kinds
        weight = np.asarray([kinds[k].weight if k in kinds else 0.0 for k in self._kinds], dtype=np.float32)
        item, counts = number[self._item[rows]], weight[self._kind[rows]]
        rows = rows[(item >= 0) & (counts > 0)]
        rows = rows[np.argsort(self._at[rows], kind="stable")]
        return Choices(item=number[self._item[rows]], at=self._at[rows], weight=weight[self._kind[rows]])

    def _numbers_in(self, items: Vocabulary) -> Nums:
        """The catalogue's number of each item of the journal, int32; -1 for one that it does not hold.

        Those of a catalogue that was asked about before are looked up once.
        """
        known = self._numbers if items is self._vocabulary else self._numbers[:0]
        later = islice(self._items, len(known), None)
        more = [-1 if (number := items.number(item)) is None else number for item in later]
        self._vocabulary, self._numbers = items, np.concatenate([known, np.asarray(more, dtype=np.int32)])
        return self._numbers


def known_until(catalogue: Catalogue) -> float:
    """The newest event that the catalogue's popularity counts, seconds since 1970; the year 1 without one."""
    known = catalogue.popularity.at
    return int(known[-1]) / 1000 if len(known) else -_LONG_AGO


def item_updates(
    store: Store, after: int, upto: int, before: Mapping[str, Features] | None = None
) -> dict[str, Features]:
    """Newest attributes of each item that was updated in ``after < offset <= upto``, in the order of first updates.

    `before` holds those of earlier offsets, which stay where they are not replaced.
    """
    found: dict[str, Features] = dict(before or {})
    for stored in store.scan(after, upto, types=(ItemUpdate,)):
        event = stored.event
        assert isinstance(event, ItemUpdate)
        # a deleted item keeps its place, because numbers of items never change, but nothing of what it was
        found[event.item_id] = {} if event.deleted else event.features
    return found
