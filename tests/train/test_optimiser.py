"""One step of learning after the other: torch's own optimisers are the second implementation, averages are counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from penchant.nn.embedding import ItemEmbedding  # noqa: E402
from penchant.train.optimiser import Optimiser  # noqa: E402
from penchant.train.settings import TrainingConfig  # noqa: E402

RATES = (0.1, 0.05, 0.2, 0.01, 0.1)
BETAS = (0.9, 0.98)
"""Kang & McAuley 2018, section 4.4."""

ROOMY = 1e9
"""A clip that no gradient reaches."""


def net():
    torch.manual_seed(7)
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 2))


def steps(model, each_step) -> None:
    draw = torch.Generator().manual_seed(11)
    for rate in RATES:
        x, y = torch.randn(8, 3, generator=draw), torch.randn(8, 2, generator=draw)
        functional.mse_loss(model(x), y).backward()
        each_step(rate)


def same(a, b, atol: float = 1e-6) -> bool:
    return all(torch.allclose(x, y, atol=atol) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize(("decay", "clip"), [(0.0, ROOMY), (0.3, ROOMY), (0.3, 0.2)])
def test_steps_are_those_of_adamw_with_matrices_alone_decayed(decay, clip):
    mine, theirs = net(), net()
    optimiser = Optimiser(mine, TrainingConfig(weight_decay=decay, clip=clip, averaging=0))
    second = torch.optim.AdamW(
        [
            {"params": [w for w in theirs.parameters() if w.ndim > 1], "weight_decay": decay},
            {"params": [w for w in theirs.parameters() if w.ndim == 1], "weight_decay": 0.0},
        ],
        betas=BETAS,
    )
    norms = []

    def step(rate: float) -> None:
        for group in second.param_groups:
            group["lr"] = rate
        norms.append(nn.utils.clip_grad_norm_(theirs.parameters(), clip).item())
        second.step()
        second.zero_grad()

    steps(theirs, step)
    told = []
    steps(mine, lambda rate: told.append(optimiser.step(rate)))
    assert same(mine, theirs)
    assert not same(mine, net(), atol=1e-3)
    assert told == pytest.approx(norms, rel=1e-5)


def test_gradients_are_forgotten_after_a_step_and_their_norm_is_told():
    # one weight with gradient (3, 4): the norm is 5
    model = nn.Linear(2, 1, bias=False)
    optimiser = Optimiser(model, TrainingConfig(clip=1.0))
    model(torch.tensor([[3.0, 4.0]])).sum().backward()
    assert optimiser.step(0.1) == pytest.approx(5.0)
    assert model.weight.grad is None


def test_a_weight_without_a_gradient_stays():
    model: Any = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1)])
    before = model[1].weight.detach().clone()
    optimiser = Optimiser(model, TrainingConfig(weight_decay=0.5, averaging=0))
    model[0](torch.ones(1, 2)).sum().backward()
    optimiser.step(0.1)
    assert torch.equal(model[1].weight, before)


def test_rows_of_a_sparse_table_move_as_in_lazy_adam():
    torch.manual_seed(7)
    mine = ItemEmbedding(6, 3, sparse=True)
    theirs = ItemEmbedding(6, 3, sparse=True)
    theirs.load_state_dict(mine.state_dict())
    before = mine.weight.detach().clone()
    optimiser = Optimiser(mine, TrainingConfig(weight_decay=0.5))
    second = torch.optim.SparseAdam(theirs.parameters(), betas=BETAS)
    for rate, rows in zip(RATES, ([0, 2], [2, 2], [4], [0, 4], [2]), strict=True):
        second.param_groups[0]["lr"] = rate
        for table in (mine, theirs):
            (table(torch.tensor(rows)) - 1).square().sum().backward()
        optimiser.step(rate)
        second.step()
        second.zero_grad()
    assert torch.allclose(mine.weight, theirs.weight, atol=1e-6)
    assert torch.equal(mine.weight[[1, 3, 5, 6]], before[[1, 3, 5, 6]])
    assert not torch.allclose(mine.weight[[0, 2, 4]], before[[0, 2, 4]], atol=0.01)


def test_averages_by_hand():
    # a gradient of 1 moves the weight by the learning rate: 10, then 20. Decays are 1/10 and 2/11 at first:
    # .1 x 0 + .9 x 10 = 9; 2/11 x 9 + 9/11 x 20 = 18
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    optimiser = Optimiser(model, TrainingConfig(averaging=0.5, clip=ROOMY))
    for average in (9.0, 18.0):
        (-model.weight).sum().backward()
        optimiser.step(10.0)
        assert averaged(optimiser, model) == pytest.approx(average, rel=1e-4)
    # after 9 steps the stated decay is reached: 9 / 18 = .5, and half of the way to the weight is made in each step
    for _ in range(20):
        (-model.weight).sum().backward()
        optimiser.step(10.0)
    before = averaged(optimiser, model)
    (-model.weight).sum().backward()
    optimiser.step(10.0)
    assert averaged(optimiser, model) == pytest.approx((before + model.weight.item()) / 2, rel=1e-5)


def averaged(optimiser: Optimiser, model) -> float:
    optimiser.average.swap()
    value: float = model.weight.item()
    optimiser.average.swap()
    return value


def test_swapping_twice_changes_nothing():
    model = nn.Linear(2, 1)
    optimiser = Optimiser(model, TrainingConfig(averaging=0.9))
    model(torch.ones(1, 2)).sum().backward()
    optimiser.step(0.1)
    learned = [w.detach().clone() for w in model.parameters()]
    optimiser.average.swap()
    assert not any(torch.equal(a, b) for a, b in zip(model.parameters(), learned, strict=True))
    optimiser.average.swap()
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), learned, strict=True))


def test_learning_goes_on_from_the_weights_and_not_from_the_averages():
    mine, plain = net(), net()
    averaging = Optimiser(mine, TrainingConfig(averaging=0.9))
    last = Optimiser(plain, TrainingConfig(averaging=0))

    def step(rate: float) -> None:
        averaging.step(rate)
        averaging.average.swap()
        averaging.average.swap()

    steps(mine, step)
    steps(plain, last.step)
    assert same(mine, plain, atol=0)


def test_without_averaging_the_last_weights_answer():
    model = nn.Linear(2, 1)
    optimiser = Optimiser(model, TrainingConfig(averaging=0))
    before = model.weight.detach().clone()
    optimiser.average.swap()
    assert torch.equal(model.weight, before)


def test_the_norms_of_batches_are_averaged_with_the_weights():
    torch.manual_seed(7)
    norm = nn.BatchNorm1d(4)
    model = nn.Sequential(nn.Linear(3, 4), norm)
    optimiser = Optimiser(model, TrainingConfig(averaging=0.5))
    means = []
    for rate in RATES[:3]:
        functional.mse_loss(model(torch.randn(8, 3)), torch.zeros(8, 4)).backward()
        optimiser.step(rate)
        means.append(norm.running_mean.clone())  # type: ignore[union-attr]
    optimiser.average.swap()
    # from 0, with decays 1/10, 2/11 and 3/12 of the first steps
    expected = torch.zeros(4)
    for mean, decay in zip(means, (1 / 10, 2 / 11, 3 / 12), strict=True):
        expected = decay * expected + (1 - decay) * mean
    assert torch.allclose(model[1].running_mean, expected, atol=1e-6)
    optimiser.average.swap()
    assert torch.equal(model[1].running_mean, means[-1])
