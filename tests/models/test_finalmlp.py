"""`finalmlp`: its net against the formulas, its gates, and what it learns."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.errors import BadConfig  # noqa: E402
from penchant.evaluate.labelled.predicting import predicted  # noqa: E402
from penchant.evaluate.protocol import Protocol  # noqa: E402
from penchant.evaluate.tasks import make_task  # noqa: E402
from penchant.log import SILENT  # noqa: E402
from penchant.metrics.labelled import auc  # noqa: E402
from penchant.models.finalmlp import Finalmlp  # noqa: E402
from tests.models.meetings import crossed  # noqa: E402

SMALL: dict[str, Any] = {
    "embedding_dim": 6,
    "first": (16,),
    "second": (8,),
    "gate": (8,),
    "n_heads": 2,
    "batch_size": 64,
    "epochs": 12,
    "learning_rate": 0.01,
    "precision": "float32",
    "dropout": 0.0,
}


def test_two_gated_streams_and_their_fusion() -> None:
    net: Any = Finalmlp(**SMALL, early_stop=False, passes=1).fit(crossed()).net
    moment, item = torch.randn(3, 1 + net.moments.n, 6), torch.randn(3, 1 + net.items.n, 6)
    x = torch.cat([moment[:, 1:].flatten(1), item[:, 1:].flatten(1)], dim=1)
    first = net.first(x * 2 * torch.sigmoid(net.gates[0](moment[:, 0])))
    second = net.second(x * 2 * torch.sigmoid(net.gates[1](item[:, 0])))
    assert torch.allclose(net.join(moment, item), net.fusion(first, second), atol=1e-5)
    assert net.fusion.products.shape == (2, 8, 4)


def test_it_learns_labels_that_only_a_cross_tells() -> None:
    data = crossed()
    protocol = Protocol(name="ctr").resolved(data)
    task = make_task(data, protocol, "test")
    model = Finalmlp(**SMALL).fit(task.train, valid=make_task(data, protocol, "valid"))
    found, _ = predicted(model, task.asked["live"], protocol, SILENT, "finalmlp")
    labels = task.asked["live"].labels
    # the best order there is has an area of .9
    assert labels is not None and auc(labels, found) > 0.85


def test_heads_must_fit_the_streams() -> None:
    with pytest.raises(
        BadConfig, match="finalmlp: n_heads: fusion: expected widths that are multiples of 3, got 16 and 8"
    ):
        Finalmlp(**{**SMALL, "n_heads": 3}).fit(crossed())
