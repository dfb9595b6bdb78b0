"""A conditional logit: weights that make the chosen of each question's candidates as likely as possible.

The chance of candidate i among those of its question is ``exp(x_i . w) / sum over j of exp(x_j . w)``. Source: McFadden 1974,
"Conditional logit analysis of qualitative choice behavior", equation 12.
"""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool, Float64, Int64

_STEPS = 200


def learned_choice(features: Float64, owner: Int64, chosen: Bool, worth: Float64, penalty: Float64) -> Float64:
    """The weights w, float64 [F].

    Args:
        features: float64 [C, F], one row a candidate.
        owner: int64 [C], never falling: the question of each candidate; each question has a chosen candidate. Several chosen
            ones of a question share its vote.
        chosen: bool [C].
        worth: float64 [Q], what each question counts.
        penalty: float64 [F] > 0, times the square of each weight.

    O(C F) time a step, at most 200 steps of L-BFGS.
    """
    from scipy.optimize import minimize

    start = np.flatnonzero(np.diff(owner, prepend=-1))
    question = np.cumsum(np.diff(owner, prepend=owner[0]) > 0)
    share = worth / worth.sum()
    votes = chosen * (share / np.add.reduceat(chosen.astype(np.float64), start))[question]
    wanted = votes @ features

    def loss(w: Float64) -> tuple[float, Float64]:
        worth = features @ w
        top = np.maximum.reduceat(worth, start)
        weight = np.exp(worth - top[question])
        total = np.add.reduceat(weight, start)
        unlikely = float(share @ (np.log(total) + top) - wanted @ w)
        slope = features.T @ (weight * (share / total)[question]) - wanted
        return unlikely + float(penalty @ w**2), slope + 2 * penalty * w

    found = minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    weights: Float64 = found.x
    return weights
