"""From a log of numbers to plain events and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.arrays import frozen
from penchant.data.features import Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.seeding import EventIds, interactions_of, user_updates_of
from penchant.data.sequences import Sequences
from penchant.data.strings import Strings
from penchant.event import Interaction
from tests.toy import PEOPLE, day, toy_dataset

DATA = toy_dataset()
DIGEST = "0123456789abcdef"


def events() -> list[Interaction]:
    return list(interactions_of(DATA.people(), DATA.catalogue()))


def test_events_have_ids_names_and_seconds() -> None:
    found = events()
    assert len(found) == 20
    # row 4 of the toy log: 1.25 bob b view calm; row 5: 1.50 ann c buy calm; row 10 states no mood
    assert replace(found[4], event_id=None) == Interaction(
        user_id="bob", item_id="b", at=day(1.25), kind="view", context={"mood": "calm"}
    )
    assert (found[5].kind, found[5].value, found[10].context) == ("buy", 1.0, {})
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert events() == found


def test_person_after_person_the_same_events_have_the_same_ids() -> None:
    found = list(interactions_of(DATA.people(), DATA.catalogue(), by_person=True))
    assert sorted(found, key=lambda one: (one.at, str(one.event_id))) == sorted(
        events(), key=lambda one: (one.at, str(one.event_id))
    )
    people = [one.user_id for one in found]
    assert people == sorted(people, key=people.index)
    for name in set(people):
        times = [one.at for one in found if one.user_id == name]
        assert times == sorted(times)


def test_an_order_of_its_own_decides_within_an_instant() -> None:
    # rows 8 and 9, e and f, share an instant; the log's own order puts f first
    order = np.arange(20, dtype=np.int64)
    order[[8, 9]] = [9, 8]
    log = replace(DATA.interactions, order=frozen(order), session=frozen(order // 10))
    people = replace(DATA.people(), sequences=Sequences.of(log, len(PEOPLE)))
    found = list(interactions_of(people, DATA.catalogue()))
    assert [one.item_id for one in found[8:10]] == ["f", "e"]
    # ids come from what events say, not from where they stand
    assert {one.event_id for one in found} == {one.event_id for one in events()}
    assert [one.session_id for one in found[8:11]] == ["0", "0", "1"]


def test_ids_are_those_of_the_content_and_tell_equal_events_apart() -> None:
    ids = EventIds()
    first = ids.id_of("ann", "a", 5.0, "view")
    assert [ids.id_of("ann", "a", 5.0, "view") for _ in range(2)] == [f"{first}:2", f"{first}:3"]
    others = [
        ids.id_of(*said) for said in (("ann", "a", 5.0, "buy"), ("ann", "b", 5.0, "view"), ("ann", "a", 5.001, "view"))
    ]
    assert len({first, *others}) == 4
    # a log that begins elsewhere, or has grown, gives the same ids
    again = EventIds()
    assert again.id_of("bob", "a", 4.0, "view") != first and again.id_of("ann", "a", 5.0, "view") == first


def test_people_of_whom_something_is_known() -> None:
    found = list(user_updates_of(DATA.people(), day(0), DIGEST))
    assert [(one.user_id, dict(one.features)) for one in found] == [
        ("ann", {"group": "young"}),
        ("bob", {"group": "young"}),
        ("cid", {"group": "old"}),
        ("dee", {"group": "old"}),
        ("fay", {"group": "old"}),
    ]
    assert found[4].event_id == "log:0123456789ab:user:5" and found[4].at == day(0)


def test_attributes_of_every_form() -> None:
    columns: dict[str, Column] = {
        "age": Numbers(frozen(np.asarray([30.5, np.nan], dtype=np.float32))),
        "likes": Tags.of([["folk", "slow"], []]),
        "motto": Texts(Strings.of(["be quick", ""])),
        "place": Vectors(frozen(np.asarray([[0.5, 1.0], [np.nan, np.nan]], dtype=np.float32))),
    }
    two = replace(
        DATA.people().nobody(),
        users=type(DATA.users).of(["x", "y"]),
        user_features=FeatureTable(n_rows=2, columns=columns),
    )
    (only,) = user_updates_of(two, 0.0, DIGEST)
    assert only.user_id == "x"
    assert only.features == {"age": 30.5, "likes": ("folk", "slow"), "motto": "be quick", "place": (0.5, 1.0)}
