"""Cross-entropy in blocks is that of torch over all logits at once: value, gradients, weights, precision."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from torch.nn import functional  # noqa: E402

from penchant.nn import catalogue_loss  # noqa: E402
from penchant.nn.catalogue_loss import catalogue_cross_entropy, rows_of_block  # noqa: E402

N, ITEMS, DIM = 37, 23, 5


def inputs(scale: float = 1.0, seed: int = 7):
    draw = torch.Generator().manual_seed(seed)
    h = (torch.randn(N, DIM, generator=draw) * scale).requires_grad_()
    w = torch.randn(ITEMS, DIM, generator=draw).requires_grad_()
    target = torch.randint(0, ITEMS, (N,), generator=draw)
    weight = torch.rand(N, generator=draw) * 3
    return h, w, target, weight


def exact(h, w, target, weight):
    """Loss and gradients in float64, all logits at once."""
    h, w = h.detach().double().requires_grad_(), w.detach().double().requires_grad_()
    each = functional.cross_entropy(h @ w.t(), target, reduction="none")
    weight = torch.ones_like(each) if weight is None else weight.double()
    loss = (each * weight).sum() / weight.sum()
    loss.backward()
    return loss.detach(), h.grad, w.grad


@pytest.fixture(params=[1, 5, 36, 37, 1000])
def rows(request, monkeypatch):
    """Blocks of a row, of some, of all but one, of all, and larger than the batch."""
    monkeypatch.setattr(catalogue_loss, "LEAST_ROWS", request.param)
    monkeypatch.setattr(catalogue_loss, "BLOCK_BYTES", 0)
    assert rows_of_block(ITEMS, 4) == request.param
    return request.param


@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_gradients_are_those_of_all_logits_at_once(rows, weighted):
    h, w, target, weight = inputs()
    weight = weight if weighted else None
    loss = catalogue_cross_entropy(h, w, target, weight)
    loss.backward()
    value, dh, dw = exact(h, w, target, weight)
    assert torch.allclose(loss.double(), value, rtol=1e-6)
    assert torch.allclose(h.grad.double(), dh, atol=1e-7)
    assert torch.allclose(w.grad.double(), dw, atol=1e-7)


def test_gradients_scale_with_what_comes_after():
    h, w, target, _ = inputs()
    (3 * catalogue_cross_entropy(h, w, target)).backward()
    _, dh, dw = exact(h, w, target, None)
    assert torch.allclose(h.grad.double(), 3 * dh, atol=1e-6)
    assert torch.allclose(w.grad.double(), 3 * dw, atol=1e-6)


def test_logits_of_a_thousand_do_not_overflow():
    h, w, target, _ = inputs(scale=1000.0)
    loss = catalogue_cross_entropy(h, w, target)
    loss.backward()
    value, dh, _ = exact(h, w, target, None)
    assert torch.allclose(loss.double(), value, rtol=1e-5)
    assert torch.allclose(h.grad.double(), dh, atol=1e-5)


def test_a_row_without_weight_counts_nothing():
    h, w, target, weight = inputs()
    weight[::2] = 0
    catalogue_cross_entropy(h, w, target, weight).backward()
    assert bool((h.grad[::2] == 0).all()) and bool((h.grad[1::2] != 0).any())
    few = catalogue_cross_entropy(h.detach()[1::2], w.detach(), target[1::2], weight[1::2])
    assert torch.allclose(few, catalogue_cross_entropy(h.detach(), w.detach(), target, weight), rtol=1e-6)


def test_one_item_is_certain():
    # a softmax over one item is 1: no loss, no gradient
    h, w = torch.ones(4, 3, requires_grad=True), torch.ones(1, 3, requires_grad=True)
    loss = catalogue_cross_entropy(h, w, torch.zeros(4, dtype=torch.int64))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert float(h.grad.abs().max()) == pytest.approx(0, abs=1e-6)


def test_no_rows_cost_nothing():
    h, w = torch.zeros(0, 3, requires_grad=True), torch.ones(5, 3, requires_grad=True)
    loss = catalogue_cross_entropy(h, w, torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0.0
    assert bool((w.grad == 0).all())


def test_bfloat16_stays_within_a_hundredth():
    # a bfloat16 has 8 bits: logits of size 3 are off by up to 3 / 256, and so is the mean loss at most; gradients, which are
    # shares times vectors of size 1 to 3, by a hundredth of their greatest value
    h, w, target, weight = inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = catalogue_cross_entropy(h, w, target, weight)
    loss.backward()
    value, dh, dw = exact(h, w, target, weight)
    assert loss.dtype == torch.float32
    assert loss.item() != value.item()
    assert loss.item() == pytest.approx(value.item(), rel=0.01)
    assert float((h.grad - dh).abs().max()) < 0.01 * float(dh.abs().max())
    assert float((w.grad - dw).abs().max()) < 0.01 * float(dw.abs().max())


def test_blocks_fit_the_cache_and_are_never_too_small():
    # 4,000,000 bytes: 1,000 items of 4 bytes a row -> 992 rows, a multiple of 32; a million: 32, not one
    assert rows_of_block(1000, 4) == 992
    assert rows_of_block(1_000_000, 4) == 32
