"""`neumf`: its net against the formula, and that a stranger is known by what was chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.models.neumf import Neumf  # noqa: E402
from penchant.query import Past, Query  # noqa: E402
from penchant.testing.worlds import taste_world  # noqa: E402


def test_the_net_is_a_product_beside_a_deep_net() -> None:
    world = taste_world()
    net: Any = Neumf(embedding_dim=8, early_stop=False, passes=1, epochs=1).fit(world.train).net
    moment, item = torch.randn(3, 1, 8), torch.randn(3, 1, 8)
    product = moment[:, 0, :4] * item[:, 0, :4]
    deep = net.deep(torch.cat([moment[:, 0, 4:], item[:, 0, 4:]], dim=1))
    assert torch.allclose(net.join(moment, item), net.out(torch.cat([product, deep], dim=1)).squeeze(1))
    # ids alone: person, newest choice and mean of the choices are read, the item by its id
    assert (net.moments.n, net.items.n, net.moments.context.names) == (3, 1, [])


def test_a_stranger_is_known_by_the_choices() -> None:
    world = taste_world()
    model = Neumf().fit(world.train)
    for taste in ("quiet", "loud"):
        ids = [f"{taste}-{i:02d}" for i in (range(0, 8) if taste == "quiet" else range(20, 28))]
        past = tuple(Past(item_id=item) for item in ids)
        best = model.recommend(Query(history=past, repeats="allow", k=10)).item_ids
        # nine in ten choices are of the own taste; half of the catalogue is
        assert np.mean([item.startswith(taste) for item in best]) >= 0.8
