"""The application: what it answers is what the model says, as of this millisecond."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import BadConfig, UnknownName, UserError
from penchant.event import Flag, Interaction, ItemUpdate, UserUpdate
from penchant.models.base import load_model
from penchant.query import Past, Query
from penchant.service.service import Service
from tests.service.conftest import Hand, Open


def play(service: Service, user: str, item: str, at: float, **more: object) -> None:
    (done,) = service.record([Interaction(user_id=user, item_id=item, at=at, kind="play", **more)]).result(10)  # type: ignore[arg-type]
    assert done.status == "accepted", done.reason


def ids(service: Service, query: Query, *, exact: bool = False) -> list[str]:
    return [item.item_id for item in service.recommend(query, exact=exact).slate.items]


def test_the_service_scores_as_the_library_does(service: Service, knn_folder: Path, log: Dataset, now: Hand) -> None:
    model = load_model(knn_folder)
    context = {"mood": "calm", "place": "home"}
    for user in list(log.users)[:10]:
        query = Query(user_id=user, at=now(), context=context, k=8)
        expected = model.recommend(query)
        found = service.recommend(query, exact=True).slate.items
        assert tuple(item.item_id for item in found) == expected.item_ids
        np.testing.assert_allclose([item.score for item in found], expected.scores, rtol=1e-5)
        retrieved = {item.item_id: item.score for item in service.recommend(query).slate.items}
        exact = dict(zip(expected.item_ids, expected.scores.tolist(), strict=True))
        assert len(retrieved.keys() & exact.keys()) >= 6
        for item in retrieved.keys() & exact.keys():
            assert retrieved[item] == pytest.approx(exact[item], rel=1e-5)


def test_an_acknowledged_event_changes_the_very_next_answer(service: Service, now: Hand) -> None:
    first = service.recommend(Query(user_id="somebody new", k=5))
    assert first.history == ()
    played = first.slate.items[0].item_id
    play(service, "somebody new", played, now(), event_id="e1")
    second = service.recommend(Query(user_id="somebody new", k=5, repeats="exclude"))
    assert second.history == ("e1",)
    assert second.log_offset > first.log_offset
    assert played not in [item.item_id for item in second.slate.items]
    assert [i.item_id for i in second.slate.items] != [i.item_id for i in first.slate.items]


def test_an_event_a_little_ahead_of_the_clock_counts_at_once(service: Service, now: Hand, log: Dataset) -> None:
    item = log.items.id(0)
    play(service, "ahead", item, now.at + 30, event_id="soon")
    assert service.recommend(Query(user_id="ahead", k=3)).history == ("soon",)


def test_a_bad_event_is_rejected_with_its_reason_and_the_others_are_kept(service: Service, now: Hand) -> None:
    good = Interaction(user_id="u", item_id="s0001", at=now(), kind="play", event_id="good")
    bad = Interaction(user_id="u", item_id="s0001", at=now(), kind="ply", event_id="bad")
    done = service.record([bad, good, good]).result(10)
    assert [one.status for one in done] == ["rejected", "accepted", "duplicate"]
    assert done[0].reason is not None and 'Did you mean "play"?' in done[0].reason
    assert done[1].offset == done[2].offset > 0


def test_an_item_that_is_withdrawn_or_flagged_vanishes_from_the_next_answer(service: Service, now: Hand) -> None:
    query = Query(user_id="stranger", at=now(), k=3)
    first, second, third = ids(service, query)
    service.record([ItemUpdate(item_id=first, at=now(), available=False)]).result(10)
    assert first not in ids(service, query)
    service.record([Flag(subject_kind="item", subject_id=second, at=now(), score=1.0)]).result(10)
    assert not {first, second} & set(ids(service, query))
    service.record([ItemUpdate(item_id=first, at=now()), ItemUpdate(item_id=third, at=now(), deleted=True)]).result(10)
    again = ids(service, query)
    assert first in again and third not in again
    with pytest.raises(UnknownName):
        service.item(third)


def test_a_new_item_joins_the_catalogue(service: Service, now: Hand) -> None:
    before = len(service.keeper.current.catalogue.items)  # type: ignore[union-attr]
    service.record([ItemUpdate(item_id="brand new", at=now(), features={"genre": "jazz"})]).result(10)
    service.keeper.refresh()
    world = service.keeper.current
    assert world is not None and len(world.catalogue.items) == before + 1
    assert world.fresh.tolist() == [before]
    assert service.item("brand new").features == {"genre": "jazz"}


def test_new_choices_enter_popularity(open_service: Open, now: Hand, log: Dataset) -> None:
    service = open_service(popularity_seconds=0.001)
    quiet = log.items.id(int(np.argmin(np.bincount(log.interactions.item, minlength=log.n_items))))
    for number in range(200):
        service.record([Interaction(user_id=f"fan{number}", item_id=quiet, at=now(), kind="play")]).result(10)
    service.keeper.refresh()
    assert service.trending(1).slate.items[0].item_id == quiet
    assert service.trending(3, window=3600).slate.items[0].item_id == quiet


def test_candidates_are_ranked_and_nothing_else(service: Service, log: Dataset, now: Hand) -> None:
    wanted = tuple(log.items.ids_of(np.arange(5, dtype=np.int32)))
    query = Query(user_id=log.users.id(0), at=now(), candidates=wanted, k=5, repeats="allow")
    assert set(ids(service, query)) <= set(wanted)


def test_similar_leaves_the_item_itself_out(service: Service, log: Dataset, now: Hand) -> None:
    item = log.items.id(3)
    found = ids(service, Query(similar_to=item, at=now(), k=5))
    assert found and item not in found
    with pytest.raises(UnknownName):
        service.recommend(Query(similar_to="no such item", k=5))


def test_circumstances_that_change_nothing_are_named(service: Service) -> None:
    answer = service.recommend(Query(user_id="u", context={"mood": "clam", "place": "home"}, k=2))
    assert answer.context_used == {"place": "home"}
    assert 'did you mean "calm"' in answer.context_ignored["mood"]
    with pytest.raises(UnknownName, match="mood"):
        service.recommend(Query(user_id="u", context={"mod": "calm"}, k=2))


def test_limits_are_told(service: Service) -> None:
    with pytest.raises(BadConfig, match="k: expected at most 1000"):
        service.recommend(Query(user_id="u", k=5000))
    with pytest.raises(BadConfig, match="control"):
        service.recommend(Query(user_id="a\0b", k=5))


def test_a_person_can_be_seen_and_exported(service: Service, now: Hand) -> None:
    play(service, "ann", "s0001", now(), event_id="e1", context={"mood": "calm"})
    service.record([UserUpdate(user_id="ann", at=now(), features={"age": "25-34"})]).result(10)
    answer = service.recommend(Query(user_id="ann", k=2))
    user = service.user("ann")
    assert (user["events"], user["features"]) == (1, {"age": "25-34"})
    service.shown.flush()
    records = list(service.export("ann"))
    by_type = {record["type"]: record for record in records}
    assert by_type.keys() == {"event", "user", "recommendation"} and len(records) == 3
    assert by_type["event"]["context"] == {"mood": "calm"}
    assert by_type["recommendation"]["recommendation_id"] == answer.slate.recommendation_id
    with pytest.raises(UnknownName):
        service.user("nobody")


def test_two_services_on_one_store_see_each_other(open_service: Open, now: Hand) -> None:
    one, other = open_service(), open_service()
    play(one, "both", "s0001", now(), event_id="e1")
    assert other.recommend(Query(user_id="both", k=2)).history == ("e1",)


def test_without_a_model_it_says_what_to_do(open_service: Open) -> None:
    service = open_service(None)
    assert not service.ready().ready
    with pytest.raises(UserError, match="penchant swap"):
        service.recommend(Query(user_id="u"))


def test_a_history_of_the_query_is_not_mixed_with_the_log(service: Service, now: Hand) -> None:
    play(service, "ann", "s0001", now())
    answer = service.recommend(Query(user_id="ann", history=(Past(item_id="s0002"),), k=2))
    assert answer.history == ()


def test_a_filter_knows_a_past_that_is_too_long_to_be_read(open_service: Open, now: Hand) -> None:
    service = open_service(history_events=3)
    played = [f"s000{number}" for number in range(1, 7)]
    for item in played:
        play(service, "fan", item, now())
    for where in ("not seen()", "not seen('play')"):
        found = ids(service, Query(user_id="fan", k=60, repeats="allow", where=where))
        assert len(found) > 3 and not set(found) & set(played), where
