"""What every route works with: the applications, the keys, the threads, the limits; and one request under way."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic, perf_counter
from typing import Any, TypeVar

from penchant.clock import Clock
from penchant.event import Interaction, ItemUpdate, UserUpdate
from penchant.server import bodies
from penchant.server.lanes import Lane
from penchant.server.observing import Gauges, Log, ProjectGauges, Silence
from penchant.server.problems import Problem
from penchant.server.questions import Bounds
from penchant.server.rates import Rates
from penchant.server.security import Caller, KeyRing
from penchant.server.settings import ServerConfig
from penchant.service.nouns import Recorded
from penchant.service.protocol import App
from penchant.store.protocol import KeyScope

T = TypeVar("T")
_SCHEMA_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Declared:
    """What a project's schema says of events and circumstances: the kinds, and context field -> its kind."""

    kinds: tuple[str, ...]
    context: Mapping[str, str]


class Room:
    """How many events may wait for the disk at a time."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self.taken = 0

    def take(self, n: int) -> None:
        """Makes room for `n` events; raises Problem 429 when there is none. A single request always fits into an empty room."""
        with self._lock:
            if self.taken and self.taken + n > self._most:
                raise Problem(
                    429, "too many events wait for the disk; try again in a moment", retry_after=0.5, kind="busy"
                )
            self.taken += n

    def leave(self, n: int) -> None:
        """Gives the room back."""
        with self._lock:
            self.taken -= n


class Site:
    """One worker of a server.

    Args:
        apps: project -> application.
        ring: the keys.
        settings: limits.
        clock: the time of events that come without one.
        log: where lines go.
    """

    def __init__(
        self, apps: Mapping[str, App], ring: KeyRing, settings: ServerConfig, clock: Clock, log: Log | None = None
    ) -> None:
        self.apps, self.ring, self.settings, self.clock = apps, ring, settings, clock
        self.log: Log = log or Silence()
        self.bounds = Bounds(items=settings.most_items, history=settings.most_history)
        self.rates = Rates(settings.rate, settings.burst)
        self.answers = Lane(
            "answers",
            threads=settings.threads,
            most_wait=settings.most_wait,
            strained_wait=settings.strained_wait,
        )
        # what takes long gets threads of its own, so that nobody's list waits for somebody's export
        self.aside = Lane("aside", threads=4, most_waiting=64)
        # reading a thousand events takes longer than the event loop may be kept from saying no
        self.reading = Lane("reading", most_waiting=256)
        self.room = Room(settings.waiting_events)
        self.gauges = Gauges((self.answers, self.aside, self.reading), lambda: self.room.taken)
        self.refits: dict[str, asyncio.Task[Any]] = {}
        self._declared: dict[str, tuple[float, Declared]] = {}

    def declared(self, project: str, app: App) -> Declared:
        """What the schema declares; read again each second, because a model that is swapped in may bring another."""
        found = self._declared.get(project)
        now = monotonic()
        if found is None or now - found[0] > _SCHEMA_SECONDS:
            schema = app.schema_of()
            context = {name: str(spec["kind"]) for name, spec in schema.get("context", {}).items()}
            found = now, Declared(tuple(schema.get("kinds", ())), context)
            self._declared[project] = found
        return found[1]

    def close(self) -> None:
        """Finishes what was let in; the applications are closed by whoever made them."""
        self.ring.close()
        self.answers.close()
        self.aside.close()
        self.reading.close()


@dataclass(slots=True)
class Call:
    """One request under way, of somebody who may make it."""

    site: Site
    scope: Mapping[str, Any]
    receive: bodies.Receive
    headers: Mapping[bytes, bytes]
    caller: Caller
    app: App
    began: float

    @property
    def gauges(self) -> ProjectGauges:
        """Counts of the caller's project."""
        return self.site.gauges.of(self.caller.project)

    async def body(self, *known: str) -> tuple[bytes, str]:
        """The body and its kind, one of `known`; raises Problem."""
        kind = bodies.media_type(self.headers, *known)
        settings = self.site.settings
        return await bodies.read(self.receive, self.headers, settings.body_bytes, settings.body_timeout), kind

    async def computed(self, work: Callable[[], T], *, short: bool = False) -> T:
        """The result of an answer's work; raises Problem 429 when it would have to wait for too long.

        Args:
            short: whether it takes no longer than most answers do, as far as the question tells.
        """
        return await self.site.answers.run(work, short=short)

    async def aside(self, work: Callable[[], T]) -> T:
        """The result of work that may take long."""
        return await self.site.aside.run(work)

    def submit(self, events: Sequence[Interaction | ItemUpdate | UserUpdate]) -> Future[tuple[Recorded, ...]]:
        """Gives events to the application; from any thread. Raises Problem 429 when too many wait already."""
        room, n = self.site.room, len(events)
        room.take(n)
        try:
            future = self.app.record(events)
        except BaseException:
            room.leave(n)
            raise
        future.add_done_callback(lambda _: room.leave(n))
        return future

    async def record(self, events: Sequence[Interaction | ItemUpdate | UserUpdate]) -> tuple[Recorded, ...]:
        """What became of events, once that is durable; raises Problem 429 when too many wait already."""
        return await self.recorded(self.submit(events)) if events else ()

    async def recorded(self, future: Future[tuple[Recorded, ...]]) -> tuple[Recorded, ...]:
        """What became of events that were submitted."""
        recorded = await asyncio.wrap_future(future)
        gauges = self.gauges
        for status in ("accepted", "duplicate", "rejected"):
            gauges.events(status, sum(one.status == status for one in recorded))
        gauges.offset(max((one.offset for one in recorded), default=0))
        return recorded


@dataclass(slots=True)
class Seen:
    """What is known of a request for its line of log, whatever becomes of it."""

    request_id: str
    began: float = field(default_factory=perf_counter)
    route: str = "none"
    status: int = 0
    caller: Caller | None = None
    fault: Exception | None = None
    heard: bool = False  # the whole body was read


def let_in(site: Site, scope: Mapping[str, Any], receive: bodies.Receive, needed: KeyScope, seen: Seen) -> Call:
    """The call of somebody who may make it; raises Problem 401, 403, 404 or 429."""
    headers = dict(scope["headers"])
    client = scope.get("client")
    caller = site.ring.caller(headers, client[0] if client else None, needed)
    seen.caller = caller
    site.rates.take(caller.key_id)
    app = site.apps.get(caller.project)
    if app is None:
        raise Problem(404, f'nothing is served for the project "{caller.project}"', kind="no-project")
    return Call(site, scope, receive, headers, caller, app, seen.began)


def request_id(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The id that came with a request where it is a plain one, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and 0 < len(value) <= 64 and value.replace(b"-", b"").isalnum():
            return value.decode("ascii")
    return secrets.token_hex(8)
