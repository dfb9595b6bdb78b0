"""Results made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from penchant.evaluate.results import ModelResult

PEOPLE = np.arange(6, dtype=np.int32)


def result(label: str, values: list[float], **about: Any) -> ModelResult:
    """A model with these ndcg@20 values of six people, live and frozen (half of it)."""
    live = np.asarray(values, dtype=np.float64)
    return ModelResult(
        label=label,
        people=PEOPLE,
        metrics={"live": {"ndcg@20": live, "hit@20": np.ceil(live)}, "frozen": {"ndcg@20": live / 2}},
        new_only={"live": {"ndcg@20": np.where(live > 0.5, live, np.nan)}},
        slices={"live": {"history 0": np.full(6, np.nan)}},
        about={"model_name": "popular", "catalogue": {"coverage@20": 0.25}, **about},
    )
