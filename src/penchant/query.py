"""The question: who, when, in which circumstances. Offline evaluation, command line and server all ask with this noun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, overload

from penchant.context import Context, is_instant
from penchant.errors import BadConfig

Repeats = Literal["allow", "exclude"]


@dataclass(frozen=True, kw_only=True)
class Past:
    """One event of a history that comes with the query.

    Attributes:
        at: seconds since 1970, UTC; None means just before the query, in the order of the list.
        context: its circumstances; every field must be declared in the schema.
    """

    item_id: str
    at: float | None = None
    kind: str | None = None
    value: float = 1.0
    context: Context = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks the time; raises BadConfig."""
        if self.at is not None and not is_instant(self.at):
            raise BadConfig(f"history: {self.item_id}: at: expected seconds since 1970, got {self.at}")


@dataclass(frozen=True, kw_only=True, eq=False)
class PastColumns(Sequence[Past]):
    """A history as columns of the same length, each as in `Past`; an entry is made when somebody looks at it.

    Attributes:
        contexts: None when no event states any.
    """

    item_ids: Sequence[str]
    at: Sequence[float | None]
    kinds: Sequence[str | None]
    values: Sequence[float]
    contexts: Sequence[Context] | None = None

    @classmethod
    def of(cls, history: Sequence[Past]) -> PastColumns:
        """The same history as columns."""
        if isinstance(history, PastColumns):
            return history
        contexts = [past.context for past in history]
        return cls(
            item_ids=[past.item_id for past in history],
            at=[past.at for past in history],
            kinds=[past.kind for past in history],
            values=[past.value for past in history],
            contexts=contexts if any(contexts) else None,
        )

    def __len__(self) -> int:
        """Number of events."""
        return len(self.item_ids)

    @overload
    def __getitem__(self, place: int) -> Past: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Past]: ...

    def __getitem__(self, place: int | slice) -> Past | Sequence[Past]:
        """One entry, or several."""
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        return Past(
            item_id=self.item_ids[place],
            at=self.at[place],
            kind=self.kinds[place],
            value=self.values[place],
            context={} if self.contexts is None else self.contexts[place],
        )


@dataclass(frozen=True, kw_only=True)
class Query:
    """One request for recommendations.

    Attributes:
        user_id: the person's id, or None for a stranger.
        history: the person's events, oldest first. None means "what is known of `user_id`"; an empty tuple means "nothing".
            Events at or after `at` are ignored.
        features: attributes of the person; they override what is known of `user_id`.
        at: the moment of the request, seconds since 1970, UTC; None means "after everything known".
        context: circumstances of the moment; every field must be declared in the schema.
        k: how many items are wanted, >= 1.
        exclude: item ids that must not be recommended.
        candidates: if given, only these item ids may be recommended.
        where: a filter expression over item attributes, read by the request path.
        similar_to: an item id; asks for items like it.
        repeats: whether items of the history may be recommended; None takes the schema's setting.
    """

    user_id: str | None = None
    history: Sequence[Past] | None = None
    features: Mapping[str, str | float | Sequence[str] | Sequence[float]] = field(default_factory=dict)
    at: float | None = None
    context: Context = field(default_factory=dict)
    k: int = 10
    exclude: frozenset[str] = frozenset()
    candidates: tuple[str, ...] | None = None
    where: str | None = None
    similar_to: str | None = None
    repeats: Repeats | None = None

    def __post_init__(self) -> None:
        """Checks what needs no catalogue; raises BadConfig."""
        if self.at is not None and not is_instant(self.at):
            raise BadConfig(f"at: expected seconds since 1970, got {self.at}")
        for past in () if isinstance(self.history, PastColumns) else (self.history or ())[:1]:
            if not isinstance(past, Past):
                raise BadConfig(f"history: expected entries such as Past(item_id=...), got {past!r}")
        if self.k < 1:
            raise BadConfig(f"k: expected a whole number >= 1, got {self.k}")
        if self.repeats not in (None, "allow", "exclude"):
            raise BadConfig(f'repeats: expected "allow" or "exclude", got "{self.repeats}"')
