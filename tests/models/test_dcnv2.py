"""`dcnv2`: its net against the formulas, and what it learns where nothing but a cross tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.data.questions import OVERALL  # noqa: E402
from penchant.evaluate.labelled.predicting import predicted  # noqa: E402
from penchant.evaluate.protocol import Protocol  # noqa: E402
from penchant.evaluate.tasks import make_task  # noqa: E402
from penchant.log import SILENT  # noqa: E402
from penchant.metrics.labelled import auc, log_losses, rmse  # noqa: E402
from penchant.models.dcnv2 import Dcnv2  # noqa: E402
from penchant.query import Query  # noqa: E402
from tests.models.meetings import crossed  # noqa: E402

SMALL: dict[str, Any] = {
    "embedding_dim": 6,
    "hidden": (16,),
    "n_crosses": 2,
    "batch_size": 64,
    "epochs": 12,
    "learning_rate": 0.01,
    "precision": "float32",
    "dropout": 0.0,
}


@pytest.fixture(scope="module")
def fitted() -> Dcnv2:
    data = crossed()
    protocol = Protocol(name="ctr").resolved(data)
    task = make_task(data, protocol, "test")
    return Dcnv2(**SMALL).fit(task.train, valid=make_task(data, protocol, "valid"))


@pytest.mark.parametrize("structure", ["parallel", "stacked"])
def test_the_net_is_crosses_beside_or_below_the_deep_net(structure: str) -> None:
    model = Dcnv2(**SMALL, structure=structure, early_stop=False, passes=1).fit(crossed())
    net: Any = model.net
    moment = torch.randn(3, net.moments.n, 6)
    item = torch.randn(3, net.items.n, 6)
    x = torch.cat([moment.flatten(1), item.flatten(1)], dim=1)
    # person, group, three circumstances; no clock and no past in rows without times: 5; item, genres, sound: 3
    assert x.shape == (3, (5 + 3) * 6)
    crosses = net.crosses(x)
    last = net.deep(crosses) if structure == "stacked" else torch.cat([crosses, net.deep(x)], dim=1)
    assert torch.allclose(net.join(moment, item), net.out(last).squeeze(1))


def test_it_learns_labels_that_only_a_cross_tells(fitted: Dcnv2) -> None:
    data = crossed()
    protocol = Protocol(name="ctr").resolved(data)
    asked = make_task(data, protocol, "test").asked["live"]
    found, _ = predicted(fitted, asked, protocol, SILENT, "dcnv2")
    assert asked.labels is not None and fitted.learns == "labels"
    # the best order has an area of .9: .9 x .9 won, half of the 2 x .9 x .1 in which both look alike
    assert auc(asked.labels, found) > 0.85
    # knowing the truth costs -(.9 log .9 + .1 log .1) = .325 a row, knowing nothing .693
    assert log_losses(asked.labels, found).mean() < 0.45


def test_a_stranger_and_a_new_item_are_answered(fitted: Dcnv2) -> None:
    asked = make_task(crossed(), Protocol(name="ctr").resolved(crossed()), "test").asked["live"].take(np.arange(4))
    batch = asked.batch()
    known = fitted.predict(batch, asked.targets[OVERALL].items)
    object.__setattr__(batch, "user", np.full(4, -1, dtype=np.int32))
    strangers = fitted.predict(batch, asked.targets[OVERALL].items)
    assert np.isfinite(strangers).all() and not np.array_equal(known, strangers)


def test_it_ranks_by_the_circumstances_and_comes_back_from_disk(fitted: Dcnv2, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    back = Dcnv2.load(tmp_path / "model")
    for mood in (0, 1):
        query = Query(user_id="u3", context={"mood": f"mood {mood}"}, repeats="allow", k=4)
        best = fitted.recommend(query).item_ids
        assert back.recommend(query).item_ids == best
        assert {int(item[1:]) % 2 for item in best} == {mood}


def test_values_are_learned_where_the_protocol_asks_for_them() -> None:
    data = crossed(values=True)
    protocol = Protocol(name="rating").resolved(data)
    task = make_task(data, protocol, "test")
    model = Dcnv2(**SMALL).fit(task.train, valid=make_task(data, protocol, "valid"))
    asked = task.asked["live"]
    found, _ = predicted(model, asked, protocol, SILENT, "dcnv2")
    assert model.learns == "values" and asked.labels is not None
    # values are 3 or 5: the best guess errs by 2 sqrt(.9 x .1) = .6, the mean by 1
    assert rmse(asked.labels, found) < 0.8
