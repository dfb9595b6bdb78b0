"""Checks of what a model has learned: the signal of a world that has one, and nothing where there is none."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from penchant.data.arrays import Float32, Float64
from penchant.data.batch import QueryBatch
from penchant.metrics.intervals import Difference, paired_bootstrap
from penchant.metrics.names import Metric
from penchant.metrics.ranking import single_target
from penchant.models.base import Model
from penchant.models.popular import Popular
from penchant.testing.subject import Subject, expect
from penchant.testing.worlds import World

_NDCG = Metric("ndcg", 10)
_SURE = 0.999
"""Level of the interval in the shuffled world: one honest model in 2,000 is blamed by chance."""


def check_finds_signal(s: Subject) -> None:
    """In a world with taste, order and repeats a model beats windowed popularity, and goes part of the way to the optimum."""
    if not s.finds_signal:
        return
    mine, popular, best = replayed(s.model, s.world), popularity_of(s.world), optimum_of(s.world)
    against = _compared(mine, popular, 0.95)
    expect(
        against.low > 0,
        f"finds no signal: ndcg@10 {mine.mean():.3f} against {popular.mean():.3f} of windowed popularity, difference "
        f"{against.low:.3f} to {against.high:.3f}",
    )
    share = (mine.mean() - popular.mean()) / (best.mean() - popular.mean())
    expect(
        share >= s.share,
        f"finds too little signal: {share:.2f} of the way from windowed popularity to the optimum, expected {s.share:.2f}",
    )


def check_finds_nothing_where_nothing_is(s: Subject) -> None:
    """When items are dealt out anew among the events, no model beats windowed popularity."""
    mine, popular = replayed(s.null_model, s.null_world), popularity_of(s.null_world)
    against = _compared(mine, popular, _SURE)
    expect(
        against.low <= 0,
        f"finds a signal where there is none: ndcg@10 {mine.mean():.3f} against {popular.mean():.3f} of windowed "
        "popularity in a world of shuffled items; it knows what it should not",
    )


def replayed(model: Model, world: World) -> Float64:
    """Mean ndcg@10 of each person over the events after `n_train`, float64 [people]; repeats allowed, all seen items ranked.

    Each event is asked with what its person did strictly earlier, the model staying as it was fitted.
    """
    batch = questions(world)
    blocks = [model.score_batch(batch.take(rows)) for rows in np.array_split(np.arange(len(batch)), 4)]
    return _by_person(np.concatenate(blocks), world)


@lru_cache(maxsize=4)
def popularity_of(world: World) -> Float64:
    """`replayed` for the decayed popularity of the last week."""
    return replayed(Popular(half_life=7.0).fit(world.train), world)


@lru_cache(maxsize=4)
def optimum_of(world: World) -> Float64:
    """The figures of an order by true probability, float64 [people]: no model can expect more."""
    return _by_person(world.truth, world)


def questions(world: World) -> QueryBatch:
    """The events after `n_train` as one batch, with the live history of each."""
    data, asked = world.data, np.arange(world.n_train, len(world.data))
    log, sequences = data.interactions, data.sequences
    place = sequences.place_of_rows()[asked]
    user = log.user[asked]
    return QueryBatch(
        at=log.at[asked],
        user=user,
        history=sequences.histories(sequences.offsets[user], sequences.first_of_instant()[place]),
        user_features=data.user_features.take(user),
        items=data.item_features,
        popularity=data.popularity,
        context={name: column.take(asked) for name, column in log.context.items()},
    )


def _by_person(scores: Float32, world: World) -> Float64:
    log = world.data.interactions
    target, user = log.item[world.n_train :], log.user[world.n_train :]
    ranked = np.where(np.isfinite(scores), scores, -np.inf)[:, world.train.seen_items]
    own = np.where(np.isfinite(scores), scores, -np.inf)[np.arange(len(target)), target][:, None]
    above, tied = (ranked > own).sum(axis=1), (ranked == own).sum(axis=1) - 1
    value = single_target(above, np.maximum(tied, 0), [_NDCG])[str(_NDCG)]
    people, place = np.unique(user, return_inverse=True)
    mean: Float64 = np.bincount(place, weights=value) / np.bincount(place, minlength=len(people))
    return mean


def _compared(mine: Float64, popular: Float64, level: float) -> Difference:
    return paired_bootstrap(mine, popular, seed=7, level=level)


CHECKS = (check_finds_signal, check_finds_nothing_where_nothing_is)
