"""How a context-aware ranker learns: batches of rows, their losses, and its judge on labelled rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from penchant.data.arrays import Bool, Float32, Float64, Int64, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.questions import OVERALL, Questions
from penchant.data.schema import Schema
from penchant.metrics.labelled import log_losses
from penchant.models.judging import Judge
from penchant.models.meeting_fields import Moments, clock, newest_items
from penchant.models.meeting_net import MeetingConfig, MeetingNet
from penchant.nn.fields import CategoryField, TagsField
from penchant.nn.sampling import Sampler
from penchant.rng import generator

_JUDGED_ROWS = 8192
"""Rows that are judged at once."""

Block = tuple[Moments, Int64, FeatureTable, Float32]
"""Moments, item numbers, attributes of the items, and labels of the same rows."""


def chosen_kinds(schema: Schema) -> Bool:
    """Whether an event of each kind is a choice that counts in a history, bool [n_kinds]."""
    return np.asarray([kind.weight > 0 for kind in schema.kinds.values()], dtype=np.bool_)


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelJudge(Judge):
    """Labelled rows that are foretold after every pass."""

    questions: Questions

    @property
    def n_questions(self) -> int:
        """Rows."""
        return len(self.questions)

    @property
    def digest(self) -> str:
        """Depends on the rows and their labels; 32 hex digits."""
        sha = hashlib.blake2b(digest_size=16)
        assert self.questions.labels is not None
        for array in (
            self.questions.user,
            self.questions.at,
            self.questions.targets[OVERALL].items,
            self.questions.labels,
        ):
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()

    def blocks(self, moments_of: Callable[[QueryBatch], Moments], numbers_of: Callable[[Nums], Int64]) -> list[Block]:
        """The rows as a net reads them, made once."""
        made: list[Block] = []
        for start in range(0, len(self.questions), _JUDGED_ROWS):
            rows = np.arange(start, min(start + _JUDGED_ROWS, len(self.questions)), dtype=np.int64)
            part = self.questions.take(rows)
            items, batch = part.targets[OVERALL].items, part.batch()
            assert part.labels is not None
            made.append((moments_of(batch), numbers_of(items), batch.items.take(items), part.labels))
        return made

    @staticmethod
    def value(
        blocks: Sequence[Block], foretold: Callable[[Moments, Int64, FeatureTable], Float32], *, labels: bool
    ) -> float:
        """The negative log loss, or the negative mean squared error of values: greater is better."""
        found: list[Float64] = []
        for moments, items, attributes, truth in blocks:
            guess = foretold(moments, items, attributes)
            found.append(log_losses(truth, guess) if labels else np.square(truth.astype(np.float64) - guess))
        return -float(np.concatenate(found).mean())


class MeetingLearner:
    """Batches of rows of the log; see `penchant.train.loop.Learner`.

    Attributes:
        metric: the validation metric, or None.
        judged_by: its name.
    """

    metric: Callable[[], float] | None = None
    judged_by: str = "ndcg@10"

    def __init__(self, net: MeetingNet, train: Dataset, config: MeetingConfig, seed: int, learns: str) -> None:
        self.net, self.train, self.config, self.seed, self.learns = net, train, config, seed, learns
        self.device = net.moments.person.weight.device
        log = train.interactions
        chosen = chosen_kinds(train.schema)[log.kind]
        if learns == "labels":
            chosen = chosen & (log.value > 0)
        self.rows = np.arange(len(log), dtype=np.int64)
        if learns == "choices":
            targets = np.asarray([kind.target and kind.weight > 0 for kind in train.schema.kinds.values()])
            self.rows = np.flatnonzero(targets[log.kind]).astype(np.int64)
            counts = np.bincount(log.item, minlength=train.n_items)
            self.sampler = Sampler.of(counts, power=config.negative_power)
            pairs = log.user[self.rows].astype(np.int64) * train.n_items + log.item[self.rows]
            self.taken = np.unique(pairs) if config.spare_choices else np.zeros(0, dtype=np.int64)
        if net.moments.last_n:
            self.past = train.take(np.flatnonzero(chosen)).sequences
            self.past_items = self.past.log.item[self.past.rows]
            self.past_ends = self.past.places_before(log.user, log.at)
        self.hour, self.weekday = clock(log.at, train.schema.time_zone, is_moment=train.timed)
        self.tables = [m.weight for m in net.modules() if isinstance(m, CategoryField | TagsField)]
        self._measure()

    def _measure(self) -> None:
        """Mean and spread of numbers, and of the values that are learned."""
        log, net = self.train.interactions, self.net
        net.moments.attributes.measure(self.train.user_features.columns)
        net.moments.context.measure(log.context)
        net.items.attributes.measure(self.train.item_features.columns)
        if self.learns == "values":
            net.origin.fill_(float(log.value.mean(dtype=np.float64)))
            net.unit.fill_(max(float(log.value.std(dtype=np.float64)), 1e-6))

    def plan(self, epoch: int) -> Sequence[Int64]:
        """The rows in a new order, cut into batches; a last one of a single row has no norm and is left out."""
        order = generator(self.seed, "rows", str(epoch)).permutation(self.rows)
        size = self.config.batch_size
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        if len(parts) > 1 and len(parts[-1]) < 2:
            return parts[:-1]
        # all there is to learn from may be one row
        return [np.repeat(part, 2) if len(part) == 1 else part for part in parts]

    def loss(self, part: Int64, rng: np.random.Generator) -> tuple[Tensor, int]:
        """Mean loss of the rows, with the penalty on tables, and their number."""
        log = self.train.interactions
        moment_BFD = self.net.moment(self._moments(part, rng))
        if self.learns == "choices":
            found = self._of_choices(moment_BFD, log.user[part], log.item[part], rng)
        else:
            out = self.net.join(moment_BFD, self._items(log.item[part], rng)).float()
            truth = torch.from_numpy(log.value[part]).to(self.device)
            if self.learns == "labels":
                found = functional.binary_cross_entropy_with_logits(out, truth)
            else:
                found = functional.mse_loss(out, (truth - self.net.origin) / self.net.unit)
        if self.config.embedding_reg:
            penalty = torch.stack([table.square().sum() for table in self.tables]).sum()
            found = found + self.config.embedding_reg / 2 * penalty
        return found, len(part)

    def _of_choices(self, moment_BFD: Tensor, user: Nums, item: Nums, rng: np.random.Generator) -> Tensor:
        """Each choice and its drawn items, one yes or no each; a draw that is the choice itself does not count."""
        k = self.config.n_negatives
        drawn = self.sampler.draw_beside(np.repeat(user.astype(np.int64), k), self.taken, rng).reshape(len(item), k)
        both = np.concatenate([item[:, None], drawn], axis=1)
        counts = np.ones(both.shape, dtype=np.float32)
        counts[:, 1:] = drawn != item[:, None]
        truth = np.zeros(both.shape, dtype=np.float32)
        truth[:, 0] = 1
        out = self.net.join(moment_BFD.repeat_interleave(1 + k, 0), self._items(both.ravel(), rng)).float()
        weight = torch.from_numpy(counts.ravel()).to(self.device)
        return functional.binary_cross_entropy_with_logits(
            out, torch.from_numpy(truth.ravel()).to(self.device), weight=weight
        )

    def _items(self, item: Nums | Int64, rng: np.random.Generator) -> Tensor:
        hidden = rng.random(len(item)) < self.config.id_dropout
        return self.net.item(np.where(hidden, -1, item).astype(np.int64), self.train.item_features.take(item))

    def _moments(self, rows: Int64, rng: np.random.Generator) -> Moments:
        """The moments of the rows, some people hidden."""
        log, last_n = self.train.interactions, self.net.moments.last_n
        user = log.user[rows]
        hidden = rng.random(len(rows)) < self.config.id_dropout
        newest = np.zeros((len(rows), 0), dtype=np.int64)
        if last_n:
            low = self.past.offsets[user]
            newest = newest_items(self.past_items, low, self.past_ends[rows], last_n, self.train.n_items)
        return Moments(
            person=np.where(hidden, -1, user).astype(np.int64),
            attributes=self.train.user_features.take(user),
            context={name: column.take(rows) for name, column in log.context.items()},
            hour=self.hour[rows],
            weekday=self.weekday[rows],
            newest=newest,
        )

    def judge(self) -> float | None:
        """The validation metric of the net as it is."""
        return None if self.metric is None else self.metric()
