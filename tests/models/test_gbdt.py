"""Trees over candidates: the columns by hand, and what they must not know."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from penchant.data.questions import OVERALL, Targets
from penchant.errors import BadData, UserError
from penchant.models.candidate_features import candidate_features
from penchant.models.gbdt import Gbdt
from penchant.models.pool import Pool
from penchant.query import Past, Query
from tests.models.test_blend import chain
from tests.models.toys import tiny_log
from tests.toy import day, toy_dataset

SMALL: dict[str, Any] = {"least_rows": 5, "rounds": 30}


def columns(query: Query, items: list[int]) -> np.ndarray:
    """The columns of some candidates of one query on the toy log, with one member that says 0, 1, 2, ..."""
    from penchant.models.popular import Popular

    model = Popular(half_life=None).fit(toy_dataset())
    batch = model.encode([query]).batch
    said = np.arange(8, dtype=np.float32)[None, :]
    pool = Pool(owner=np.zeros(len(items), dtype=np.int64), item=np.asarray(items, dtype=np.int32), n_queries=1)
    first_at = np.asarray([int(day(n) * 1000) if n >= 0 else -1 for n in (0, 0.5, 1.5, 2.25, 2.5, 2.5, 5.25, -1)])
    return candidate_features(batch, [said], pool, first_at, None, 2)


def test_columns_by_hand():
    # ann: a on day 0, b on day 0.5, c (bought) on day 1.5, a on day 3.5, d on day 5.5; asked on day 6 about a and g
    found = columns(Query(user_id="ann", at=day(6)), [0, 6])
    a, g = found
    n_said = 4  # score, place, best place, mean place
    # g has the greater score of the two: place 0, a place 1
    assert a[1] == pytest.approx(np.log1p(1))
    assert g[1] == 0.0
    # own: 2 times; fading in 7 days: 2^-(6/7) + 2^-(2.5/7); newest 2.5 days ago; oldest 6; place 1 from the newest; a view
    own = a[n_said : n_said + 11]
    assert own[0] == pytest.approx(np.log(3))
    assert own[1] == pytest.approx(2 ** (-6 / 7) + 2 ** (-2.5 / 7), rel=1e-5)
    assert own[3:7] == pytest.approx([np.log1p(2.5 * 1440), np.log1p(6 * 1440), np.log1p(1), 0.0], rel=1e-5)
    # usually 3.5 days apart, and 2.5 have gone by
    assert own[7:9] == pytest.approx([np.log1p(3.5 * 1440), np.log1p(2.5 / 3.5)], rel=1e-5)
    assert own[9:11] == pytest.approx([np.log1p(2), 0.0])  # two views, no purchase
    assert np.isnan(g[n_said : n_said + 11]).all()
    # popularity of g, one event 0.75 days ago, at half-lives of 1, 7 and 60 days
    assert g[n_said + 11 : n_said + 14] == pytest.approx(
        [np.log1p(2**-0.75), np.log1p(2 ** (-0.75 / 7)), np.log1p(2 ** (-0.75 / 60))], rel=1e-4
    )
    # age of g: first seen 0.75 days before
    assert g[n_said + 16] == pytest.approx(np.log1p(0.75 * 1440), rel=1e-5)
    # five events, four different items, the newest half a day ago
    assert a[n_said + 17 : n_said + 20] == pytest.approx([np.log(6), 0.8, np.log1p(720)], rel=1e-5)


def test_columns_know_nothing_of_the_moment_or_later():
    early = columns(Query(user_id="ann", at=day(3)), [0, 1])
    # on day 3 ann had chosen a once, and what she did on day 3.5 does not exist yet
    assert early[0, 4] == pytest.approx(np.log(2))


def test_learns_what_decides():
    model = Gbdt(members=("popular", "markov"), **SMALL).fit(chain(4000))
    answer = model.recommend(Query(history=(Past(item_id="i3"), Past(item_id="i4")), k=3))
    assert answer.item_ids[0] == "i5"


def test_candidates_stand_above_everything_else():
    model = Gbdt(members=("markov",), pool=2, **SMALL).fit(chain(3000))
    batch = model.encode([Query(history=(Past(item_id="i4"),), k=12)]).batch
    raw = model._score(batch)[0]
    assert np.isfinite(raw).sum() == 2
    assert np.nanmin(raw) == pytest.approx(1.0)
    scores = model.score_batch(batch)[0]
    assert np.sort(scores[np.isnan(raw)])[-1] < 1.0


def test_saved_and_read(tmp_path):
    model = Gbdt(members=("popular", "markov"), **SMALL).fit(chain(2500))
    model.save(tmp_path / "m")
    again = Gbdt.load(tmp_path / "m")
    query = Query(history=(Past(item_id="i2"),), k=5)
    assert again.recommend(query).item_ids == model.recommend(query).item_ids
    assert again.card["trees"] == model.trees.num_trees()


def test_a_log_that_teaches_nothing_is_refused():
    with pytest.raises(BadData, match="gbdt: the newest part of the log asks nothing that its members could answer"):
        Gbdt(members=("markov",)).fit(tiny_log("ann:a bob:b cid:c ann:d", "a b c d"))


def test_without_lightgbm_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(UserError, match=r"pip install 'penchant\[gbdt\]'"):
        Gbdt().fit(chain(600))


def test_validation_questions_are_what_it_learns_from():
    from penchant.models.rehearsal import rehearsal

    data = chain(3000)
    task = rehearsal(data)
    # the same questions, but what was right is two steps on
    later = {
        name: replace(q, targets={OVERALL: Targets.single((q.targets[OVERALL].items + 2) % 12)})
        for name, q in task.asked.items()
    }
    one, two = (
        Gbdt(members=("popular", "markov"), pool=12, **SMALL).fit(data, valid=replace(task, asked=asked))
        for asked in (task.asked, later)
    )
    batch = one.encode([Query(history=(Past(item_id="i4"),), k=3)]).batch
    # right is what they were told is right: the first trees like what follows at once, the others do not
    assert one._score(batch)[0, 5] > one._score(batch)[0, 7]
    assert two.trees.model_to_string() != one.trees.model_to_string()
