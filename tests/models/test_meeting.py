"""What all context-aware rankers share: what is learned, what is a past, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `deep`")

from penchant.data.labelled import labelled_rehearsal  # noqa: E402
from penchant.errors import BadData  # noqa: E402
from penchant.evaluate.protocol import Protocol  # noqa: E402
from penchant.evaluate.tasks import make_task  # noqa: E402
from penchant.models.dcnv2 import Dcnv2  # noqa: E402
from penchant.query import Past, Query  # noqa: E402
from penchant.testing.worlds import taste_world  # noqa: E402
from tests.evaluate.labelled.logs import labelled  # noqa: E402
from tests.models.meetings import crossed  # noqa: E402

ONCE: dict[str, Any] = {
    "embedding_dim": 4,
    "hidden": (8,),
    "early_stop": False,
    "passes": 1,
    "epochs": 1,
    "precision": "float32",
}


def test_what_is_learned_follows_the_log_and_the_questions() -> None:
    ordinary = taste_world().train
    assert Dcnv2(**ONCE).fit(ordinary).learns == "choices"
    assert Dcnv2(**ONCE).fit(crossed()).learns == "labels"
    rated = crossed(values=True)
    asked = make_task(rated, Protocol(name="rating").resolved(rated), "valid")
    assert Dcnv2(**ONCE).fit(asked.train, valid=asked).learns == "values"
    assert Dcnv2(**ONCE).fit(asked.train).learns == "choices"
    with pytest.raises(BadData, match="dcnv2: learns=labels: expected values 0 and 1"):
        Dcnv2(**ONCE, learns="labels").fit(rated)


def test_in_a_labelled_log_a_past_is_what_was_chosen() -> None:
    shown = labelled([0] * 6 + [1] * 4, [0, 1, 2, 3, 0, 1, 2, 3, 1, 0], [1.0, 0.0] * 5, None, timed=True)
    model = Dcnv2(**ONCE, last_n=3).fit(shown)
    past = tuple(Past(item_id=f"i{i}", value=value) for i, value in ((0, 1.0), (1, 0.0), (2, 1.0)))
    moments = model.moments_of(model.encode([Query(history=past), Query(history=())]).batch)
    # the newest first; item 1 was not chosen; 4 is no item
    assert moments.newest.tolist() == [[2, 0, 4], [4, 4, 4]]
    assert moments.person.tolist() == [-1, -1]


def test_rows_without_times_have_no_past_and_no_clock() -> None:
    net: Any = Dcnv2(**ONCE).fit(crossed()).net
    assert (net.moments.last_n, net.moments.timed) == (0, False)
    timed: Any = Dcnv2(**ONCE).fit(taste_world().train).net
    # person, age, place, hour, weekday, newest choice and the mean
    assert (timed.moments.last_n, timed.moments.n) == (20, 7)


def test_circumstances_that_nobody_told_are_missing() -> None:
    model = Dcnv2(**ONCE).fit(crossed())
    told = model.encode([Query(user_id="u1")]).batch
    assert np.array_equal(model.score_batch(told), model.score_batch(replace(told, context={})))


def test_one_item_and_one_row_can_be_learned() -> None:
    one = labelled([0, 1, 2], [0, 0, 0], [1.0, 1.0, 1.0], None, timed=True)
    assert np.isfinite(Dcnv2(**ONCE).fit(one).score(Query(user_id="u1"), ["i0"])).all()
    row = labelled([0], [0], [4.0], None, timed=True)
    model = Dcnv2(**ONCE, learns="values").fit(row)
    assert np.isfinite(model.score(Query(user_id="u0"), ["i0"])).all()


def test_a_tenth_of_labelled_rows_says_when_to_stop() -> None:
    data = crossed()
    task = labelled_rehearsal(data, seed=7)
    asked = task.asked["live"]
    assert (len(task.train), len(asked)) == (1350, 150)
    assert asked.labels is not None and asked.row is not None
    assert asked.labels.tolist() == data.interactions.value[asked.row].tolist()
    learned = Dcnv2(**{**ONCE, "early_stop": True, "passes": None, "epochs": 2}).fit(data)
    assert set(learned.card) >= {"training", "refit"}
    assert -2.0 < float(learned.card["training"]["metric"]) < 0
