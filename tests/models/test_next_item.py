"""Windows of every past, what counts as a target, and batches of similar length."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from torch.nn import functional  # noqa: E402

from penchant.models.next_item import NextItemLearner, SequentialConfig  # noqa: E402
from penchant.nn.sequence import SequenceNet  # noqa: E402
from penchant.rng import generator  # noqa: E402
from tests.models.toys import tiny_log  # noqa: E402
from tests.toy import toy_dataset  # noqa: E402

LENGTHS = (0, 1, 2, 3, 7, 8, 9, 25, 26)
MAX_LEN = 8


class Table(SequenceNet):
    """The state after an event is a vector of its item; keeps what it was shown."""

    def __init__(self, n_items: int) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.weight = torch.nn.Parameter(torch.randn(n_items + 1, 3))
        self.shown: list[tuple] = []

    def forward(self, item_BT, seconds_BT, length_B):
        self.shown.append((item_BT.numpy(), seconds_BT.numpy(), length_B.numpy()))
        return self.weight[item_BT]

    @property
    def items(self):
        return self.weight[:-1]


def uneven_log():
    """People with 0 to 26 events; the n-th event of a person is item n modulo 5."""
    names = [f"p{n}" for n in range(len(LENGTHS))]
    events = [f"{name}:{'abcde'[step % 5]}" for name, n in zip(names, LENGTHS, strict=True) for step in range(n)]
    return tiny_log(" ".join(events), "a b c d e", people=" ".join(names))


def learner_of(log, seed: int = 7, **settings: Any) -> Any:
    chosen: dict[str, Any] = {"max_len": MAX_LEN, "batch_size": 4, "precision": "float32", **settings}
    config = SequentialConfig(**chosen)
    return NextItemLearner(Table(log.n_items), log, config, seed, None)


@pytest.mark.parametrize("epoch", range(6))
def test_every_event_but_each_first_is_a_target_once_a_pass(epoch):
    log = uneven_log()
    targets: Counter[int] = Counter()
    for low, high in learner_of(log).plan(epoch):
        for a, b in zip(low.tolist(), high.tolist(), strict=True):
            targets.update(range(a + 1, b + 1))
    firsts = set(log.sequences.offsets[:-1].tolist())
    assert targets == Counter(place for place in range(len(log)) if place not in firsts)


@pytest.mark.parametrize("epoch", range(6))
def test_windows_stay_within_a_person_and_within_the_length(epoch):
    log = uneven_log()
    owner = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    seen = 0
    for low, high in learner_of(log).plan(epoch):
        assert (high > low).all() and (high - low <= MAX_LEN).all()
        assert (owner[low] == owner[high]).all()
        seen += len(low)
    # 1, 2, 6, 7 and 8 targets fit one window each; 24 and 25 take three or four
    assert 5 + 6 <= seen <= 5 + 8


def test_long_pasts_are_cut_elsewhere_in_another_pass():
    learner = learner_of(uneven_log())
    cuts = {tuple(sorted(int(a) for low, _ in learner.plan(epoch) for a in low)) for epoch in range(6)}
    assert len(cuts) > 3


def test_a_window_begins_with_as_much_past_as_the_length_allows():
    # 26 events, windows of 8: every window but those that reach back to the first event has 8 inputs
    log = tiny_log(" ".join(["ann:a"] * 26), "a")
    for epoch in range(4):
        for low, high in learner_of(log).plan(epoch):
            assert ((high - low == MAX_LEN) | (low == 0) | (high == 25)).all()


def test_the_plan_depends_on_seed_and_pass_alone():
    def plan(seed: int, epoch: int):
        return [(low.tolist(), high.tolist()) for low, high in learner_of(uneven_log(), seed=seed).plan(epoch)]

    assert plan(7, 3) == plan(7, 3)
    assert plan(7, 3) != plan(7, 4)
    assert plan(7, 3) != plan(8, 3)


def test_batches_have_the_stated_size_and_similar_lengths():
    names = [f"p{n}" for n in range(200)]
    lengths = 2 + generator(7).integers(0, 8, 200)
    events = [f"{name}:a" for name, n in zip(names, lengths.tolist(), strict=True) for _ in range(n)]
    plan = learner_of(tiny_log(" ".join(events), "a", people=" ".join(names)), batch_size=10).plan(0)
    assert [len(low) for low, _ in plan] == [10] * 20
    # 160 windows are sorted together, so a batch of 10 spans few of the 8 lengths
    assert np.mean([np.ptp(high - low) for low, high in plan]) < 2


def test_the_net_is_shown_what_lies_before_each_target():
    log = uneven_log()
    learner = learner_of(log)
    places = log.interactions.item[log.sequences.rows]
    days = log.interactions.at[log.sequences.rows] // 1000
    for low, high in learner.plan(0):
        _, n = learner.loss((low, high), generator(7))
        item, seconds, length = learner.reader.shown[-1]
        assert length.tolist() == (high - low).tolist() and n == length.sum()
        for b, (a, z) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            assert item[b, : z - a].tolist() == places[a:z].tolist()
            assert (item[b, z - a :] == log.n_items).all()
            assert seconds[b, : z - a].tolist() == days[a:z].tolist()


def by_hand(learner, part, worth) -> float:
    """The weighted mean of each target's cross-entropy after its own event, one place after the other."""
    log, weight = learner.train, learner.net.weight.detach()
    item = log.interactions.item[log.sequences.rows]
    kind = log.interactions.kind[log.sequences.rows]
    total = share = 0.0
    for a, z in zip(part[0].tolist(), part[1].tolist(), strict=True):
        for place in range(a, z):
            logits = weight[int(item[place])] @ weight[: log.n_items].t()
            w = worth[kind[place + 1]]
            total += w * functional.cross_entropy(logits[None], torch.tensor([int(item[place + 1])])).item()
            share += w
    return total / share


@pytest.mark.parametrize("kind", ["sampled", "bpr_max", "gbce", "bce"])
def test_losses_against_negatives_weigh_kinds_too(kind):
    # a purchase counts three views: the loss is that of the log in which the purchases' windows stand three times
    log = tiny_log("ann:a ann:b:buy bob:c bob:a", "a b c", people="ann bob", kinds={"view": 1.0, "buy": 3.0})
    learner = learner_of(log, loss=kind, n_negatives=4)
    low, high = np.array([0, 2]), np.array([1, 3])
    weighted = learner.loss((low, high), generator(7))[0].item()
    learner.worth = None
    thrice = learner.loss((low[[0, 0, 0, 1]], high[[0, 0, 0, 1]]), generator(7))[0].item()
    assert weighted == pytest.approx(thrice, rel=1e-5)
    assert weighted != pytest.approx(learner.loss((low, high), generator(7))[0].item(), rel=1e-3)


@pytest.mark.parametrize("kinds", [{"view": 1.0}, {"view": 1.0, "buy": 3.0}])
def test_the_loss_is_the_mean_over_targets_each_with_its_kinds_weight(kinds):
    log = tiny_log("ann:a ann:b:buy ann:c bob:c bob:a bob:b:buy" if len(kinds) > 1 else "ann:a ann:b ann:c bob:c bob:a",
                   "a b c", kinds=kinds)  # fmt: skip
    learner = learner_of(log)
    for part in learner.plan(0):
        loss, n = learner.loss(part, generator(7))
        assert loss.item() == pytest.approx(by_hand(learner, part, list(kinds.values())), rel=1e-5)
        assert n == int((part[1] - part[0]).sum())


def without_looks(log):
    """The log with a schema that counts no look as a target."""
    kinds = {**log.schema.kinds, "look": log.schema.kinds["look"].model_copy(update={"target": False})}
    return replace(log, schema=log.schema.model_copy(update={"kinds": kinds}))


def test_kinds_that_are_no_targets_are_read_but_not_asked_for():
    # ann a, b looked at, c; with looks no target only c is one, and b is still what lies before it
    log = tiny_log("ann:a ann:b:look ann:c", "a b c", kinds={"view": 1.0, "look": 2.0})
    learner = learner_of(without_looks(log))
    (part,) = learner.plan(0)
    loss, n = learner.loss(part, generator(7))
    weight = learner.net.weight.detach()
    expected = functional.cross_entropy(weight[1:2] @ weight[:3].t(), torch.tensor([2])).item()
    assert n == 1 and loss.item() == pytest.approx(expected, rel=1e-5)
    assert learner.reader.shown[-1][0].tolist()[0][:2] == [0, 1]


def test_a_batch_without_a_target_that_counts_has_no_loss():
    log = tiny_log("ann:a ann:b:look bob:a bob:b:look", "a b", kinds={"view": 1.0, "look": 2.0})
    learner = learner_of(without_looks(log))
    for kind in ("softmax", "sampled", "bpr_max", "gbce", "bce"):
        learner.kind = kind
        (part,) = learner.plan(0)
        loss, n = learner.loss(part, generator(7))
        loss.backward()
        assert (n, loss.item()) == (0, 0.0)


@pytest.mark.parametrize("kind", ["sampled", "bpr_max", "gbce", "bce"])
def test_a_loss_against_negatives_never_compares_an_item_with_itself(kind):
    # with one item every negative is the right answer: nothing is left to compare with
    learner = learner_of(tiny_log("ann:a ann:a ann:a", "a"), loss=kind, n_negatives=4)
    (part,) = learner.plan(0)
    loss, _ = learner.loss(part, generator(7))
    loss.backward()
    assert np.isfinite(loss.item())
    assert bool(torch.isfinite(learner.net.weight.grad).all())


def test_sampled_softmax_comes_close_to_the_whole():
    # with 4,000 draws of 8 items the correction makes the sum over negatives that of all items, times the draws:
    # the loss is that of the whole softmax plus about the logarithm of the number of draws
    log = toy_dataset()
    whole, some = learner_of(log, loss="softmax"), learner_of(log, loss="sampled", n_negatives=4000)
    whole.worth = some.worth = None
    (part, *_) = whole.plan(0)
    exact = whole.loss(part, generator(7))[0].item()
    sampled = some.loss(part, generator(7))[0].item()
    assert np.isfinite(sampled) and sampled > exact


def test_auto_takes_the_whole_catalogue_where_it_is_small():
    assert learner_of(uneven_log()).kind == "softmax"
    assert learner_of(uneven_log(), loss="gbce").kind == "gbce"
