"""Popularity as of the moment of the request.

When to use it: always as the yardstick, and for strangers. Cost: nothing to fit; scoring takes O(B n_items + N) time for B
queries over a log of N events, and B n_items floats. Source: a decayed count is a Poisson rate estimate with an exponential
kernel; see also Ji et al. 2020, "A Re-visit of the Popularity Baseline in Recommender Systems".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import model_validator

from penchant.config import Between, setting
from penchant.data.arrays import MS_PER_DAY, AnyArray, Float32, Nums
from penchant.data.batch import QueryBatch
from penchant.data.dataset import Dataset
from penchant.data.features import Categories
from penchant.data.questions import Task
from penchant.errors import BadConfig
from penchant.models.base import Model, ModelConfig
from penchant.train.run import Run


class PopularConfig(ModelConfig):
    """Settings of `popular`; a window and a half-life may be combined."""

    half_life: float | None = setting(
        7.0, "age at which a choice counts half; none counts all alike", unit="days", grid=(0.25, 1.0, 3.0, 7.0, 30.0, None),
        search=Between(0.1, 365, log=True, also=(None,)), refit=False, gt=0,
    )  # fmt: skip
    window: float | None = setting(
        None, "only choices younger than this count; none counts all", unit="days", grid=(None, 1.0, 7.0, 30.0),
        search=Between(0.25, 365, log=True, also=(None,)), refit=False, gt=0,
    )  # fmt: skip
    window_share: float | None = setting(
        None, "a window as long as the newest part of the training log took; this share of its events",
        grid=(None, 0.1), search=Between(0.02, 0.5, log=True, also=(None,)), gt=0, le=1,
    )  # fmt: skip
    within: str | None = setting(
        None, "user attribute (a category); count only the choices of people of the same group"
    )
    prior: float = setting(20.0, "weight of the overall popularity within a group, in choices", refit=False, ge=0)
    popularity_behind: bool = setting(False, "not used: this model is the popularity", refit=False)
    popularity_weight: float = setting(0.0, "not used: this model is the popularity", search=(), refit=False, ge=0)
    popularity_half_life: float = setting(
        7.0, "not used: this model is the popularity", unit="days", search=(), refit=False, gt=0
    )

    @model_validator(mode="after")
    def _behind_is_pointless(self) -> PopularConfig:
        if self.popularity_behind:
            raise ValueError("popularity_behind has no meaning for the model `popular`")
        return self


class Popular(Model):
    """Scores are decayed counts of choices strictly before the query; every item of the catalogue has one (0 at least).

    Attributes:
        newest_ms: how long the newest `window_share` of the training log took, milliseconds; infinite without that setting.
    """

    config: PopularConfig
    newest_ms: float = np.inf
    scores_unseen = True

    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        at = train.interactions.at
        self.newest_ms = np.inf
        if self.config.window_share is not None:
            self.newest_ms = float(at[-1] - at[int((1 - self.config.window_share) * (len(at) - 1))]) + 1.0
        if self.config.within is not None:
            self.catalogue.schema.user_attribute(self.config.within)
            if not isinstance(train.user_features.columns.get(self.config.within), Categories):
                raise BadConfig(
                    f"popular: within: expected a user attribute of kind category, got {self.config.within}"
                )

    def _score(self, batch: QueryBatch) -> Float32:
        half_life = None if self.config.half_life is None else self.config.half_life * MS_PER_DAY
        window = self._window()
        counts = batch.popularity.as_of(batch.at, half_life=half_life, window=window)
        silent = np.flatnonzero(~counts.any(axis=1))
        if window is not None and len(silent) and len(batch.popularity.at):
            # a log that ended before the window began: its newest window tells more than nothing
            newest = np.searchsorted(batch.popularity.at, batch.at[silent], side="left") - 1
            at = np.minimum(batch.at[silent], batch.popularity.at[np.maximum(newest, 0)] + 1)
            counts[silent] = batch.popularity.as_of(at, half_life=half_life, window=window)
        if self.config.within is None:
            return counts
        mine = batch.user_features.columns[self.config.within]
        known = self.people.user_features.columns[self.config.within]
        assert isinstance(mine, Categories) and isinstance(known, Categories)
        for group in np.unique(mine.codes[mine.codes >= 0]):
            rows = np.flatnonzero(mine.codes == group)
            # a served model knows nobody: then nobody is of the group, and all people speak for it
            inside = batch.popularity.within(known.codes == group).as_of(
                batch.at[rows], half_life=half_life, window=window
            )
            overall = counts[rows]
            share = overall / np.maximum(overall.sum(axis=1, keepdims=True), 1e-9)
            counts[rows] = inside + self.config.prior * share
        return counts

    def _score_some(self, batch: QueryBatch, items: Nums) -> Float32 | None:
        if self._window() is not None or self.config.within is not None:
            return None
        half_life = None if self.config.half_life is None else self.config.half_life * MS_PER_DAY
        return batch.popularity.of_items(batch.at, items, half_life=half_life)[0]

    def _window(self) -> float | None:
        """The shorter of both windows, milliseconds; None when neither is set."""
        days = np.inf if self.config.window is None else self.config.window * MS_PER_DAY
        shorter = min(days, self.newest_ms)
        return float(shorter) if np.isfinite(shorter) else None

    def _state(self) -> dict[str, AnyArray]:
        return {"newest_ms": np.asarray([self.newest_ms])}

    def _restore(self, arrays: Mapping[str, AnyArray]) -> None:
        self.newest_ms = float(arrays["newest_ms"][0])
