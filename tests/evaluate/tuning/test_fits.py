"""Fits are shared by settings that only act when scoring, and kept within bounds."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.evaluate.tuning import fits as fits_file
from penchant.evaluate.tuning.fits import Fits
from penchant.models.markov import Markov, MarkovConfig
from penchant.train.run import Run
from tests.evaluate.logs import random_log

FITTED: list[int] = []


class Counted(Markov):
    def _fit(self, train: Dataset, valid: Task | None, run: Run) -> None:
        FITTED.append(self.config.window)
        super()._fit(train, valid, run)


@pytest.fixture
def fits() -> Fits:
    FITTED.clear()
    return Fits(Counted, random_log(), Run())


def test_a_scoring_setting_costs_no_fit(fits: Fits) -> None:
    first = fits.get(MarkovConfig(window=2, decay=0.5))
    other = fits.get(MarkovConfig(window=2, decay=0.9, context_lift=0.5))
    assert FITTED == [2]
    assert (first.config, other.config) == (MarkovConfig(window=2), MarkovConfig(window=2, decay=0.9, context_lift=0.5))
    # the same as a fit of its own
    alone = Markov(MarkovConfig(window=2, decay=0.9, context_lift=0.5)).fit(random_log())
    assert other.lifts is not None and alone.lifts is not None
    for name, array in alone.lifts.packed().items():
        np.testing.assert_array_equal(other.lifts.packed()[name], array)
    # circumstances are counted once for all
    assert fits.get(MarkovConfig(window=2, context_lift=1.0)).lifts is other.lifts


def test_the_fits_used_last_are_kept(fits: Fits) -> None:
    for window in (1, 2, 3, 4, 1, 5, 1, 2):
        fits.get(MarkovConfig(window=window))
    # room for four: 5 drives out 2, not 1, which was just used
    assert FITTED == [1, 2, 3, 4, 5, 2] and len(fits.kept) == fits_file.KEPT_FITS


def test_memory_is_bounded(fits: Fits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits_file, "KEPT_BYTES", 1)
    fits.get(MarkovConfig(window=1))
    fits.get(MarkovConfig(window=1, decay=0.3))
    fits.get(MarkovConfig(window=2))
    # one too large for the bound is kept alone
    assert FITTED == [1, 2] and len(fits.kept) == 1
