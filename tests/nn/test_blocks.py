"""Blocks of an encoder: the residual paths, the networks by hand, and nothing that looks ahead."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.nn.blocks import GatedBlock, TransformerBlock  # noqa: E402

BLOCKS = (TransformerBlock, GatedBlock)
DIM, T = 4, 5


def made(block, dropout: float = 0.0):
    torch.manual_seed(7)
    return block(DIM, 2, 8, dropout).eval()


def some():
    return torch.randn(2, T, DIM, generator=torch.Generator().manual_seed(11))


def silence(*layers) -> None:
    with torch.no_grad():
        for layer in layers:
            layer.weight.zero_()
            layer.bias.zero_()


def norm(x: Any) -> Any:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def linear(layer: Any, x: Any) -> Any:
    return x @ layer.weight.detach().double().numpy().T + layer.bias.detach().double().numpy()


def silu(x: Any) -> Any:
    return x / (1 + np.exp(-x))


@pytest.mark.parametrize("block", BLOCKS)
def test_later_events_change_no_earlier_state(block):
    layer, x = made(block), some()
    changed = x.clone()
    changed[:, 2:] = -50.0
    assert torch.equal(layer(x)[:, :2], layer(changed)[:, :2])


@pytest.mark.parametrize("block", BLOCKS)
def test_with_both_branches_silent_what_comes_in_goes_out(block):
    layer, x = made(block), some()
    silence(layer.attention.out, layer.narrow)
    assert torch.equal(layer(x), x)


def test_the_plain_network_by_hand():
    layer, x = made(TransformerBlock), some()
    silence(layer.attention.out)
    u = linear(layer.widen, norm(x.double().numpy()))
    gelu = u * 0.5 * (1 + np.vectorize(math.erf)(u / math.sqrt(2)))
    assert np.allclose(layer(x).detach(), x.double().numpy() + linear(layer.narrow, gelu), atol=1e-5)


def test_the_gated_network_by_hand():
    layer, x = made(GatedBlock), some()
    silence(layer.attention.out)
    gate, value = np.split(linear(layer.widen, norm(x.double().numpy())), 2, axis=-1)
    expected = x.double().numpy() + linear(layer.narrow, silu(gate) * value)
    assert np.allclose(layer(x).detach(), expected, atol=1e-5)


def test_the_gate_multiplies_what_attention_says():
    layer, x = made(GatedBlock), some()
    silence(layer.narrow)
    u = layer.norm_attention(x)
    gate = silu(linear(layer.gate, norm(x.double().numpy())))
    expected = x.double().numpy() + gate * layer.attention(u).detach().double().numpy()
    assert np.allclose(layer(x).detach(), expected, atol=1e-5)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_newest_place_alone_is_what_all_places_give_there(block):
    layer, x, length = made(block), some(), torch.tensor([2, T])
    expected = layer(x)[torch.arange(2), length - 1]
    assert torch.allclose(layer.newest(x, length), expected, atol=1e-6)


@pytest.mark.parametrize("block", BLOCKS)
def test_values_are_dropped_in_training_only(block):
    layer, x = made(block, dropout=0.5), some()
    calm = layer(x)
    assert torch.equal(calm, layer(x))
    layer.train()
    assert not torch.allclose(layer(x), calm)
