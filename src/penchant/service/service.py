"""The application of one project: what faces (HTTP, command line, your program) may ask of it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import lru_cache
from itertools import chain
from threading import Lock
from typing import Any

import numpy as np

from penchant.clock import Clock, wall_clock
from penchant.errors import BadConfig, BadModelFolder, PenchantError, UnknownId, UserError
from penchant.log import SILENT, Reporter
from penchant.pipeline.asked import World
from penchant.pipeline.settings import PipelineConfig
from penchant.query import Query
from penchant.service import exporting
from penchant.service.answering import Answer, answer, impression_of, served
from penchant.service.asking import Known, asked
from penchant.service.availability import Availability
from penchant.service.forgetting import forget
from penchant.service.intake import Intake, checked_id
from penchant.service.keeper import Keeper
from penchant.service.nouns import ModelInfo, NotReady, Readiness, Receipt, Recorded, Refitted, Served, Why
from penchant.service.recording import record
from penchant.service.refitting import Child, refit
from penchant.service.settings import ServiceConfig
from penchant.service.shelf import Shelf, described, version_of
from penchant.service.shown import Shown
from penchant.service.status import status_of
from penchant.service.trending import trending
from penchant.service.ways import Way
from penchant.service.why import draw_again
from penchant.service.worlds import Worlds
from penchant.store.protocol import ItemState, Logged, Store

_log = logging.getLogger(__name__)


class Service:
    """One project's application; keeps `penchant.service.protocol.App`.

    Args:
        store: the project's log.
        shelf: where its models stand.
        url: of the stores, for the process that refits.
        project: its name.
        config: settings of the service.
        pipeline: settings of the request path.
        clock: says what time it is.
    """

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        *,
        url: str,
        project: str = "default",
        config: ServiceConfig | None = None,
        pipeline: PipelineConfig | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        self.store, self.shelf, self.url, self.project, self.clock = store, shelf, url, project, clock
        self.config = config or ServiceConfig()
        self.settings = pipeline or PipelineConfig()
        self.way = Way.begun(store, self.settings, self.config, _stage_failed)
        self.availability = Availability(store, self.config.suspicion)
        self.worlds = Worlds(store, shelf, self.config.worlds_kept)
        self.keeper = Keeper(store, self.worlds, self.config, warm=self._warm)
        self.shown = Shown(store)
        self._refitting = Lock()
        self._children: set[Child] = set()
        self._way_of = lru_cache(maxsize=16)(self._kept_way)
        self._intake: Intake | None = None

    def start(self) -> None:
        """Serves what the pointer names, and follows it from now on."""
        self.keeper.refresh()
        if self.keeper.current is not None:
            self._check_way(self.keeper.current)
        self.keeper.start()

    def _check_way(self, world: World) -> None:
        self.settings.check(world.catalogue.schema, "request path")

    # -- events in -------------------------------------------------------------------------------------------------

    def record(self, events: Sequence[Logged]) -> Future[tuple[Recorded, ...]]:
        """See `App.record`."""
        return record(self.store, self._checks(), events, self.clock())

    def _checks(self) -> Intake:
        schema = self._world().catalogue.schema
        if self._intake is None or self._intake.schema is not schema:
            self._intake = Intake(schema, self.config)
        return self._intake

    # -- answers out -----------------------------------------------------------------------------------------------

    def recommend(self, query: Query, *, exact: bool = False) -> Served:
        """See `App.recommend`."""
        world = self._world()
        self._checked_k(query.k)
        if query.user_id is not None:
            checked_id("user_id", query.user_id, self.config.longest_id)
        upto, updated = self.store.offsets()
        withheld = self.availability.now(updated)
        # an update that came in between is part of the answer's state of the log
        upto = max(upto, withheld.upto)
        made = self._answer(world, query, self.availability.mask(world, withheld), upto, exact)
        kept = impression_of(made, upto=upto, seed=self.config.seed, pipeline_key=self.way.key)
        self.shown.add(kept)
        return served(made, upto=upto)

    def _checked_k(self, k: int) -> int:
        if k > self.config.most_k:
            raise BadConfig(f"k: expected at most {self.config.most_k}, got {k}")
        return k

    def _answer(self, world: World, query: Query, withheld: Any, upto: int, exact: bool = False) -> Answer:
        return answer(
            self.store, self.way.pipeline, world, query, withheld, upto=upto, now=self.clock(), seed=self.config.seed,
            recommendation_id=secrets.token_hex(12), history_events=self.way.history_events, exact=exact,
        )  # fmt: skip

    def _warm(self, world: World) -> None:
        """Asks a world something before it is served: the first answer pays for caches, and a broken model shows itself.

        Raises:
            BadModelFolder: the model cannot answer; the request path would go on without it.
        """
        query = Query(history=(), at=self.clock(), k=10)
        try:
            made = self._answer(world, query, np.zeros(len(world.catalogue.items), dtype=np.bool_), 0)
        except PenchantError:
            raise
        except Exception as fault:
            raise BadModelFolder(f"{world.version}: cannot answer ({type(fault).__name__}: {fault})") from fault
        for stage in made.slate.trace:
            if stage.failure is not None and stage.stage in _BY_MODEL:
                raise BadModelFolder(f"{world.version}: cannot answer ({stage.failure})")

    def trending(
        self, k: int, *, window: float | None = None, where: str | None = None, at: float | None = None
    ) -> Served:
        """See `App.trending`."""
        world = self._world()
        upto, updated = self.store.offsets()
        query = Query(at=self.clock() if at is None else at, k=self._checked_k(k), where=where, repeats="allow")
        withheld = self.availability.mask(world, self.availability.now(updated))
        question = asked(world, query, Known(), withheld, seed=self.config.seed, recommendation_id="trending")
        return trending(question, upto=upto, window=window)

    def why(self, recommendation_id: str) -> Why:
        """See `App.why`."""
        self.shown.flush()
        return draw_again(self.store, self.worlds, self.availability, self._way_of, recommendation_id)

    def _kept_way(self, key: str) -> Way:
        return Way.kept(self.store, key, _stage_failed)

    # -- items and people ------------------------------------------------------------------------------------------

    def item(self, item_id: str) -> ItemState:
        """See `App.item`."""
        found = self.store.item(item_id)
        if found is not None and not found.deleted:
            return found
        world = self._world()
        number = world.catalogue.items.number(item_id)
        if found is not None or number is None:
            raise UnknownId("item", item_id)
        features = exporting.item_features(world.catalogue, number)
        return ItemState(item_id=item_id, features=features, available=True, deleted=False, at=0.0, offset=0)

    def user(self, user_id: str) -> Mapping[str, Any]:
        """See `App.user`."""
        past = self.store.past(user_id, last=self.config.history_events, contexts=False)
        update = self.store.user(user_id)
        if not past and update is None:
            raise UnknownId("user", user_id)
        return {
            "user_id": user_id,
            "features": {} if update is None else dict(update.features),
            "events": len(past),
            "more_events": len(past) == self.config.history_events,
            "newest": past.at[-1] if past else None,
        }

    def export(self, user_id: str) -> Iterator[Mapping[str, Any]]:
        """See `App.export`."""
        self.shown.flush()
        parts = self.store.export(user_id)
        first = next(parts, None)
        if first is None:
            raise UnknownId("user", user_id)
        return map(exporting.record, chain((first,), parts))

    def forget(self, user_id: str) -> Receipt:
        """See `App.forget`."""
        self.shown.flush()
        return forget(self.store, user_id, self.clock())

    # -- models ----------------------------------------------------------------------------------------------------

    def models(self) -> tuple[ModelInfo, ...]:
        """See `App.models`."""
        pointer = self.store.pointer()
        return tuple(described(version, pointer) for version in reversed(self.store.versions()))

    def activate(self, version: str) -> ModelInfo:
        """See `App.activate`."""
        found = version_of(self.store, version)
        # read, checked and asked here before any worker is told; one that is in memory may have rotted on the disk since
        self.shelf.check(version)
        world = self.worlds.world(version, self.store.updated(), self.store.offset())
        self._check_way(world)
        self._warm(world)
        pointer = self.store.point(version, self.clock())
        self.keeper.refresh()
        return described(found, pointer)

    def refit(self, *, force: bool = False, reporter: Reporter = SILENT) -> Refitted:
        """See `App.refit`; the reporter hears how far it is."""
        if not self._refitting.acquire(blocking=False):
            raise UserError("a refit is under way already; wait until it has ended")
        try:
            pointer = self.store.pointer()
            if pointer is None:
                raise NotReady(_NO_MODEL)
            made = refit(
                self.store, self.shelf, version_of(self.store, pointer.version), url=self.url, project=self.project,
                config=self.config, now=self.clock(), reporter=reporter, children=self._children,
                force=force,
            )  # fmt: skip
            version, newer = made.version, self.store.pointer()
            if version is not None and newer is not None and newer.generation != pointer.generation:
                # somebody chose in the meantime, and knew what the gate does not
                reason = (
                    f"{newer.version} was activated meanwhile and stays; {version.version} can be activated by hand"
                )
                return Refitted(model=None, found={**made.found, "reason": reason})
            return Refitted(model=None if version is None else self.activate(version.version), found=made.found)
        finally:
            self._refitting.release()

    def status(self) -> Mapping[str, Any]:
        """See `App.status`."""
        return status_of(self.store, self.keeper.current, self.keeper.trouble)

    def ready(self) -> Readiness:
        """See `App.ready`."""
        world = self.keeper.current
        reasons = [] if world is not None else [self.keeper.trouble or _NO_MODEL]
        return Readiness(ready=world is not None, version=None if world is None else world.version, reasons=reasons)

    def schema_of(self) -> Mapping[str, Any]:
        """See `App.schema_of`."""
        schema = self._world().catalogue.schema
        whole: dict[str, Any] = schema.model_dump(mode="json", include=_SHOWN)
        return whole

    def _world(self) -> World:
        world = self.keeper.current
        if world is None:
            raise NotReady(self.ready().reasons[0])
        return world

    def close(self) -> None:
        """See `App.close`; the store itself belongs to who opened it."""
        for child in tuple(self._children):
            child.kill()
        self.keeper.close()
        self.shown.close()


def _stage_failed(stage: str, fault: Exception) -> None:
    _log.error("stage failed", extra={"stage": stage, "reason": repr(fault)}, exc_info=fault)


_BY_MODEL = ("retrieve model", "rank model")
"""Stages that fail when the model does."""
_NO_MODEL = "no model is served yet; give one: penchant swap MODEL_DIR"
_SHOWN = {"kinds", "context", "item_attributes", "user_attributes", "repeats", "time_zone"}
