"""Toy models for tests of the contract, one that keeps every promise and ways to break each, and tiny logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.data.arrays import AnyArray, Float32, Nums, frozen
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.interactions import Interactions
from penchant.data.questions import Task
from penchant.data.schema import EventKind, Schema
from penchant.data.vocabulary import Vocabulary
from penchant.models.base import Model, ModelConfig, Scored
from penchant.models.vectors import of_known, understood
from penchant.query import Query
from penchant.rng import generator
from penchant.train.run import Run


def tiny_log(events: str, items: str, people: str = "ann bob cid", kinds: Mapping[str, float] | None = None) -> Dataset:
    """A log from words such as ``"ann:a bob:b:buy"``, one event a day in that order; the first kind is the usual one."""
    weights = kinds or {"view": 1.0}
    rows = [[*word.split(":"), next(iter(weights))][:3] for word in events.split()]
    log = Interactions(
        user=frozen(np.asarray([people.split().index(row[0]) for row in rows], dtype=np.int32)),
        item=frozen(np.asarray([items.split().index(row[1]) for row in rows], dtype=np.int32)),
        at=frozen(np.arange(len(rows), dtype=np.int64) * 86_400_000),
        kind=frozen(np.asarray([list(weights).index(row[2]) for row in rows], dtype=np.int8)),
        value=frozen(np.ones(len(rows), dtype=np.float32)),
    )
    return Dataset(
        schema=Schema(repeats="allow", kinds={name: EventKind(weight=weight) for name, weight in weights.items()}),
        users=Vocabulary.of(people.split()),
        items=Vocabulary.of(items.split()),
        interactions=log,
        user_features=FeatureTable(n_rows=len(people.split())),
        item_features=FeatureTable(n_rows=len(items.split())),
        name="tiny",
    )


class Honest(Model):
    """Counts which item follows which; a query is answered with the followers of its last event."""

    config: ModelConfig
    follows: Float32

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        item = train.interactions.item[train.sequences.rows]
        user = train.interactions.user[train.sequences.rows]
        same = user[1:] == user[:-1]
        self.follows = np.zeros((train.n_items, train.n_items), dtype=np.float32)
        np.add.at(self.follows, (item[:-1][same], item[1:][same]), 1)

    def _score(self, batch: QueryBatch) -> Float32:
        scores = np.full((len(batch), self.n_fit), np.nan, dtype=np.float32)
        some = np.flatnonzero(batch.history.lengths)
        scores[some] = self.follows[batch.history.item[batch.history.offsets[some + 1] - 1]]
        return scores

    def _state(self) -> dict[str, AnyArray]:
        return {"follows": self.follows}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.follows = arrays["follows"]


class KnowsThePerson(Honest):
    """Answers with the last event of the person that the model holds, whenever the query is asked."""

    def _score(self, batch: QueryBatch) -> Float32:
        scores = super()._score(batch)
        held = self.people.sequences
        for b, user in enumerate(batch.user.tolist()):
            if user >= 0:
                scores[b] = self.follows[held.log.item[held.rows[held.offsets[user + 1] - 1]]]
        return scores


class KnowsTheDay(Honest):
    """Adds popularity counted over everything that is known, not as of the query."""

    def _score(self, batch: QueryBatch) -> Float32:
        return super()._score(batch) + np.bincount(batch.popularity.item, minlength=self.n_fit).astype(np.float32)


class PrefersTheKnown(Honest):
    """Treats a known person otherwise than a stranger with the same past."""

    def _score(self, batch: QueryBatch) -> Float32:
        return super()._score(batch) + (batch.user[:, None] % 7 * (np.arange(self.n_fit) % 3)).astype(np.float32)


class ForgetsExclusions(Honest):
    """Recommends excluded items."""

    def recommend_many(self, queries: Sequence[Query], k: int | None = None) -> list[Scored]:
        return super().recommend_many([replace(query, exclude=frozenset()) for query in queries], k)


class ForgetsRepeats(Honest):
    """Recommends seen items when they are excluded."""

    def recommend_many(self, queries: Sequence[Query], k: int | None = None) -> list[Scored]:
        return super().recommend_many([replace(query, repeats="allow") for query in queries], k)


class ForgetsCandidates(Honest):
    """Recommends items that are no candidates."""

    def recommend_many(self, queries: Sequence[Query], k: int | None = None) -> list[Scored]:
        return super().recommend_many([replace(query, candidates=None) for query in queries], k)


class SaysLessOfSome(Honest):
    """Scores some items otherwise than all."""

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32:
        return self._score(batch)[:, np.minimum(items, self.n_fit - 1)] * np.float32(0.9)


class LosesTheBest(Honest):
    """`recommend` leaves out what `score` finds best."""

    def recommend_many(self, queries: Sequence[Query], k: int | None = None) -> list[Scored]:
        found = super().recommend_many(queries, (k or 100) + 1)
        wanted = [k or query.k for query in queries]
        return [
            Scored(item_ids=one.item_ids[1 : n + 1], scores=one.scores[1 : n + 1])
            for one, n in zip(found, wanted, strict=True)
        ]


class ChangesQueries(Honest):
    """Writes into the queries it is given."""

    def _score(self, batch: QueryBatch) -> Float32:
        at = batch.at if batch.at.base is None else batch.at.base
        at.setflags(write=True)
        at -= 1
        return super()._score(batch)


class ChangesTheLog(Honest):
    """Writes into the training log."""

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        value = train.interactions.value
        while not value.flags.owndata and isinstance(value.base, np.ndarray):
            value = value.base
        value.setflags(write=True)
        value *= 2
        super()._fit(train, valid, run)


class UnknownIsZero(Honest):
    """Says 0 where it knows nothing."""

    def score(self, query: Query, item_ids: Sequence[str]) -> Float32:
        return np.nan_to_num(super().score(query, item_ids))


class LaterIsZero(Honest):
    """Says 0 of items that came after the fit."""

    def score_batch(self, batch: QueryBatch) -> Float32:
        scores = super().score_batch(batch)
        scores[:, self.n_fit :] = 0.0
        return scores


class LooksAtNeighbours(Honest):
    """Takes the mean of the batch off, so an answer depends on who else is asked."""

    def _score(self, batch: QueryBatch) -> Float32:
        scores = super()._score(batch)
        centred: Float32 = scores - np.nan_to_num(scores).mean(axis=0)
        return centred


class LooksAtItsPlace(Honest):
    """Scores depend on the place in the batch."""

    def _score(self, batch: QueryBatch) -> Float32:
        return super()._score(batch) + (np.arange(len(batch))[:, None] * np.arange(self.n_fit)).astype(np.float32)


class ForgetsItself(Honest):
    """Loses what it learned when it is saved."""

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.follows = np.zeros_like(arrays["follows"])


class Dice(Honest):
    """Another answer at every fit."""

    fits = 0

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        super()._fit(train, valid, run)
        Dice.fits += 1
        self.follows = self.follows + generator(Dice.fits).random(self.follows.shape, dtype=np.float32)


class ShortMemory(Honest):
    """Cannot take a long history."""

    def _score(self, batch: QueryBatch) -> Float32:
        room = np.zeros((len(batch), 500), dtype=np.int32)
        history = batch.history
        room[history.owner, history.age] = history.item
        return super()._score(batch)


class SilentWithoutPast(Honest):
    """Has nothing for people without a past."""

    def _recommend_block(self, queries: Sequence[Query], k: int | None) -> list[Scored]:
        found = super()._recommend_block(queries, k)
        lengths = self.encode(queries).batch.history.lengths.tolist()
        nothing = Scored(item_ids=(), scores=np.zeros(0, dtype=np.float32))
        return [one if length else nothing for one, length in zip(found, lengths, strict=True)]


class MoodSwings(Honest):
    """Lets the context change scores without saying so."""

    def _score(self, batch: QueryBatch) -> Float32:
        shift = np.asarray(batch.context["place"].codes)  # type: ignore[union-attr]
        return super()._score(batch) + (shift[:, None] * (np.arange(self.n_fit) % 2)).astype(np.float32)


class Deaf(Honest):
    """Learns nothing: the same score for every item."""

    def _score(self, batch: QueryBatch) -> Float32:
        return np.zeros((len(batch), self.n_fit), dtype=np.float32)


class Clairvoyant(Honest):
    """Holds the answers: the next item of each person at each moment, read from the log that the questions come from."""

    secret: Mapping[tuple[int, int], int] = {}

    def _score(self, batch: QueryBatch) -> Float32:
        scores = super()._score(batch)
        for b, asked in enumerate(zip(batch.user.tolist(), batch.at.tolist(), strict=True)):
            if asked in self.secret:
                scores[b, self.secret[asked]] = 1e6
        return scores


class Pointing(Honest):
    """Has vectors that hold its scores exactly: the question's row of counts, and a unit vector for each item."""

    def query_vectors(self, batch: QueryBatch) -> Float32:
        return self._score(understood(self, batch))

    def item_vectors(self) -> Float32:
        return of_known(self, np.eye(self.n_fit, dtype=np.float32))


class PointsAway(Pointing):
    """Its vectors say the opposite of its scores."""

    def query_vectors(self, batch: QueryBatch) -> Float32:
        return -super().query_vectors(batch)


class PointsAtNothing(Pointing):
    """Has no vector for an item that it scores."""

    def item_vectors(self) -> Float32:
        vectors = super().item_vectors()
        vectors[3] = np.nan
        return vectors


class PointsInDoubles(Pointing):
    """Has vectors of another precision than promised."""

    def query_vectors(self, batch: QueryBatch) -> Float32:
        return super().query_vectors(batch).astype(np.float64)
