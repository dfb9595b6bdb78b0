"""Choosing settings: coordinate search, equal budgets, nothing tried twice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from penchant.config import setting
from penchant.data.arrays import AnyArray, Float32
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.errors import BadConfig, UnknownName
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.selection import Selection, select
from penchant.models.base import Model, ModelConfig
from penchant.models.popular import Popular
from penchant.testing.worlds import taste_world
from penchant.train.run import Run
from tests.evaluate.logs import dataset, random_log

FITS: list[dict[str, object]] = []


class PickyConfig(ModelConfig):
    popularity_behind: bool = False
    context_lift: float = 0.0
    sharp: float = setting(1.0, "how much of popularity shows", grid=(0.0, 1.0, 2.0))
    flip: bool = setting(False, "turns the order round", grid=(False, True), refit=False)
    bad: int = setting(0, "a value that cannot be fitted", grid=(0, 1))
    fixed: int = setting(3, "never searched")


class Picky(Model):
    """Popularity of the training log when `sharp` is positive; its opposite when flipped."""

    config: PickyConfig
    scores_unseen = True

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        FITS.append(self.config.model_dump(include={"sharp", "flip", "bad"}))
        if self.config.bad:
            raise BadConfig("picky: bad must be 0")
        self.counts = np.bincount(train.interactions.item, minlength=train.n_items).astype(np.float32)

    def _score(self, batch: QueryBatch) -> Float32:
        row = self.counts * np.float32(self.config.sharp) * (-1 if self.config.flip else 1)
        return np.tile(row.astype(np.float32), (len(batch), 1))

    def _state(self) -> dict[str, AnyArray]:
        return {}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        pass


def skewed() -> Dataset:
    """One item in two events of three, so that popularity is plainly right."""
    n = 300
    item = np.where(np.arange(n) % 3 > 0, 0, 1 + np.arange(n) % 40)
    return dataset(np.arange(n) % 7, item, np.arange(n) * 1000, repeats="allow")


def chosen(budget: int, data: Dataset | None = None, **given: object) -> Selection:
    FITS.clear()
    data = data or skewed()
    return select(Picky, given, data, Protocol().resolved(data), Run(), budget=budget)


def picked(found: Selection) -> PickyConfig:
    assert isinstance(found.config, PickyConfig)
    return found.config


def test_the_best_values_are_kept_and_refused_ones_passed_over() -> None:
    found = chosen(12, sharp=0.0)
    # a given setting is not searched: with sharp 0 all items are alike and nothing beats the default
    assert found.config == PickyConfig(sharp=0.0) and {t.settings["sharp"] for t in found.trials} == {0.0}
    found = chosen(12, flip=True)
    # flipped, showing nothing (0) is better than showing the wrong thing
    assert picked(found).sharp == 0.0
    assert found.metric == "ndcg@20"
    values = [trial.value for trial in found.trials]
    assert max(values) == next(t.value for t in found.trials if t.settings == found.config.model_dump(mode="json"))


def test_nothing_is_tried_twice_and_a_scoring_setting_needs_no_fit() -> None:
    found = chosen(12, flip=True)
    # sharp 1, then 0, then 2; the settings that every model has join in; bad=1 refuses its fit and is no trial
    tried = [t.settings for t in found.trials]
    assert {t["sharp"] for t in tried} == {1.0, 0.0, 2.0} and len({str(t) for t in tried}) == len(tried)
    assert [fit["bad"] for fit in FITS].count(1) == 1
    found = chosen(12, sharp=1.0, bad=0)
    # no searched setting needs a fit of its own
    assert {t.settings["flip"] for t in found.trials} == {False, True} and len(FITS) == 1
    assert picked(found).flip is False


def test_the_budget_counts_trials() -> None:
    assert len(chosen(2).trials) == 2
    # a budget of one takes the settings as they are
    assert chosen(1).trials == () and FITS == []


def test_without_validation_questions_the_settings_stay() -> None:
    # ten events: nine train; of these eight train and one asks, but under `exclude` it is a repeat
    data = dataset(np.zeros(10, dtype=int), np.zeros(10, dtype=int), np.arange(10) * 1000)
    found = chosen(12, data)
    assert found.trials == () and found.config == PickyConfig()
    assert found.why_not == "the validation part leaves no question to ask"
    # two events: no room for a validation part
    found = chosen(12, dataset(np.zeros(2, dtype=int), np.arange(2), np.arange(2)))
    assert found.trials == () and "the cut leaves 0 of 1 events for training" in found.why_not
    # nobody asked for a choice, so there is nothing to explain
    assert chosen(1, data).why_not == ""


def test_a_published_split_without_valid_rows_still_chooses() -> None:
    split = np.where(np.arange(300) % 10 == 9, "test", "train").tolist()
    log = skewed().interactions
    data = dataset(log.user, log.item, log.at, split, repeats="allow")
    found = select(Picky, {"flip": True}, data, Protocol(name="column").resolved(data), Run(), budget=6)
    assert len(found.trials) > 1 and picked(found).sharp == 0.0 and found.why_not == ""


def test_questions_without_an_answer_choose_nothing() -> None:
    # protocol users: everything each person did is given, so that no target is left
    data = dataset(np.repeat(np.arange(20), 2), np.tile([0, 1], 20), np.arange(40) * 1000)
    protocol = Protocol(name="users", given=(5,)).resolved(data)
    found = select(Picky, {}, data, protocol, Run(), budget=3)
    assert np.isnan([trial.value for trial in found.trials]).all() and found.config == PickyConfig()


def test_wrong_settings_are_found_before_any_fit() -> None:
    data = random_log()
    with pytest.raises(UnknownName, match='popular: unknown setting "windw". Did you mean "window"'):
        select(Popular, {"windw": 1}, data, Protocol().resolved(data), Run(), budget=3)


def test_a_net_is_told_when_to_stop_by_the_questions_that_choose_its_settings():
    sasrec = pytest.importorskip("penchant.models.sasrec", exc_type=ImportError)
    world = taste_world()
    small = {"epochs": 3, "embedding_dim": 8, "max_len": 10, "popularity_weight": 0.0, "context_lift": 0.0}
    protocol = Protocol().resolved(world.data)
    found = select(sasrec.Sasrec, small, world.data, protocol, Run(), budget=2)
    passes = found.config.model_dump()["passes"]
    assert passes in (1, 2, 3)
    assert found.trials[0].settings["passes"] == passes
    # such a model has nothing left to choose: it learns once, for just as long
    model = sasrec.Sasrec(found.config).fit(world.train)
    assert "training" not in model.card and model.card["refit"]["epochs"] == passes
