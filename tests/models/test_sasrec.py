"""Self-attention over the past: a net small enough to follow by hand, and what every net promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.models.sasrec import Sasrec, SasrecConfig, SasrecNet  # noqa: E402
from penchant.nn.one_past import MOST  # noqa: E402
from tests.models import nets  # noqa: E402

TINY: dict[str, Any] = {"embedding_dim": 2, "n_heads": 1, "n_layers": 1, "max_len": 4, "dropout": 0.0}


def by_hand(**settings: Any) -> Any:
    """One block whose layers say nothing, no place vectors, and items at the corners of a hexagon."""
    net: Any = SasrecNet(SasrecConfig(**{**TINY, **settings}), 6).eval()
    angle = torch.arange(6) * torch.pi / 3
    with torch.no_grad():
        net.embedding.weight[:6] = torch.stack([angle.cos(), angle.sin()], dim=1)
        net.place.weight.zero_()
        for block in net.blocks:
            for layer in (block.attention.out, block.narrow):
                layer.weight.zero_()
                layer.bias.zero_()
    return net


def test_with_silent_blocks_the_newest_item_is_compared_with_all():
    # a norm of two numbers makes (1, -1) of (x, y) with x > y and (-1, 1) otherwise, times about 1
    corners = np.stack([np.cos(np.arange(6) * np.pi / 3), np.sin(np.arange(6) * np.pi / 3)], axis=1)
    x = corners[[0, 2]] * 2**0.5
    state = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    assert np.allclose(state, [[1, -1], [-1, 1]], atol=1e-3)
    found = nets.answers(by_hand(), "b c a", "c")
    assert np.allclose(found, state @ corners.T, atol=1e-5)


def test_an_attention_that_takes_the_mean_by_hand():
    # queries and keys of zeros weigh all events alike; the values are the normed events, and the output passes them on
    net = by_hand()
    attention = net.blocks[0].attention
    with torch.no_grad():
        attention.into.weight.zero_()
        attention.into.bias.zero_()
        attention.into.weight[4:] = torch.eye(2)
        attention.out.weight.copy_(torch.eye(2))
    corners = net.embedding.items.detach().numpy()

    def norm(x):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)

    x = corners[[1, 2, 0]] * 2**0.5
    expected = norm(x[-1] + norm(x).mean(0)) @ corners.T
    assert np.allclose(nets.answers(net, "b c a")[0], expected, atol=1e-5)


def test_places_are_counted_from_the_oldest_event_that_is_read():
    net = by_hand()
    with torch.no_grad():
        net.place.weight[2] = torch.tensor([-50.0, 50.0])
    plain = nets.answers(by_hand(), "a a a", "a a")
    moved = nets.answers(net, "a a a", "a a")
    assert np.allclose(moved[1], plain[1])
    assert np.allclose(moved[0], -plain[0], atol=1e-3)


@pytest.mark.parametrize("settings", [{}, {"block": "gated"}, {"bias": "time"}, {"n_layers": 1, "bias": "position"}])
def test_learns_the_ring(settings):
    nets.assert_learns_the_ring(Sasrec, **settings)


@pytest.mark.parametrize("loss", ["sampled", "bpr_max", "gbce", "bce"])
def test_learns_the_ring_with_every_loss(loss):
    nets.assert_learns_the_ring(Sasrec, loss=loss, n_negatives=8, n_layers=1)


@pytest.mark.parametrize("settings", [{}, {"block": "gated", "bias": "time"}])
def test_padding_and_the_future_change_nothing(settings):
    model = Sasrec(**{**nets.QUICK, "epochs": 2, **settings}).fit(nets.ring_log())
    nets.assert_padding_changes_nothing(model)
    nets.assert_states_look_back_only(model)


def test_a_past_beyond_the_window():
    nets.assert_only_the_newest_are_read(Sasrec)


def test_one_item_and_people_with_one_event():
    nets.assert_odd_logs_are_learned(Sasrec)


def test_passes_are_chosen_and_then_repeated_on_everything():
    model = nets.with_early_stop(Sasrec)
    chosen, refit = model.card["training"], model.card["refit"]
    assert 1 <= chosen["epochs"] == refit["epochs"] <= 6
    assert 0 < chosen["metric"] <= 1 and refit["metric"] is None
    assert nets.best(model, "a b c") == "d"


def by_torch(model: Any, batch: Any) -> Any:
    """The states of pasts as torch has them, one at a time."""
    with torch.inference_mode():
        return np.concatenate([h.numpy() for _, h in model._states(batch)])


def test_one_past_is_read_by_the_twin_with_the_weights_as_they_are(tmp_path):
    settings: dict[str, Any] = {**nets.QUICK, "epochs": 2, "max_len": 5}
    log = nets.ring_log()
    model: Any = Sasrec(**settings).fit(log)
    other: Any = Sasrec(**{**settings, "epochs": 3}).fit(log)

    def vectors(asked: Any) -> Any:
        batch = asked.encode([nets.asked("b c a f e d a")]).batch
        found, expected = asked.query_vectors(batch), by_torch(asked, batch)
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
        return found

    first = vectors(model)
    twin = model.net.one_past(5)
    assert twin is not None and model.net.one_past(3) is twin
    # another world shares the net, and its twin with it
    assert vectors(model.in_world(model.catalogue, model.people)).tobytes() == first.tobytes()
    assert model.net.one_past(5) is twin
    other.save(tmp_path / "model")
    assert vectors(Sasrec.load(tmp_path / "model")).tobytes() == vectors(other).tobytes() != first.tobytes()
    assert model.net.one_past(5) is twin
    # in place, as a checkpoint is read
    model.net.load_state_dict(other.net.state_dict())
    assert vectors(model).tobytes() == vectors(other).tobytes()
    model.fit(nets.ring_log(people=4))
    assert vectors(model).tobytes() not in (first.tobytes(), vectors(other).tobytes())


@pytest.mark.parametrize("settings", [{"block": "gated"}, {"bias": "position"}, {"bias": "time"}])
def test_other_nets_and_long_pasts_have_no_twin(settings):
    assert SasrecNet(SasrecConfig(**{**TINY, **settings}), 6).eval().one_past(1) is None
    plain = SasrecNet(SasrecConfig(**{**TINY, "max_len": 2 * MOST}), 6).eval()
    assert plain.one_past(MOST) is not None and plain.one_past(MOST + 1) is None
    assert plain.train().one_past(1) is None
    assert plain.eval().double().one_past(1) is None
    with torch.inference_mode():
        assert SasrecNet(SasrecConfig(**TINY), 6).eval().one_past(1) is None


def test_rows_of_items_are_read_where_they_are():
    net = by_hand()
    found = net.rows_of(np.asarray([5, 0, 5]))
    assert found.tobytes() == net.rows(torch.tensor([5, 0, 5])).detach().numpy().tobytes()
    found[:] = 0
    assert net.embedding.items[5].abs().sum() > 0


def test_time_tells_where_the_bias_knows_of_it():
    # the same items, once a day and once within a second: only a net with a time bias may answer differently
    def scores(bias: str):
        torch.manual_seed(7)
        net = SasrecNet(SasrecConfig(**{**TINY, "embedding_dim": 8, "bias": bias}), 6).eval()
        if net.bias is not None and net.bias.by_interval is not None:
            torch.nn.init.normal_(net.bias.by_interval, std=3.0)
        item, length = torch.tensor([[0, 1, 2]]), torch.tensor([3])
        with torch.inference_mode():
            return [net(item, torch.tensor([[0, gap, 2 * gap]]), length) for gap in (1, 86_400)]

    assert torch.equal(*scores("none")) and torch.equal(*scores("position"))
    assert not torch.allclose(*scores("time"), atol=1e-4)
