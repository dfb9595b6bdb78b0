"""Lists that were served, on their way into the store: gathered for an instant, then written together.

An answer does not wait for its list to be kept. Written one by one, each would wake the store's writer, which would compete
with the next answer for the interpreter; gathered for a tenth of a second they cost next to nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Event, Lock, Thread

from penchant.errors import UserError
from penchant.event import Impression
from penchant.store.protocol import Store

_log = logging.getLogger(__name__)

_EVERY_SECONDS = 0.1
_MOST_WAITING = 100_000
"""Lists that may wait for a store that is away; older ones are given up first, and counted."""


class Shown:
    """Keeps lists of one store.

    Attributes:
        lost: lists that were given up because the store could not take them.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lost = 0
        self._waiting: deque[Impression] = deque(maxlen=_MOST_WAITING)
        self._lock = Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def add(self, impression: Impression) -> None:
        """Takes a list; returns at once."""
        if len(self._waiting) == _MOST_WAITING:
            self.lost += 1
        self._waiting.append(impression)
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Writes what is waiting, and returns when it is kept; raises what the store raises, and then still holds the lists.

        A list that no store can keep is given up, and counted: others must not wait behind it for ever.
        """
        with self._lock:
            batch = []
            while self._waiting:
                batch.append(self._waiting.popleft())
            if not batch:
                return
            try:
                try:
                    self.store.keep_impressions(batch).result()
                except UserError:
                    self._keep_each(batch)
            except Exception:
                self._take_back(batch)
                raise

    def _keep_each(self, batch: Sequence[Impression]) -> None:
        under_way: list[tuple[Impression, Future[None]]] = []
        for one in batch:
            try:
                under_way.append((one, self.store.keep_impressions((one,))))
            except UserError:
                self._give_up(one)
        for one, kept in under_way:
            try:
                kept.result()
            except UserError:
                self._give_up(one)

    def _give_up(self, one: Impression) -> None:
        self.lost += 1
        _log.error("list cannot be kept", extra={"recommendation_id": one.recommendation_id})

    def _take_back(self, batch: list[Impression]) -> None:
        """Puts lists before those that came meanwhile; the oldest go where there is no room. Kept ones are known again."""
        room = max(0, _MOST_WAITING - len(self._waiting))
        self.lost += max(0, len(batch) - room)
        self._waiting.extendleft(reversed(batch[max(0, len(batch) - room) :]))

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = Thread(target=self._run, name="penchant-shown", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_SECONDS):
            try:
                self.flush()
            except Exception as fault:
                # the store is full or away: the lists wait, answers go on
                _log.warning("lists wait for the store", extra={"waiting": len(self._waiting), "reason": str(fault)})
                self._stop.wait(1.0)

    def close(self) -> None:
        """Writes what is waiting; lists that cannot be written are counted as lost."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        try:
            self.flush()
        except Exception as fault:
            self.lost += len(self._waiting)
            _log.error("lists lost", extra={"lists": len(self._waiting), "reason": str(fault)})
