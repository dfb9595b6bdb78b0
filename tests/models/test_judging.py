"""The validation metric of nets against a slow second implementation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from penchant.data.questions import OVERALL
from penchant.models.judging import CUT, Judge
from penchant.models.popular import Popular
from penchant.models.rehearsal import rehearsal
from penchant.rng import generator
from penchant.testing.worlds import taste_world
from tests.toy import toy_dataset

TASK = rehearsal(taste_world().data.take(slice(0, 3000)))


def slow_ndcg(scores: np.ndarray, allowed: np.ndarray, right: list[int]) -> float:
    """ndcg@10 of one question: an item's place is the number above it and half of those beside it."""
    opinion = [float(s) if ok and not math.isnan(s) else -math.inf for s, ok in zip(scores, allowed, strict=True)]
    gain = 0.0
    for item in right:
        own = opinion[item] if item < len(opinion) else -math.inf
        if own == -math.inf:
            continue
        place = sum(other > own for other in opinion) + (sum(other == own for other in opinion) - 1) / 2
        gain += 1 / math.log2(place + 2) if place < CUT else 0.0
    return gain / sum(1 / math.log2(place + 2) for place in range(min(CUT, len(right))))


def slow_metric(judge: Judge, scores) -> float:
    """The mean over people of the mean over each person's questions."""
    by_person: dict[int, list[float]] = {}
    for part in judge.asked:
        found = scores(part.batch)
        for b, user in enumerate(part.batch.user.tolist()):
            right = part.targets.items[part.targets.offsets[b] : part.targets.offsets[b + 1]].tolist()
            if right:
                allowed = part.allowed[b][: found.shape[1]]
                by_person.setdefault(user, []).append(slow_ndcg(found[b], allowed, right))
    return float(np.mean([np.mean(values) for values in by_person.values()]))


def drawn(batch) -> np.ndarray:
    """Scores that depend on the question alone, with ties and without opinion here and there."""
    rows = [generator(7, str(user), str(at)) for user, at in zip(batch.user.tolist(), batch.at.tolist(), strict=True)]
    scores = np.stack([np.round(rng.normal(size=batch.n_items), 1) for rng in rows]).astype(np.float32)
    scores[:, ::7] = np.nan
    return scores


def test_the_metric_is_that_of_a_slow_second_implementation():
    judge = Judge.of(TASK, 7)
    assert judge.n_questions > 200
    assert judge.metric(drawn) == pytest.approx(slow_metric(judge, drawn), rel=1e-6)


def test_the_best_there_is_and_the_worst():
    def right(batch):
        (part,) = [part for part in Judge.of(TASK, 7).asked if part.batch.at[0] == batch.at[0]]
        scores = np.zeros((len(batch), batch.n_items), dtype=np.float32)
        scores[np.repeat(np.arange(len(batch)), part.targets.n), part.targets.items] = 1
        return scores

    judge = Judge.of(TASK, 7)
    assert judge.metric(right) == pytest.approx(1.0)
    assert judge.metric(lambda batch: np.full((len(batch), batch.n_items), np.nan, dtype=np.float32)) == 0.0


def test_items_that_the_net_does_not_know_are_missed():
    judge = Judge.of(TASK, 7)

    def few(batch):
        return drawn(batch)[:, :20]

    assert judge.metric(few) == pytest.approx(slow_metric(judge, few), rel=1e-6)
    assert judge.metric(few) < judge.metric(drawn)


def test_a_model_that_learned_something_is_judged_better():
    judge = Judge.of(TASK, 7)
    popular = Popular(half_life=7.0).fit(TASK.train)
    assert judge.metric(popular.score_batch) > 1.5 * judge.metric(lambda batch: -popular.score_batch(batch))


def test_what_may_not_be_recommended_does_not_stand_above():
    # exclude: what a person had before is no answer, however well it scores
    world = taste_world().data.take(slice(0, 3000))
    exclude = world.schema.model_copy(update={"repeats": "exclude"})
    judge = Judge.of(rehearsal(replace(world, schema=exclude)), 7)

    def seen_first(batch):
        scores = drawn(batch)
        scores[batch.history.owner, batch.history.item] += 100
        return scores

    assert judge.metric(seen_first) == pytest.approx(judge.metric(drawn), rel=1e-6)
    assert judge.metric(drawn) == pytest.approx(slow_metric(judge, drawn), rel=1e-6)


def test_people_are_drawn_by_the_seed(monkeypatch):
    monkeypatch.setattr("penchant.models.judging.MOST_QUESTIONS", 100)
    few = Judge.of(TASK, 7)
    assert 50 < few.n_questions <= 100
    people = [set(np.concatenate([part.batch.user for part in Judge.of(TASK, seed).asked])) for seed in (7, 7, 8)]
    assert people[0] == people[1] != people[2]


def test_a_tiny_log_has_few_questions():
    task = rehearsal(toy_dataset())
    judge = Judge.of(task, 7)
    assert judge.n_questions <= len(task.asked["live"].targets[OVERALL].items) == 2
