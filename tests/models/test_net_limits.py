"""Nets at the edges: hardly anything to learn from, more than they read, more than the machine holds."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import UserError
from penchant.models.gru4rec import Gru4rec
from penchant.models.neural import NeuralModel
from penchant.models.sasrec import Sasrec
from penchant.query import Past, Query
from penchant.train import memory
from penchant.train.run import Run
from tests.models.toys import tiny_log
from tests.toy import day, toy_dataset

SMALL: dict[str, Any] = {"epochs": 2, "embedding_dim": 4, "max_len": 3, "batch_size": 2}
NETS: list[type[NeuralModel]] = [Sasrec, Gru4rec]


class Heard:
    """A reporter that keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, task: str, done: int, total: int) -> None:
        """Nothing to keep."""


def answers(model: NeuralModel, data: Dataset) -> list[str]:
    """What everybody is recommended, repeats allowed; scores are numbers."""
    found = model.recommend_many([Query(user_id=user, at=day(9), k=3, repeats="allow") for user in data.users])
    assert all(np.isfinite(one.scores).all() for one in found)
    return [" ".join(one.item_ids) for one in found]


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize(
    ("events", "items"),
    [
        ("ann:a ann:a bob:a cid:a ann:a", "a"),  # one item: its softmax is 1 whatever is learned
        ("ann:a bob:b cid:a", "a b"),  # everyone with one event: nothing comes after anything
        ("ann:a", "a b"),  # one event in all
    ],
)
def test_hardly_anything_to_learn_from(net: type[NeuralModel], events: str, items: str) -> None:
    data = tiny_log(events, items)
    found = answers(net(**SMALL).fit(data), data)
    assert len(found) == 3
    assert found[0].split()[0] in items.split()


@pytest.mark.parametrize("net", NETS)
def test_a_past_beyond_what_is_read_counts_by_its_newest_events(net: type[NeuralModel]) -> None:
    data = tiny_log(" ".join(f"{who}:{item}" for item in "abcdabcdabcdabcd" for who in ("ann", "bob")), "a b c d")
    model = net(**SMALL, popularity_behind=False).fit(data)

    def scores(past: str) -> list[float]:
        events = tuple(Past(item_id=item, at=day(n)) for n, item in enumerate(past))
        found: list[float] = model.score(Query(history=events, at=day(99), repeats="allow"), tuple("abcd")).tolist()
        return found

    # three events are read: what lies before them is the same to the net as nothing
    assert scores("dddddddddabc") == pytest.approx(scores("abc"), rel=1e-5)
    assert scores("abc") != pytest.approx(scores("dbc"), rel=1e-3)


def test_circumstances_that_are_not_read_are_named() -> None:
    heard, lifted = Heard(), Heard()
    Sasrec(**SMALL).fit(toy_dataset(), run=Run(reporter=heard))
    Sasrec(**SMALL, context_lift=1.0).fit(toy_dataset(), run=Run(reporter=lifted))
    said = "sasrec: reads no circumstances; mood not used (context_lift uses them)"
    assert (heard.notes.count(said), lifted.notes.count(said)) == (1, 0)
    assert not any("circumstances" in text for text in _notes_on(tiny_log("ann:a bob:b ann:b", "a b")))


def _notes_on(data: Dataset) -> list[str]:
    heard = Heard()
    Sasrec(**SMALL).fit(data, run=Run(reporter=heard))
    return heard.notes


@pytest.mark.parametrize("net", NETS)
def test_too_little_memory_is_said_before_anything_is_learned(
    net: type[NeuralModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 150_000_000)
    monkeypatch.setattr("penchant.models.neural.train", None)  # would fail if it were called
    heard = Heard()
    with pytest.raises(UserError) as fault:
        net(**SMALL).fit(toy_dataset(), run=Run(reporter=heard))
    need, advice = r"needs about 20\d MB of memory and 150 MB are free", "lower batch_size or the sizes of the net"
    assert re.fullmatch(f"{net.name()}: {need}; {advice}, or free some memory", str(fault.value))
    assert len(heard.notes) == 1
    assert re.fullmatch(rf"{net.name()}: [\d,]+ weights, about 20\d MB of memory while it learns", heard.notes[0])


def test_the_estimate_grows_with_the_batch_and_the_catalogue() -> None:
    def told(**settings: Any) -> int:
        heard = Heard()
        Sasrec(**{**SMALL, "epochs": 1, **settings}).fit(toy_dataset(), run=Run(reporter=heard))
        return int(heard.notes[0].split("about ")[1].split(" ")[0])

    # ann's five events are the longest past, so a place more is read at most; 36 numbers of 4 bytes for each of
    # 4 numbers in 2 layers: 1000 sequences x 5 places x 36 x 4 x 2 x 4 bytes = 5.8 MB
    assert told(max_len=50, batch_size=1000) - told(max_len=50) == pytest.approx(5.8, abs=1.5)
