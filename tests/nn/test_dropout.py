"""Dropout keeps the expectation, drops its share, and does nothing when the net answers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.nn.dropout import Dropout  # noqa: E402


@pytest.mark.parametrize("share", [0.1, 0.25, 0.6])
def test_share_and_expectation(share):
    torch.manual_seed(7)
    found = Dropout(share).train()(torch.full((400_000,), 2.0))
    # a share of 400,000 draws has a standard deviation of at most .0008; rounding to 1/256 moves it by at most .002
    assert float((found == 0).float().mean()) == pytest.approx(share, abs=0.005)
    dropped = round(256 * share)
    assert found.unique().tolist() == pytest.approx([0.0, 2.0 * 256 / (256 - dropped)])
    assert float(found.mean()) == pytest.approx(2.0, abs=0.02)


def test_gradients_flow_through_what_was_kept():
    torch.manual_seed(7)
    x = torch.ones(3, 7, 5, requires_grad=True)
    found = Dropout(0.5).train()(x)
    found.sum().backward()
    assert found.shape == x.shape
    assert torch.equal(x.grad, found.detach())
    assert x.grad.unique().tolist() == [0.0, 2.0]


def test_values_fall_independently():
    # neighbours of one 64-bit draw must not fall together: of 100,000 pairs a quarter falls on both sides, deviation .0014
    torch.manual_seed(7)
    fallen = Dropout(0.5).train()(torch.ones(100_000, 8)) == 0
    for other in range(1, 8):
        assert float((fallen[:, 0] & fallen[:, other]).float().mean()) == pytest.approx(0.25, abs=0.007)


def test_nothing_happens_when_answering_or_without_a_share():
    x = torch.ones(10)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0).train()(x) is x


def test_the_same_seed_drops_the_same():
    layer = Dropout(0.5).train()
    found = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        found.append(layer(torch.ones(1000)))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_lower_precision_stays():
    assert Dropout(0.5).train()(torch.ones(9, dtype=torch.bfloat16)).dtype == torch.bfloat16
