"""What the base class does for every model, shown with a table of scores on the toy world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.config import setting
from penchant.data.arrays import AnyArray, Float32
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.features import FeatureTable
from penchant.data.questions import Task
from penchant.errors import BadConfig, BadData, BadModelFolder, UnknownName, UserError
from penchant.models.base import Model, ModelConfig
from penchant.models.popular import Popular
from penchant.models.recent import KEPT_EVENTS
from penchant.query import Past, Query
from penchant.train.run import Run
from tests.evaluate.logs import dataset
from tests.toy import ITEMS, day, toy_dataset

NAN = float("nan")


class TableConfig(ModelConfig):
    popularity_behind: bool = setting(False, "popularity between equals", refit=False)
    power: float = setting(1.0, "of the score", refit=False)
    depth: int = setting(1, "needs a fit")


class Table(Model):
    """The same row for everybody with a past, nothing for the others; remembers the batches it was asked."""

    config: TableConfig
    row: Float32 = np.arange(8, 0, -1, dtype=np.float32)

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        self.asked: list[QueryBatch] = []

    def _score(self, batch: QueryBatch) -> Float32:
        self.asked.append(batch)
        scores = np.tile(self.row, (len(batch), 1)) ** np.float32(self.config.power)
        scores[batch.history.lengths == 0] = NAN
        return scores

    def _state(self) -> dict[str, AnyArray]:
        return {"row": self.row}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.row, self.asked = arrays["row"], []


class Everything(Table):
    """Also scores items without an event."""

    scores_unseen = True


def fitted(row: Sequence[float] | None = None, kind: type[Table] = Table, **settings: Any) -> Table:
    model = kind(**settings).fit(toy_dataset())
    if row is not None:
        model.row = np.asarray(row, dtype=np.float32)
    return model


def test_best_first_and_without_items_never_seen_in_training() -> None:
    # a..g score 8..2; h has no event
    answer = fitted().recommend(Query(user_id="ann", k=20))
    assert answer.item_ids == tuple("abcdefg") and answer.scores.tolist() == [8, 7, 6, 5, 4, 3, 2]
    assert fitted(kind=Everything).recommend(Query(user_id="ann", k=20)).item_ids == ITEMS


def test_repeats_exclusions_and_candidates() -> None:
    model = fitted()
    assert model.recommend(Query(user_id="ann", repeats="exclude")).item_ids == ("e", "f", "g")
    # the toy schema allows repeats; the history ends at the moment: a, b before day 1
    assert model.recommend(Query(user_id="ann", at=day(1), repeats="exclude"), 2).item_ids == ("c", "d")
    asked = Query(user_id="ann", exclude=frozenset(["a", "zz"]), candidates=("a", "c", "b", "zz", "h"))
    assert model.recommend(asked).item_ids == ("b", "c")
    assert model.recommend(Query(user_id="ann", candidates=("zz",))).item_ids == ()


def test_many_are_answered_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fitted(popularity_behind=True)
    queries = [
        Query(user_id="ann", k=3, repeats="exclude"),
        Query(user_id="zoe", k=1),
        Query(history=[Past(item_id="b")], exclude=frozenset("c")),
        Query(user_id="dee", at=day(1), k=8),
    ]
    alone = [model.recommend(query) for query in queries]
    together = model.recommend_many(queries)
    # blocks shrink with the catalogue: here to two queries
    monkeypatch.setattr("penchant.models.base.BLOCK_CELLS", 16)
    model.asked.clear()
    in_blocks = model.recommend_many(queries)
    assert [len(batch) for batch in model.asked] == [2, 2]
    for one, other, third in zip(alone, together, in_blocks, strict=True):
        assert one.item_ids == other.item_ids == third.item_ids
        np.testing.assert_array_equal(one.scores, other.scores)
    assert model.recommend_many([]) == []
    assert [len(a.item_ids) for a in model.recommend_many(queries, 2)] == [2, 2, 2, 2]


@pytest.mark.parametrize("k", [0, -3])
def test_k_is_at_least_one(k: int) -> None:
    with pytest.raises(BadConfig, match=f"k: expected a whole number >= 1, got {k}"):
        fitted().recommend(Query(), k)


def test_no_opinion_is_nan_and_never_zero() -> None:
    model = fitted()
    assert model.recommend(Query(user_id="zoe")).item_ids == ()
    scores = model.score(Query(user_id="ann"), ["a", "zz", "h", "g"])
    np.testing.assert_array_equal(scores, np.asarray([8, NAN, NAN, 2], dtype=np.float32))
    assert np.isnan(model.score(Query(), ["a"])).all()


def test_items_that_came_later_are_nan_and_leave_the_history() -> None:
    model = fitted(popularity_behind=True)
    batch = model.encode([Query(user_id="eve")]).batch
    grown = replace(
        batch,
        items=FeatureTable(n_rows=10),
        history=replace(batch.history, item=np.asarray([3, 9, 7], dtype=np.int32)),
        popularity=replace(batch.popularity, n_items=10),
    )
    scores = model.score_batch(grown)
    assert scores.shape == (1, 10) and np.isnan(scores[0, 7:]).all() and np.isfinite(scores[0, :7]).all()
    # neither h (known, but without an event) nor number 9 (unknown to the fit) is a past
    assert model.asked[-1].history.item.tolist() == [3]
    fitted_for_all = fitted(kind=Everything)
    fitted_for_all.score_batch(grown)
    assert fitted_for_all.asked[-1].history.item.tolist() == [3, 9, 7]


@pytest.mark.parametrize("scale", [1.0, 50.0, 1e-5])
def test_popularity_decides_between_equals_at_any_scale(scale: float) -> None:
    # a, d, f and g score alike; as of day 7 a was chosen 4 times, d 6 (a purchase counts 3), f and g once each
    row = np.asarray([1, 2, 0, 1, 0, 1, 1, 0], dtype=np.float32) * np.float32(scale)
    model = fitted(row.tolist(), popularity_behind=True, popularity_half_life=1000.0)
    assert model.recommend(Query(user_id="ann", at=day(7)), 3).item_ids == ("b", "d", "a")
    # and only between equals: twice the scale stays twice the scale
    scores = model.score(Query(user_id="ann", at=day(7)), ["b", "d"])
    assert scores[0] / scores[1] == pytest.approx(2.0, rel=1e-5)


def test_popularity_serves_those_without_a_past_and_knows_the_moment() -> None:
    model = fitted(popularity_behind=True, popularity_half_life=1000.0)
    # before day 1.3: a 2, b 3 (rows 0-4)
    assert model.recommend(Query(at=day(1.3)), 2).item_ids == ("b", "a")
    assert fitted(popularity_behind=False).recommend(Query(at=day(1.3)), 2).item_ids == ()
    # an item that was chosen gets its popularity where the model has no opinion; one that never was keeps NaN
    partly = fitted([NAN, 1, 1, 1, 1, 1, 1, NAN], popularity_behind=True)
    chosen, never = partly.score(Query(user_id="ann"), ["a", "h"]).tolist()
    assert 0 < chosen < 1e-5 and np.isnan(never)


def test_with_settings_changes_only_what_needs_no_fit() -> None:
    model = fitted()
    other = model.with_settings(power=2.0)
    assert other.score(Query(user_id="ann"), ["a"]).tolist() == [64.0]
    assert model.score(Query(user_id="ann"), ["a"]).tolist() == [8.0] and model.config.power == 1.0
    assert model.with_settings(depth=1).config == model.config
    with pytest.raises(BadConfig, match="depth cannot change without a new fit"):
        model.with_settings(depth=2)
    with pytest.raises(UnknownName, match='unknown setting "powr". Did you mean "power"'):
        model.with_settings(powr=2.0)


def test_settings_are_checked_when_the_model_is_made() -> None:
    with pytest.raises(UnknownName, match='test_base: unknown setting "powr". Did you mean "power"'):
        Table(powr=1)
    with pytest.raises(BadConfig, match="give a config or settings, not both"):
        Table(TableConfig(), power=1)
    with pytest.raises(BadConfig, match="^popular: half_life: expected a number > 0, got -1$"):
        Popular(half_life=-1)


def test_an_empty_log_cannot_be_learned_from() -> None:
    with pytest.raises(BadData, match="expected a training log with at least one event, got none"):
        Table().fit(toy_dataset().take(slice(0, 0)))


def test_a_folder_holds_one_model(tmp_path: Path) -> None:
    model = fitted(power=2.0)
    model.save(tmp_path / "m")
    again = Table.load(tmp_path / "m")
    assert (again.config, again.n_fit, again.known.tolist()) == (model.config, 8, model.known.tolist())
    assert again.recommend(Query(user_id="ann")).item_ids == model.recommend(Query(user_id="ann")).item_ids
    assert again.card["data"]["name"] == "toy" and again.card["data"]["events"] == 20
    with pytest.raises(BadModelFolder, match='holds a model "test_base", expected "popular"'):
        Popular.load(tmp_path / "m")


def test_a_saved_person_never_gets_what_was_seen_long_ago(tmp_path: Path) -> None:
    # item 0 once, then 1 and 2 for longer than a folder keeps whole; another person makes 3 known
    n = KEPT_EVENTS + 50
    item = np.asarray([0, *([1, 2] * n)[:n], 3])
    data = dataset(np.asarray([0] * (n + 1) + [1]), item, np.arange(n + 2) * 1000, repeats="exclude")
    popular = Popular().fit(data)
    popular.save(tmp_path / "m")
    again = Popular.load(tmp_path / "m")
    assert popular.recommend(Query(user_id="u0")).item_ids == ("i3",)
    assert again.recommend(Query(user_id="u0")).item_ids == ("i3",)
    # the newest events and one of item 0
    kept = again.people.sequences.log
    assert len(kept) == KEPT_EVENTS + 1 + 1 and kept.item[0] == 0


@pytest.mark.parametrize("wish", [{"where": "item.price < 3"}, {"similar_to": "a"}])
def test_a_wish_that_a_model_cannot_fulfil_is_refused(wish: dict[str, str]) -> None:
    model = Popular().fit(toy_dataset())
    with pytest.raises(BadConfig, match="cannot answer `where` or `similar_to`"):
        model.recommend(Query(user_id="ann", **wish))  # type: ignore[arg-type]


def test_an_unfitted_model_says_so() -> None:
    with pytest.raises(UserError, match="popular: not fitted yet"):
        Popular().recommend(Query(user_id="ann"))
