"""The application of one project, without HTTP: what faces may ask of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from penchant.query import Query
from penchant.service.nouns import ModelInfo, Readiness, Receipt, Recorded, Refitted, Served, Why
from penchant.store.protocol import ItemState, Logged


class App(Protocol):
    """Methods may be called from any thread. Ids that nobody knows raise `penchant.errors.UnknownName`."""

    def record(self, events: Sequence[Logged]) -> Future[tuple[Recorded, ...]]:
        """Checks events, keeps the good ones durably and says what became of each; same length and order.

        The future raises StoreFull or StoreUnavailable when nothing was kept.
        """

    def recommend(self, query: Query, *, exact: bool = False) -> Served:
        """A list for this person in this moment; `query.candidates` ranks given items, `query.similar_to` finds like ones.

        Raises:
            UnknownName, BadConfig: the question names something undeclared, or its `where` is no expression.
        """

    def trending(
        self, k: int, *, window: float | None = None, where: str | None = None, at: float | None = None
    ) -> Served:
        """What was chosen most of late; `window` in seconds, None takes the model's half-life."""

    def why(self, recommendation_id: str) -> Why:
        """A list ever served, drawn again."""

    def item(self, item_id: str) -> ItemState:
        """An item as it is now."""

    def user(self, user_id: str) -> Mapping[str, Any]:
        """A person's attributes, number of events and newest event."""

    def export(self, user_id: str) -> Iterator[Mapping[str, Any]]:
        """Everything that is kept about a person, one plain record each."""

    def forget(self, user_id: str) -> Receipt:
        """Removes everything about a person; blocks until that is durable."""

    def models(self) -> tuple[ModelInfo, ...]:
        """All versions, newest first."""

    def activate(self, version: str) -> ModelInfo:
        """Serves another version, in all workers within a second; raises BadModelFolder for a bad one and keeps the old."""

    def refit(self, *, force: bool = False) -> Refitted:
        """Fits anew on the log in a process of its own, and serves the result when the gate lets it in.

        With `force` the gate only reports: to be rid at once of what a forgotten person taught, however little is new.
        """

    def status(self) -> Mapping[str, Any]:
        """Drift of inputs, coverage, share of fallback answers, acceptance by source, sizes and versions."""

    def ready(self) -> Readiness:
        """Whether requests can be answered."""

    def schema_of(self) -> Mapping[str, Any]:
        """Declared event kinds, context fields and attributes: what a client may send."""

    def close(self) -> None:
        """Finishes what was accepted."""
