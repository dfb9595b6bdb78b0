"""Which settings to try next: one to three of the leader's are changed; first as their author proposes, then by draws of TPE.

A model here has ten to twenty settings with good defaults, and a search has a few dozen trials: a draw of all settings at once
loses the defaults of all for the sake of one. So the first look at a setting is the first other value of its grid, as in the
coordinate search of `evaluate`; the later ones are drawn by optuna's TPE from what is known so far (Bergstra et al. 2011,
"Algorithms for Hyper-Parameter Optimization").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penchant.evaluate.tuning.axes import Axis
from penchant.rng import generator, stable_hash

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

_START = 10
"""Trials before which TPE draws evenly over the space."""

_AT_ONCE = (1, 1, 2, 3)
"""How many settings are drawn anew, each as likely."""


def proposed(
    history: Sequence[FrozenTrial],
    axes: Sequence[Axis],
    leading: Mapping[str, Any],
    drawn: Mapping[str, int],
    words: tuple[str, ...],
    seed: int,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The value of each axis, and the names of those that were drawn anew.

    Args:
        leading: the values of the trial to beat.
        drawn: how often each setting was drawn before; those drawn least have their turn.
        words: what the draw is for; the same words, seed and history give the same proposal.
    """
    for axis in axes:
        other = [] if drawn.get(axis.name) else axis.first_other(leading[axis.name])
        if other:
            return {**leading, axis.name: other[0]}, (axis.name,)
    return _drawn(history, axes, leading, drawn, words, seed)


def _drawn(
    history: Sequence[FrozenTrial],
    axes: Sequence[Axis],
    leading: Mapping[str, Any],
    drawn: Mapping[str, int],
    words: tuple[str, ...],
    seed: int,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    import optuna
    from optuna.samplers import TPESampler

    rng = generator(seed, "tune", *words)
    ranks = rng.random(len(axes))
    turn = sorted(range(len(axes)), key=lambda i: (drawn.get(axes[i].name, 0), ranks[i]))
    names = {axes[i].name for i in turn[: int(rng.choice(_AT_ONCE))]}
    sampler = TPESampler(seed=stable_hash("tune", str(seed), *words) % 2**32, n_startup_trials=_START)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(history)
    others = [axis for axis in axes if axis.name not in names]
    study.enqueue_trial({name: one for axis in others for name, one in axis.params(leading[axis.name]).items()})
    trial = study.ask()
    values = {axis.name: axis.suggested(trial) if axis.name in names else leading[axis.name] for axis in axes}
    return values, tuple(axis.name for axis in axes if axis.name in names)
