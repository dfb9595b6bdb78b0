"""Forgetting: what goes, what remains in models, and that it is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from penchant.data.dataset import Dataset
from penchant.errors import UnknownName
from penchant.event import Interaction, UserUpdate
from penchant.query import Query
from penchant.service.shelf import admit
from tests.service.conftest import Hand, Open


def test_the_receipt_names_the_models_that_saw_the_person(
    open_service: Open, ease_folder: Path, log: Dataset, now: Hand
) -> None:
    service = open_service()
    seeded = log.users.id(0)
    service.record([Interaction(user_id="later", item_id="s0001", at=now(), kind="play")]).result(10)
    (first,) = service.models()
    after = admit(service.store, service.shelf, ease_folder, now(), trained_to=service.store.offset())
    service.record([Interaction(user_id="latest", item_id="s0001", at=now(), kind="play")]).result(10)
    assert service.forget(seeded).trained_versions == (first.version, after.version)
    assert service.forget("later").trained_versions == (after.version,)
    untouched = service.forget("latest")
    assert untouched.trained_versions == () and "nothing remains" in untouched.refit
    assert service.forget("never there").rows.get("log", 0) == 0
    # asked again, because the first answer was lost: nothing is left to tell which models saw the person
    again = service.forget(seeded)
    assert again.trained_versions == () and "earlier receipt" in again.refit


def test_what_came_later_does_not_hide_that_a_model_saw_the_person(open_service: Open, now: Hand) -> None:
    service = open_service()
    (first,) = service.models()
    seeded = Interaction(user_id="described", item_id="s0001", at=now(), kind="play", event_id="log:1")
    service.store.append([UserUpdate(user_id="described", at=now(), features={"age": "16-24"}), seeded])
    old = Interaction(user_id="late", item_id="s0001", at=1000.0, kind="play")
    service.store.append([replace(seeded, user_id="late", event_id="log:2"), old])
    for user in ("described", "late"):
        assert service.forget(user).trained_versions == (first.version,)


def test_nothing_of_the_person_is_left_and_old_events_stay_out(open_service: Open, now: Hand) -> None:
    service = open_service()
    old = Interaction(user_id="ann", item_id="s0001", at=now(), kind="play", event_id="old")
    service.record([old]).result(10)
    answer = service.recommend(Query(user_id="ann", k=3))
    service.shown.flush()
    receipt = service.forget("ann")
    assert receipt.rows["log"] == 1 and receipt.rows["impressions"] == 1
    assert receipt.places and receipt.outside
    with pytest.raises(UnknownName):
        service.user("ann")
    with pytest.raises(UnknownName):
        service.why(answer.slate.recommendation_id)
    with pytest.raises(UnknownName):
        service.export("ann")
    (again,) = service.record([old]).result(10)
    assert again.status == "rejected" and "forgotten" in str(again.reason)
    (new,) = service.record([Interaction(user_id="ann", item_id="s0002", at=now(), kind="play")]).result(10)
    assert new.status == "accepted"
