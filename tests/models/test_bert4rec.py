"""Attention in both directions: what is hidden, what is learned from, and what every net promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from torch.nn import functional  # noqa: E402

from penchant.data.batch import SequenceBatch  # noqa: E402
from penchant.models.bert4rec import Bert4rec, Bert4recConfig, Bert4recNet, GapLearner  # noqa: E402
from penchant.rng import generator  # noqa: E402
from tests.models import nets  # noqa: E402
from tests.models.toys import tiny_log  # noqa: E402

QUICK: dict[str, Any] = {"epochs": 80, "hidden": 0.15, "last_alone": 0.5, "learning_rate": 0.01, "n_layers": 1}


def made(**settings: Any) -> Any:
    torch.manual_seed(7)
    return Bert4recNet(Bert4recConfig(embedding_dim=4, max_len=5, **settings), 6).eval()


def learner_of(log, **settings: Any) -> Any:
    chosen: dict[str, Any] = {"embedding_dim": 4, "max_len": 5, "precision": "float32", "batch_size": 4, **settings}
    config = Bert4recConfig(**chosen)
    torch.manual_seed(7)
    return GapLearner(Bert4recNet(config, log.n_items).eval(), log, config, 7, None)


def test_with_silent_blocks_a_gap_is_guessed_from_its_place():
    # blocks that say nothing: equation 7 of the vector for hidden items plus that of the place
    net = made(n_layers=1)
    with torch.no_grad():
        net.bias.normal_()
        for layer in (net.blocks[0].attention.out, net.blocks[0].narrow):
            layer.weight.zero_()
            layer.bias.zero_()
        x = net.hidden * 2 + net.place.weight[0]
        x = (x - x.mean()) / (x.var(unbiased=False) + 1e-5).sqrt()
        state = functional.gelu(net.answer.weight @ x + net.answer.bias)
        expected = net.embedding.items @ state + net.bias[:, 0]
        found = net(torch.tensor([[0, 1, 5]]), torch.tensor([[False, False, True]]), torch.tensor([3]))[0, 2]
    assert torch.allclose(net.items @ found, expected, atol=1e-5)


def test_a_hidden_item_is_not_seen_and_others_are_on_both_sides():
    net = made()
    gap, length = torch.tensor([[False, True, False]]), torch.tensor([3])
    with torch.inference_mode():
        one, two, before, after = (
            net(torch.tensor([items]), gap, length)[0, 1] for items in ([0, 1, 2], [0, 5, 2], [3, 1, 2], [0, 1, 3])
        )
    assert torch.equal(one, two)
    assert not torch.allclose(one, before, atol=1e-4) and not torch.allclose(one, after, atol=1e-4)


def test_padding_is_not_seen_and_the_newest_place_alone_is_the_same():
    net = made()
    gap = torch.tensor([[False, True, False, False], [False, False, False, True]])
    item, length = torch.tensor([[0, 1, 6, 6], [2, 3, 4, 6]]), torch.tensor([2, 4])
    with torch.inference_mode():
        together = net(item, gap, length)
        alone = net(item[:1, :2], gap[:1, :2], length[:1])
        newest = net.newest(item, gap, length)
    assert torch.allclose(together[0, :2], alone[0], atol=1e-6)
    assert torch.allclose(newest, together[torch.arange(2), length - 1], atol=1e-6)


def batch_of(lengths: list[int]) -> SequenceBatch:
    n = sum(lengths)
    item, at = np.arange(n, dtype=np.int32) % np.int32(6), np.zeros(n, dtype=np.int64)
    return SequenceBatch.of(np.asarray(lengths, dtype=np.int64), item, at, n_items=6)


def test_gaps_have_their_share_and_every_window_has_one():
    batch = batch_of([6, 2, 5, 3] * 2000)
    hidden = learner_of(nets.ring_log(), hidden=0.4, last_alone=0.0).gaps(batch, generator(7))
    assert not hidden[~batch.real].any() and hidden.any(axis=1).all()
    # of the 6 places 40 % are hidden, and where none is (.6^6 = 4.7 %) the last one: .4 + .047 / 6; deviation of the
    # mean of 12,000 draws .0045
    assert hidden[batch.length == 6].mean() == pytest.approx(0.408, abs=0.015)


def test_some_windows_hide_their_last_event_alone():
    batch = batch_of([6, 2, 5, 3] * 500)
    last = np.arange(6) == batch.length[:, None] - 1
    learner = learner_of(nets.ring_log(), hidden=0.5, last_alone=1.0)
    assert np.array_equal(learner.gaps(batch, generator(7)), last)
    learner = learner_of(nets.ring_log(), hidden=0.99, last_alone=0.3)
    alone = (learner.gaps(batch, generator(7)) == last).all(axis=1)
    assert alone.mean() == pytest.approx(0.3, abs=0.05)


def test_the_loss_is_the_mean_over_gaps_each_with_its_kinds_weight():
    kinds = {"view": 1.0, "buy": 3.0}
    log = tiny_log("ann:a ann:b:buy ann:c bob:c bob:a bob:b:buy ann:a:buy", "a b c", kinds=kinds)
    learner = learner_of(log)
    (part,) = learner.plan(0)
    loss, n = learner.loss(part, generator(7))
    rows, events = log.sequences.rows, log.interactions
    batch = SequenceBatch.of(
        part[1] - part[0] + 1,
        np.concatenate([events.item[rows[a : z + 1]] for a, z in zip(*part, strict=True)]),
        np.concatenate([events.at[rows[a : z + 1]] for a, z in zip(*part, strict=True)]),
        n_items=3, step=16, most=6,
    )  # fmt: skip
    hidden = learner.gaps(batch, generator(7))
    total = share = 0.0
    with torch.no_grad():
        h = learner.net(*(torch.from_numpy(x) for x in (batch.item, hidden, batch.length)))
        for b, t in zip(*np.nonzero(hidden), strict=True):
            logits, target = learner.net.items @ h[b, t], torch.tensor([int(batch.item[b, t])])
            weight = list(kinds.values())[events.kind[rows[part[0][b] + t]]]
            total += weight * functional.cross_entropy(logits[None], target).item()
            share += weight
    assert n == hidden.sum() >= 2
    assert loss.item() == pytest.approx(total / share, rel=1e-5)


def test_learns_the_ring():
    nets.assert_learns_the_ring(Bert4rec, **QUICK)


@pytest.mark.parametrize("kind", ["sampled", "bpr_max", "gbce", "bce"])
def test_losses_against_negatives_learn_from_gaps_too(kind):
    learner = learner_of(nets.ring_log(), loss=kind, n_negatives=4)
    part = learner.plan(0)[0]
    loss, n = learner.loss(part, generator(7))
    loss.backward()
    assert n > 0 and np.isfinite(loss.item())
    assert bool((learner.net.embedding.weight.grad.abs().sum(1) > 0).any())


def test_padding_changes_no_score():
    model = Bert4rec(**{**nets.QUICK, "epochs": 2}).fit(nets.ring_log())
    nets.assert_padding_changes_nothing(model)


def test_a_past_beyond_the_window():
    nets.assert_only_the_newest_are_read(Bert4rec)


def test_one_item_and_people_with_one_event():
    nets.assert_odd_logs_are_learned(Bert4rec)
