"""Questions with known answers: what every protocol makes and every model is judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from penchant.data.arrays import Bool, Float32, Int64, Nums, frozen, offsets_of, ragged_positions
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.popularity import PopularityLog
from penchant.data.profiles import user_rows
from penchant.data.sequences import Histories, Sequences

OVERALL = "overall"
"""The group of targets that the headline metrics are about."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Targets:
    """The right answers of Q questions: question q has ``items[offsets[q]:offsets[q+1]]`` (int32, distinct)."""

    offsets: Int64
    items: Nums

    @property
    def n(self) -> Int64:
        """Number of right answers of each question, int64 [Q]."""
        return np.diff(self.offsets)

    def keys(self, n_items: int) -> Int64:
        """Each right answer as one number, ``question * n_items + item``, int64 [total]."""
        keys: Int64 = np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), self.n) * n_items + self.items
        return keys

    @classmethod
    def single(cls, items: Nums) -> Targets:
        """One right answer a question."""
        return cls(offsets=np.arange(len(items) + 1, dtype=np.int64), items=frozen(items))

    def take(self, rows: Int64) -> Targets:
        """The answers of the questions `rows`."""
        n = self.n[rows]
        return Targets(offsets=offsets_of(n), items=self.items[ragged_positions(self.offsets[rows], n)])


@dataclass(frozen=True, kw_only=True, eq=False)
class WholePast:
    """The places ``low[q]:high[q]`` of `sequences`, int64 [Q] each: all that each question's person did before."""

    sequences: Sequences
    low: Int64
    high: Int64

    def take(self, rows: Int64) -> WholePast:
        """Those of the questions `rows`."""
        return WholePast(sequences=self.sequences, low=self.low[rows], high=self.high[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Questions:
    """Q questions to any model.

    Attributes:
        data: the whole log; attributes and context come from it.
        sequences: where histories are cut from.
        user: int32 [Q].
        at: int64 [Q], the moment the models are told (milliseconds).
        low, high: int64 [Q], the places of `sequences` that are the history.
        row: int64 [Q], row of `data` whose context is that of the moment, or None when no moment is meant.
        targets: right answers by group; `OVERALL` is always there.
        popularity: who chose what, as far as the models may know.
        newest_row: int64 [Q], candidates are the items whose first row is not later, or None for no such limit.
        candidates: bool [n_items], items that are ranked, or None for all.
        stranger: bool [Q], the person had no event in training.
        whole: the person's real past where the models are shown only a part of it; None: it is all shown.
        labels: float32 [Q], what came of each question's one target (0 or 1, or a value such as a rating), which is then to be
            foretold; None where the targets are to be found among all items.
    """

    data: Dataset
    sequences: Sequences
    user: Nums
    at: Int64
    low: Int64
    high: Int64
    row: Int64 | None
    targets: Mapping[str, Targets]
    popularity: PopularityLog
    newest_row: Int64 | None
    candidates: Bool | None
    stranger: Bool
    whole: WholePast | None = None
    labels: Float32 | None = None

    def __len__(self) -> int:
        """Number of questions."""
        return len(self.user)

    def take(self, rows: Int64) -> Questions:
        """The questions `rows` (int [m]) in that order."""
        return replace(
            self,
            user=self.user[rows],
            at=self.at[rows],
            low=self.low[rows],
            high=self.high[rows],
            row=None if self.row is None else self.row[rows],
            targets={name: group.take(rows) for name, group in self.targets.items()},
            newest_row=None if self.newest_row is None else self.newest_row[rows],
            stranger=self.stranger[rows],
            whole=None if self.whole is None else self.whole.take(rows),
            labels=None if self.labels is None else self.labels[rows],
        )

    def of_people(self, people: Nums) -> Questions:
        """Only the questions of these people."""
        return self.take(np.flatnonzero(np.isin(self.user, people)))

    def seen(self, shown: Histories) -> Histories:
        """What the people really chose before, which leaves a ranking that excludes repeats; `shown` is what models see."""
        return shown if self.whole is None else self.whole.sequences.histories(self.whole.low, self.whole.high)

    def allowed(self, first: Int64) -> Bool:
        """Which items are candidates of each question, bool [Q, n_items]; `first` is what `first_rows` says of the data."""
        open_items = np.ones((len(self), self.data.n_items), dtype=np.bool_)
        if self.newest_row is not None:
            open_items &= first[None, :] <= self.newest_row[:, None]
        if self.candidates is not None:
            open_items &= self.candidates
        return open_items

    def batch(self) -> QueryBatch:
        """The questions as a model sees them."""
        data = self.data
        context = {} if self.row is None else {n: c.take(self.row) for n, c in data.interactions.context.items()}
        return QueryBatch(
            at=self.at,
            user=self.user,
            history=self.sequences.histories(self.low, self.high),
            user_features=user_rows(data.user_features, self.user, [{}] * len(self), data.schema),
            items=data.item_features,
            popularity=self.popularity,
            context=context,
            time_zone=data.schema.time_zone,
            is_moment=self.row is not None and data.timed,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What a model is fitted on, and what it is then asked.

    Attributes:
        train: the only events a fit may see.
        asked: questions by the history they are asked with, such as ``"live"`` and ``"frozen"``; the first leads.
        refit: in words, what the final fit includes.
        exclude: whether what is in a question's history leaves its ranking.
        unreal: keys of `asked` that no service would be asked with; they show what something is worth and teach nothing.
    """

    train: Dataset
    asked: Mapping[str, Questions]
    refit: str = "train"
    exclude: bool = False
    unreal: frozenset[str] = frozenset()

    @property
    def leading(self) -> str:
        """The history that choices and verdicts are made by."""
        return next(iter(self.asked))


def people_of(questions: Questions) -> Nums:
    """The distinct people in the order of their first question, int32 [P]."""
    people, first = np.unique(questions.user, return_index=True)
    ordered: Nums = people[np.argsort(first)]
    return ordered


def first_rows(data: Dataset) -> Int64:
    """For each item, the row of its first event, int64 [n_items]; the number of rows where it has none."""
    first = np.full(data.n_items, len(data), dtype=np.int64)
    np.minimum.at(first, data.interactions.item, np.arange(len(data), dtype=np.int64))
    return first
