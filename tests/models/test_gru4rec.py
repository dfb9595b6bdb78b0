"""A recurrent net: its cell by hand, the item's own bias, and what every net promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.models.gru4rec import Gru4rec, Gru4recConfig, Gru4recNet  # noqa: E402
from tests.models import nets  # noqa: E402

QUICK: dict[str, Any] = {"hidden_dim": 16, "embedding_dropout": 0.0}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


@pytest.mark.parametrize("tied", [True, False])
def test_the_cell_by_hand(tied):
    # Cho et al. 2014, equations 5-8, as torch writes them: reset r, update z, news n; h <- (1 - z) n + z h
    torch.manual_seed(7)
    net = Gru4recNet(Gru4recConfig(embedding_dim=3, hidden_dim=4, tied=tied), 6).eval()
    torch.nn.init.normal_(net.bias)
    part = {key: value.detach().double().numpy() for key, value in net.state_dict().items()}
    h = np.zeros(4)
    for item in (1, 2, 0):
        x = part["embedding.weight"][item] * 3**0.5
        into = part["recurrent.weight_ih_l0"] @ x + part["recurrent.bias_ih_l0"]
        over = part["recurrent.weight_hh_l0"] @ h + part["recurrent.bias_hh_l0"]
        r, z = sigmoid(into[:4] + over[:4]), sigmoid(into[4:8] + over[4:8])
        n = np.tanh(into[8:] + r * over[8:])
        h = (1 - z) * n + z * h
    state = norm(part["out.weight"] @ h + part["out.bias"] if tied else h)
    table = part["embedding.weight" if tied else "answers.weight"][:6]
    expected = table @ state + part["bias"][:, 0]
    assert np.allclose(nets.answers(net, "b c a")[0], expected, atol=1e-5)


def test_some_rows_are_rows_of_all():
    net = Gru4recNet(Gru4recConfig(embedding_dim=3, hidden_dim=4), 6)
    torch.nn.init.normal_(net.bias)
    picked = torch.tensor([4, 0])
    assert torch.equal(net.rows(picked), net.items[picked])


@pytest.mark.parametrize("settings", [{}, {"tied": False}, {"n_layers": 2}])
def test_learns_the_ring(settings):
    nets.assert_learns_the_ring(Gru4rec, **QUICK, **settings)


@pytest.mark.parametrize("loss", ["sampled", "bpr_max"])
def test_learns_the_ring_with_the_losses_of_the_papers(loss):
    nets.assert_learns_the_ring(Gru4rec, loss=loss, n_negatives=8, **QUICK)


def test_padding_and_the_future_change_nothing():
    model = Gru4rec(**{**nets.QUICK, **QUICK, "epochs": 2}).fit(nets.ring_log())
    nets.assert_padding_changes_nothing(model)
    nets.assert_states_look_back_only(model)


def test_a_past_beyond_the_window():
    nets.assert_only_the_newest_are_read(Gru4rec)


def test_one_item_and_people_with_one_event():
    nets.assert_odd_logs_are_learned(Gru4rec)
