"""What a server tells of itself: counts and times for Prometheus, a set of its own for each project, and where logs go."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from penchant.server.lanes import Lane

MEDIA_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Log(Protocol):
    """Where lines go; a logger of structlog is one."""

    def info(self, event: str, **fields: Any) -> Any:
        """Something happened."""

    def error(self, event: str, **fields: Any) -> Any:
        """Something went wrong."""


class Silence:
    """A log that keeps nothing."""

    def info(self, event: str, **fields: Any) -> None:
        """Nothing."""

    def error(self, event: str, **fields: Any) -> None:
        """Nothing."""


class ProjectGauges:
    """Counts of one project; nobody else sees them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "penchant_requests",
            "Requests by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "penchant_request_seconds",
            "Seconds from a request's head to its answer.",
            ("route", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._events = Counter(
            "penchant_events", "Events by what became of them.", ("outcome",), registry=self.registry
        )
        self._offset = Gauge("penchant_log_offset", "Newest offset of the log that was seen.", registry=self.registry)
        self._model = Gauge("penchant_model", "1 for the version that is served.", ("version",), registry=self.registry)
        self._newest = 0
        self._routes: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts one request."""
        key = (route, method, status)
        pair = self._routes.get(key)
        if pair is None:
            pair = self._requests.labels(route, method, str(status)), self._seconds.labels(route, method)
            self._routes[key] = pair
        pair[0].inc()
        pair[1].observe(seconds)

    def events(self, outcome: str, count: int) -> None:
        """Counts events."""
        if count:
            self._events.labels(outcome).inc(count)

    def offset(self, offset: int) -> None:
        """Takes note of an offset of the log."""
        if offset > self._newest:
            self._newest = offset
            self._offset.set(offset)

    def model(self, version: str | None) -> None:
        """Says which version is served."""
        self._model.clear()
        if version is not None:
            self._model.labels(version).set(1)


class Gauges:
    """Counts of a whole server: the queue in front of each lane, and one `ProjectGauges` for each project."""

    def __init__(self, lanes: tuple[Lane, ...], waiting_events: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._projects: dict[str, ProjectGauges] = {}
        waiting = Gauge("penchant_queue", "Requests that wait for a thread.", ("lane",), registry=self._registry)
        mean = Gauge("penchant_answer_seconds", "Mean time of computing.", ("lane",), registry=self._registry)
        refused = Gauge("penchant_refused", "Requests refused since the start.", ("lane",), registry=self._registry)
        events = Gauge("penchant_waiting_events", "Events that wait for the disk.", registry=self._registry)
        events.set_function(waiting_events)
        for lane in lanes:
            waiting.labels(lane.name).set_function(partial(getattr, lane, "waiting"))
            mean.labels(lane.name).set_function(partial(getattr, lane, "mean_seconds"))
            refused.labels(lane.name).set_function(partial(getattr, lane, "refused"))

    def of(self, project: str) -> ProjectGauges:
        """The counts of a project."""
        found = self._projects.get(project)
        if found is None:
            found = self._projects[project] = ProjectGauges()
        return found

    def page(self, project: str) -> bytes:
        """What Prometheus reads: the server and one project."""
        return generate_latest(self._registry) + generate_latest(self.of(project).registry)
