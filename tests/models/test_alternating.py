"""Row-wise least squares against a loop of dense solutions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from penchant.models import alternating
from penchant.models.alternating import exact, nearer


def a_problem(d: int = 4) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    """Weights [40, 30] from an empty first row to a full last one, factors [30, d], a penalty for each row."""
    rng = np.random.default_rng(3)
    cells = rng.random((40, 30)) * (rng.random((40, 30)) < np.linspace(0, 1, 40)[:, None])
    factors = rng.standard_normal((30, d)).astype(np.float32)
    return sp.csr_matrix(cells.astype(np.float32)), factors, rng.uniform(0.5, 2.0, 40).astype(np.float32)


def by_loop(weights: sp.csr_matrix, factors: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    wide, d = factors.astype(np.float64), factors.shape[1]
    found = np.zeros((weights.shape[0], d))
    for row, weight in enumerate(weights.toarray().astype(np.float64)):
        if weight.any():
            left = wide.T @ wide + wide.T @ np.diag(weight) @ wide + penalty[row] * np.eye(d)
            found[row] = np.linalg.solve(left, wide.T @ weight)
    return found


@pytest.mark.parametrize("held", [1, 300, 1 << 20])
def test_blocks_solve_what_a_loop_solves(held, monkeypatch):
    monkeypatch.setattr(alternating, "_CELLS", held)
    weights, factors, penalty = a_problem()
    gram = factors.T @ factors
    expected = by_loop(weights, factors, penalty)
    np.testing.assert_allclose(exact(weights, factors, gram, penalty), expected, atol=1e-4)
    # in exact arithmetic d conjugate-gradient steps arrive, from anywhere
    start = np.random.default_rng(4).standard_normal(expected.shape).astype(np.float32)
    start[0] = 0.0
    np.testing.assert_allclose(nearer(weights, factors, gram, penalty, start, 4), expected, atol=1e-3)


def test_each_step_comes_nearer_and_the_start_is_left_alone():
    weights, factors, penalty = a_problem(d=8)
    gram, expected = factors.T @ factors, by_loop(*a_problem(d=8))
    start = np.zeros(expected.shape, dtype=np.float32)
    # conjugate gradients shorten the error in the norm of the matrix, and with it the quadratic form, at every step
    values = []
    for steps in (1, 2, 3, 5):
        off = nearer(weights, factors, gram, penalty, start, steps) - expected
        fit = off @ factors.T
        values.append(((fit**2) + weights.toarray() * fit**2).sum() + (penalty[:, None] * off**2).sum())
    assert values == sorted(values, reverse=True) and values[-1] < 0.01 * values[0]
    assert not start.any()


def test_one_step_by_hand():
    # one column y = 2 with weight 3, penalty 1: (4 + 12 + 1) x = 6; with one dimension the first step arrives
    weights = sp.csr_matrix(np.asarray([[3.0]], dtype=np.float32))
    factors, gram = np.asarray([[2.0]], dtype=np.float32), np.asarray([[4.0]], dtype=np.float32)
    penalty, start = np.ones(1, dtype=np.float32), np.full((1, 1), 5.0, dtype=np.float32)
    assert nearer(weights, factors, gram, penalty, start, 1)[0, 0] == pytest.approx(6 / 17)
    assert exact(weights, factors, gram, penalty)[0, 0] == pytest.approx(6 / 17)
