"""One step of learning after the other: torch's own optimisers are the second implementation, averages are counted by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from penchant.nn.embedding import ItemEmbedding  # noqa: E402
from penchant.train.optimiser import BETA1, BETA2, EPSILON, Average, Optimiser  # noqa: E402
from penchant.train.settings import TrainingConfig  # noqa: E402

RATES = (0.1, 0.05, 0.2, 0.01, 0.1)
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


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_steps_are_those_of_adamw_with_matrices_alone_decayed(decay):
    mine, theirs = net(), net()
    optimiser = Optimiser(mine, TrainingConfig(weight_decay=decay, clip=ROOMY, averaging=0))
    second = torch.optim.AdamW(
        [
            {"params": [w for w in theirs.parameters() if w.ndim > 1], "weight_decay": decay},
            {"params": [w for w in theirs.parameters() if w.ndim == 1], "weight_decay": 0.0},
        ],
        betas=(BETA1, BETA2),
        eps=EPSILON,
    )
    steps(mine, optimiser.step)

    def step(rate: float) -> None:
        for group in second.param_groups:
            group["lr"] = rate
        second.step()
        second.zero_grad()

    steps(theirs, step)
    assert same(mine, theirs)
    assert not same(mine, net(), atol=1e-3)


def test_gradients_are_forgotten_after_a_step_and_their_norm_is_told():
    # one weight with gradient (3, 4): the norm is 5
    model = nn.Linear(2, 1, bias=False)
    optimiser = Optimiser(model, TrainingConfig(clip=1.0))
    model(torch.tensor([[3.0, 4.0]])).sum().backward()
    assert optimiser.step(0.1) == pytest.approx(5.0)
    assert model.weight.grad is None


def test_a_clipped_gradient_has_the_greatest_norm():
    # first moment after one step: (1 - beta1) times the gradient (3, 4) scaled from norm 5 to norm 1
    model = nn.Linear(2, 1, bias=False)
    optimiser = Optimiser(model, TrainingConfig(clip=1.0))
    model(torch.tensor([[3.0, 4.0]])).sum().backward()
    optimiser.step(0.1)
    assert optimiser.state()["first:weight"].tolist()[0] == pytest.approx([0.06, 0.08], rel=1e-4)


def test_a_weight_without_a_gradient_stays_and_takes_no_step():
    model = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1)])
    before = model[1].weight.detach().clone()
    optimiser = Optimiser(model, TrainingConfig(weight_decay=0.5))
    model[0](torch.ones(1, 2)).sum().backward()
    optimiser.step(0.1)
    assert torch.equal(model[1].weight, before)
    assert (float(optimiser.state()["steps:0.weight"]), float(optimiser.state()["steps:1.weight"])) == (1.0, 0.0)


def test_rows_of_a_sparse_table_move_as_in_lazy_adam():
    torch.manual_seed(7)
    mine = ItemEmbedding(6, 3, sparse=True)
    theirs = ItemEmbedding(6, 3, sparse=True)
    theirs.load_state_dict(mine.state_dict())
    before = mine.weight.detach().clone()
    optimiser = Optimiser(mine, TrainingConfig(weight_decay=0.5))
    second = torch.optim.SparseAdam(theirs.parameters(), betas=(BETA1, BETA2), eps=EPSILON)
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
    # the weight goes 0, 10, 20. Decays are 1/10 and 2/11 at first: .1 x 0 + .9 x 10 = 9; 2/11 x 9 + 9/11 x 20 = 18
    weight = torch.zeros(1)
    average = Average({"w": weight}, decay=0.5)
    found = []
    for value in (10.0, 20.0):
        weight.fill_(value)
        average.update()
        found.append(average.values["w"].item())
    assert found == pytest.approx([9.0, 18.0])
    # after 9 steps the stated decay is reached: 9 / 18 = .5, and stays
    for _ in range(20):
        average.update()
    before = average.values["w"].item()
    weight.fill_(0.0)
    average.update()
    assert average.values["w"].item() == pytest.approx(before / 2)


def test_swapping_twice_changes_nothing_and_once_answers_with_the_averages():
    model = nn.Linear(2, 1, bias=False)
    optimiser = Optimiser(model, TrainingConfig(averaging=0.9))
    model(torch.ones(1, 2)).sum().backward()
    optimiser.step(0.1)
    learned, averaged = model.weight.detach().clone(), optimiser.average.values["weight"].detach().clone()
    assert not torch.equal(learned, averaged)
    optimiser.average.swap()
    assert torch.equal(model.weight, averaged)
    optimiser.average.swap()
    assert torch.equal(model.weight, learned)
    assert torch.equal(optimiser.average.values["weight"], averaged)


def test_without_averaging_the_last_weights_answer():
    model = nn.Linear(2, 1)
    optimiser = Optimiser(model, TrainingConfig(averaging=0))
    before = model.weight.detach().clone()
    optimiser.average.swap()
    assert torch.equal(model.weight, before)
    assert not [name for name in optimiser.state() if name.startswith("average:")]
