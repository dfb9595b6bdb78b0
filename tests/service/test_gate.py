"""The gate lets in what is not worse, and nothing else; a refit learns from the log."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import UserError
from penchant.event import Flag, Interaction
from penchant.log import SILENT
from penchant.models.ease import Ease
from penchant.query import Query
from penchant.rng import generator
from penchant.service import gate
from penchant.service.refitting import Refit
from penchant.service.shelf import admit
from penchant.service.training_log import dataset_of
from tests.service.conftest import Hand, Open


def test_a_worse_model_stays_outside() -> None:
    person = np.repeat(np.arange(40), 5)
    good, bad = np.full(200, 0.5), np.full(200, 0.3)
    assert not gate.compared(good, bad, person, most_loss=0.02, seed=7).admitted
    assert gate.compared(bad, good, person, most_loss=0.02, seed=7).admitted
    assert gate.compared(good, good, person, most_loss=0.02, seed=7).admitted


def test_a_loss_that_may_be_luck_is_let_in_up_to_the_limit() -> None:
    # people differ by far more than the models do: the interval holds 0, so only the size of the loss decides
    person, rng = np.arange(50), generator(7, "test")
    old = np.full(50, 0.5)
    noise = rng.permutation(np.repeat([0.3, -0.3], 25))
    assert gate.compared(old, old + noise - 0.005, person, most_loss=0.02, seed=7).admitted
    verdict = gate.compared(old, old + noise - 0.02, person, most_loss=0.02, seed=7)
    assert verdict.low < 0 < verdict.high and not verdict.admitted


def test_questions_are_the_newest_events_as_the_service_would_have_been_asked(log: Dataset) -> None:
    cut, rows = gate.held_out(log, 0, 30, 7)
    assert cut == int(0.9 * len(log)) and len(rows) == 30 and rows.min() >= cut
    asked, chosen = gate.questions(log, rows)
    for query, item, row in zip(asked, chosen, rows.tolist(), strict=True):
        at = int(log.interactions.at[row])
        assert query.at == at / 1000 and item == log.items.id(int(log.interactions.item[row]))
        assert all(past.at is not None and past.at < at / 1000 for past in query.history or ())
        before = (log.interactions.user == log.interactions.user[row]) & (log.interactions.at < at)
        assert len(query.history or ()) == before.sum()
        assert query.context.keys() == {"place", "mood"}
    assert len(gate.held_out(log, int(log.interactions.at[-1]), 30, 7)[1]) == 0


def test_ndcg_of_one_target() -> None:
    class Fixed:
        def recommend_many(self, asked: list[Query]) -> list[object]:
            return [type("S", (), {"item_ids": ("a", "b", "c")})() for _ in asked]

    gains = gate.judged(Fixed(), [Query()] * 3, ["a", "c", "z"])  # type: ignore[arg-type]
    # places 1 and 3: 1 / log2(2) = 1, 1 / log2(4) = 1/2; not in the list: 0
    np.testing.assert_allclose(gains, [1.0, 0.5, 0.0])


def test_the_log_of_the_store_is_the_log_that_was_trained_on(open_service: Open, log: Dataset, now: Hand) -> None:
    service = open_service()
    world = service.keeper.current
    assert world is not None
    data = dataset_of(
        service.store, world.catalogue, service.store.offset(), updates_after=0, suspicion=0.9, reporter=SILENT
    )
    assert (len(data), data.n_items, set(data.users)) == (len(log), log.n_items, set(log.users))
    np.testing.assert_array_equal(data.interactions.at, log.interactions.at)
    assert data.items.ids_of(data.interactions.item) == log.items.ids_of(log.interactions.item)
    assert data.users.ids_of(data.interactions.user) == log.users.ids_of(log.interactions.user)
    for name, column in log.interactions.context.items():
        mine = data.interactions.context[name]
        assert mine.names.ids_of(mine.codes) == column.names.ids_of(column.codes)  # type: ignore[union-attr]
    service.record([Flag(subject_kind="user", subject_id=log.users.id(0), at=now(), score=1.0)]).result(10)
    fewer = dataset_of(
        service.store, world.catalogue, service.store.offset(), updates_after=0, suspicion=0.9, reporter=SILENT
    )
    assert log.users.id(0) not in fewer.users and len(fewer) == len(log) - int((log.interactions.user == 0).sum())


@pytest.mark.slow
def test_a_refit_serves_what_the_log_taught(open_service: Open, now: Hand) -> None:
    service = open_service(gate_loss=1.0)
    (first,) = service.models()
    for number in range(300):
        event = Interaction(user_id=f"n{number % 30}", item_id=f"s{number % 7 + 1:04d}", at=now(), kind="play")
        service.record([event]).result(10)
    done = service.refit()
    assert done.model is not None and done.model.current and done.model.version != first.version
    assert done.found["gate"]["questions"] > 20
    assert done.model.trained_to == service.store.offset()
    assert service.recommend(Query(user_id="n1", k=3)).slate.model_version == done.model.version


def test_a_refit_does_not_undo_what_somebody_activated_meanwhile(
    open_service: Open, ease_folder: Path, log: Dataset, now: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = open_service()
    Ease(reg=7.0).fit(log).save(tmp_path / "refitted")

    def refit(*given: object, **named: object) -> Refit:
        chosen = admit(service.store, service.shelf, ease_folder, now())
        service.activate(chosen.version)
        made = admit(service.store, service.shelf, tmp_path / "refitted", now(), trained_to=service.store.offset())
        return Refit(version=made, found={"reason": "not worse"})

    monkeypatch.setattr("penchant.service.service.refit", refit)
    done = service.refit()
    (current,) = (info for info in service.models() if info.current)
    assert done.model is None and current.version in done.found["reason"]
    assert service.recommend(Query(user_id="u", k=2)).slate.model_version == current.version
    (made,) = (info for info in service.models() if info.trained_to)
    assert service.activate(made.version).current


def test_what_was_learned_while_somebody_was_forgotten_is_learned_again(
    open_service: Open, log: Dataset, now: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, leave = open_service(), ["ann", "bob"]

    def learned(job: Path, *_: object) -> dict[str, object]:
        # the first training meets somebody who leaves, and has learned from that person; the second is left in peace
        Ease(reg=float(7 + len(leave))).fit(log).save(Path(json.loads(job.read_text())["out"]))
        if len(leave) > len(stay):
            service.forget(leave.pop())
        return {"admitted": True, "gate": None, "events": 1}

    monkeypatch.setattr("penchant.service.refitting._run", learned)
    stay = ["one stays"]
    done = service.refit(force=True)
    assert done.model is not None and len(leave) == 1
    assert {info.version for info in service.models()} == {path.name for path in service.shelf.folder.iterdir()}
    assert len(service.models()) == 2
    stay.clear()
    leave[:] = [f"p{number}" for number in range(9)]
    with pytest.raises(UserError, match="forgotten during each of 3"):
        service.refit(force=True)
    assert len(leave) == 6 and len(service.models()) == 2


def test_nothing_to_refit_without_a_model(open_service: Open) -> None:
    with pytest.raises(UserError, match="penchant swap"):
        open_service(None).refit()
