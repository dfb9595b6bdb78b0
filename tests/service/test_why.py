"""Any list ever served can be drawn again, exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from penchant.errors import UnknownName
from penchant.event import Flag, Interaction, ItemUpdate, UserUpdate
from penchant.pipeline.settings import PipelineConfig
from penchant.query import Past, Query
from penchant.rng import generator
from penchant.service.shelf import admit
from tests.service.conftest import Hand, Open


def test_lists_are_drawn_again_after_swaps_and_news(open_service: Open, now: Hand, ease_folder: Path) -> None:
    """Two models, events, new and withdrawn items, flags and exploration in between: the lists stay what they were."""
    explore = PipelineConfig.parse({"rerank": [{"use": "explore", "epsilon": 0.5}]})
    service = open_service(popularity_seconds=0.001, pipeline=explore)
    versions = [info.version for info in service.models()]
    versions.append(admit(service.store, service.shelf, ease_folder, now()).version)
    rng, served = generator(7, "test"), []
    for round_ in range(6):
        service.activate(versions[round_ % 2])
        for step in range(8):
            user, item = f"u{rng.integers(5)}", f"s{rng.integers(1, 60):04d}"
            service.record([Interaction(user_id=user, item_id=item, at=now(), kind="play")]).result(10)
            query = Query(user_id=user, k=6, context={"mood": "calm"}, repeats=("allow", "exclude")[step % 2])
            served.append(service.recommend(query, exact=step == 3))
        service.record(
            [
                ItemUpdate(item_id=f"new{round_}", at=now(), features={"genre": "jazz"}),
                ItemUpdate(item_id=f"s{rng.integers(1, 60):04d}", at=now(), available=False),
                Flag(subject_kind="item", subject_id=f"s{rng.integers(1, 60):04d}", at=now(), score=1.0),
                UserUpdate(user_id="u1", at=now(), features={"age": "16-24"}),
            ]
        ).result(10)
        service.keeper.refresh()
        served.append(service.recommend(Query(history=(Past(item_id="s0003"),), k=4)))
    service.shown.flush()
    for answer in served:
        found = service.why(answer.slate.recommendation_id)
        assert found.same, answer.slate.recommendation_id
        assert [i.item_id for i in found.again.items] == [i.item_id for i in answer.slate.items]


def test_a_later_event_with_an_earlier_time_does_not_enter_an_old_list(open_service: Open, now: Hand) -> None:
    service = open_service()
    service.record([Interaction(user_id="ann", item_id="s0001", at=now(), kind="play", event_id="a")]).result(10)
    answer = service.recommend(Query(user_id="ann", k=5))
    service.record([Interaction(user_id="ann", item_id="s0002", at=now.at - 50, kind="play", event_id="b")]).result(10)
    service.shown.flush()
    found = service.why(answer.slate.recommendation_id)
    assert found.same
    assert [event.event_id for event in found.history] == ["a"]
    assert service.recommend(Query(user_id="ann", k=5)).history == ("a", "b")


def test_an_unknown_list_is_an_error(open_service: Open) -> None:
    with pytest.raises(UnknownName, match="recommendation"):
        open_service().why("nothing")


def test_scores_are_kept_to_the_last_bit(open_service: Open, now: Hand) -> None:
    service = open_service()
    answer = service.recommend(Query(user_id="ann", k=5))
    service.shown.flush()
    kept = service.store.impression(answer.slate.recommendation_id)
    assert kept is not None
    np.testing.assert_array_equal(kept.scores, [item.score for item in answer.slate.items])


def test_a_list_is_drawn_again_by_a_service_with_other_settings(open_service: Open, now: Hand) -> None:
    short = open_service(history_events=2, suspicion=0.3)
    for number in range(1, 7):
        short.record([Interaction(user_id="fan", item_id=f"s000{number}", at=now(), kind="play")]).result(10)
    flagged = short.recommend(Query(user_id="fan", k=1)).slate.items[0].item_id
    short.record([Flag(subject_kind="item", subject_id=flagged, at=now(), score=0.5)]).result(10)
    served = short.recommend(Query(user_id="fan", k=8))
    assert len(served.history) == 2 and flagged not in [item.item_id for item in served.slate.items]
    short.shown.flush()
    # such as the command line, which knows nothing of what the server was told
    usual = open_service(folder=None)
    found = usual.why(served.slate.recommendation_id)
    assert found.same and len(found.history) == 2
    assert flagged in [item.item_id for item in usual.recommend(Query(user_id="fan", k=60)).slate.items]
    assert usual.why(usual.recommend(Query(user_id="fan", k=8)).slate.recommendation_id).same
    assert usual.why(served.slate.recommendation_id).same
