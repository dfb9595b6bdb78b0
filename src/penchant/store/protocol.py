"""What a store promises: every backend keeps it, and one test suite holds them all to it.

A `Store` holds one project. Its log is one sequence: each accepted event gets the next *offset* (1, 2, ...), in the order in
which events became visible, so that "as of offset n" is one fixed state for ever: nothing appears later at or below an offset
that was ever returned by `offset`. What `append` returned, or a future of `submit` delivered, survives the death of the process
and of the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from penchant.errors import PenchantError, UserError
from penchant.event import Features, Flag, Impression, Interaction, ItemUpdate, UserUpdate
from penchant.store.erased import Erased
from penchant.store.own_past import OwnPast

Logged = Interaction | ItemUpdate | UserUpdate | Flag
"""What has an offset."""


class StoreFull(PenchantError):
    """The disk below the store is full: nothing of the batch was kept."""


class StoreUnavailable(PenchantError):
    """The store could not be reached, read or written: nothing of the batch was kept."""


class BadStore(UserError):
    """A store that this version cannot use: a URL it does not know, an SQLite that is too old, a newer layout, damage."""


@dataclass(frozen=True, kw_only=True)
class Appended:
    """What became of one event.

    Attributes:
        status: ``duplicate``: an event with this `event_id` is there already, and was left as it is; ``forgotten``: it is about
            a person who asked to be forgotten, and is not newer than that.
        offset: its place in the log (for a duplicate that of the first one); 0 when it was not kept.
    """

    status: Literal["accepted", "duplicate", "forgotten"]
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An event and its place in the log."""

    offset: int
    event: Logged


@dataclass(frozen=True, kw_only=True)
class ItemState:
    """An item as of an offset; `deleted` items are kept only so that they stay out of lists."""

    item_id: str
    features: Features
    available: bool
    deleted: bool
    at: float
    offset: int


@dataclass(frozen=True, kw_only=True)
class Version:
    """A model that this project may serve.

    Attributes:
        version: its name, made from its content.
        trained_to: newest offset of the log that its training saw; 0 for a model that came from files.
        added_at: seconds since 1970, UTC.
        card: what its folder says of it, and what was measured when it was let in.
    """

    version: str
    trained_to: int
    added_at: float
    card: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """Which version is served; `generation` rises by 1 with every change, so that workers notice it."""

    version: str
    generation: int
    since: float


class Store(Protocol):
    """One project's memory. All methods may be called from any thread."""

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, events: Sequence[Logged]) -> tuple[Appended, ...]:
        """Keeps a batch, all or nothing, and returns when it is on disk; same length and order as `events`.

        Batches of callers that wait at the same time share one commit. An event without `event_id` is always new.

        Raises:
            StoreFull, StoreUnavailable: nothing of the batch was kept.
        """

    def submit(self, events: Sequence[Logged]) -> Future[tuple[Appended, ...]]:
        """The same without waiting; the future raises what `append` would."""

    def keep_impressions(self, impressions: Sequence[Impression]) -> Future[None]:
        """Keeps served lists; they have no offset."""

    # -- reading ---------------------------------------------------------------------------------------------------

    def offset(self) -> int:
        """The newest offset, 0 when nothing was ever kept. Another process's commits show at once. A few microseconds."""

    def updated(self) -> int:
        """The newest offset of an item update or a flag, 0 without one. As fast as `offset`."""

    def offsets(self) -> tuple[int, int]:
        """`offset` and `updated`, both of the same moment, for the price of one."""

    def history(
        self, user_id: str, *, before: float | None = None, upto: int | None = None, last: int = 1000
    ) -> tuple[Interaction, ...]:
        """The newest `last` events of a person with ``at < before`` (seconds) and an offset <= `upto`, oldest first.

        Ordered by (`at`, offset). None does not limit.
        """

    def past(
        self,
        user_id: str,
        *,
        before: float | None = None,
        upto: int | None = None,
        last: int = 1000,
        contexts: bool = True,
    ) -> OwnPast:
        """The same events as columns, for less than half the cost; without `contexts` for even less."""

    def chosen_among(
        self,
        user_id: str,
        items: Sequence[str],
        *,
        before: float | None = None,
        upto: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> frozenset[str]:
        """Which of `items` the person has an event with; for people with a past too long to read. `kinds` limits the events."""

    def newest_at(self, user_id: str) -> float | None:
        """The greatest `at` of a person's events; None without one."""

    def scan(
        self,
        after: int = 0,
        upto: int | None = None,
        *,
        types: Sequence[type[Logged]] = (),
        newer_than: float | None = None,
        at_once: int = 10_000,
    ) -> Iterator[Stored]:
        """The log in order of offsets, ``after < offset <= upto``; only of these `types` when some are given.

        `newer_than` (seconds) leaves out what has an `at` of at most that, without reading it.

        Reads `at_once` rows at a time and holds no lock between them.
        """

    def choices(
        self, after: int, upto: int, *, newer_than: float, at_once: int = 10_000
    ) -> Iterator[list[tuple[int, str, float, str]]]:
        """Offset, item, `at` and kind of the interactions that `scan` would give, for a fraction of its cost, in parts."""

    def item(self, item_id: str, *, upto: int | None = None) -> ItemState | None:
        """The newest update of an item; None when there was none."""

    def withheld(self, *, upto: int | None = None) -> frozenset[str]:
        """Items that are now unavailable or deleted."""

    def user(self, user_id: str, *, upto: int | None = None) -> UserUpdate | None:
        """The newest attributes of a person; None when there were none."""

    def flags(self, *, upto: int | None = None) -> Mapping[tuple[str, str], Flag]:
        """The newest flag of each (subject kind, subject id)."""

    def impression(self, recommendation_id: str) -> Impression | None:
        """A served list."""

    def impressions(
        self, *, after: float = 0.0, user_id: str | None = None, last: int = 10_000
    ) -> Iterator[Impression]:
        """The newest `last` served lists whose query's `at` is >= `after`, oldest first; of one person when one is given."""

    # -- one person ------------------------------------------------------------------------------------------------

    def export(self, user_id: str) -> Iterator[Stored | Impression]:
        """Everything that is kept about a person."""

    def forget(self, user_id: str, at: float) -> Erased:
        """Removes everything about a person, down to the bytes where the backend can, and returns when that is durable.

        Later events about the person with ``at`` not above the given one are refused; a keyed hash remembers it, not the id.
        """

    # -- models and small texts ------------------------------------------------------------------------------------

    def add_version(self, version: Version, *, forgotten: int | None = None) -> bool:
        """Registers a model; the same version again changes nothing.

        Args:
            forgotten: what `forgotten` said before its log was read; where somebody was forgotten since, nothing is registered.

        Returns:
            Whether nobody was.
        """

    def forgotten(self) -> int:
        """How many times somebody was forgotten so far. As fast as `offset`."""

    def versions(self) -> tuple[Version, ...]:
        """All registered models, oldest first."""

    def pointer(self) -> Pointer | None:
        """Which version is served; None before the first activation."""

    def point(self, version: str, at: float) -> Pointer:
        """Serves another registered version, atomically. Raises UnknownName for one that was never added."""

    def keep_text(self, key: str, text: str) -> None:
        """Keeps a small text under a key for ever; the same key again replaces it."""

    def text(self, key: str) -> str | None:
        """What `keep_text` kept."""

    # -- life ------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises BadStore when the store is damaged, StoreUnavailable when it cannot be reached."""

    def close(self) -> None:
        """Finishes what was submitted, then lets go of files and connections."""


KeyScope = Literal["read", "ingest", "admin"]


@dataclass(frozen=True, kw_only=True)
class Key:
    """An API key as it is kept: never the secret itself.

    Attributes:
        key_id: public part, names the key in lists and logs.
        hashed: SHA-256 of the secret, hex. A secret of 256 random bits needs no slow hash.
        scopes: what it may do; each for itself, ``admin`` includes the others.
    """

    key_id: str
    hashed: str
    project: str
    scopes: frozenset[KeyScope]
    created_at: float
    note: str = ""


class Stores(Protocol):
    """All projects at one place, and the keys that open them."""

    def project(self, name: str, *, create: bool = True) -> Store:
        """The store of one project (lower-case letters, digits, ``-`` and ``_``, at most 40); made on first use.

        The same object for the same name. Raises BadConfig for another name, UnknownName with ``create=False``.
        """

    def projects(self) -> tuple[str, ...]:
        """Names of the projects that are there."""

    def add_key(self, key: Key) -> None:
        """Keeps a key."""

    def keys(self) -> tuple[Key, ...]:
        """All keys."""

    def remove_key(self, key_id: str) -> bool:
        """Whether there was such a key; it no longer opens anything."""

    def keys_generation(self) -> int:
        """Rises from 0 with every change of keys, in any process; so that a server can hold them in memory."""

    def close(self) -> None:
        """Closes all projects."""
