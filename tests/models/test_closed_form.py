"""The inverse in its own memory."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models import symmetric
from penchant.models.closed_form import inverted


def test_inverse_by_hand():
    # determinant 2 * 3 - 1 = 5
    matrix = np.asarray([[2, 1], [1, 3]], dtype=np.float32)
    assert inverted(matrix) == pytest.approx(np.asarray([[0.6, -0.2], [-0.2, 0.4]]), abs=1e-6)


def test_only_the_upper_triangle_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(symmetric, "_CHUNK", 3)
    half = np.random.default_rng(1).random((7, 7))
    whole = half @ half.T + np.eye(7)
    upper = np.triu(whole).astype(np.float32)
    found = inverted(upper)
    assert found is not None
    assert found @ whole == pytest.approx(np.eye(7), abs=1e-3)


def test_what_has_no_inverse():
    assert inverted(np.asarray([[1, 2], [2, 1]], dtype=np.float32)) is None
