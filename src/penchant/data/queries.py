"""From queries in words (ids, seconds) to a batch in numbers: the way into every model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

import numpy as np

from penchant.context import Context
from penchant.data.arrays import Nums, frozen, offsets_of
from penchant.data.batch import NOBODY, QueryBatch
from penchant.data.catalogue import Catalogue, People
from penchant.data.features import Categories, Numbers
from penchant.data.profiles import context_columns, stacked, user_rows
from penchant.data.sequences import Histories
from penchant.errors import UnknownName
from penchant.query import Past, Query


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedQueries:
    """A batch, and what could not be translated.

    Attributes:
        candidates: int32 numbers of the allowed items of each query, None where the query does not restrict them.
        excluded: int32 numbers of the items each query excludes.
        unknown_items: ids that the catalogue does not hold; they are left out.
        strangers: user ids that are not known; they are served by what the query itself says.
    """

    batch: QueryBatch
    candidates: tuple[Nums | None, ...]
    excluded: tuple[Nums, ...]
    unknown_items: tuple[str, ...]
    strangers: tuple[str, ...]


def encode(queries: Sequence[Query], catalogue: Catalogue, people: People) -> EncodedQueries:
    """Translates B queries.

    A query without `at` is asked one millisecond after the last known event. Events of a given history without a time lie
    just before the query, in their order; events at or after the query are dropped.

    Raises:
        UnknownName: an undeclared context field, attribute or event kind.
    """
    unknown: list[str] = []
    strangers = [q.user_id for q in queries if q.user_id is not None and q.user_id not in people.users]
    at = np.asarray([_moment(query, catalogue, people) for query in queries], dtype=np.int64)
    found = [None if q.user_id is None else people.users.number(q.user_id) for q in queries]
    user = np.asarray([NOBODY if number is None else number for number in found], dtype=np.int32)
    history = _histories(queries, at, user, catalogue, people, unknown)

    def numbers(ids: Sequence[str]) -> Nums:
        known, missing = catalogue.items.numbers(ids)
        unknown.extend(missing)
        return known

    batch = QueryBatch(
        at=frozen(at),
        user=frozen(user),
        history=history,
        user_features=user_rows(people.user_features, user, [q.features for q in queries], catalogue.schema),
        items=catalogue.item_features,
        popularity=catalogue.popularity,
        context=context_columns(people.sequences.log.context, [q.context for q in queries], catalogue.schema),
        time_zone=catalogue.schema.time_zone,
        is_moment=catalogue.timed,
    )
    return EncodedQueries(
        batch=batch,
        candidates=tuple(None if q.candidates is None else numbers(list(dict.fromkeys(q.candidates))) for q in queries),
        excluded=tuple(numbers(sorted(q.exclude)) for q in queries),
        unknown_items=tuple(dict.fromkeys(unknown)),
        strangers=tuple(dict.fromkeys(s for s in strangers if s is not None)),
    )


def _moment(query: Query, catalogue: Catalogue, people: People) -> int:
    if query.at is not None:
        return round(query.at * 1000)
    known = catalogue.popularity.at
    last = int(known[-1]) if len(known) else 0
    timed = [round(past.at * 1000) for past in query.history or () if past.at is not None]
    return max([last, *timed]) + 1


def _histories(
    queries: Sequence[Query], at: np.ndarray, user: Nums, catalogue: Catalogue, people: People, unknown: list[str]
) -> Histories:
    """Pasts from the query where it has one, from what is known of the person otherwise."""
    given = all(q.history is not None for q in queries)
    own = _told(queries, at, catalogue, people, unknown)
    if given:
        return own
    stored = np.asarray([q.history is None for q in queries], dtype=np.bool_) & (user != NOBODY)
    low, high = np.zeros(len(queries), dtype=np.int64), np.zeros(len(queries), dtype=np.int64)
    if stored.any():
        low[stored] = people.sequences.offsets[user[stored]]
        high[stored] = people.sequences.places_before(user[stored], at[stored])
    known = people.sequences.histories(low, high)
    return known if all(q.history is None for q in queries) else _joined(known, own)


def _told(
    queries: Sequence[Query], at: np.ndarray, catalogue: Catalogue, people: People, unknown: list[str]
) -> Histories:
    """What the queries say of their pasts, each oldest first; nothing where a query says nothing."""
    number, schema = catalogue.items.number, catalogue.schema
    kinds: dict[str | None, int] = {}
    rows: list[tuple[int, int, int, float, Context]] = []
    lengths = []
    for query, now in zip(queries, at.tolist(), strict=True):
        own = []
        listed = query.history or ()
        for place, past in enumerate(listed, start=-len(listed)):
            for name in past.context:
                schema.context_field(name)
            item = number(past.item_id)
            if item is None:
                unknown.append(past.item_id)
                continue
            kind = kinds.get(past.kind)
            if kind is None:
                kind = kinds[past.kind] = _kind(past, catalogue)
            moment = now + place if past.at is None else round(past.at * 1000)
            if moment < now:
                own.append((moment, item, kind, past.value, past.context))
        own.sort(key=_time)
        lengths.append(len(own))
        rows += own
    times, items, numbers, values, contexts = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Histories(
        offsets=frozen(offsets_of(lengths)),
        item=frozen(np.asarray(items, dtype=np.int32)),
        at=frozen(np.asarray(times, dtype=np.int64)),
        kind=frozen(np.asarray(numbers, dtype=np.int8)),
        value=frozen(np.asarray(values, dtype=np.float32)),
        context=context_columns(people.sequences.log.context, contexts, schema),
    )


_time = itemgetter(0)


def _kind(past: Past, catalogue: Catalogue) -> int:
    if past.kind is not None:
        return catalogue.schema.kind_number(past.kind)
    if not catalogue.schema.kinds:
        raise UnknownName("event kind", "", [])
    return 0


def _joined(known: Histories, own: Histories) -> Histories:
    """Query by query what is known and what the query says; of each query, one of both is empty."""
    n_known = len(known.item)
    places = [
        np.concatenate([np.arange(*k), n_known + np.arange(*o)])
        for k, o in zip(pairwise(known.offsets.tolist()), pairwise(own.offsets.tolist()), strict=True)
    ]
    picked = np.concatenate(places)
    context = {name: stacked(column, own.context[name]).take(picked) for name, column in known.context.items()}
    return Histories(
        offsets=frozen(known.offsets + own.offsets),
        item=frozen(np.append(known.item, own.item)[picked]),
        at=frozen(np.append(known.at, own.at)[picked]),
        kind=frozen(np.append(known.kind, own.kind)[picked]),
        value=frozen(np.append(known.value, own.value)[picked]),
        context={name: column for name, column in context.items() if isinstance(column, Categories | Numbers)},
    )
