"""Base of context-aware rankers: nets that say what comes of a person meeting an item in a moment.

An author writes a net with ``join(moment_BFD, item_BGD) -> out_B`` over the fields that `MomentFields` and `ItemFields` give (a
vector of D numbers a field). Everything else is here: what is learned, judging, foretelling labels and ranking the catalogue.

What is learned (`learns`): in a log with labels 0 and 1 whether a row's label is 1; events of value 0 are then no choices,
neither to be learned nor in a history. In an ordinary log every choice is told apart from `n_negatives` drawn items in the same
circumstances. For `values` such as ratings the expected value is learned; the protocol `rating` asks for that by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from penchant.data.arrays import AnyArray, Bool, Float32, Int64, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.labelled import has_labels, labelled_rehearsal
from penchant.data.questions import Task
from penchant.errors import BadData
from penchant.models.judging import Judge
from penchant.models.meeting_fields import Moments, clock, newest_items
from penchant.models.meeting_learning import LabelJudge, MeetingLearner, chosen_kinds
from penchant.models.meeting_net import MeetingConfig, MeetingNet
from penchant.models.neural import NeuralModel
from penchant.train.loop import Learner
from penchant.train.run import Run

LEARNS = ("choices", "labels", "values")

_PAIRS = 16_384
"""Meetings that a net sees at once when it ranks a catalogue: some 10 MB a layer."""


class MeetingModel(NeuralModel):
    """Scores float32 [B, n_fit]: log odds of a choice or of label 1, or expected values.

    Attributes:
        learns: one of `LEARNS`.
        seen_people: bool [people at the fit], whether a person had an event in the training log.
    """

    config: MeetingConfig
    learns: str
    seen_people: Bool

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        self.learns = self._told(train, valid)
        value = train.interactions.value
        if self.learns == "labels" and not ((value == 0) | (value == 1)).all():
            raise BadData(f"{self.name()}: learns=labels: expected values 0 and 1; learns=values takes others")
        self.seen_people = np.bincount(train.interactions.user, minlength=train.n_users) > 0
        super()._fit(train, valid, run)

    @property
    def last_n(self) -> int:
        """Newest choices that are read: none where a published split of rows without times has no before and after."""
        return self.config.last_n if self.catalogue.timed or self.learns == "choices" else 0

    def _told(self, train: Dataset, valid: Task | None) -> str:
        if self.config.learns != "auto":
            return self.config.learns
        if has_labels(train.interactions.value):
            return "labels"
        asks_values = valid is not None and valid.asked[valid.leading].labels is not None
        return "values" if asks_values else "choices"

    def _batch_numbers(self, train: Dataset) -> int:
        """Inputs and outputs of all layers, of each meeting of a batch."""
        with torch.device("meta"):
            layers = [m for m in self._build().modules() if isinstance(m, nn.Linear)]
        meetings = self.config.batch_size * (1 + self.config.n_negatives if self.learns == "choices" else 1)
        return 2 * meetings * sum(layer.in_features + layer.out_features for layer in layers)

    def _questions(self, valid: Task | None, train: Dataset, run: Run) -> Task:
        if valid is None and self.learns != "choices":
            return labelled_rehearsal(train, run.seed)
        return super()._questions(valid, train, run)

    def _judge(self, task: Task, run: Run) -> Judge:
        questions = task.asked[task.leading]
        return super()._judge(task, run) if questions.labels is None else LabelJudge(asked=(), questions=questions)

    def _learner(self, train: Dataset, judge: Judge | None, run: Run) -> Learner:
        learner: Any = MeetingLearner(cast(MeetingNet, self.net), train, self.config, run.seed, self.learns)
        if isinstance(judge, LabelJudge):
            learner.judged_by = "-mse" if self.learns == "values" else "-logloss"
            asked = judge.blocks(self.moments_of, self.numbers_of)
            learner.metric = lambda: judge.value(asked, self._foretold, labels=self.learns != "values")
        elif judge is not None:
            learner.metric = lambda: judge.metric(self._score)
        return cast(Learner, learner)

    # -- answering -------------------------------------------------------------------------------------------------

    def moments_of(self, batch: QueryBatch) -> Moments:
        """The people of a batch in their moments, as the net reads them; people without events are strangers."""
        inside = (batch.user >= 0) & (batch.user < len(self.seen_people))
        known = inside & self.seen_people[np.where(inside, batch.user, 0)]
        history = batch.history
        last_n = cast(MeetingNet, self.net).moments.last_n
        if last_n:
            counted = chosen_kinds(self.catalogue.schema)[history.kind] & self._is_known(history.item)
            history = history.keep(counted & (history.value > 0) if self.learns == "labels" else counted)
        hour, weekday = clock(batch.at, batch.time_zone, is_moment=batch.is_moment)
        return Moments(
            person=np.where(known, batch.user, -1).astype(np.int64),
            attributes=batch.user_features,
            context=batch.context,
            hour=hour,
            weekday=weekday,
            newest=newest_items(history.item, history.offsets[:-1], history.offsets[1:], last_n, self.n_fit),
        )

    def numbers_of(self, items: Nums) -> Int64:
        """Item numbers as the net reads them, int64 [n]; -1 for those without an event in the training log."""
        return np.where(self._is_known(items), items, -1).astype(np.int64)

    def predict(self, batch: QueryBatch, items: Nums) -> Float32:
        """The probability of label 1 (or of a choice against drawn items), or the expected value, float32 [B]."""
        return self._foretold(self.moments_of(batch), self.numbers_of(items), batch.items.take(items))

    def _foretold(self, moments: Moments, items: Int64, attributes: FeatureTable) -> Float32:
        net = cast(MeetingNet, self.net)
        with torch.inference_mode():
            out = net.join(net.moment(moments), net.item(items, attributes))
            found = out * net.unit + net.origin if self.learns == "values" else out.sigmoid()
        return cast(Float32, found.float().cpu().numpy())

    def _score(self, batch: QueryBatch) -> Float32:
        net = cast(MeetingNet, self.net)
        everything = np.arange(self.n_fit, dtype=np.int32)
        scores = np.empty((len(batch), self.n_fit), dtype=np.float32)
        with torch.inference_mode():
            moment_BFD = net.moment(self.moments_of(batch))
            item_IGD = net.item(self.numbers_of(everything), batch.items.take(everything))
            for low in range(0, self.n_fit, _PAIRS):
                some = item_IGD[low : low + _PAIRS]
                size = max(1, _PAIRS // len(some))
                for start in range(0, len(batch), size):
                    part = moment_BFD[start : start + size]
                    out = net.join(part.repeat_interleave(len(some), 0), some.repeat(len(part), 1, 1))
                    scores[start : start + size, low : low + len(some)] = out.view(len(part), -1).float().cpu().numpy()
        return scores

    def _state(self) -> dict[str, AnyArray]:
        told = {"learns": np.asarray([LEARNS.index(self.learns)]), "seen_people": self.seen_people}
        return {**super()._state(), **told}

    def _restore(self, arrays: Mapping[str, Any]) -> None:
        self.learns = LEARNS[int(arrays["learns"][0])]
        self.seen_people = arrays["seen_people"]
        super()._restore(arrays)
