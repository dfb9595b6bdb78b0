"""Towers: what goes in for an item, how a past is pooled, and that nothing later tells about it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from penchant.nn.bags import Bags
from penchant.nn.towers import TwoTowerNet

CPU = torch.device("cpu")


def bags(rows: list[list[float]]) -> Bags:
    """Rows of weights as bags."""
    return Bags.of(sp.csr_matrix(np.asarray(rows, dtype=np.float32)), CPU)


@pytest.fixture
def net() -> TwoTowerNet:
    """Four items, two terms, one trait, four numbers, three pools."""
    torch.manual_seed(1)
    return TwoTowerNet(4, 2, 1, 4, 3, 0.0).eval()


def test_an_item_is_its_id_and_its_terms_and_without_id_its_terms_alone(net):
    net.known[2] = 0
    terms = bags([[1, 0], [0, 2], [0, 0], [1, 0], [1, 0]])
    # item 1 has its id dropped, item 2 was never learned, number 9 came later
    x = net.raw(torch.tensor([0, 1, 2, 3, 9]), terms, torch.tensor([1.0, 0.0, 1.0, 1.0, 1.0]))
    expected = [net.ids[0] + net.terms[0], 2 * net.terms[1], torch.zeros(4), net.ids[3] + net.terms[0], net.terms[0]]
    torch.testing.assert_close(x, torch.stack(expected))
    # the network beside it begins as nothing
    torch.testing.assert_close(net.items(x), x)


def test_a_pool_keeps_a_half_after_one_three_and_nine_events(net):
    fades = net._fades(10)
    assert fades[:, 9, 9].tolist() == [1.0] * 3
    assert [fades[0, 9, 8].item(), fades[1, 9, 6].item(), fades[2, 9, 0].item()] == pytest.approx([0.5] * 3)
    assert fades[:, 2, 3].tolist() == [0.0] * 3


def test_a_pool_is_the_mean_weighted_by_attention_and_age(net):
    with torch.no_grad():
        net.attention.weight.zero_()
        net.attention.bias.zero_()
        net.mix.weight.copy_(torch.cat([torch.eye(4), torch.zeros(4, 8)], dim=1))
        net.mix.bias.zero_()
    x = torch.randn(3, 4)
    out = net.people(x, torch.tensor([[0, 1, 2]]), torch.tensor([[True, False, True]]), bags([[0.0]]))
    # the first pool halves with each event; the middle one does not count: (x2 + x0 / 4) / (1 + 1 / 4)
    pooled = (x[2] + x[0] / 4) / 1.25 * net.scale
    torch.testing.assert_close(out[0, 2], net.norm_out(pooled))


def test_what_comes_later_and_what_is_padded_change_nothing(net):
    x, place = torch.randn(5, 4), torch.tensor([[0, 1, 2, 3]])
    real, traits = torch.ones(1, 4, dtype=torch.bool), bags([[1.0]])
    whole = net.people(x, place, real, traits)
    other = net.people(x, torch.tensor([[0, 1, 4, 9]]), torch.tensor([[True, True, True, False]]), traits)
    torch.testing.assert_close(whole[:, :2], other[:, :2])
    assert not torch.allclose(whole[:, 2], other[:, 2])
    # a person without a past is the traits alone
    nobody = net.people(x, place, torch.zeros(1, 4, dtype=torch.bool), traits)
    torch.testing.assert_close(nobody[0, 0], net.norm_out(net.traits[0] * net.scale + net.mix.bias))
