"""What each circumstance of the moment is worth: true against permuted within the same person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from penchant.data.arrays import Bool, Float64, Int64, Nums
from penchant.evaluate.ledger.choosing import Rehearsal, Trial, clear_gain
from penchant.evaluate.ledger.fields import Coded, begun_before, likeness
from penchant.evaluate.ledger.layers import (
    Layer,
    Others,
    Standing,
    others,
    permuted,
    ranked,
    standings,
    with_layers,
)
from penchant.evaluate.ledger.panel import Member
from penchant.evaluate.ledger.stages import Round, Stages
from penchant.rng import generator

_DRAWS = 6
"""Random moments of the same person that stand in for all permutations where several fields move together."""

ALIKE = 0.7
"""Mutual information, as a share of the smaller entropy, from which two fields tell the same."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """One comparison on the test questions: the metric of each question, float64 [Q], as it was and with something destroyed.

    `changed` (bool [Q]) are the questions that could change at all.
    """

    true: Float64
    destroyed: Float64
    changed: Bool


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldFound:
    """One field.

    Attributes:
        trial: its best strength alone on validation; `clear`: whether that was a clear gain there.
        alone: its layer alone, true against permuted.
        on_top: the same with all other useful fields in place; None where validation found no gain on top of them.
        known: share of the test questions that state it.
        alike: names of fields that tell nearly the same.
    """

    name: str
    trial: Trial
    clear: bool
    alone: Look
    on_top: Look | None
    known: float
    alike: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ContextFound:
    """All fields, and all useful ones together (`together` is None where none is).

    `bare` is the metric of each question without any circumstance, float64 [Q].
    """

    fields: tuple[FieldFound, ...]
    together: Look | None
    stack: dict[str, float]
    bare: Float64


@dataclass(frozen=True, kw_only=True, eq=False)
class _Plan:
    """What is evaluated on the test questions."""

    alone: dict[str, Layer]
    on_top: dict[str, tuple[tuple[Layer, ...], Layer]]
    together: tuple[Layer, ...]
    elsewhere: dict[str, Others]
    draws: list[Int64]
    jointly: Bool
    jointly_codes: dict[str, Nums] = field(default_factory=dict)


def context_found(stages: Stages, member: Member, fields: Sequence[Coded], seed: int) -> ContextFound:
    """Measures every field with one model; strengths come from the validation round, figures from the test round."""
    rehearsal = Rehearsal(stages.chosen.exam, member.chosen.score_batch)
    makers = {one.name: partial(_layer, one, stages.chosen) for one in fields}
    trials = {name: rehearsal.best(rehearsal.bare, _kept(make)) for name, make in makers.items()}
    clear = [name for name in trials if clear_gain(trials[name].values, rehearsal.base)]
    gains = {name: trials[name].gain(rehearsal.base) for name in clear}
    clear.sort(key=lambda name: -gains[name])
    strengths = {name: trial.strength for name, trial in trials.items()}
    kept = {name: _kept(makers[name]) for name in clear}
    stack = rehearsal.stack(kept, strengths)
    tops: dict[str, tuple[dict[str, float], float]] = {}
    for name in clear if len(fields) > 1 else ():
        rest = rehearsal.stack({other: kept[other] for other in clear if other != name}, strengths)
        scores = rehearsal.bare
        for other, strength in rest.items():
            scores = rehearsal.over(scores, kept[other](strength))
        best = rehearsal.best(scores, kept[name], (strengths[name], strengths[name] / 2))
        if clear_gain(best.values, rehearsal.values(scores)):
            tops[name] = (rest, best.strength)
    del rehearsal
    return _judged(stages, member, fields, trials, set(clear), stack, tops, seed)


def _judged(
    stages: Stages,
    member: Member,
    fields: Sequence[Coded],
    trials: dict[str, Trial],
    clear: set[str],
    stack: dict[str, float],
    tops: dict[str, tuple[dict[str, float], float]],
    seed: int,
) -> ContextFound:
    exam, data = stages.judged.exam, stages.data
    asked = exam.questions
    assert asked.row is not None
    cut = len(stages.judged.task.train)
    made = {one.name: _kept(partial(_layer, one, stages.judged)) for one in fields}
    fresh = ~begun_before(data, cut)
    moments = cut + np.flatnonzero(fresh[cut:] & np.isin(data.interactions.user[cut:], exam.people))
    movable = fresh[asked.row]
    elsewhere = {
        one.name: others(
            asked.user,
            np.where(movable, one.codes[asked.row], -1).astype(np.int32),
            data.interactions.user[moments],
            one.codes[moments],
        )
        for one in fields
    }
    draws, jointly = _draws(asked.user, movable, data.interactions.user[moments], moments, seed)
    plan = _Plan(
        alone={one.name: made[one.name](trials[one.name].strength) for one in fields},
        on_top={
            name: (tuple(made[other](strength) for other, strength in rest.items()), made[name](own))
            for name, (rest, own) in tops.items()
        },
        together=tuple(made[name](strength) for name, strength in stack.items()),
        elsewhere=elsewhere,
        draws=draws,
        jointly=jointly,
        jointly_codes={one.name: one.codes for one in fields if one.name in stack},
    )
    looks, bare = _evaluated(stages.judged, member, plan, list(stack))
    rows = np.asarray(asked.row, dtype=np.int64)
    found = tuple(
        FieldFound(
            name=one.name,
            trial=trials[one.name],
            clear=one.name in clear,
            alone=looks["alone", one.name],
            on_top=looks.get(("on top", one.name)),
            known=float((one.codes[rows] >= 0).mean()),
            alike=tuple(other.name for other in fields if other is not one and likeness(one, other, moments) >= ALIKE),
        )
        for one in fields
    )
    return ContextFound(fields=found, together=looks.get(("together", "")), stack=stack, bare=bare)


def _evaluated(
    judged: Round, member: Member, plan: _Plan, names: list[str]
) -> tuple[dict[tuple[str, str], Look], Float64]:
    """Every comparison of the plan, in one pass over the test questions."""
    n = len(judged.exam)
    keys = [("alone", name) for name in plan.alone] + [("on top", name) for name in plan.on_top]
    keys += [("together", "")] if plan.together else []
    true = {key: np.empty(n) for key in keys}
    destroyed = {key: np.empty(n) for key in keys}
    bare = np.empty(n)
    for one in standings(judged.exam, member.judged.score_batch):
        bare[one.rows] = ranked(one.scores, one.target)
        for name, layer in plan.alone.items():
            key = ("alone", name)
            true[key][one.rows], destroyed[key][one.rows] = _pair(one, (), layer, plan.elsewhere[name])
        for name, (rest, layer) in plan.on_top.items():
            key = ("on top", name)
            true[key][one.rows], destroyed[key][one.rows] = _pair(one, rest, layer, plan.elsewhere[name])
        if plan.together:
            key = ("together", "")
            true[key][one.rows] = ranked(with_layers(one, plan.together), one.target)
            destroyed[key][one.rows] = _jointly(one, plan, names, true[key][one.rows])
    changed = {key: plan.jointly if key[0] == "together" else plan.elsewhere[key[1]].varies for key in keys}
    looks = {key: Look(true=true[key], destroyed=destroyed[key], changed=changed[key]) for key in keys}
    return looks, bare


def _pair(one: Standing, rest: Sequence[Layer], layer: Layer, elsewhere: Others) -> tuple[Float64, Float64]:
    """The metric with the layer's true values, and its mean over all permutations within each person."""
    scores = with_layers(one, rest)
    true = ranked(scores + layer.added(one.rows), one.target)
    return true, permuted(one, scores, layer, elsewhere, true)


def _jointly(one: Standing, plan: _Plan, names: list[str], true: Float64) -> Float64:
    """The mean metric with the circumstances of random moments of the same person, all fields from the same moment."""
    total = np.zeros(len(one.rows))
    for draw in plan.draws:
        scores = one.scores
        for name, layer in zip(names, plan.together, strict=True):
            codes = plan.jointly_codes[name][draw[one.rows]]
            scores = scores + layer.table[codes] * np.float32(layer.strength)
        total += ranked(scores, one.target)
    return np.where(plan.jointly[one.rows], total / max(1, len(plan.draws)), true)


def _draws(user: Nums, movable: Bool, moments_user: Nums, moments: Int64, seed: int) -> tuple[list[Int64], Bool]:
    """For each question random moments of its person (int64 [Q] each), and whether there is more than one to draw from."""
    order = np.argsort(moments_user, kind="stable")
    ordered = moments_user[order]
    low, high = np.searchsorted(ordered, user, side="left"), np.searchsorted(ordered, user, side="right")
    rng = generator(seed, "doctor", "moments")
    draws = []
    for _ in range(_DRAWS):
        place = low + np.floor(rng.random(len(user)) * (high - low)).astype(np.int64)
        draws.append(moments[order[np.minimum(place, len(order) - 1)]] if len(order) else np.zeros_like(low))
    return draws, movable & (high - low > 1)


def _layer(one: Coded, stage: Round, strength: float, table: list[np.ndarray] | None = None) -> Layer:
    """The layer of a field over the questions of a round, counted on its training part."""
    train, asked = stage.task.train, stage.exam.questions
    assert asked.row is not None
    counted = one.table(one.codes[: len(train)], train.interactions, train.n_items)
    return Layer(table=counted, codes=one.codes[asked.row], strength=strength)


def _kept(make: Callable[[float], Layer]) -> Callable[[float], Layer]:
    """The same layer at any strength, counted once."""
    found: list[Layer] = []

    def made(strength: float) -> Layer:
        if not found:
            found.append(make(strength))
        return Layer(table=found[0].table, codes=found[0].codes, strength=strength)

    return made
