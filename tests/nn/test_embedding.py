"""Items as vectors: padding is zero, before and after learning."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.nn.embedding import ItemEmbedding  # noqa: E402
from penchant.train.optimiser import Optimiser  # noqa: E402
from penchant.train.settings import TrainingConfig  # noqa: E402

ITEMS, DIM = 5, 3


def test_lookup_and_padding():
    table = ItemEmbedding(ITEMS, DIM)
    found = table(torch.tensor([[0, 4, ITEMS]]))
    assert torch.equal(found[0, 0], table.weight[0]) and torch.equal(found[0, 1], table.items[4])
    assert bool((found[0, 2] == 0).all())
    assert table.items.shape == (ITEMS, DIM)


def test_first_values_have_the_stated_scale():
    torch.manual_seed(7)
    # 64,000 draws: the standard deviation is known to .3 %
    assert float(ItemEmbedding(1000, 64, scale=0.1).items.detach().std()) == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("sparse", [False, True])
def test_padding_learns_nothing(sparse):
    torch.manual_seed(7)
    table = ItemEmbedding(ITEMS, DIM, sparse=sparse)
    before = table.weight.detach().clone()
    optimiser = Optimiser(table, TrainingConfig(weight_decay=0.1))
    for _ in range(5):
        (table(torch.tensor([1, ITEMS, 3, ITEMS])) - 1).square().sum().backward()
        optimiser.step(0.1)
    assert bool((table.weight[ITEMS] == 0).all())
    assert not torch.allclose(table.weight[[1, 3]], before[[1, 3]], atol=0.01)


def test_sparse_gradients_hold_the_rows_that_were_looked_up():
    table: Any = ItemEmbedding(ITEMS, DIM, sparse=True)
    table(torch.tensor([1, 3])).sum().backward()
    assert table.weight.grad.is_sparse
    assert table.weight.grad.coalesce().indices().tolist() == [[1, 3]]
