"""How circumstances act: the lift of items, and the likeness of past events."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from penchant.data.arrays import MS_PER_DAY
from penchant.data.batch import QueryBatch
from penchant.data.features import Categories
from penchant.data.sources.music import MusicSettings, simulate
from penchant.evaluate.measuring import ModelSpec, measure
from penchant.evaluate.protocol import Protocol
from penchant.metrics.intervals import paired_bootstrap
from penchant.models.base import load_model
from penchant.models.circumstances import PRIOR, Lifts
from penchant.models.history import likeness
from penchant.models.popular import Popular
from penchant.query import Query
from penchant.train.run import Run
from tests.toy import day, toy_dataset


def lifts() -> Lifts:
    data = toy_dataset()
    return Lifts.of(data.interactions, data.n_items, time_zone="UTC", timed=True)


def toy_batch(*moods: str | None) -> QueryBatch:
    data = toy_dataset()
    model = Popular(half_life=None).fit(data)
    queries = [Query(user_id="ann", at=day(7.0), context={} if mood is None else {"mood": mood}) for mood in moods]
    return model.encode(queries).batch


def test_lift_by_hand() -> None:
    # moods of the 20 events: calm 9, lively 9, unknown 2; item d: rows 7, 10, 11, 15, 18 are lively but row 10 unknown,
    # so n(d) = 4, all lively; p(lively) = 9 / 18
    table = lifts().tables["mood"]
    data = toy_dataset()
    mood = data.interactions.context["mood"]
    assert isinstance(mood, Categories)
    share = 9 / 18
    assert [int((mood.codes == code).sum()) for code in range(2)] == [9, 9]
    expected = math.log((4 + PRIOR * share) / (4 + PRIOR)) - math.log(share)
    lively, d = mood.names.number("lively"), data.items.number("d")
    assert lively is not None and d is not None
    assert table[lively, d] == pytest.approx(expected, rel=1e-5)
    # h was never chosen: no circumstances raise or lower it; a missing mood raises nothing
    assert table[:, 7].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert not table[-1].any()


def test_lifts_multiply_positive_scores_only() -> None:
    batch = replace(toy_batch("lively", None), is_moment=False)
    scores = np.asarray([[2.0, -1.0, 0.0, 1.0, np.nan, 1.0, 1.0, 1.0]] * 2, dtype=np.float32)
    before = scores.copy()
    found = lifts()
    found.multiply(scores, batch, 1.0)
    mood = batch.context["mood"]
    assert isinstance(mood, Categories)
    factor = np.exp(found.tables["mood"][mood.codes[0]])
    assert scores[0, [0, 3]].tolist() == pytest.approx((before[0, [0, 3]] * factor[[0, 3]]).tolist())
    assert scores[0, 1] == -1.0 and scores[0, 2] == 0.0 and np.isnan(scores[0, 4])
    # without a mood, and with no moment whose clock could be read, nothing changes
    assert np.array_equal(scores[1], before[1], equal_nan=True)


def test_likeness_by_hand() -> None:
    # ann's history at day 7.0 (a Monday, midnight): mood calm in all events but the last (d, day 5.5, lively)
    batch = toy_batch("calm")
    alike = likeness(batch, batch.history)
    assert batch.history.item.tolist() == [0, 1, 2, 0, 3]
    # event 0: midnight and a working day, calm: (1 + 1 + 1) / 3; the last: noon, Saturday, lively: (0 + 0 + 0) / 3
    assert alike[0] == pytest.approx(1.0)
    assert alike[-1] == pytest.approx(0.0, abs=1e-6)
    # event 1 is at noon (0) of a working day (1), calm (1)
    assert alike[1] == pytest.approx(2 / 3, abs=1e-6)


def test_a_stranger_in_another_mood_gets_another_list(tmp_path: Path) -> None:
    data = toy_dataset()
    model = Popular(half_life=None, context_lift=3.0).fit(data)
    at = day(6.5)
    lists = {m: model.recommend(Query(at=at, context={"mood": m}, k=8)).item_ids for m in ("calm", "lively")}
    # weighted choices: c 1 + 3 + 1 = 5, d 1 + 1 + 1 + 3 + 1 = 7; d is never chosen when calm, c in two cases of three
    assert lists["calm"][0] == "c" and lists["lively"][0] == "d"
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.recommend(Query(at=at, context={"mood": "lively"}, k=8)).item_ids == lists["lively"]


def test_the_setting_can_change_without_a_new_fit() -> None:
    data = toy_dataset()
    query = Query(at=day(6.5), context={"mood": "lively"}, k=8)
    late = Popular(half_life=None).fit(data).with_settings(context_lift=3.0)
    early = Popular(half_life=None, context_lift=3.0).fit(data)
    assert late.score(query, list(data.items)).tolist() == early.score(query, list(data.items)).tolist()


@pytest.mark.parametrize(("form", "helps"), [("additive", True), ("null", False)])
def test_lifts_help_where_context_matters_and_only_there(form: Literal["additive", "null"], helps: bool) -> None:
    from penchant.data.files import read_dataset
    from penchant.data.sources.known import music_schema

    settings = MusicSettings(n_people=150, n_songs=80, n_plays=60, n_artists=20, context=form, seed=3)
    tables = simulate(settings).tables()
    data = read_dataset(tables["events"], users=tables["users"], items=tables["items"], schema=music_schema())
    protocol = Protocol(k=(10,)).resolved(data)
    values = []
    for strength in (1.0, 0.0):
        spec = ModelSpec(label="popular", model="popular", settings={"context_lift": strength, "half_life": None})
        values.append(measure(spec, data, protocol, Run(), budget=1).metrics["live"]["ndcg@10"])
    gain = paired_bootstrap(values[0], values[1], seed=1)
    assert (gain.low > 0) == helps
    if not helps:
        # a table of noise may cost a little, and must not pay
        assert gain.difference < 0.01


def test_moments_far_apart_read_the_clock_in_the_schema_s_zone() -> None:
    data = toy_dataset()
    there = replace(data, schema=data.schema.changed(time_zone="Asia/Tokyo"))
    here_table = lifts().tables["@hour"]
    there_table = Lifts.of(there.interactions, there.n_items, time_zone="Asia/Tokyo", timed=True).tables["@hour"]
    # Tokyo is nine hours ahead: bins of three hours move by three
    assert np.allclose(np.roll(here_table[:8], 3, axis=0), there_table[:8], atol=1e-6)
    assert int(data.interactions.at[0]) % MS_PER_DAY == 0
