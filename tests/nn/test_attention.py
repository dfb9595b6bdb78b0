"""Causal attention and its biases: a slow second implementation, and nothing that looks ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.errors import BadConfig  # noqa: E402
from penchant.nn.attention import CausalAttention, RelativeBias  # noqa: E402

DIM, HEADS, B, T = 6, 2, 3, 5


def made(dropout: float = 0.0) -> CausalAttention:
    torch.manual_seed(7)
    return CausalAttention(DIM, HEADS, dropout).eval()


def some(*shape: int):
    return torch.randn(shape, generator=torch.Generator().manual_seed(11))


def slow(layer: CausalAttention, x: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """One place after the other, in float64."""
    w, c = layer.into.weight.detach().double().numpy(), layer.into.bias.detach().double().numpy()
    out = np.zeros_like(x)
    each = DIM // HEADS
    for b in range(len(x)):
        q, k, v = np.split(x[b] @ w.T + c, 3, axis=1)
        for h in range(HEADS):
            own = slice(h * each, (h + 1) * each)
            for t in range(x.shape[1]):
                logits = k[: t + 1, own] @ q[t, own] / each**0.5
                if bias is not None:
                    logits = logits + bias[b, h, t, : t + 1]
                weights = np.exp(logits - logits.max())
                out[b, t, own] = weights / weights.sum() @ v[: t + 1, own]
    last: np.ndarray = out @ layer.out.weight.detach().double().numpy().T + layer.out.bias.detach().double().numpy()
    return last


def test_attention_is_that_of_a_slow_second_implementation():
    layer, x = made(), some(B, T, DIM)
    assert np.allclose(layer(x).detach(), slow(layer, x.double().numpy()), atol=1e-6)


def test_a_bias_is_added_to_the_logits():
    layer, x, bias = made(), some(B, T, DIM), some(B, HEADS, T, T)
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    found = layer(x, bias.masked_fill(future, -torch.inf)).detach()
    assert np.allclose(found, slow(layer, x.double().numpy(), bias.double().numpy()), atol=1e-6)
    assert not np.allclose(found, layer(x).detach(), atol=1e-3)


@pytest.mark.parametrize("with_bias", [False, True])
def test_later_events_change_no_earlier_state(with_bias):
    layer, x = made(), some(B, T, DIM)
    bias = RelativeBias(HEADS, T, time=True)(torch.arange(T).expand(B, T)) if with_bias else None
    changed = x.clone()
    changed[:, 3:] = 100.0
    before, after = layer(x, bias), layer(changed, bias)
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3], after[:, 3])


@pytest.mark.parametrize("with_bias", [False, True])
def test_the_newest_place_alone_is_what_all_places_give_there(with_bias):
    layer, x, length = made(), some(B, T, DIM), torch.tensor([1, 5, 3])
    bias = None
    if with_bias:
        relative = RelativeBias(HEADS, T, time=True)
        torch.nn.init.normal_(relative.by_distance)
        bias = relative(torch.arange(T).expand(B, T))
    expected = layer(x, bias)[torch.arange(B), length - 1]
    assert torch.allclose(layer.newest(x, length, bias), expected, atol=1e-6)


def test_weights_are_dropped_in_training_only():
    layer, x = made(dropout=0.5), some(B, T, DIM)
    calm = layer(x)
    assert torch.equal(calm, layer(x))
    layer.train()
    assert not torch.allclose(layer(x), calm)


def test_relative_bias_by_hand():
    # three events at 0, 0 and 3 seconds. By distance 0, 1, 2: the values 1, 10, 100. By interval: bucket 0 for the same
    # instant, and 3 s is log2(3 + 1) = 2 doublings of two buckets each, bucket 4
    bias: Any = RelativeBias(1, 3, time=True)
    with torch.no_grad():
        bias.by_distance.copy_(torch.tensor([[1.0, 10.0, 100.0]]))
        bias.by_interval[0, 0], bias.by_interval[0, 4] = 0.5, 0.25
    found = bias(torch.tensor([[0, 0, 3]]))
    far = -torch.inf
    expected = torch.tensor([[1.5, far, far], [10.5, 1.5, far], [100.25, 10.25, 1.5]])
    assert torch.equal(found[0, 0], expected)


def test_without_time_only_the_distance_counts():
    bias = RelativeBias(2, 4, time=False)
    with torch.no_grad():
        bias.by_distance.copy_(torch.arange(8.0).view(2, 4))
    found = bias(torch.tensor([[0, 5, 9], [0, 0, 0]]))
    assert found.shape == (2, 2, 3, 3)
    assert torch.equal(found[0], found[1])
    assert found[0, 1, 2].tolist() == [6.0, 5.0, 4.0]


def test_buckets_of_intervals():
    # 0 s -> 0; 1 s: log2(2) = 1 doubling, bucket 2; 2 s: 2 log2(3) = 3.17, rounded up 4; 3 s: 4; 7 s: 6; far beyond: the last
    seconds = torch.tensor([0.0, 1.0, 2.0, 3.0, 7.0, 1e15])
    assert RelativeBias.buckets(seconds).tolist() == [0, 2, 4, 4, 6, 63]
    rising = RelativeBias.buckets(torch.arange(100_000))
    assert bool((rising.diff() >= 0).all())


def test_gradients_reach_both_tables():
    bias: Any = RelativeBias(HEADS, T, time=True)
    made()(some(1, T, DIM), bias(torch.arange(T)[None])).sum().backward()
    for table in (bias.by_distance, bias.by_interval):
        assert table.grad is not None and bool((table.grad != 0).any()) and bool(torch.isfinite(table.grad).all())


def test_heads_that_do_not_divide_a_state_are_refused():
    with pytest.raises(BadConfig, match="n_heads: expected a number that divides the 6 numbers of a state, got 4"):
        CausalAttention(6, 4)
