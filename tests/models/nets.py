"""What the tests of nets share: a log that goes in a ring, quick settings, and promises of every net that reads in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from penchant.data.batch import SequenceBatch
from penchant.data.dataset import Dataset
from penchant.models.base import Model
from penchant.query import Past, Query
from penchant.train.run import Run
from tests.models.toys import tiny_log

RING = "a b c d e f"
LATER = 4_000_000_000.0
"""A moment after all events, in seconds."""

QUICK: dict[str, Any] = {
    "epochs": 20, "early_stop": False, "learning_rate": 0.03, "batch_size": 8, "embedding_dim": 16, "averaging": 0.0,
    "precision": "float32", "dropout": 0.0,
}  # fmt: skip


def ring_log(people: int = 12, steps: int = 9) -> Dataset:
    """Everyone goes on from one item to the next in a ring, each from another place: the last item alone decides."""
    items, names = RING.split(), [f"p{n}" for n in range(people)]
    events = [f"{name}:{items[(n + step) % 6]}" for step in range(steps) for n, name in enumerate(names)]
    return tiny_log(" ".join(events), RING, people=" ".join(names))


def asked(items: str) -> Query:
    """A stranger who did this, oldest first."""
    return Query(history=tuple(Past(item_id=item) for item in items.split()), at=LATER, k=6, repeats="allow")


def best(model: Model, items: str) -> str:
    """The first item that the model recommends after this past."""
    return model.recommend(asked(items)).item_ids[0]


def assert_learns_the_ring(make: type[Model], **settings: Any) -> None:
    """The successor comes first, for pasts of one item, of many, beyond `max_len`, and for those that nobody has."""
    model = make(**{**QUICK, "max_len": 5, **settings}).fit(ring_log())
    items = RING.split()
    follows = dict(zip(items, [*items[1:], "a"], strict=True))
    found = {item: best(model, item) for item in items}
    assert found == follows
    assert best(model, "e f a b c d") == "e"
    assert best(model, "a b c d e f " * 30 + "a b") == "c"


def assert_padding_changes_nothing(model: Model) -> None:
    """A short past asked beside a long one has the very scores it has alone, up to the last bits of a product."""
    assert model.config.max_len >= 5  # type: ignore[attr-defined]
    short, long = asked("b c"), asked("c d e f a")
    together = model.score_batch(model.encode([short, long]).batch)
    alone = model.score_batch(model.encode([short]).batch)
    assert np.allclose(together[0], alone[0], rtol=1e-5, atol=1e-6)
    assert not np.allclose(together[0], together[1], atol=1e-3)


def assert_states_look_back_only(model: Model) -> None:
    """What comes after an event does not change the state after that event, and the newest state is one of these."""
    net, size = model.net, model.n_fit  # type: ignore[attr-defined]
    rng = np.random.default_rng(7)
    item = torch.from_numpy(rng.integers(0, size, (3, 5)))
    seconds = torch.arange(5).expand(3, 5)
    length = torch.full((3,), 5)
    changed = item.clone()
    changed[:, 3:] = (changed[:, 3:] + 1) % size
    with torch.inference_mode():
        before, after = net(item, seconds, length), net(changed, seconds, length)
        newest = net.newest(item, seconds, torch.tensor([5, 1, 3]))
    assert torch.allclose(newest, before[torch.arange(3), torch.tensor([4, 0, 2])], atol=1e-5)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not torch.allclose(before[:, 3:], after[:, 3:], atol=1e-3)


def assert_only_the_newest_are_read(make: type[Model]) -> None:
    """Of a past longer than `max_len` only its newest events count."""
    model = make(**{**QUICK, "epochs": 2, "max_len": 3}).fit(ring_log())
    scores = model.score_batch(model.encode([asked("a a d e f"), asked("c b d e f"), asked("d e f")]).batch)
    assert np.allclose(scores[0], scores[2], atol=1e-6) and np.allclose(scores[1], scores[2], atol=1e-6)


def assert_odd_logs_are_learned(make: type[Model]) -> None:
    """One item alone, and people of whom each did one thing, of which there is nothing to learn."""
    one = make(**{**QUICK, "epochs": 2}).fit(tiny_log("ann:a bob:a ann:a", "a"))
    assert best(one, "a") == "a"
    single = make(**{**QUICK, "epochs": 2}).fit(tiny_log("ann:a bob:b cid:a", "a b"))
    assert best(single, "") == "a"
    assert np.isfinite(single.score(asked("b"), ["a", "b"])).all()


def answers(net: torch.nn.Module, *pasts: str) -> np.ndarray:
    """The products of the newest states with the items' vectors, [pasts, 6], straight from the net."""
    items = RING.split()
    numbers = [[items.index(item) for item in past.split()] for past in pasts]
    length = np.asarray([len(past) for past in numbers])
    ragged = np.asarray([number for past in numbers for number in past])
    batch = SequenceBatch.of(length, ragged, np.zeros(len(ragged), dtype=np.int64), n_items=6)
    with torch.inference_mode():
        h = net(*(torch.from_numpy(part) for part in (batch.item, batch.at, batch.length)))
        scores = h[torch.arange(len(h)), torch.from_numpy(length - 1)] @ net.items.t()  # type: ignore[operator]
    found: np.ndarray = scores.numpy()
    return found


def with_early_stop(make: type[Model], seed: int = 7) -> Model:
    """Fitted with a choice of passes on the newest tenth, then again on everything."""
    settings: dict[str, Any] = {**QUICK, "epochs": 6, "early_stop": True, "patience": 2}
    return make(**settings).fit(ring_log(people=30, steps=12), run=Run(seed=seed))
