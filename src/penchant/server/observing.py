"""What a server tells of itself: counts and times for Prometheus, to each project its own, and where logs go.

Several workers count together, in files of a folder that `SHARED_VARIABLE` names before any of them starts; what is true of an
instant only, such as a queue, is told by the worker that is asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from penchant.server.lanes import Lane

MEDIA_TYPE = CONTENT_TYPE_LATEST
SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Read by prometheus_client when it is imported."""

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

    def __init__(self, project: str, requests: Counter, seconds: Histogram, events: Counter) -> None:
        self._project, self._requests, self._seconds, self._events = project, requests, seconds, events
        self._known: dict[tuple[str, str, int], tuple[Any, Any]] = {}
        self.newest = 0

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts one request."""
        key = (route, method, status)
        pair = self._known.get(key)
        if pair is None:
            pair = (
                self._requests.labels(self._project, route, method, str(status)),
                self._seconds.labels(self._project, route, method),
            )
            self._known[key] = pair
        pair[0].inc()
        pair[1].observe(seconds)

    def events(self, outcome: str, count: int) -> None:
        """Counts events."""
        if count:
            self._events.labels(self._project, outcome).inc(count)

    def offset(self, offset: int) -> None:
        """Takes note of an offset of the log."""
        self.newest = max(self.newest, offset)


class Gauges:
    """Counts of a whole server."""

    def __init__(self, lanes: tuple[Lane, ...], waiting_events: Callable[[], int]) -> None:
        self._lanes, self._waiting_events = lanes, waiting_events
        self._registry = CollectorRegistry()
        self._projects: dict[str, ProjectGauges] = {}
        self._requests = Counter(
            "penchant_requests",
            "Requests by route, method and status.",
            ("project", "route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "penchant_request_seconds",
            "Seconds from a request's head to its answer.",
            ("project", "route", "method"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._events = Counter(
            "penchant_events", "Events by what became of them.", ("project", "outcome"), registry=self._registry
        )

    def of(self, project: str) -> ProjectGauges:
        """The counts of a project."""
        found = self._projects.get(project)
        if found is None:
            made = ProjectGauges(project, self._requests, self._seconds, self._events)
            found = self._projects[project] = made
        return found

    def page(self, project: str, version: str | None) -> bytes:
        """What Prometheus reads: the counts of one project, and how this worker is at this instant."""
        shared = os.environ.get(SHARED_VARIABLE)
        source: Any = _shared(shared) if shared else self._registry
        counts = _of_project(source.collect(), project)
        return generate_latest(_Given([*counts, *self._instant(project, version)]))

    def _instant(self, project: str, version: str | None) -> Iterator[Metric]:
        worker = str(os.getpid())
        waiting = GaugeMetricFamily("penchant_queue", "Requests that wait for a thread.", labels=("worker", "lane"))
        mean = GaugeMetricFamily("penchant_answer_seconds", "Mean time of computing.", labels=("worker", "lane"))
        refused = GaugeMetricFamily("penchant_refused", "Requests refused since the start.", labels=("worker", "lane"))
        for lane in self._lanes:
            waiting.add_metric((worker, lane.name), lane.waiting)
            mean.add_metric((worker, lane.name), lane.mean_seconds)
            refused.add_metric((worker, lane.name), lane.refused)
        events = GaugeMetricFamily("penchant_waiting_events", "Events that wait for the disk.", labels=("worker",))
        events.add_metric((worker,), self._waiting_events())
        offset = GaugeMetricFamily(
            "penchant_log_offset", "Newest offset of the log seen.", labels=("project", "worker")
        )
        offset.add_metric((project, worker), self.of(project).newest)
        model = GaugeMetricFamily(
            "penchant_model", "1 for the version served.", labels=("project", "worker", "version")
        )
        if version is not None:
            model.add_metric((project, worker, version), 1)
        yield from (waiting, mean, refused, events, offset, model)


class _Given:
    """Metrics that are there already, as a registry."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _of_project(metrics: Iterable[Metric], project: str) -> Iterator[Metric]:
    for metric in metrics:
        metric.samples = [sample for sample in metric.samples if sample.labels.get("project") == project]
        yield metric


def _shared(folder: str) -> Any:
    return MultiProcessCollector(CollectorRegistry(), path=folder)  # type: ignore[no-untyped-call]
