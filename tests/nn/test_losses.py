"""Losses against their formulas, one row after the other in plain Python."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.nn.losses import (  # noqa: E402
    binary_cross_entropy,
    bpr_max,
    gaussian_divergence,
    gbce,
    multinomial,
    sampled_softmax,
)

OWN = [0.5, -1.0, 2.0]
OTHER = [[0.1, 0.2, -0.3, 1.0], [0.0, -2.0, 1.5, 0.7], [-1.0, 0.4, 0.6, 3.0]]
FAR = -math.inf


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def tensors() -> tuple[Any, Any]:
    return torch.tensor(OWN), torch.tensor(OTHER)


def mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values)


def test_sampled_softmax():
    log_q_own, log_q_other = [-1.0, -2.0, -3.0], [-0.5, -1.5, -2.5, -3.5]
    expected = mean(
        -math.log(
            math.exp(s - q) / (math.exp(s - q) + sum(math.exp(o - p) for o, p in zip(others, log_q_other, strict=True)))
        )
        for s, q, others in zip(OWN, log_q_own, OTHER, strict=True)
    )
    found = sampled_softmax(*tensors(), torch.tensor(log_q_own), torch.tensor(log_q_other)[None])
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_sampled_softmax_over_all_items_is_the_softmax():
    # every other item drawn once, all alike: the correction is the same for all and falls out
    expected = mean(
        -math.log(math.exp(s) / (math.exp(s) + sum(map(math.exp, others))))
        for s, others in zip(OWN, OTHER, strict=True)
    )
    same = torch.tensor(-1.7)
    assert float(sampled_softmax(*tensors(), same, same)) == pytest.approx(expected, rel=1e-6)


def test_binary_cross_entropy():
    expected = mean(
        -math.log(sigmoid(s)) - sum(math.log(1 - sigmoid(o)) for o in others)
        for s, others in zip(OWN, OTHER, strict=True)
    )
    assert float(binary_cross_entropy(*tensors())) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("calibration", [0.0, 0.75, 1.0])
def test_gbce(calibration):
    # 4 negatives of 9 - 1 others: alpha = .5; beta = alpha (t (1 - 1/alpha) + 1/alpha) = 1 - t / 2
    beta = 1 - calibration / 2
    expected = mean(
        -math.log(sigmoid(s) ** beta) - sum(math.log(1 - sigmoid(o)) for o in others)
        for s, others in zip(OWN, OTHER, strict=True)
    )
    assert float(gbce(*tensors(), n_items=9, calibration=calibration)) == pytest.approx(expected, rel=1e-6)


def test_gbce_without_calibration_is_binary_cross_entropy():
    own, other = tensors()
    assert float(gbce(own, other, n_items=1000, calibration=0.0)) == pytest.approx(
        float(binary_cross_entropy(own, other)), rel=1e-6
    )


def test_bpr_max():
    each = []
    for s, others in zip(OWN, OTHER, strict=True):
        total = sum(map(math.exp, others))
        share = [math.exp(o) / total for o in others]
        gain = sum(w * sigmoid(s - o) for w, o in zip(share, others, strict=True))
        each.append(-math.log(gain) + 0.5 * sum(w * o**2 for w, o in zip(share, others, strict=True)))
    assert float(bpr_max(*tensors(), penalty=0.5)) == pytest.approx(mean(each), rel=1e-6)


def taken_out(loss):
    """The loss with the last negative taken out, and with it never drawn; gradients of the first."""
    own, other = tensors()
    own.requires_grad_()
    hidden = other.clone()
    hidden[:, -1] = FAR
    hidden.requires_grad_()
    value = loss(own, hidden)
    value.backward()
    return value.item(), loss(own.detach(), other[:, :-1]).item(), own.grad, hidden.grad


@pytest.mark.parametrize(
    "loss",
    [
        binary_cross_entropy,
        bpr_max,
        lambda own, other: sampled_softmax(own, other, torch.zeros(()), torch.zeros(())),
    ],
    ids=["bce", "bpr_max", "sampled"],
)
def test_a_negative_that_is_right_counts_nothing(loss):
    value, without, own_grad, other_grad = taken_out(loss)
    assert value == pytest.approx(without, rel=1e-6)
    assert bool(torch.isfinite(own_grad).all())
    assert bool(torch.isfinite(other_grad).all()) and bool((other_grad[:, -1] == 0).all())


LOSSES = {
    "sampled": lambda own, other, **more: sampled_softmax(own, other, torch.zeros(()), torch.zeros(()), **more),
    "bce": binary_cross_entropy,
    "gbce": lambda own, other, **more: gbce(own, other, n_items=9, calibration=0.75, **more),
    "bpr_max": bpr_max,
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_weights_are_those_of_a_mean(loss):
    # a row of weight 2 is a row that stands twice, one of weight 0 is not there
    own, other = tensors()
    weighted = loss(own, other, weight_N=torch.tensor([2.0, 0.0, 1.0])).item()
    rows = [0, 0, 2]
    assert weighted == pytest.approx(loss(own[rows], other[rows]).item(), rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_without_rows_there_is_no_loss(loss):
    assert loss(torch.zeros(0), torch.zeros(0, 4)).item() == 0.0
    assert loss(torch.zeros(0), torch.zeros(0, 4), weight_N=torch.zeros(0)).item() == 0.0


def test_a_row_that_lost_all_its_negatives_has_no_gain_to_make():
    own, other = tensors()
    other[1] = FAR
    own.requires_grad_()
    loss = bpr_max(own, other)
    loss.backward()
    rest = bpr_max(own.detach()[[0, 2]], other[[0, 2]]).item()
    assert loss.item() == pytest.approx(rest * 2 / 3, rel=1e-6)
    assert own.grad[1].item() == 0.0 and bool(torch.isfinite(own.grad).all())


def test_gbce_takes_out_negatives_at_the_same_sampling_rate():
    # the rate is that of the draw: a negative that happened to be right is taken out of the sum, not of alpha
    own, other = tensors()
    hidden = torch.cat([other, torch.full((3, 1), FAR)], dim=1)
    beta = 5 / 10 * (0.75 * (1 - 10 / 5) + 10 / 5)
    expected = mean(
        -beta * math.log(sigmoid(s)) - sum(math.log(1 - sigmoid(o)) for o in others)
        for s, others in zip(OWN, OTHER, strict=True)
    )
    assert float(gbce(own, hidden, n_items=11, calibration=0.75)) == pytest.approx(expected, rel=1e-6)


def test_multinomial():
    counts = [[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0]]
    expected = mean(
        -sum(c * math.log(math.exp(o) / sum(map(math.exp, row))) for c, o in zip(some, row, strict=True))
        for some, row in zip(counts, OTHER, strict=True)
    )
    assert float(multinomial(torch.tensor(OTHER), torch.tensor(counts))) == pytest.approx(expected, rel=1e-6)


def test_gaussian_divergence():
    # KL(N(m, v) || N(0, 1)) = (v + m^2 - 1 - log v) / 2 for each number
    means, variances = [[0.0, 1.0], [2.0, -1.0]], [[1.0, 0.5], [2.0, 1.5]]
    expected = mean(
        sum((v + m**2 - 1 - math.log(v)) / 2 for m, v in zip(ms, vs, strict=True))
        for ms, vs in zip(means, variances, strict=True)
    )
    found = gaussian_divergence(torch.tensor(means), torch.tensor(variances).log())
    assert float(found) == pytest.approx(expected, rel=1e-6)
    assert float(gaussian_divergence(torch.zeros(3, 4), torch.zeros(3, 4))) == 0.0
