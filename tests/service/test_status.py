"""Figures of a running project, with the arithmetic in comments."""

from __future__ import annotations

import pytest

from penchant.event import Impression, Interaction
from penchant.query import Query
from penchant.service.status import acceptance
from tests.service.conftest import Hand, Open


def impression(name: str, user: str, at: float, items: dict[str, tuple[str, ...]]) -> Impression:
    return Impression(
        recommendation_id=name, query=Query(user_id=user, at=at), item_ids=tuple(items), model_version="m",
        propensities=(1.0,) * len(items), log_offset=0, seed=7, sources=tuple(items.values()),
    )  # fmt: skip


def test_acceptance_counts_choices_of_the_same_person_within_a_day() -> None:
    lists = [
        impression("1", "ann", 100.0, {"a": ("model",), "b": ("model", "popular")}),
        impression("2", "bob", 100.0, {"a": ("popular",)}),
    ]
    events = [
        Interaction(user_id="ann", item_id="b", at=150.0),
        Interaction(user_id="ann", item_id="a", at=50.0),  # before the list
        Interaction(user_id="bob", item_id="a", at=100.0 + 86_401),  # a second too late
    ]
    # model showed a and b to ann: 1 of 2; popular showed b to ann and a to bob: 1 of 2
    assert acceptance(lists, events) == {
        "model": {"shown": 2, "accepted": 0.5},
        "popular": {"shown": 2, "accepted": 0.5},
    }


def test_status_of_a_service(open_service: Open, now: Hand) -> None:
    service = open_service()
    for number, mood in enumerate(["calm", "calm", "odd", None]):
        context = {} if mood is None else {"mood": mood}
        item = "s0001" if number else "unheard of"
        service.record([Interaction(user_id="x", item_id=item, at=now(), kind="play", context=context)]).result(10)
    first = service.recommend(Query(user_id="x", k=3))
    service.shown.flush()
    found = service.status()
    assert found["model_version"] == found["wanted_version"] == first.slate.model_version
    assert found["lists"]["count"] == 1 and found["lists"]["empty"] == 0.0
    assert found["lists"]["coverage"] == pytest.approx(3 / found["catalogue"]["items"])
    # the 1,200 seeded events of 40 people know all their items; one of the four new ones is unknown
    events = found["inputs"]["events"]
    assert found["inputs"]["unknown_items"] == pytest.approx(1 / events)
    mood = found["inputs"]["context"]["mood"]
    assert mood["never_seen"] == pytest.approx(1 / (events - 1))
    # the same events but for two calm ones and an odd one, of which the training saw none
    assert 0 < mood["distance"] < 3 / (events - 1)
