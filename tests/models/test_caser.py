"""Convolutions over the last events: filters by hand, and what every net promises."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.models.caser import Caser, CaserConfig, CaserNet  # noqa: E402
from tests.models import nets  # noqa: E402
from tests.models.toys import tiny_log  # noqa: E402

DIM, REACH, ITEMS = 3, 3, 6


def relu(x):
    return np.maximum(x, 0)


def norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def slow(net: CaserNet, past: list[int]) -> np.ndarray:
    """Scores after the last event of a past, one filter and one place after the other: Tang & Wang 2018, equations 3-9."""
    part = {key: value.detach().double().numpy() for key, value in net.state_dict().items()}
    x = part["embedding.weight"][past] * DIM**0.5
    picture = np.concatenate([np.zeros((REACH, DIM)), x])[-REACH:]
    found = []
    for height in range(1, REACH + 1):
        weight, bias = part[f"horizontal.{height - 1}.weight"], part[f"horizontal.{height - 1}.bias"]
        for f in range(len(weight)):
            places = range(REACH - height + 1)
            found.append(max(relu((picture[p : p + height] * weight[f].T).sum() + bias[f]) for p in places))
    vertical = picture.T @ part["vertical.weight"].T
    joined = relu(part["join.weight"] @ np.concatenate([found, vertical.ravel()]) + part["join.bias"])
    state = norm(joined + part["past.weight"] @ x.mean(0))
    scores: np.ndarray = part["embedding.weight"][:ITEMS] @ state + part["bias"][:, 0]
    return scores


def made() -> CaserNet:
    torch.manual_seed(7)
    net = CaserNet(CaserConfig(embedding_dim=DIM, reach=REACH, n_filters=2, n_vertical=2), ITEMS).eval()
    torch.nn.init.normal_(net.bias)
    with torch.no_grad():
        net.embedding.weight[:ITEMS].normal_()
    return net


@pytest.mark.parametrize("past", ["a", "c b", "b c a", "f e d c b a"])
def test_the_net_is_that_of_a_slow_second_implementation(past):
    net = made()
    numbers = [nets.RING.split().index(item) for item in past.split()]
    assert np.allclose(nets.answers(net, past)[0], slow(net, numbers), atol=1e-5)


def test_some_rows_are_rows_of_all():
    net = made()
    picked = torch.tensor([4, 0])
    assert torch.equal(net.rows(picked), net.items[picked])


@pytest.mark.parametrize("settings", [{}, {"loss": "sampled", "n_negatives": 8}])
def test_learns_the_ring(settings):
    nets.assert_learns_the_ring(Caser, reach=3, **settings)


def test_learns_a_pattern_that_skips_an_event():
    # the answer is what was chosen two events ago; what came between tells nothing
    rng = np.random.default_rng(7)
    items = nets.RING.split()
    events = []
    for n in range(60):
        kept = items[n % 3]
        for _ in range(4):
            events += [f"p{n}:{kept}", f"p{n}:{items[3 + int(rng.integers(3))]}"]
    log = tiny_log(" ".join(events), nets.RING, people=" ".join(f"p{n}" for n in range(60)))
    model = Caser(**{**nets.QUICK, "epochs": 10, "batch_size": 16, "reach": 2}).fit(log)
    assert [nets.best(model, f"{one} {other}") for one in "abc" for other in "def"] == list("aaabbbccc")


def test_padding_and_the_future_change_nothing():
    model = Caser(**{**nets.QUICK, "epochs": 2}).fit(nets.ring_log())
    nets.assert_padding_changes_nothing(model)
    nets.assert_states_look_back_only(model)


def test_a_past_beyond_the_window():
    nets.assert_only_the_newest_are_read(Caser)


def test_one_item_and_people_with_one_event():
    nets.assert_odd_logs_are_learned(Caser)
