"""Lists on their way into the store: none that cannot be kept holds others up, and a store that is away loses none."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from penchant.event import Impression
from penchant.query import Query
from penchant.service import shown as module
from penchant.service.shown import Shown
from penchant.store.protocol import StoreUnavailable
from tests.service.conftest import Open


def impression(name: str, user: str = "ann") -> Impression:
    return Impression(
        recommendation_id=name, query=Query(user_id=user, at=1.0), item_ids=("a",), propensities=(1.0,),
        model_version="m", log_offset=1, seed=1, scores=(1.0,), sources=(("model",),),
    )  # fmt: skip


def test_a_list_that_no_store_can_keep_is_given_up_alone(open_service: Open) -> None:
    store = open_service().store
    shown = Shown(store)
    shown._stop.set()  # no thread of its own: the test says when
    for one in (impression("r1"), impression("r2", user="a\0b"), impression("r3", user="\ud800"), impression("r4")):
        shown.add(one)
    shown.flush()
    assert [store.impression(name) is not None for name in ("r1", "r2", "r3", "r4")] == [True, False, False, True]
    assert shown.lost == 2
    shown.flush()
    assert shown.lost == 2


class Away:
    """A store that cannot be reached."""

    def keep_impressions(self, impressions: Sequence[Impression]) -> Future[None]:
        done: Future[None] = Future()
        done.set_exception(StoreUnavailable("away"))
        return done


def test_the_oldest_are_given_up_when_too_many_wait_for_a_store_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    shown = Shown(Away())  # type: ignore[arg-type]
    shown._stop.set()
    for number in range(3):
        shown.add(impression(f"r{number}"))
    with pytest.raises(StoreUnavailable):
        shown.flush()
    assert [one.recommendation_id for one in shown._waiting] == ["r0", "r1", "r2"] and shown.lost == 0
    late = impression("late")
    away = Away.keep_impressions

    def meanwhile(self: Away, impressions: Sequence[Impression]) -> Future[None]:
        shown._waiting.append(late)  # by another thread
        return away(self, impressions)

    monkeypatch.setattr(Away, "keep_impressions", meanwhile)
    with pytest.raises(StoreUnavailable):
        shown.flush()
    assert [one.recommendation_id for one in shown._waiting] == ["r1", "r2", "late"] and shown.lost == 1
