"""From queries in words (ids, seconds) to a batch in numbers: the way into every model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from penchant.data.arrays import Nums, frozen
from penchant.data.batch import NOBODY, QueryBatch
from penchant.data.catalogue import Catalogue, People
from penchant.data.features import Categories, Numbers
from penchant.data.profiles import context_columns, stacked, user_rows
from penchant.data.sequences import Histories
from penchant.data.told_pasts import told_pasts
from penchant.query import PastColumns, Query


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
    at = np.asarray([_moment(query, catalogue, people) for query in queries], dtype=np.int64)
    user = np.asarray(people.users.codes(q.user_id for q in queries), dtype=np.int32)
    strangers = [q.user_id for q, number in zip(queries, user.tolist(), strict=True) if number == NOBODY]
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
    timed = [round(at * 1000) for at in PastColumns.of(query.history or ()).at if at is not None]
    return max([last, *timed]) + 1


def _histories(
    queries: Sequence[Query], at: np.ndarray, user: Nums, catalogue: Catalogue, people: People, unknown: list[str]
) -> Histories:
    """Pasts from the query where it has one, from what is known of the person otherwise."""
    given = all(q.history is not None for q in queries)
    told = [PastColumns.of(query.history or ()) for query in queries]
    own = told_pasts(told, at, catalogue, people.sequences.log.context, unknown)
    if given:
        return own
    stored = np.asarray([q.history is None for q in queries], dtype=np.bool_) & (user != NOBODY)
    low, high = np.zeros(len(queries), dtype=np.int64), np.zeros(len(queries), dtype=np.int64)
    if stored.any():
        low[stored] = people.sequences.offsets[user[stored]]
        high[stored] = people.sequences.places_before(user[stored], at[stored])
    known = people.sequences.histories(low, high)
    return known if all(q.history is None for q in queries) else _joined(known, own)


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
