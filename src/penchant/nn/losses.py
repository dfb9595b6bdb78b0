"""Losses that learn which item comes next from the right one and a few others.

The whole catalogue's cross-entropy is in `catalogue_loss`. Logits here are float [N] for the right item (`own_N`) and float
[N, K] for the negatives (`other_NK`); a negative that is the right answer is taken out by the caller with -inf. A mean is
over `weight_N`, float [N], where it is given: what each right item counts; without a row it is 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def sampled_softmax(
    own_N: Tensor, other_NK: Tensor, log_q_own_N: Tensor, log_q_other_NK: Tensor, *, weight_N: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy over the right item and the negatives, each corrected by how often it is drawn.

    Source: Bengio & Senécal 2008, "Adaptive importance sampling to accelerate training", equation 7; Yi et al. 2019,
    "Sampling-bias-corrected neural modeling", equation 5 (the correction ``s - log q`` for both sides).

    Args:
        log_q_own_N, log_q_other_NK: log probability with which each item is drawn; anything that broadcasts.
    """
    own = (own_N - log_q_own_N)[:, None]
    logits = torch.cat([own, other_NK - log_q_other_NK], dim=1)
    return _mean(torch.logsumexp(logits, dim=1) - own[:, 0], weight_N)


def binary_cross_entropy(own_N: Tensor, other_NK: Tensor, *, weight_N: Tensor | None = None) -> Tensor:
    """Mean of ``-log sigmoid(own) - sum_k log(1 - sigmoid(other))``; with K = 1 the loss of the SASRec paper, equation 6."""
    others = torch.where(torch.isinf(other_NK), 0.0, functional.softplus(other_NK)).sum(1)
    return _mean(functional.softplus(-own_N) + others, weight_N)


def gbce(
    own_N: Tensor, other_NK: Tensor, *, n_items: int, calibration: float, weight_N: Tensor | None = None
) -> Tensor:
    """Generalised binary cross-entropy: the right item's probability is raised to a power that undoes negative sampling.

    Source: Petrov & Macdonald 2023, "gSASRec", equations 14 and 17: ``beta = alpha (t (1 - 1 / alpha) + 1 / alpha)`` with the
    sampling rate ``alpha = K / (I - 1)``.

    Args:
        n_items: I.
        calibration: t in 0..1; 0 is plain binary cross-entropy, 1 is calibrated in full.
    """
    alpha = min(1.0, other_NK.shape[1] / max(1, n_items - 1))
    beta = alpha * (calibration * (1 - 1 / alpha) + 1 / alpha)
    others = torch.where(torch.isinf(other_NK), 0.0, functional.softplus(other_NK)).sum(1)
    return _mean(beta * functional.softplus(-own_N) + others, weight_N)


def bpr_max(own_N: Tensor, other_NK: Tensor, *, penalty: float = 1.0, weight_N: Tensor | None = None) -> Tensor:
    """Mean of ``-log sum_k s_k sigmoid(own - other_k) + penalty sum_k s_k other_k^2`` with s the softmax of the negatives.

    Source: Hidasi & Karatzoglou 2018, "Recurrent neural networks with top-k gains", equation 11.
    """
    out_NK = torch.isinf(other_NK)
    share_NK = torch.softmax(other_NK.masked_fill(out_NK, torch.finfo(other_NK.dtype).min), dim=1)
    share_NK, others_NK = share_NK.masked_fill(out_NK, 0.0), other_NK.masked_fill(out_NK, 0.0)
    gain_N = (share_NK * torch.sigmoid(own_N[:, None] - others_NK)).sum(1)
    each_N = -torch.log(gain_N + 1e-24) + penalty * (share_NK * others_NK.square()).sum(1)
    # a row that lost all its negatives has nothing to be compared with
    return _mean(torch.where(out_NK.all(1), 0.0, each_N), weight_N)


def _mean(each_N: Tensor, weight_N: Tensor | None) -> Tensor:
    if weight_N is None:
        return each_N.sum() / max(1, len(each_N))
    return (each_N * weight_N).sum() / weight_N.sum().clamp(min=1e-12)


def multinomial(logits_BI: Tensor, counts_BI: Tensor) -> Tensor:
    """Mean over the rows of ``-sum_i counts log softmax(logits)``; Liang et al. 2018 (Mult-VAE), equation 2."""
    return -(functional.log_softmax(logits_BI, dim=1) * counts_BI).sum(1).mean()


def gaussian_divergence(mean_BD: Tensor, log_variance_BD: Tensor) -> Tensor:
    """Mean over the rows of KL(N(mean, variance) || N(0, 1)) in nats; Kingma & Welling 2014, appendix B."""
    each = log_variance_BD.exp() + mean_BD.square() - 1 - log_variance_BD
    return 0.5 * each.sum(1).mean()
