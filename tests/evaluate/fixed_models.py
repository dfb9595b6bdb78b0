"""Models that answer from a table instead of learning, to test the judge and not the judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from penchant.data.arrays import AnyArray, Float32
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.models.base import Model, ModelConfig
from penchant.train.run import Run


class FixedConfig(ModelConfig):
    popularity_behind: bool = False


class Fixed(Model):
    """The same score row for everybody."""

    config: FixedConfig
    scores_unseen = True

    def __init__(self, row: Any) -> None:
        super().__init__()
        self.row = np.asarray(row, dtype=np.float32)

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        pass

    def _score(self, batch: QueryBatch) -> Float32:
        return np.tile(self.row, (len(batch), 1))

    def _state(self) -> dict[str, AnyArray]:
        return {"row": self.row}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.row = arrays["row"]
