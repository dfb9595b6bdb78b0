"""Figures of labelled rows: by hand, and against scikit-learn as the second implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from penchant.errors import BadData
from penchant.metrics.labelled import BINS, auc, calibration_error, log_losses, rmse


def test_auc_counts_equals_half() -> None:
    # pairs of (1, 0): .5 against .5 is half, .5 against .2 is won, .7 wins both: 3.5 of 4
    assert auc([1, 0, 1, 0], [0.5, 0.5, 0.7, 0.2]) == pytest.approx(3.5 / 4)
    assert math.isnan(auc([1, 1], [0.5, 0.7]))
    assert auc([1, 0, 0], [0.3, 0.3, 0.3]) == 0.5


def test_a_weight_is_as_many_rows() -> None:
    rng = np.random.default_rng(5)
    label, guess, weight = rng.integers(0, 2, 60), rng.random(60).round(1), rng.integers(0, 4, 60)
    many = np.repeat(np.arange(60), weight)
    assert auc(label, guess, weight) == pytest.approx(auc(label[many], guess[many]))
    assert calibration_error(label, guess, weight) == pytest.approx(calibration_error(label[many], guess[many]))


def test_auc_and_log_loss_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(7)
    label, guess = rng.integers(0, 2, 500), rng.random(500).round(2)
    assert auc(label, guess) == pytest.approx(roc_auc_score(label, guess))
    guess = np.clip(guess, 0.01, 0.99)
    assert log_losses(label, guess).mean() == pytest.approx(log_loss(label, guess))


def test_a_sure_and_wrong_answer_costs_a_finite_log_loss() -> None:
    # -log(1e-7) = 16.118
    assert log_losses([0, 1], [1.0, 1.0]) == pytest.approx([16.118, 0.0], abs=1e-3)
    with pytest.raises(BadData, match="expected probabilities between 0 and 1, got 1.5"):
        log_losses([1], [1.5])


def test_calibration_error_by_hand() -> None:
    # bin [0, 1/15): mean prediction .03, share of label 1 is 0: 2 rows x .03; the last bin: mean .97, share 1/2: 2 x .47
    assert BINS == 15
    assert calibration_error([0, 0, 1, 0], [0.02, 0.04, 0.96, 0.98]) == pytest.approx((2 * 0.03 + 2 * 0.47) / 4)
    # a constant that is the share of label 1 is calibrated and knows nothing
    assert calibration_error([1, 0, 0, 0], [0.25] * 4) == 0
    assert math.isnan(calibration_error([], []))


def test_rmse_by_hand() -> None:
    # gaps 1 and 3: sqrt((1 + 9) / 2)
    assert rmse([2.0, 5.0], [1.0, 2.0]) == pytest.approx(math.sqrt(5))
    assert math.isnan(rmse([], []))
