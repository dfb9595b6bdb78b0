"""What may not enter the log, and what is said then."""

from __future__ import annotations

import pytest

from penchant.data.schema import Field, Schema
from penchant.event import Flag, Interaction, ItemUpdate, UserUpdate
from penchant.service.intake import Intake
from penchant.service.settings import ServiceConfig
from penchant.store.protocol import Logged

NOW = 1_700_000_000.0
SCHEMA = Schema(
    context={"mood": Field(kind="category"), "loudness": Field(kind="number")},
    item_attributes={"genre": Field(kind="category"), "tags": Field(kind="tags"), "vec": Field(kind="vector")},
    user_attributes={"age": Field(kind="number")},
)
INTAKE = Intake(SCHEMA, ServiceConfig(largest_event=300))


def event(**changes: object) -> Interaction:
    return Interaction(**{"user_id": "u", "item_id": "i", "at": NOW, "kind": "event", **changes})  # type: ignore[arg-type]


GOOD: list[Logged] = [
    event(),
    event(user_id="Zoë 猫 " + "x" * 200, event_id="e", session_id="s", context={"mood": "calm", "loudness": 3}),
    event(at=NOW + 299),
    event(at=-1.0),
    ItemUpdate(item_id="i", at=NOW, features={"genre": 1999, "tags": ["a", "b"], "vec": [1, 2.5]}),
    UserUpdate(user_id="u", at=NOW, features={"age": 30}),
    Flag(subject_kind="item", subject_id="i", at=NOW, score=0.5),
]
BAD: list[tuple[Logged, str]] = [
    (event(user_id=""), "user_id: expected an id"),
    (event(item_id="x" * 257), "item_id: 257 bytes, expected at most 256"),
    (event(item_id="猫" * 86), "item_id: 258 bytes"),
    (event(user_id="a\0b"), "user_id: expected an id without control"),
    (event(user_id="a\x85b"), "without control"),
    (event(user_id="\ud800"), "half of a surrogate pair"),
    (event(event_id=""), "event_id: expected an id"),
    (event(kind="evnt"), 'Did you mean "event"?'),
    (event(value=float("nan")), "value: expected a finite number"),
    (event(value=1e39), "value: expected a finite number that 32 bits can hold"),
    (event(value=10**400), "value: expected a finite number"),
    (event(at=NOW * 1000), "milliseconds?"),
    (event(at=NOW + 301), "301 s ahead"),
    (event(at=float("nan")), "timestamp"),
    (event(context={"mod": "calm"}), 'Did you mean "mood"?'),
    (event(context={"mood": ["calm"]}), "context.mood: expected text"),
    (event(context={"loudness": "3"}), "context.loudness: expected a number"),
    (event(context={"loudness": float("inf")}), "context.loudness: expected a number"),
    (event(context={"loudness": True}), "context.loudness: expected a number"),
    (event(context={"mood": "x" * 400}), "context: 412 bytes as JSON, expected at most 300"),
    (event(context={"mood": "a\0b"}), "context.mood: expected text"),
    (event(context={"mood": "\ud800"}), "context.mood: expected text"),
    (event(context={"loudness": 10**400}), "context.loudness: expected a number"),
    (ItemUpdate(item_id="i", at=NOW, features={"genre": 10**400}), "features.genre: expected text"),
    (ItemUpdate(item_id="i", at=NOW, features={"tags": ["a", "b\0"]}), "features.tags: expected a list of texts"),
    (ItemUpdate(item_id="i", at=NOW, features={"vec": [1e39]}), "features.vec: expected a list of finite"),
    (Flag(subject_kind="item", subject_id="i", at=NOW, score=1.0, reasons=("a\0",)), "reasons: expected texts"),
    (ItemUpdate(item_id="i", at=NOW, features={"gerne": "x"}), 'Did you mean "genre"?'),
    (ItemUpdate(item_id="i", at=NOW, features={"tags": [1]}), "features.tags: expected a list of texts"),
    (ItemUpdate(item_id="i", at=NOW, features={"vec": [float("nan")]}), "features.vec: expected a list of finite"),
    (UserUpdate(user_id="u", at=NOW, features={"age": "old"}), "features.age: expected a number"),
    (Flag(subject_kind="item", subject_id="i", at=NOW, score=2.0), "score: expected a number in 0..1"),
]


@pytest.mark.parametrize("good", GOOD, ids=range(len(GOOD)))
def test_good_events_pass(good: Logged) -> None:
    assert INTAKE.reason(good, NOW) is None


@pytest.mark.parametrize(("bad", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_events_are_told_what_is_wrong(bad: Logged, said: str) -> None:
    reason = INTAKE.reason(bad, NOW)
    assert reason is not None and said in reason and "\n" not in reason
