"""Negatives: how often each item is drawn, and what is never drawn."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.nn.sampling import Sampler
from penchant.rng import generator

COUNTS = np.array([0, 1, 4, 0, 16, 100, 0])


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_frequencies_follow_the_power_of_the_counts(power):
    sampler = Sampler.of(COUNTS, power=power)
    worth = np.array([0 if count == 0 else count**power for count in COUNTS.tolist()])
    share = worth / worth.sum()
    drawn = np.bincount(sampler.draw(200_000, generator(7)), minlength=len(COUNTS)) / 200_000
    # a share of 200,000 draws has a standard deviation of at most .0011
    assert np.abs(drawn - share).max() < 0.005
    assert np.allclose(np.exp(sampler.log_q), share, atol=1e-6)


def test_items_without_an_event_are_never_drawn():
    sampler = Sampler.of(COUNTS, power=0.0)
    drawn = sampler.draw(50_000, generator(7))
    assert set(drawn.tolist()) == {1, 2, 4, 5}
    assert np.isneginf(sampler.log_q[[0, 3, 6]]).all()


class Edges:
    """Draws the ends of [0, 1) that a uniform number can be."""

    def random(self, n: int) -> np.ndarray:
        return np.array([0.0, np.nextafter(1.0, 0.0)])[:n]


def test_the_ends_of_the_range_are_items_with_events():
    # 0 must not fall on the first item, which has no event, nor the greatest number on the last, which has none either
    assert Sampler.of(COUNTS, power=0.5).draw(2, Edges()).tolist() == [1, 5]  # type: ignore[arg-type]


def test_draws_are_those_of_the_generator():
    sampler = Sampler.of(COUNTS, power=0.5)
    first = sampler.draw(50, generator(7))
    assert first.dtype == np.int64
    assert np.array_equal(first, sampler.draw(50, generator(7)))
    assert not np.array_equal(first, sampler.draw(50, generator(8)))


def test_an_item_that_the_owner_took_is_never_drawn():
    # items 1, 2, 4, 5 have events; owner 0 took 1 and 2, owner 3 took 5, owner 1 nothing
    sampler = Sampler.of(COUNTS, power=0.5)
    n_items = len(COUNTS)
    taken = np.array([0 * n_items + 1, 0 * n_items + 2, 3 * n_items + 5], dtype=np.int64)
    owner = np.repeat(np.array([0, 1, 3], dtype=np.int64), 5_000)
    drawn = sampler.draw_beside(owner, taken, generator(7))
    assert [set(drawn[owner == person].tolist()) for person in (0, 1, 3)] == [{4, 5}, {1, 2, 4, 5}, {1, 2, 4}]


def test_what_is_left_is_drawn_in_the_old_proportions():
    sampler = Sampler.of(COUNTS, power=1.0)
    owner = np.zeros(100_000, dtype=np.int64)
    drawn = sampler.draw_beside(owner, np.array([1], dtype=np.int64), generator(7))
    left = np.where(np.arange(len(COUNTS)) == 1, 0, COUNTS)
    assert np.abs(np.bincount(drawn, minlength=len(COUNTS)) / 100_000 - left / left.sum()).max() < 0.006


def test_somebody_who_took_everything_ends_the_drawing_too():
    taken = np.arange(len(COUNTS), dtype=np.int64)
    assert len(Sampler.of(COUNTS, power=0.0).draw_beside(np.zeros(3, dtype=np.int64), taken, generator(7))) == 3
