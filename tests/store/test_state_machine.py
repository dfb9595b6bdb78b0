"""Random sequences of calls: each backend says what plain Python says (`tests.store.remembered`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from penchant.event import Flag, Interaction, ItemUpdate, UserUpdate
from penchant.store.protocol import Logged, Stored
from penchant.store.url import open_stores
from tests.store.events import shown
from tests.store.remembered import Remembered

PEOPLE = st.sampled_from(["ann", "bob", "i1"])  # one is called like an item
ITEMS = st.sampled_from(["i1", "i2", "ann"])
TIMES = st.integers(0, 6).map(lambda tick: tick / 2)
IDS = st.none() | st.integers(0, 12).map(str)
KINDS = st.sampled_from(["view", "buy"])
EVENTS: st.SearchStrategy[Logged] = st.one_of(
    st.builds(
        Interaction,
        user_id=PEOPLE,
        item_id=ITEMS,
        at=TIMES,
        kind=KINDS,
        event_id=IDS,
        context=st.dictionaries(st.sampled_from(["mood"]), st.sampled_from(["calm", 1.5])),
    ),
    st.builds(Interaction, user_id=PEOPLE, item_id=ITEMS, at=TIMES, kind=KINDS, event_id=IDS, session_id=st.just("s")),
    st.builds(ItemUpdate, item_id=ITEMS, at=TIMES, available=st.booleans(), deleted=st.booleans(), event_id=IDS),
    st.builds(UserUpdate, user_id=PEOPLE, at=TIMES, features=st.just({"tags": ("a",)}), event_id=IDS),
    st.builds(
        Flag,
        subject_kind=st.sampled_from(["user", "item"]),
        subject_id=PEOPLE,
        at=TIMES,
        score=st.sampled_from([0.0, 0.5]),
        event_id=IDS,
    ),
)
LISTS = st.builds(shown, st.integers(0, 9).map(str), st.none() | PEOPLE, TIMES)


def machine(url: str) -> type[RuleBasedStateMachine]:
    """A machine whose every run has a new project at `url`."""
    numbers = iter(range(10_000))

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.name = f"run-{next(numbers)}"
            self.stores = open_stores(url)
            self.store = self.stores.project(self.name)
            self.expected = Remembered()

        def teardown(self) -> None:
            self.stores.close()

        @rule(batches=st.lists(st.lists(EVENTS, max_size=6), min_size=1, max_size=3))
        def submit(self, batches: list[list[Logged]]) -> None:
            futures = [self.store.submit(batch) for batch in batches]
            for future, batch in zip(futures, batches, strict=True):
                assert [(one.status, one.offset) for one in future.result()] == self.expected.append(batch)

        @rule(lists=st.lists(LISTS, max_size=4))
        def keep(self, lists: list) -> None:
            self.store.keep_impressions(lists).result()
            self.expected.keep(lists)

        @rule(person=PEOPLE, at=TIMES)
        def forget(self, person: str, at: float) -> None:
            erased = self.store.forget(person, at)
            told = (erased.rows["log"], erased.rows["impressions"], erased.first_offset)
            assert told == self.expected.forget(person, at)
            assert list(self.store.export(person)) == []

        @rule()
        def reopen(self) -> None:
            self.stores.close()
            self.stores = open_stores(url)
            self.store = self.stores.project(self.name, create=False)

        @rule(person=PEOPLE, before=st.none() | TIMES, upto=st.none() | st.integers(0, 30), last=st.integers(0, 9))
        def past(self, person: str, before: float | None, upto: int | None, last: int) -> None:
            limits = (9.0 if before is None else before, 10**9 if upto is None else upto)
            events = self.expected.history(person, *limits)
            found = self.store.history(person, before=before, upto=upto, last=last)
            assert list(found) == (events[-last:] if last else [])
            columns = self.store.past(person, before=before, upto=upto, last=last)
            rows = zip(columns.item_ids, columns.at, columns.kinds, columns.values, columns.event_ids, strict=True)
            assert list(rows) == [(one.item_id, one.at, one.kind, one.value, one.event_id) for one in found]
            assert list(columns.contexts or [{}] * len(found)) == [one.context for one in found]
            for kinds in (None, ["buy"], ["buy", "view"]):
                chosen = {event.item_id for event in events if kinds is None or event.kind in kinds}
                told = self.store.chosen_among(person, ["i1", "ann", "x"], before=before, upto=upto, kinds=kinds)
                assert told == chosen & {"i1", "ann"}
            assert self.store.user(person, upto=upto) == self.expected.user(person, limits[1])

        @rule(upto=st.none() | st.integers(0, 30), after=st.integers(0, 30), at_once=st.sampled_from([1, 3, 100]))
        def states(self, upto: int | None, after: int, at_once: int) -> None:
            end = 10**9 if upto is None else upto
            items = self.expected.items(end)
            held = {name for name, one in items.items() if not one.event.available or one.event.deleted}  # type: ignore[union-attr]
            assert self.store.withheld(upto=upto) == held
            for name in ("i1", "ann"):
                state = self.store.item(name, upto=upto)
                assert (state.offset if state else None) == (items[name].offset if name in items else None)
            assert self.store.flags(upto=upto) == self.expected.flags(end)
            for types in ((), (ItemUpdate,), (Interaction, Flag)):
                expected = [
                    one
                    for one in self.expected.upto(end)
                    if one.offset > after and (not types or isinstance(one.event, types))
                ]
                assert list(self.store.scan(after, upto, types=types, at_once=at_once)) == expected

        @rule(person=st.none() | PEOPLE, after=TIMES, last=st.integers(0, 9))
        def lists(self, person: str | None, after: float, last: int) -> None:
            kept = sorted(self.expected.lists.values(), key=lambda one: one.query.at or 0.0)
            kept = [one for one in kept if (one.query.at or 0.0) >= after and person in (None, one.query.user_id)]
            told = list(self.store.impressions(after=after, user_id=person, last=last))
            assert told == (kept[-last:] if last else [])

        @invariant()
        def counters(self) -> None:
            assert (self.store.offset(), self.store.updated()) == (self.expected.newest, self.expected.newest_update)
            assert self.store.offsets() == (self.expected.newest, self.expected.newest_update)
            for person in ("ann", "bob"):
                events = self.expected.history(person, 9.0, 10**9)
                assert self.store.newest_at(person) == (events[-1].at if events else None)
                own = [one for one in self.store.export(person) if isinstance(one, Stored)]
                assert sorted(own, key=lambda one: one.offset) == [
                    one
                    for one in self.expected.log
                    if getattr(one.event, "user_id", None) == person
                    or (
                        isinstance(one.event, Flag)
                        and (one.event.subject_kind, one.event.subject_id) == ("user", person)
                    )
                ]

    return Machine


def test_two_projects_at_random(url: str) -> None:
    """Batches and people to forget go to one of two projects; each is as if the other were not there."""
    stores = open_stores(url)
    numbers = iter(range(10_000))
    actions = st.lists(
        st.tuples(st.booleans(), st.one_of(st.lists(EVENTS, max_size=4), st.tuples(PEOPLE, TIMES))), max_size=12
    )

    @settings(max_examples=10, suppress_health_check=list(HealthCheck))
    @given(actions=actions)
    def check(actions: list) -> None:
        names = [f"{side}-{next(numbers)}" for side in "ab"]
        expected = {name: Remembered() for name in names}
        for second, action in actions:
            name = names[second]
            if isinstance(action, tuple):
                stores.project(name).forget(*action)
                expected[name].forget(*action)
            else:
                kept = stores.project(name).append(action)
                assert [(one.status, one.offset) for one in kept] == expected[name].append(action)
        for name in names:
            assert list(stores.project(name).scan()) == expected[name].log
            for person in ("ann", "bob", "i1"):
                assert list(stores.project(name).history(person)) == expected[name].history(person, 9.0, 10**9)

    check()
    stores.close()


@pytest.mark.parametrize(("examples", "steps"), [(12, 14), pytest.param(100, 40, marks=pytest.mark.slow)])
def test_each_backend_is_what_plain_python_says(url: str, examples: int, steps: int) -> None:
    checked: Callable[..., object] = run_state_machine_as_test
    assert (
        checked(
            machine(url),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                derandomize=True,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        is None
    )
