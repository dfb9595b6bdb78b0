"""Two towers on a small world in which attributes of items and of people say everything that matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from penchant.data.features import Categories, FeatureTable, Tags
from penchant.data.schema import Field
from penchant.errors import BadConfig
from penchant.models.twotower import Twotower, _TowerLearner
from penchant.query import Past, Query
from penchant.testing.living import grown
from tests.models.toys import tiny_log

ITEMS = "r1 r2 r3 r4 f1 f2 f3 f4 new-r new-f bare"
PEOPLE = [f"p{n}" for n in range(24)]


def log() -> Any:
    """Even people choose the four items r, odd ones the four items f; three items are never chosen, one has no tag."""
    words = [f"{p}:{'rf'[n % 2]}{1 + (n + step) % 4}" for step in range(4) for n, p in enumerate(PEOPLE)]
    data = tiny_log(" ".join(words), ITEMS, " ".join(PEOPLE))
    tags = Tags.of(
        [[] if name == "bare" else ["rock" if "r" in name.split("-")[-1] else "folk"] for name in ITEMS.split()]
    )
    likes = Categories.of(["loud" if n % 2 == 0 else "quiet" for n in range(len(PEOPLE))])
    schema = data.schema.changed(
        item_attributes={"tags": Field(kind="tags")}, user_attributes={"likes": Field(kind="category")}
    )
    return replace(
        data,
        schema=schema,
        item_features=FeatureTable(n_rows=data.n_items, columns={"tags": tags}),
        user_features=FeatureTable(n_rows=data.n_users, columns={"likes": likes}),
    )


def fitted(**settings: Any) -> Twotower:
    """A small model without popularity behind it."""
    usual = {"embedding_dim": 8, "epochs": 30, "learning_rate": 0.01, "early_stop": False, "averaging": 0.0}
    return Twotower(**{**usual, "popularity_behind": False, **settings}).fit(log())


@pytest.fixture(scope="module")
def model() -> Twotower:
    """One for most tests."""
    return fitted()


def past(*items: str, **more: Any) -> Query:
    """A stranger with this past."""
    return Query(history=tuple(Past(item_id=item) for item in items), **more)


def test_a_past_is_answered_with_its_like_and_with_new_items_of_the_kind(model):
    best = model.recommend(past("r1", "r2"), 5).item_ids
    assert set(best) == {"r1", "r2", "r3", "r4", "new-r"}
    new = model.score(past("f3"), ["new-f", "new-r", "bare"])
    # nothing is known of an item without events and tags
    assert new[0] > new[1] and np.isnan(new[2])


def test_attributes_alone_are_an_input_and_nothing_at_all_is_no_opinion(model):
    for likes, first in (("loud", "r"), ("quiet", "f")):
        best = model.recommend(past(features={"likes": likes}), 4).item_ids
        assert {item.split("-")[-1][0] for item in best} == {first}
    assert np.isnan(model.score(past(), ["r1", "new-f"])).all()


def test_a_new_item_in_a_history_counts_and_so_does_one_that_came_after_the_fit(model):
    assert model.recommend(past("new-r"), 4).item_ids[0].split("-")[-1][0] == "r"
    later = fitted(epochs=1)
    later.net, later.catalogue = model.net, grown(model.catalogue)
    later._ready = None
    # the later ones have the tags of r1, and of "bare", which has none
    scores = later.score(past("r1", "r3"), ["came later 1", "new-f", "came later 2"])
    assert scores[0] > scores[1] and np.isnan(scores[2])


def test_sampled_negatives_learn_the_same_tastes():
    model = fitted(loss="sampled", n_negatives=16)
    assert set(model.recommend(past("f1", "f2"), 5).item_ids) == {"f1", "f2", "f3", "f4", "new-f"}
    with pytest.raises(BadConfig, match="loss"):
        Twotower(loss="gbce")


def test_a_log_without_any_attribute_is_two_towers_of_ids():
    plain = tiny_log("ann:a ann:b bob:c bob:d cid:a cid:b dan:c dan:d", "a b c d never", "ann bob cid dan")
    model = Twotower(embedding_dim=4, epochs=40, learning_rate=0.03, early_stop=False, popularity_behind=False).fit(
        plain
    )
    scores = model.score(past("a"), ["b", "d", "never"])
    assert scores[0] > scores[1] and np.isnan(scores[2])


def test_where_a_log_has_no_order_each_pass_draws_one():
    timed = log()
    model = fitted(epochs=1)
    for data, fixed in ((timed, True), (replace(timed, timed=False), False)):
        learner = _TowerLearner(model, data, 7, None)
        orders = []
        for epoch in (0, 1, 0):
            learner.plan(epoch)
            orders.append(learner.rows.tolist())
        assert orders[0] == orders[2] and (orders[0] == orders[1]) is fixed
        # whatever the order, the places of a person are still that person's
        people = data.interactions.user[learner.rows]
        assert people.tolist() == data.interactions.user[data.sequences.rows].tolist()
