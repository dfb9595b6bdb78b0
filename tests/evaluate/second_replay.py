"""Replay written a second time, slowly and from the definition: plain loops over events, no code of the package."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

Event = tuple[int, int, int]
"""Person, item, time."""


def asked_rows(events: list[Event], seed: int, limit: int) -> tuple[int, list[int]]:
    """The cut, and the rows asked: people in the order of their first later event, `choice` only above the limit."""
    cut = math.floor(0.9 * len(events))
    later: dict[int, list[int]] = {}
    for row in range(cut, len(events)):
        later.setdefault(events[row][0], []).append(row)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for rows in later.values():
        chosen += rows if len(rows) <= limit else rng.choice(rows, limit, replace=False).tolist()
    return cut, sorted(chosen)


def popularity_ndcg(events: list[Event], *, k: int, exclude: bool, live: bool, half_life: float) -> float:
    """Mean per person, then over people, of ndcg@k of decayed popularity as of each question's instant."""
    cut, rows = asked_rows(events, 7, 20)
    by_person: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        person, target, now = events[row]
        live_past = {i for u, i, t in events if u == person and t < now}
        frozen_past = {i for u, i, t in events[:cut] if u == person and t < now}
        if exclude and target in live_past:
            continue
        past = live_past if live else frozen_past
        candidates = {i for _, i, _ in events[: row + 1]}
        if exclude:
            candidates -= past
        score: dict[int, float] = defaultdict(float)
        for _, item, then in events:
            if then < now:
                score[item] += 2.0 ** (-(now - then) / half_life)
        own = score[target]
        above = sum(score[i] > own + 1e-9 for i in candidates)
        tied = sum(abs(score[i] - own) <= 1e-9 for i in candidates) - 1
        places = range(above + 1, above + tied + 2)
        by_person[person].append(sum(1 / math.log2(1 + p) if p <= k else 0.0 for p in places) / len(places))
    return float(np.mean([np.mean(values) for values in by_person.values()]))
