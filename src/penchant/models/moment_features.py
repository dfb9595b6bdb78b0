"""What is known of a moment before any item is looked at: how much past there is, and how long ago it ended."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Float64, Int64
from penchant.data.batch import QueryBatch

N_MOMENT = 4

_MINUTE = 60_000.0


def pause(batch: QueryBatch) -> Int64:
    """Milliseconds since the newest event of each past, int64 [B]; -1 without a past, or where no moment is meant."""
    history = batch.history
    gap = np.full(len(batch), -1, dtype=np.int64)
    if batch.is_moment and len(history.at):
        some = np.flatnonzero(history.lengths > 0)
        gap[some] = np.maximum(batch.at[some] - history.at[history.offsets[some + 1] - 1], 0)
    return gap


def moment_features(batch: QueryBatch) -> Float64:
    """float64 [B, 4]: 1; log(1 + events) / 3; log(1 + minutes since the newest) / 5; 1 / (1 + events). Each about 0 to 3."""
    events = batch.history.lengths.astype(np.float64)
    minutes = np.maximum(pause(batch), 0) / _MINUTE
    return np.stack([np.ones(len(batch)), np.log1p(events) / 3, np.log1p(minutes) / 5, 1 / (1 + events)], axis=1)
