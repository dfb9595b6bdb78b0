"""Whole ledgers of small logs in which it is known what matters."""

from __future__ import annotations

import json

import numpy as np
import pytest

from penchant.cli.output import json_text
from penchant.errors import BadData, UnknownName
from penchant.evaluate.ledger.ledger import Ledger
from penchant.evaluate.ledger.run import examine
from penchant.evaluate.ledger.stages import Examination
from tests.evaluate.ledger.worlds import moody_world, ordered_world
from tests.evaluate.logs import dataset, random_log

FEW = ("popular", "repeats", "itemknn", "markov")


@pytest.fixture(scope="module")
def ordered() -> Ledger:
    return examine(ordered_world(), Examination(models=FEW))


@pytest.fixture(scope="module")
def moody() -> Ledger:
    return examine(moody_world(), Examination(models=("popular", "itemknn")))


def test_where_order_is_everything_the_ledger_says_so(ordered: Ledger) -> None:
    assert ordered.reference == "markov"
    # the next item is right eight times in ten: the figure is about .8, and nearly all of it goes with order or past
    assert ordered.base.mean > 0.7
    for key in ("history", "order", "recency", "sequence", "live"):
        line = ordered.worth(key)
        assert line is not None and line.found == "lift", key
        assert line.difference > 0.4 * ordered.base.mean, key
    assert ordered.worth("context coin") is not None
    assert ordered.worth("context coin").found != "lift"  # type: ignore[union-attr]


def test_the_cheapest_model_near_the_best(ordered: Ledger) -> None:
    best = max(row.mean for row in ordered.models)
    assert [row.name for row in ordered.models if row.within] == [
        row.name for row in ordered.models if row.mean >= 0.95 * best
    ]
    assert ordered.cheapest == "markov"
    assert all(row.fit_cpu_seconds >= 0 and row.score_cpu_seconds > 0 for row in ordered.models)


def test_mood_is_found_its_copy_too_and_a_coin_is_not(moody: Ledger) -> None:
    mood, copy, coin = (moody.worth(f"context {name}") for name in ("mood", "copy", "coin"))
    assert mood is not None and copy is not None and coin is not None
    assert (mood.found, coin.found) == ("lift", "none")
    assert mood.alike == ("copy",) and copy.alike == ("mood",) and coin.alike == ()
    # a copy adds nothing on top of what it copies
    tops = [line.on_top for line in (mood, copy) if line.on_top is not None and line.on_top.low > 0]
    assert len(tops) <= 1
    assert "mood and copy tell nearly the same" in mood.verdict
    assert mood.gain is not None and mood.gain.low > 0
    assert coin.on_top is None
    # five fields with the clock, and all together: each at a level that holds for all
    assert 1 - 0.05 / 4 <= mood.level < 1


def test_a_mood_that_is_hardly_ever_stated_is_not_believed() -> None:
    ledger = examine(moody_world(known=0.03), Examination(models=("popular",)))
    mood = ledger.worth("context mood")
    assert mood is not None and mood.found in ("none", "too few")
    assert mood.share_known is not None and mood.share_known < 0.1
    assert "10x more" in mood.verdict or "too few" in mood.verdict


def test_the_curves_end_at_the_figure_itself(ordered: Ledger) -> None:
    assert [point.label for point in ordered.freshness] == ["at once", "a minute late", "an hour late", "a day late"]
    assert [point.label for point in ordered.depth] == ["last 1", "last 3", "last 10", "last 30", "all"]
    for point in (ordered.freshness[0], ordered.depth[-1], ordered.growth[-1]):
        assert point.mean == ordered.base.mean
    # the newest item alone says what comes next
    assert ordered.depth[0].mean > 0.8 * ordered.base.mean
    assert ordered.growing is not None and ordered.growing.low <= ordered.growing.difference <= ordered.growing.high


def test_the_ledger_is_plain_json_and_the_same_again(ordered: Ledger) -> None:
    values = json.loads(json_text(ordered.as_json()))
    again = json.loads(json_text(examine(ordered_world(), Examination(models=FEW)).as_json()))
    assert values["worths"][0]["limit"] > 0
    assert values["worths"] == again["worths"] and values["reference"] == again["reference"]


def test_an_excluding_log_is_not_asked_about_repeats() -> None:
    ledger = examine(random_log(n=900, repeats="exclude"), Examination(models=("popular", "itemknn")))
    assert ledger.worth("repeats") is None and "without repeats" in ledger.left_out["repeats"]


def test_what_was_sampled_is_said() -> None:
    data = ordered_world()
    ledger = examine(data, Examination(models=("popular",), sample_events=2000, sample_people=12))
    assert ledger.n_people == 12
    assert ledger.sampled[0] == f"Only the newest 2,000 of {len(data):,} events were looked at."
    assert "12 people, drawn from" in ledger.sampled[1]


def test_logs_that_cannot_be_examined() -> None:
    data = ordered_world()
    with pytest.raises(BadData, match="at least 200 events"):
        examine(data.take(slice(0, 150)))
    with pytest.raises(UnknownName, match="event kind"):
        examine(data, Examination(targets=("buy",)))
    lonely = dataset(np.zeros(300, dtype=np.int32), np.arange(300) % 7, np.arange(300) * 3_600_000, repeats="allow")
    with pytest.raises(BadData, match="at least 10"):
        examine(lonely)
