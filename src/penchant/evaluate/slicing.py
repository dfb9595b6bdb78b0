"""Which questions belong to which slice: known people and strangers, known and new items, short and long histories, gaps."""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions

_LENGTHS = ((0, 0), (1, 4), (5, 19), (20, 99), (100, None))
_HOUR_MS = 3_600_000


def slice_masks(questions: Questions, train: Dataset) -> dict[str, Bool]:
    """Slice name -> bool [Q], for questions with one target each; empty slices are left out."""
    known_item = train.seen_items[questions.targets[OVERALL].items]
    masks = {
        "person known, item known": ~questions.stranger & known_item,
        "person known, item new": ~questions.stranger & ~known_item,
        "person new, item known": questions.stranger & known_item,
        "person new, item new": questions.stranger & ~known_item,
    }
    length = np.maximum(questions.high - questions.low, 0)
    for low, high in _LENGTHS:
        inside = (length >= low) & (length <= (high if high is not None else length.max(initial=0)))
        masks[f"history {low}" if high == low else f"history {low}+" if high is None else f"history {low}-{high}"] = (
            inside
        )
    if questions.row is not None:
        newest = questions.sequences.rows[np.maximum(questions.high - 1, 0)]
        gap = questions.at - questions.sequences.log.at[newest]
        masks["gap under an hour"] = (length > 0) & (gap < _HOUR_MS)
        masks["gap over an hour"] = (length > 0) & (gap >= _HOUR_MS)
    return {name: mask for name, mask in masks.items() if mask.any()}
