"""Nets where there is a GPU: they learn there, answer there, and come back from disk.

Left out by machines without one. Tests hide GPUs (`tests/conftest.py`); ``CUDA_VISIBLE_DEVICES=0`` shows them one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.models.base import load_model  # noqa: E402
from penchant.registry import model_class  # noqa: E402
from tests.models import nets  # noqa: E402

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

IN_ORDER = ("sasrec", "gru4rec", "caser")
OTHERS = ("twotower", "multvae", "neumf", "dcnv2", "finalmlp")


@pytest.mark.parametrize("name", IN_ORDER)
def test_it_learns_the_ring(name: str) -> None:
    nets.assert_learns_the_ring(model_class(name), device="cuda")


def test_rows_that_few_events_touch_are_moved_alone() -> None:
    nets.assert_learns_the_ring(model_class("sasrec"), device="cuda", loss="sampled", n_negatives=4)


@pytest.mark.parametrize("name", IN_ORDER + OTHERS)
def test_it_comes_back_from_disk_and_many_questions_are_answered_as_one(name: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"device": "cuda", "epochs": 2, "early_stop": False}
    model = model_class(name)(**settings).fit(nets.ring_log())
    questions = [nets.asked("b c"), nets.asked("c d e f a"), nets.asked("a")]
    together = model.score_batch(model.encode(questions).batch)
    assert np.isfinite(together).any()
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert np.array_equal(np.isnan(together), np.isnan(again.score_batch(again.encode(questions).batch)))
    for row, question in zip(together, questions, strict=True):
        # a product of another size may take another kernel, with sums in another order
        alone = again.score_batch(again.encode([question]).batch)[0]
        assert np.allclose(row, alone, rtol=1e-3, atol=1e-3, equal_nan=True)
