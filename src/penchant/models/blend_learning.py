"""How `blend` learns its weights: cases from questions with known answers, a conditional logit, and one offset by ndcg."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Bool, Float32, Float64, Int64, Nums
from penchant.data.questions import Task
from penchant.models.choice import learned_choice
from penchant.models.moment_features import N_MOMENT, moment_features
from penchant.models.panel import Panel
from penchant.models.pool import pooled, softened, standardised
from penchant.models.rehearsal import blocks
from penchant.train.run import Run

_TOP = 20
"""The offset of new items is judged by ndcg at this length."""

_FLAT = 1e-6
"""A score with a smaller spread says nothing."""

_OFFSETS = np.concatenate([np.linspace(-6, 6, 25), [0.0]])
"""Values tried for the offset, in standard deviations of a member's scores."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """Candidates of questions whose right answer is among them.

    Attributes:
        owner: int64 [C], question of each candidate, never falling, without gaps.
        said: float32 [C, 2 members], standardised scores of all members, then the same softened.
        cold: bool [C], the members were fitted without an event of the item.
        chosen: bool [C].
        moment: float64 [Q, features].
        n_right: int64 [Q], right answers of each question, inside the pool or not.
        worth: float64 [Q], 1 over the questions asked about the same person, so that each person counts once.
        n_questions: questions asked, with or without a right answer in the pool.
    """

    owner: Int64
    said: Float32
    cold: Bool
    chosen: Bool
    moment: Float64
    n_right: Int64
    worth: Float64
    n_questions: int


def cases_of(panel: Panel, task: Task, n_questions: int, pool: int, run: Run) -> Cases:
    """Asks the panel; questions whose right answer no member has among its best teach nothing and are left out."""
    known = task.train.seen_items
    parts: list[tuple[Int64, Float32, Bool, Bool]] = []
    moments: list[Float64] = []
    rights: list[Int64] = []
    people: list[Nums] = []
    asked = kept = 0
    for block in blocks(task, most=n_questions, seed=run.seed):
        scores = panel.scores(block.batch)
        found = pooled(scores, pool, block.allowed)
        new = ~known[None, :] & block.allowed
        if new.any():
            also = pooled(scores, pool, new)
            key = np.union1d(found.owner * len(known) + found.item, also.owner * len(known) + also.item)
        else:
            key = found.owner * len(known) + found.item
        owner = key // len(known)
        chosen = np.isin(key, block.targets.keys(len(known)))
        use = np.bincount(owner, weights=chosen, minlength=len(block.batch)) > 0
        rows = use[owner]
        item = (key % len(known))[rows]
        z = np.stack([standardised(table, known, block.batch.history)[owner[rows], item] for table in scores], axis=1)
        said = np.concatenate([z, np.stack([softened(column) for column in z.T], axis=1)], axis=1)
        number = np.cumsum(use) - 1 + kept
        parts.append((number[owner[rows]], said, ~known[item], chosen[rows]))
        moments.append(moment_features(block.batch)[use])
        rights.append(block.targets.n[use])
        people.append(block.batch.user[use])
        kept += int(use.sum())
        asked += len(block.batch)
        run.reporter.progress("blend: learn weights", min(asked, n_questions), n_questions)
    if not parts:
        return _none(len(panel.models))
    owner_all, said_all, cold_all, chosen_all = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Cases(
        owner=owner_all,
        said=said_all,
        cold=cold_all,
        chosen=chosen_all,
        moment=np.concatenate(moments),
        n_right=np.concatenate(rights),
        worth=_once_a_person(np.concatenate(people)),
        n_questions=asked,
    )


def _once_a_person(people: Nums) -> Float64:
    number, count = np.unique(people, return_inverse=True, return_counts=True)[1:]
    worth: Float64 = 1.0 / count[number]
    return worth


def _none(n_members: int) -> Cases:
    return Cases(
        owner=np.zeros(0, dtype=np.int64),
        said=np.zeros((0, 2 * n_members), dtype=np.float32),
        cold=np.zeros(0, dtype=np.bool_),
        chosen=np.zeros(0, dtype=np.bool_),
        moment=np.zeros((0, N_MOMENT)),
        n_right=np.zeros(0, dtype=np.int64),
        worth=np.zeros(0),
        n_questions=0,
    )


def learned_weights(cases: Cases, penalty: float) -> tuple[Float64, Float64, Float64]:
    """Weights of known and of new items, float64 [2 members, features] each, and the offset of new ones, float64 [features].

    Those of new items are the same plus a difference that the penalty keeps small, and so are those of a kind of query.
    """
    n_said, any_new = cases.said.shape[1], bool(cases.cold.any())
    # scaled by the scores alone: a feature of the moment that hardly varies here must not get a weight that is right here only
    spread = cases.said.std(axis=0)
    spread[spread < _FLAT] = 1.0
    moment, new = cases.moment[cases.owner], cases.cold[:, None]
    shared = ((cases.said / spread)[:, :, None] * moment[:, None, :]).reshape(len(moment), -1)
    features = np.concatenate([shared, *([shared * new, moment * new] if any_new else [])], axis=1).astype(np.float64)
    by_feature = np.where(np.arange(N_MOMENT) == 0, penalty, 10 * penalty)
    sizes = [np.tile(by_feature, n_said), *([np.tile(10 * by_feature, n_said), by_feature] if any_new else [])]
    found = learned_choice(features, cases.owner, cases.chosen, cases.worth, np.concatenate(sizes))
    n = n_said * N_MOMENT
    warm = found[:n].reshape(n_said, N_MOMENT) / spread[:, None]
    if not any_new:
        return warm, warm.copy(), np.zeros(N_MOMENT)
    return warm, warm + found[n : 2 * n].reshape(n_said, N_MOMENT) / spread[:, None], found[2 * n :]


def learned_offset(cases: Cases, warm: Float64, cold: Float64, offset: Float64) -> float:
    """What must be added to the scores of new items for the greatest mean ndcg@20 over the cases; 0 where none is new."""
    if not cases.cold.any():
        return 0.0
    weight = np.where(cases.cold[:, None, None], cold, warm)
    score = np.einsum("cm,cmf,cf->c", cases.said, weight, cases.moment[cases.owner])
    score += np.where(cases.cold, cases.moment[cases.owner] @ offset, 0.0)
    values = [_mean_ndcg(score + step * cases.cold, cases) for step in _OFFSETS]
    return float(_OFFSETS[int(np.argmax(values))])


def _mean_ndcg(score: Float64, cases: Cases) -> float:
    order = np.lexsort((-score, cases.owner))
    start = np.searchsorted(cases.owner, np.arange(len(cases.n_right)))
    place = np.arange(len(order)) - start[cases.owner[order]]
    gain = np.where(cases.chosen[order] & (place < _TOP), 1 / np.log2(place + 2.0), 0.0)
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(_TOP) + 2.0))])[np.minimum(cases.n_right, _TOP)]
    sums = np.bincount(cases.owner[order], weights=gain, minlength=len(ideal))
    return float(np.average(sums / ideal, weights=cases.worth))
