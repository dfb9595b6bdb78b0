"""What attributes are worth: those of items blended in by likeness, those of people as circumstances that never change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from penchant.data.arrays import Float32, Float64, Nums
from penchant.evaluate.ledger.choosing import Rehearsal, clear_gain
from penchant.evaluate.ledger.exam import TRUTH, Exam, placed
from penchant.evaluate.ledger.fields import Coded
from penchant.evaluate.ledger.layers import STRENGTHS, Layer, ranked, standings, with_layers
from penchant.evaluate.ledger.panel import Member, Panel
from penchant.evaluate.ledger.stages import Round, Stages
from penchant.models.base import Model
from penchant.rng import generator

SHARES = (0.03, 0.1, 0.3, 1.0)
"""What the greatest likeness counts beside the greatest score."""

_DEALS = 5
"""How often the attributes of people are dealt out anew."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemAttributes:
    """The best model without item attributes, and with their likeness blended in: metric of each question, float64 [Q].

    `share` is the weight that validation found best, `clear` whether it was a clear gain there.
    """

    without: str
    true: Float64
    bare: Float64
    share: float
    clear: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class PersonAttributes:
    """All attributes of people together: metric of each question, float64 [Q].

    Attributes:
        true: with each person's own; `dealt`: mean over deals of the attributes to other people, counted anew each time;
            `bare`: without any.
        spread: standard deviation of the mean figure between deals.
        n_deals: how many.
    """

    names: tuple[str, ...]
    true: Float64
    dealt: Float64
    bare: Float64
    spread: float
    n_deals: int
    strength: float
    clear: bool


def item_attributes(stages: Stages, panel: Panel) -> ItemAttributes | None:
    """None where the panel has no `content`."""
    content = panel.named("content")
    others = [one for one in panel.members if one.name != "content"]
    if content is None or not others:
        return None
    bare = max(others, key=lambda one: one.promise)
    exam = stages.chosen.exam
    tried = _blends(exam, bare.chosen, content.chosen, SHARES)
    values = {share: exam.by_person(found) for share, found in tried.items()}
    share = max(SHARES, key=lambda one: float(np.nanmean(values[one])))
    found = _blends(stages.judged.exam, bare.judged, content.judged, (share,))[share]
    clear = clear_gain(values[share], bare.valid)
    return ItemAttributes(without=bare.name, true=found, bare=bare.test, share=share, clear=clear)


def _blends(exam: Exam, base: Model, content: Model, shares: Sequence[float]) -> dict[float, Float64]:
    found = {share: np.empty(len(exam)) for share in shares}
    for block in exam.blocks():
        batch = TRUTH.batch(exam.questions, block.rows)
        scores, alike = base.score_batch(batch), content.score_batch(batch)
        for share in shares:
            found[share][block.rows] = placed(blended(scores, alike, share), block)
    return found


def blended(scores: Float32, alike: Float32, share: float) -> Float32:
    """Scores as shares of their greatest, plus `share` times likeness in 0..1; an item has a score where either has one."""
    with np.errstate(invalid="ignore"):
        peak = np.fmax.reduce(scores, axis=1)
        size = np.where(peak > 0, peak, 1.0).astype(np.float32)[:, None]
        both = np.nan_to_num(scores / size, nan=0.0) + np.float32(share) * np.nan_to_num(alike, nan=0.0)
    both[np.isnan(scores) & np.isnan(alike)] = np.nan
    found: Float32 = both.astype(np.float32)
    return found


def person_attributes(stages: Stages, member: Member, fields: Sequence[Coded], seed: int) -> PersonAttributes | None:
    """None where people have no attributes. A deal moves all attributes of a person together to another one."""
    if not fields:
        return None
    rehearsal = Rehearsal(stages.chosen.exam, member.chosen.score_batch)
    own = np.arange(stages.data.n_users, dtype=np.int32)
    strengths: dict[float, Float64] = {}
    bases = [_layer(one, stages.chosen, own, 1.0) for one in fields]
    for strength in STRENGTHS:
        scores = rehearsal.bare
        for base in bases:
            scores = rehearsal.over(scores, Layer(table=base.table, codes=base.codes, strength=strength / len(bases)))
        strengths[strength] = rehearsal.values(scores)
    best = max(STRENGTHS, key=lambda one: float(np.nanmean(strengths[one])))
    clear = clear_gain(strengths[best], rehearsal.base)
    del rehearsal
    rng = generator(seed, "doctor", "deals")
    deals = [own, *(rng.permutation(own).astype(np.int32) for _ in range(_DEALS))]
    make = partial(_layer, strength=best / len(fields))
    stacks = [[make(one, stages.judged, deal) for one in fields] for deal in deals]
    exam = stages.judged.exam
    values = np.empty((len(deals), len(exam)))
    bare = np.empty(len(exam))
    for one in standings(exam, member.judged.score_batch):
        bare[one.rows] = ranked(one.scores, one.target)
        for number, stack in enumerate(stacks):
            values[number, one.rows] = ranked(with_layers(one, stack), one.target)
    means = [float(np.nanmean(exam.by_person(found))) for found in values[1:]]
    return PersonAttributes(
        names=tuple(one.name for one in fields),
        true=values[0],
        dealt=values[1:].mean(axis=0),
        bare=bare,
        spread=float(np.std(means, ddof=1)),
        n_deals=_DEALS,
        strength=best,
        clear=clear,
    )


def _layer(one: Coded, stage: Round, deal: Nums, strength: float) -> Layer:
    """The layer of an attribute where person u has that of person ``deal[u]``, in training and at the questions."""
    train = stage.task.train
    codes = one.codes[deal]
    table = one.table(codes[train.interactions.user], train.interactions, train.n_items)
    return Layer(table=table, codes=codes[stage.exam.questions.user], strength=strength)
