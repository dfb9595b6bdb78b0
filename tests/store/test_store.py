"""What every backend promises, asked of each (`penchant.store.protocol.Store`)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable

import pytest

from penchant.errors import UnknownName, UserError
from penchant.event import Flag, Impression, Interaction, ItemUpdate, UserUpdate
from penchant.query import Past, Query
from penchant.store.project import ProjectStore
from penchant.store.protocol import Appended, Logged, Pointer, Stored, StoreUnavailable, Version
from penchant.store.stores import OpenStores
from tests.store.events import play, shown

FULL_EVENT = Interaction(
    user_id="ann",
    item_id="i-ü-✓",
    at=1_700_000_000.1234567,  # more digits than a millisecond has
    kind="buy",
    value=0.1 + 0.2,
    context={"mood": "calm", "hour": 3.25, "empty": ""},
    session_id="s 1",
    recommendation_id="r'\"\\1",
    event_id="e\n1",
)
EVERYTHING: tuple[Logged, ...] = (
    FULL_EVENT,
    ItemUpdate(item_id="i", at=2.0, features={"genre": "jazz", "price": 1.5, "tags": ("a", "b"), "v": (0.1, 2.0)}),
    ItemUpdate(item_id="i", at=1.0, available=False, event_id="e2"),
    ItemUpdate(item_id="j", at=1.0, deleted=True),
    UserUpdate(user_id="ann", at=5.0, features={"age": 30.0}, event_id="e3"),
    Flag(subject_kind="user", subject_id="ann", at=1.0, score=0.5, reasons=("many", "fast")),
    Flag(subject_kind="item", subject_id="ann", at=-1.0, score=0.0),
)


def test_events_come_back_as_they_were_given(store: ProjectStore) -> None:
    kept = store.append(EVERYTHING)
    assert [(one.status, one.offset) for one in kept] == [("accepted", number) for number in range(1, 8)]
    assert list(store.scan()) == [Stored(offset=number, event=event) for number, event in enumerate(EVERYTHING, 1)]


def test_an_empty_store_knows_nothing(store: ProjectStore) -> None:
    assert (store.offset(), store.updated(), store.append([]), list(store.scan())) == (0, 0, (), [])
    assert (store.history("ann"), store.newest_at("ann"), store.user("ann"), store.item("i")) == ((), None, None, None)
    assert (store.flags(), store.withheld(), store.versions(), store.pointer()) == ({}, frozenset(), (), None)
    assert (store.impression("r"), list(store.impressions()), list(store.export("ann"))) == (None, [], [])


def test_an_event_id_is_kept_once(store: ProjectStore) -> None:
    first, again, other = play("a", "i", 1.0, "x"), play("b", "j", 2.0, "x"), play("a", "k", 3.0, "y")
    assert store.append([first, again, other]) == (
        Appended(status="accepted", offset=1),
        Appended(status="duplicate", offset=1),
        Appended(status="accepted", offset=2),
    )
    item = ItemUpdate(item_id="z", at=1.0, event_id="x")  # one namespace for all types
    assert [(one.status, one.offset) for one in store.append([item, play("a", "l", 4.0), other])] == [
        ("duplicate", 1),
        ("accepted", 3),
        ("duplicate", 2),
    ]
    assert (store.offset(), store.updated()) == (3, 0)
    assert [event.item_id for event in store.history("a")] == ["i", "k", "l"]


def test_history_is_by_time_then_by_offset(store: ProjectStore) -> None:
    events = [play("a", item, at) for item, at in (("i", 5.0), ("j", 3.0), ("k", 5.0), ("l", -2.5), ("m", 4.0))]
    store.append([*events, play("b", "x", 4.5)])

    def items(**limits: float | int | None) -> str:
        return "".join(event.item_id for event in store.history("a", **limits))  # type: ignore[arg-type]

    assert items() == "ljmik"
    assert items(before=5.0) == "ljm"
    assert items(upto=3) == "jik"
    assert items(last=2) == "ik"
    assert items(before=5.0, upto=4, last=1) == "j"  # m has offset 5
    assert items(last=0) == ""


def test_a_past_is_the_history_as_columns(store: ProjectStore) -> None:
    mood: dict[str, str | float] = {"mood": "calm"}
    asked = [
        play("a", "i", 5.0, "e1", value=2.5, context=mood, session_id="s"),
        play("a", "j", 3.0, kind="buy", session_id="s"),
        play("a", "k", 5.0),
        play("b", "x", 4.5, context=mood),
    ]
    store.append(asked)
    past = store.past("a")
    assert (past.item_ids, past.at, past.kinds) == (("j", "i", "k"), (3.0, 5.0, 5.0), ("buy", "view", "view"))
    assert (past.values, past.event_ids, len(past)) == ((1.0, 2.5, 1.0), (None, "e1", None), 3)
    assert past.contexts == ({}, mood, {})
    assert store.past("a", contexts=False).contexts is None and store.past("a", before=5.0).contexts is None
    assert (past.newest(2), past.newest(9), past.newest(0)) == (("k", "e1"), ("k", "e1", "j"), ())
    for limits in ({"before": 5.0}, {"upto": 2}, {"last": 1}, {"last": 0}, {"upto": 2, "last": 1}):
        events = store.history("a", **limits)
        assert store.past("a", **limits).item_ids == tuple(event.item_id for event in events)
    assert len(store.past("nobody")) == 0


def test_chosen_among(store: ProjectStore) -> None:
    store.append(
        [play("a", "i", 1.0), play("a", "j", 2.0, kind="buy"), play("a", "i", 3.0, kind="buy"), play("b", "k", 1.0)]
    )
    asked = ["i", "j", "k", "l", "i"]
    assert store.chosen_among("a", asked) == {"i", "j"}
    assert store.chosen_among("a", asked, before=2.0) == {"i"}
    assert store.chosen_among("a", asked, kinds=["buy"]) == {"i", "j"}
    assert store.chosen_among("a", asked, kinds=["buy", "view"], upto=1) == {"i"}
    assert store.chosen_among("a", asked, kinds=["buy"], before=3.0) == {"j"}
    assert store.chosen_among("a", [], kinds=["buy"]) == store.chosen_among("a", asked, kinds=[]) == frozenset()


def test_states_are_those_of_an_offset(store: ProjectStore) -> None:
    store.append(EVERYTHING)
    new, old = store.item("i"), store.item("i", upto=2)
    assert new is not None and old is not None
    assert (new.available, new.features, new.offset, new.at) == (False, {}, 3, 1.0)
    assert (old.available, old.features["tags"], old.offset) == (True, ("a", "b"), 2)
    assert store.item("i", upto=1) is None
    assert store.withheld() == {"i", "j"}
    assert store.withheld(upto=3) == {"i"}
    assert store.user("ann") == EVERYTHING[4]
    assert store.user("ann", upto=4) is None
    assert store.flags() == {("user", "ann"): EVERYTHING[5], ("item", "ann"): EVERYTHING[6]}
    store.append([ItemUpdate(item_id="i", at=0.0), Flag(subject_kind="user", subject_id="ann", at=9.0, score=0.0)])
    assert store.withheld() == {"j"}
    assert (store.flags()["user", "ann"].score, store.flags(upto=8)["user", "ann"].score) == (0.0, 0.5)
    assert (store.updated(), store.newest_at("ann")) == (9, FULL_EVENT.at)


def test_choices_are_the_interactions_of_a_scan(store: ProjectStore) -> None:
    plays = [Interaction(user_id=f"u{n % 3}", item_id=f"i{n}", at=float(n), kind="ab"[n % 2]) for n in range(12)]
    store.append([*plays[:5], ItemUpdate(item_id="i1", at=50.0), *plays[5:]])
    for after, upto, since, at_once in ((0, 13, 3.0, 100), (2, 9, -1.0, 2), (0, 13, 99.0, 3), (5, 5, 0.0, 2)):
        found = [row for part in store.choices(after, upto, newer_than=since, at_once=at_once) for row in part]
        scanned = store.scan(after, upto, types=(Interaction,), newer_than=since)
        wanted = [(s.offset, s.event.item_id, s.event.at, s.event.kind) for s in scanned]  # type: ignore[union-attr]
        assert [tuple(row) for row in found] == wanted


def test_scan_chooses_types_and_pages(store: ProjectStore) -> None:
    store.append(EVERYTHING)
    for at_once in (1, 2, 7, 100):
        assert [one.offset for one in store.scan(2, 6, at_once=at_once)] == [3, 4, 5, 6]
        assert [one.offset for one in store.scan(types=[ItemUpdate, Flag], at_once=at_once)] == [2, 3, 4, 6, 7]
        assert [one.offset for one in store.scan(types=[Interaction, UserUpdate], at_once=at_once)] == [1, 5]
    assert [one.offset for one in store.scan(99)] == []


def test_served_lists(store: ProjectStore) -> None:
    query = Query(
        user_id="ann",
        history=(Past(item_id="i"), Past(item_id="j", at=1.0, kind="buy", context={"m": "x"})),
        features={"tags": ("a",), "age": 3.0},
        at=1_700_000_000.1234567,
        context={"mood": "calm"},
        k=3,
        exclude=frozenset({"x", "y"}),
        candidates=(),
        where="item.genre == 'jazz'",
        similar_to="i",
        repeats="allow",
    )
    full = Impression(
        recommendation_id="r0",
        query=query,
        item_ids=("a", "b"),
        propensities=(1.0, 0.1),
        model_version="v",
        log_offset=5,
        seed=2**63,
        catalogue_offset=4,
        popularity_offset=3,
        pipeline="p",
        scores=(0.1 + 0.2, -1e-300),
        sources=(("m", "n"), ()),
    )
    empty = shown("r-empty", None, 5.0)
    store.keep_impressions([full, empty, shown("r1", "bob", 4.0, "i"), shown("r2", "ann", 6.0, "i")]).result()
    store.keep_impressions([shown("r1", "eve", 9.0, "other")]).result()  # it is there already
    assert (store.impression("r0"), store.impression("r-empty"), store.impression("none")) == (full, empty, None)
    assert [one.recommendation_id for one in store.impressions()] == ["r1", "r-empty", "r2", "r0"]
    assert [one.recommendation_id for one in store.impressions(after=5.0, last=2)] == ["r2", "r0"]
    assert [one.recommendation_id for one in store.impressions(user_id="ann")] == ["r2", "r0"]
    assert [list(store.impressions(user_id=name, last=last)) for name, last in (("nobody", 5), ("ann", 0))] == [[], []]


def test_many_lists_are_read_in_pages(store: ProjectStore) -> None:
    store.keep_impressions([shown(f"r{number}", "ann", number // 3) for number in range(2_500)]).result()
    assert [one.recommendation_id for one in store.impressions(last=2_400)] == [f"r{n}" for n in range(100, 2_500)]


def test_export_is_all_about_a_person(store: ProjectStore) -> None:
    many = [play("ann", f"i{number}", number // 7) for number in range(2_100)]
    store.append([*EVERYTHING, play("bob", "i", 1.0), *many])
    store.keep_impressions([shown("r1", "ann", 3.0), shown("r2", "bob", 3.0)]).result()
    exported = list(store.export("ann"))
    assert sorted(one.offset for one in exported if isinstance(one, Stored)) == [1, 5, 6, *range(9, 2_109)]
    assert [one.recommendation_id for one in exported if isinstance(one, Impression)] == ["r1"]


def test_a_model_is_registered_unless_somebody_was_forgotten_since(store: ProjectStore) -> None:
    store.append([play("ann", "i", 1.0)])
    before = store.forgotten()
    assert store.add_version(Version(version="m1", trained_to=1, added_at=2.0), forgotten=before)
    store.forget("ann", 3.0)
    assert store.forgotten() > before
    assert not store.add_version(Version(version="m2", trained_to=1, added_at=4.0), forgotten=before)
    assert store.add_version(Version(version="m3", trained_to=1, added_at=5.0), forgotten=store.forgotten())
    assert [version.version for version in store.versions()] == ["m1", "m3"]


def test_models_and_texts(store: ProjectStore) -> None:
    one, two = Version(version="m1", trained_to=0, added_at=2.0), Version(version="m0", trained_to=9, added_at=3.0)
    store.add_version(Version(version="m1", trained_to=0, added_at=2.0))
    store.add_version(two)
    store.add_version(Version(version="m1", trained_to=5, added_at=9.0, card={"changed": True}))
    assert store.versions() == (one, two)
    with pytest.raises(UnknownName, match='unknown model version "m2".*m0, m1'):
        store.point("m2", 1.0)
    assert store.pointer() is None
    assert store.point("m1", 4.0) == store.pointer() == Pointer(version="m1", generation=1, since=4.0)
    assert store.point("m0", 5.0) == Pointer(version="m0", generation=2, since=5.0)
    assert store.point("m0", 6.0) == store.pointer() == Pointer(version="m0", generation=2, since=5.0)
    store.keep_text("pipeline", "{}")
    store.keep_text("pipeline", "ü\n")
    assert (store.text("pipeline"), store.text("other")) == ("ü\n", None)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (play("a\0b", "i", 1.0), "NUL"),
        (play("a", "i", 1.0, context={"mood": "\0"}), "NUL"),
        (play("a", "i\ud800", 1.0), "surrogate"),
        (play("a", "i", math.nan), "finite"),
        (play("a", "i", 1.0, value=math.inf), "finite"),
        (play("a", "i", 1.0, context={"hour": math.nan}), "finite"),
        (ItemUpdate(item_id="i", at=1.0, features={"v": (1.0, math.inf)}), "finite"),
        (ItemUpdate(item_id="i", at=1.0, features={"\0": "x"}), "NUL"),
        (shown("r", "a", 1.0), "Impression"),
    ],
)
def test_what_cannot_be_kept_is_refused(store: ProjectStore, event: Logged, said: str) -> None:
    with pytest.raises(UserError, match=said):
        store.append([play("a", "good", 1.0), event])
    assert (store.offset(), store.history("a")) == (0, ())


def test_nobody_has_an_impossible_id(store: ProjectStore) -> None:
    store.append([play("a", "i", 1.0)])
    for ask in (store.history, store.item, store.user, store.impression, store.newest_at, store.text):
        with pytest.raises(UserError, match="surrogate"):
            ask("\ud800")
        with contextlib.suppress(UserError):  # SQLite could have such an id, so it looks
            assert not ask("a\0b")
    with pytest.raises(UserError, match="NUL"):
        store.forget("a\0", 1.0)
    assert len(store.history("a")) == 1


def test_strange_texts_are_kept(store: ProjectStore) -> None:
    texts = [
        "",
        "\\u0000",
        "../../etc",
        "'; DROP TABLE log; --",
        "%s ? $1",
        "\u202e\U0001f600\uffff",
        "x" * 256,
        "null",
        "1",
    ]
    store.append([play(text, text, 1.0, text, kind=text, session_id=text) for text in texts])
    for text in texts:
        expected = play(text, text, 1.0, text, kind=text, session_id=text)
        assert store.history(text) == (expected,)
        assert store.chosen_among(text, texts, kinds=[text]) == {text}


def test_another_opening_sees_it_all(url: str, opened: Callable[[str], OpenStores]) -> None:
    first, second = opened(url).project("p"), opened(url).project("p")
    for number in range(1, 6):
        (first if number % 2 else second).append([play("a", f"i{number}", number, f"e{number}")])
        assert first.offset() == second.offset() == number
        assert first.history("a") == second.history("a")
    assert second.append([play("a", "i1", 1.0, "e1")]) == (Appended(status="duplicate", offset=1),)
    first.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        first.append([play("a", "i", 1.0)])
    with pytest.raises(StoreUnavailable, match="closed"):
        first.offset()
    second.check()


def test_projects_are_strangers(stores: OpenStores) -> None:
    one, two = stores.project("one"), stores.project("two")
    assert one is stores.project("one")
    one.append([play("a", "i", 1.0, "x"), ItemUpdate(item_id="i", at=1.0, available=False)])
    one.keep_impressions([shown("r", "a", 1.0)]).result()
    one.keep_text("k", "secret")
    one.add_version(Version(version="m", trained_to=0, added_at=1.0))
    assert two.append([play("a", "i", 1.0, "x")])[0].status == "accepted"
    assert (two.offset(), two.withheld(), two.impression("r"), two.text("k"), two.versions()) == (
        1,
        frozenset(),
        None,
        None,
        (),
    )
    one.forget("a", 9.0)
    assert two.append([play("a", "i", 2.0)])[0].status == "accepted"
    assert (len(two.history("a")), one.history("a")) == (2, ())
    assert stores.projects() == ("one", "two")
