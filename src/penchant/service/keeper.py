"""Keeps the world that is served up to date: another model, new items, fresher popularity; all in the background.

A request takes the world that is there and holds on to it, so that a swap is an exchange of one reference and no request waits.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from penchant.errors import BadModelFolder, PenchantError
from penchant.pipeline.asked import World
from penchant.service.settings import ServiceConfig
from penchant.service.worlds import Worlds
from penchant.store.protocol import Pointer, Store

_log = logging.getLogger(__name__)

_REST = 4.0
"""A refresh that took long is followed by a pause of so many times its length, so that it never takes more than a fifth."""


class Keeper:
    """Follows the pointer and the log.

    Attributes:
        current: what is served now; None before the first model.
        trouble: why the version that the pointer names is not served, or None.
    """

    def __init__(
        self, store: Store, worlds: Worlds, config: ServiceConfig, *, warm: Callable[[World], None] | None = None
    ) -> None:
        self.store, self.worlds, self.config, self.warm = store, worlds, config, warm
        self.current: World | None = None
        self.trouble: str | None = None
        self._pointer: Pointer | None = None
        self._popularity_due = 0.0
        self._lock = Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def refresh(self) -> None:
        """Looks once; a model that cannot be served leaves the one before in place, and `trouble` says why.

        Where nothing was served yet, because the process has just begun, it is the newest other model that can be read.
        """
        with self._lock:
            pointer = self.store.pointer()
            if pointer is None:
                return
            try:
                self._follow(pointer)
                self.trouble = None
            except PenchantError as fault:
                if self.trouble != str(fault):
                    _log.error("model not served", extra={"version": pointer.version, "reason": str(fault)})
                self.trouble = str(fault)
                if self.current is not None:
                    self._renew(self.current.version)
                elif isinstance(fault, BadModelFolder):
                    self._serve_another(pointer.version)

    def _serve_another(self, broken: str) -> None:
        """Serves the newest version that can be read in place of one that cannot; `trouble` goes on saying so."""
        for version in reversed(self.store.versions()):
            if version.version != broken:
                with contextlib.suppress(BadModelFolder):
                    self._renew(version.version)
                    return

    def _follow(self, pointer: Pointer) -> None:
        if self._pointer is None or pointer.generation != self._pointer.generation or self.current is None:
            self._renew(pointer.version)
            self._pointer = pointer
        else:
            self._renew(self.current.version)

    def _renew(self, version: str) -> None:
        """Serves a version with what is new in the log; nothing happens where nothing is."""
        world = self.current
        upto = self.store.offset()
        same = world is not None and world.version == version
        popularity = world.popularity_offset if same and world is not None else 0
        due = time.monotonic() >= self._popularity_due or not same
        if due:
            popularity = upto
        catalogue = world.catalogue_offset if same and world is not None else 0
        newest = self.store.updated()
        catalogue = max(catalogue, newest)
        if same and world is not None and (catalogue, popularity) == (world.catalogue_offset, world.popularity_offset):
            return
        made = self.worlds.world(version, catalogue, popularity)
        if self.warm is not None:
            self.warm(made)
        self.current = made
        if due:
            # only now: a version that could not be served must not put off the popularity of the one that is
            self._popularity_due = time.monotonic() + self.config.popularity_seconds

    def start(self) -> None:
        """Refreshes from now on, in a thread of its own."""
        self._thread = Thread(target=self._run, name="penchant-keeper", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pause = self.config.refresh_seconds
        while not self._stop.wait(pause):
            started = time.monotonic()
            try:
                self.refresh()
            except Exception:
                # the store may be away for a while: what is served stays, and the next look may succeed
                _log.exception("refresh failed")
            pause = max(self.config.refresh_seconds, _REST * (time.monotonic() - started))

    def close(self) -> None:
        """Stops refreshing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
