"""Mult-VAE: the bag that it reads, the bound that it learns by, and what it answers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from penchant.models.multvae import Multvae, MultvaeConfig, MultvaeNet, _BagLearner
from penchant.nn.bags import Bags
from penchant.query import Past, Query
from tests.models.toys import tiny_log

LOG = tiny_log("ann:a ann:b bob:b bob:c cid:a cid:b", "a b c never")


def past(*items: str) -> Query:
    """A stranger with this past."""
    return Query(history=tuple(Past(item_id=item) for item in items))


def test_a_forward_pass_by_hand():
    net = MultvaeNet(3, 2, 1)
    with torch.no_grad():
        net.into[:] = torch.tensor([[1.0, 0.0], [0.0, 2.0], [5.0, 5.0]])
        net.squeeze.weight[:] = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    bags = sp.csr_matrix(np.asarray([[0.6, 0.8, 0.0], [0.0, 0.0, 0.0]], dtype=np.float32))
    mean, log_variance = net.encode(Bags.of(bags, torch.device("cpu")))
    # hidden = tanh(.6 * 1), tanh(.8 * 2); the mean is their sum, the log variance their difference
    a, b = np.tanh([0.6, 1.6])
    assert mean[:, 0].tolist() == pytest.approx([a + b, 0], abs=1e-6)
    assert log_variance[:, 0].tolist() == pytest.approx([a - b, 0], abs=1e-6)


@pytest.mark.parametrize(("done", "beta"), [(0.0, 0.0), (0.1, 0.5), (0.5, 1.0)])
def test_the_loss_is_the_annealed_bound(done, beta):
    model = Multvae(
        epochs=1, early_stop=False, embedding_dim=2, hidden_dim=4, beta=1.0, anneal=0.2, input_dropout=0.0
    ).fit(LOG)
    bags = sp.csr_matrix(np.asarray([[1, 1, 0, 0], [0, 1, 1, 0]], dtype=np.float32))
    learner = _BagLearner(model.net, bags, model.config, 7, model, None)
    torch.manual_seed(1)
    loss, n = learner.loss((done, np.asarray([0, 1])), np.random.default_rng(1))
    torch.manual_seed(1)
    mean, log_variance = model.net.encode(Bags.of(sp.csr_matrix(bags / np.float32(np.sqrt(2))), torch.device("cpu")))
    z = mean + torch.randn_like(mean) * log_variance.exp().sqrt()
    chances = torch.softmax(model.net.out(model.net.decode(z)), dim=1).log()
    likelihood = -(chances[0, :2].sum() + chances[1, 1:3].sum()) / 2
    divergence = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum() / 2
    expected = float((likelihood + beta * divergence).detach())
    assert n == 2 and float(loss.detach()) == pytest.approx(expected, rel=1e-5)


def test_each_person_is_learned_from_once_a_pass_and_small_logs_have_ten_steps():
    config = MultvaeConfig(epochs=2)
    learner = _BagLearner(
        MultvaeNet(4, 4, 2), sp.csr_matrix(np.ones((25, 4), dtype=np.float32)), config, 7, Multvae(), None
    )
    plan = learner.plan(1)
    assert np.sort(np.concatenate([rows for _, rows in plan])).tolist() == list(range(25))
    # a tenth of 25 people, rounded up, is 3 a step: 9 steps in the second half of the training
    assert [done for done, _ in plan] == pytest.approx([0.5 + place / 18 for place in range(9)])


def test_it_learns_what_goes_together_and_answers_strangers():
    words = " ".join(f"p{n}:{item}" for n in range(40) for item in (("a", "b", "c") if n % 2 else ("x", "y", "z")))
    log = tiny_log(words, "a b c x y z", " ".join(f"p{n}" for n in range(40)))
    model = Multvae(epochs=40, early_stop=False, popularity_behind=False, learning_rate=0.01).fit(log)
    assert set(model.recommend(past("a"), 3).item_ids) == {"a", "b", "c"}
    assert set(model.recommend(past("z", "x"), 3).item_ids) == {"x", "y", "z"}
    assert model.recommend(past(), 3).item_ids == ()


def test_inner_products_of_its_vectors_are_the_scores():
    model = Multvae(epochs=2, early_stop=False, popularity_behind=False).fit(LOG)
    batch = model.encode([past("a"), past("b", "c"), past("never")]).batch
    products = model.query_vectors(batch) @ model.item_vectors().T
    np.testing.assert_allclose(products, model.score_batch(batch), atol=1e-5)
    assert np.isnan(products[2]).all() and np.isnan(products[:, 3]).all()
