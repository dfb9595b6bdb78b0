"""A small application in memory, for tests of the server alone: popular items, newest first among equals."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, replace
from typing import Any

from penchant.errors import BadConfig, BadModelFolder, UnknownName
from penchant.event import Impression, Interaction, ItemUpdate, UserUpdate
from penchant.query import Query
from penchant.service.nouns import ModelInfo, Readiness, Receipt, Recorded, Refitted, Served, Why
from penchant.slate import Recommendation, Slate, StageTrace
from penchant.store.protocol import ItemState, Key, Logged

SCHEMA: Mapping[str, Any] = {
    "kinds": {"play": {"weight": 1.0, "target": True}},
    "context": {"mood": {"kind": "category"}, "volume": {"kind": "number"}},
    "item_attributes": {"genre": {"kind": "category"}},
    "user_attributes": {"group": {"kind": "category"}},
}


class FakeApp:
    """Keeps everything in lists; the clock stands still at `now`."""

    def __init__(self, now: float = 1_764_115_200.0, items: Sequence[str] = ("a", "b", "c")) -> None:
        self.now = now
        self.lock = threading.Lock()
        self.log: list[Logged] = []
        self.seen_ids: dict[str, int] = {}
        self.items = {
            item: ItemState(item_id=item, features={}, available=True, deleted=False, at=0.0, offset=0)
            for item in items
        }
        self.users: dict[str, Mapping[str, Any]] = {}
        self.served: dict[str, tuple[Query, Slate, int]] = {}
        self.version = "m-1"
        self.fails_with: Exception | None = None
        self.recommend_fails_with: Exception | None = None

    def record(self, events: Sequence[Logged]) -> Future[tuple[Recorded, ...]]:
        future: Future[tuple[Recorded, ...]] = Future()
        if self.fails_with is not None:
            future.set_exception(self.fails_with)
            return future
        with self.lock:
            future.set_result(tuple(map(self._keep, events)))
        return future

    def _keep(self, event: Logged) -> Recorded:
        if isinstance(event, Interaction):
            if event.kind not in SCHEMA["kinds"]:
                known = UnknownName("event kind", event.kind, SCHEMA["kinds"])
                return Recorded(status="rejected", event_id=event.event_id, reason=str(known))
            if event.event_id is not None and event.event_id in self.seen_ids:
                return Recorded(status="duplicate", event_id=event.event_id, offset=self.seen_ids[event.event_id])
        self.log.append(event)
        offset = len(self.log)
        if isinstance(event, Interaction) and event.event_id is not None:
            self.seen_ids[event.event_id] = offset
        if isinstance(event, ItemUpdate):
            self.items[event.item_id] = ItemState(
                item_id=event.item_id,
                features=event.features,
                available=event.available,
                deleted=event.deleted,
                at=event.at,
                offset=offset,
            )
        if isinstance(event, UserUpdate):
            self.users[event.user_id] = event.features
        return Recorded(status="accepted", event_id=getattr(event, "event_id", None), offset=offset)

    def history(self, user_id: str | None) -> list[Interaction]:
        return [event for event in list(self.log) if isinstance(event, Interaction) and event.user_id == user_id]

    def recommend(self, query: Query, *, exact: bool = False) -> Served:
        if self.recommend_fails_with is not None:
            raise self.recommend_fails_with
        for name in query.context:
            if name not in SCHEMA["context"]:
                raise UnknownName("context field", name, SCHEMA["context"])
        if query.where is not None and "=" not in query.where:
            raise BadConfig(f'where: expected an expression such as item.genre == "folk", got "{query.where}"')
        if query.similar_to is not None and query.similar_to not in self.items:
            raise UnknownName("item", query.similar_to, ())
        past = self.history(query.user_id)
        seen = {event.item_id for event in past} if query.repeats != "allow" else set()
        return self._served(query, seen, tuple(e.event_id or e.item_id for e in reversed(past)))

    def _served(self, query: Query, seen: set[str], history: tuple[str, ...] = ()) -> Served:
        counts = Counter(event.item_id for event in list(self.log) if isinstance(event, Interaction))
        wanted = query.candidates if query.candidates is not None else tuple(self.items)
        there = [i for i in wanted if i in self.items and not self.items[i].deleted and i not in seen | query.exclude]
        best = sorted(there, key=lambda item: (-counts[item], item))[: query.k]
        rid = f"r-{len(self.served)}"
        items = tuple(
            Recommendation(item_id=item, rank=rank, score=float(counts[item]), sources=("popular",))
            for rank, item in enumerate(best, 1)
        )
        trace = (StageTrace(stage="retrieve", n_in=len(self.items), n_out=len(best), milliseconds=0.1),)
        slate = Slate(recommendation_id=rid, items=items, trace=trace, model_version=self.version)
        at = self.now if query.at is None else query.at
        self.served[rid] = (replace(query, at=at), slate, len(self.log))
        return Served(
            slate=slate,
            at=at,
            log_offset=len(self.log),
            context_used=dict(query.context),
            history=history,
            titles={"a": "Silver Rain"},
            unknown_items=tuple(i for i in wanted if i not in self.items),
        )

    def trending(
        self, k: int, *, window: float | None = None, where: str | None = None, at: float | None = None
    ) -> Served:
        return self._served(Query(k=k, where=where, at=at), set())

    def why(self, recommendation_id: str) -> Why:
        if recommendation_id not in self.served:
            raise UnknownName("recommendation", recommendation_id, ())
        query, slate, offset = self.served[recommendation_id]
        ones = (1.0,) * len(slate.items)
        shown = Impression(
            recommendation_id=recommendation_id,
            query=query,
            item_ids=tuple(one.item_id for one in slate.items),
            propensities=ones,
            model_version=slate.model_version,
            log_offset=offset,
            seed=1,
            scores=tuple(one.score for one in slate.items),
            sources=tuple(one.sources for one in slate.items),
        )
        return Why(impression=shown, history=tuple(self.history(query.user_id)), again=slate, same=True)

    def item(self, item_id: str) -> ItemState:
        if item_id not in self.items:
            raise UnknownName("item", item_id, self.items)
        return self.items[item_id]

    def user(self, user_id: str) -> Mapping[str, Any]:
        past = self.history(user_id)
        if user_id not in self.users and not past:
            raise UnknownName("user", user_id, ())
        newest = max((event.at for event in past), default=None)
        return {"features": dict(self.users.get(user_id, {})), "events": len(past), "newest": newest}

    def export(self, user_id: str) -> Iterator[Mapping[str, Any]]:
        self.user(user_id)
        yield {"type": "user", "user_id": user_id, "features": self.users.get(user_id, {})}
        for event in self.history(user_id):
            yield {"type": "interaction", **asdict(event)}

    def forget(self, user_id: str) -> Receipt:
        with self.lock:
            before = len(self.log)
            self.log = [event for event in self.log if getattr(event, "user_id", None) != user_id]
            self.users.pop(user_id, None)
            return Receipt(
                user_id=user_id,
                at=self.now,
                places=(f"log: {before - len(self.log)} rows",),
                rows={"log": before - len(self.log)},
                trained_versions=(),
                refit="not needed",
            )

    def models(self) -> tuple[ModelInfo, ...]:
        return tuple(
            ModelInfo(version=v, model="popular", current=v == self.version, added_at=self.now, trained_to=0)
            for v in ("m-2", "m-1")
        )

    def activate(self, version: str) -> ModelInfo:
        if version == "m-bad":
            raise BadModelFolder("m-bad: weights.npz: changed since it was saved")
        if version not in ("m-1", "m-2"):
            raise UnknownName("version", version, ("m-1", "m-2"))
        self.version = version
        return next(one for one in self.models() if one.current)

    def refit(self, *, force: bool = False) -> Refitted:
        return Refitted(model=self.activate("m-2"), found={"reason": "better"})

    def status(self) -> Mapping[str, Any]:
        return {"events": len(self.log), "fallback_share": 0.0}

    def ready(self) -> Readiness:
        return Readiness(ready=True, version=self.version)

    def schema_of(self) -> Mapping[str, Any]:
        return SCHEMA

    def close(self) -> None:
        pass


class FakeKeys:
    """Keys in a list."""

    def __init__(self, *keys: Key) -> None:
        self.held, self.generation = list(keys), len(keys)

    def keys(self) -> tuple[Key, ...]:
        return tuple(self.held)

    def keys_generation(self) -> int:
        return self.generation

    def change(self, *keys: Key) -> None:
        self.held = list(keys)
        self.generation += 1
