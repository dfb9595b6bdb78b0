"""What the blend learns: whom to trust, when, and how new items stand among known ones."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.arrays import frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, FeatureTable
from penchant.models.blend import Blend
from penchant.models.blend_learning import Cases, learned_offset
from penchant.models.ease import Ease
from penchant.models.markov import Markov
from penchant.models.moment_features import N_MOMENT, moment_features
from penchant.query import Past, Query
from penchant.testing.learning import optimum_of, replayed
from penchant.testing.worlds import taste_world
from tests.evaluate.logs import dataset

WORLD = taste_world()


def chain(n: int, n_items: int = 12, people: int = 8, seed: int = 1) -> Dataset:
    """Everyone goes round the items in the same order, with one random step in four: order is all there is."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, n_items, people)
    user, item = np.arange(n) % people, np.zeros(n, dtype=np.int64)
    for row in range(n):
        place[user[row]] = rng.integers(n_items) if rng.random() < 0.25 else (place[user[row]] + 1) % n_items
        item[row] = place[user[row]]
    return dataset(user, item, np.arange(n) * 60_000, repeats="allow")


def test_trusts_the_member_that_is_right():
    model = Blend(members=("popular", "markov")).fit(chain(3000))
    # order decides in this log and popularity says nothing: the next item stands first, whatever is popular
    past = (Past(item_id="i3", at=1.0), Past(item_id="i4", at=61.0))
    answer = model.recommend(Query(history=past, at=121.0, k=3))
    assert answer.item_ids[0] == "i5"
    weights = np.abs(np.asarray(model.card["weights"]["markov"])).max(), np.abs(model.card["weights"]["popular"]).max()
    assert weights[0] > 2 * weights[1]


def test_is_no_worse_than_its_members_in_a_world_with_known_truth():
    # share of the optimum that each captures is tested by the contract; here that the parts do not harm the whole
    best = max(replayed(make().fit(WORLD.train), WORLD).mean() for make in (Ease, Markov))
    blend = replayed(Blend(members=("popular", "ease", "markov")).fit(WORLD.train), WORLD).mean()
    assert blend > best - 0.01
    assert blend <= optimum_of(WORLD).mean()


def test_a_member_without_opinion_counts_nothing():
    model = Blend(members=("popular", "markov"), popularity_behind=False).fit(chain(600))
    stranger = model.encode([Query(history=(), k=3)]).batch
    _, markov = model.panel.scores(stranger)
    assert np.isnan(markov).all()
    assert np.isfinite(model.score_batch(stranger)).any()


def test_two_fits_with_one_log_and_seed_are_the_same():
    one, two = (Blend(members=("popular", "markov", "repeats")).fit(chain(800)) for _ in range(2))
    assert np.array_equal(one.warm, two.warm)


def test_the_offset_of_new_items_by_hand():
    # question 0: a new item (score 0) is right, a known one (score 2) is not; with an offset of 2 or more it stands first
    # question 1: a known item (score 5) is right, a new one (score 0) is not; first as long as the offset is below 5
    cases = Cases(
        owner=np.asarray([0, 0, 1, 1]),
        said=np.asarray([[0, 0], [2, 0], [5, 0], [0, 0]], dtype=np.float32),
        cold=np.asarray([True, False, False, True]),
        chosen=np.asarray([True, False, True, False]),
        moment=np.eye(1, N_MOMENT).repeat(2, axis=0),
        n_right=np.asarray([1, 1]),
        worth=np.ones(2),
        n_questions=2,
    )
    weight = np.zeros((2, N_MOMENT))
    weight[0, 0] = 1.0
    assert 2 <= learned_offset(cases, weight, weight, np.zeros(N_MOMENT)) < 5


def test_new_items_with_attributes_are_ranked_among_known_ones():
    # items 0-5 are red and 6-11 blue, half of the people only choose red; two red and two blue items never occur
    rng = np.random.default_rng(5)
    n = 2400
    user = rng.integers(0, 20, n)
    item = rng.integers(0, 4, n) + np.where(user % 2 == 0, 0, 6)
    log = dataset(np.append(user, 0), np.append(item, 11), np.arange(n + 1) * 1000, repeats="allow").take(slice(0, n))
    colours = Categories.of(["red"] * 6 + ["blue"] * 6)
    table = FeatureTable(n_rows=12, columns={"colour": colours})
    object.__setattr__(log, "item_features", table)
    model = Blend(members=("popular", "content"), popularity_behind=False).fit(log)
    scores = model.score(Query(history=(Past(item_id="i0"), Past(item_id="i1"))), ["i4", "i5", "i10", "i11"])
    # of the items that nobody chose the red ones come first for a person who chooses red
    assert min(scores[:2]) > max(scores[2:])


def test_moment_features_by_hand():
    model = Blend(members=("popular",)).fit(chain(600))
    past = (Past(item_id="i1", at=1000.0), Past(item_id="i2", at=4000.0))
    batch = model.encode([Query(history=past, at=4600.0), Query(history=(), at=4600.0)]).batch
    # two events, the newest ten minutes ago; nothing, and no pause
    expected = [[1, np.log(3) / 3, np.log(11) / 5, 1 / 3], [1, 0, 0, 1]]
    assert moment_features(batch) == pytest.approx(np.asarray(expected))


def test_new_people_are_a_vocabulary_of_their_own():
    model = Blend(members=("popular", "repeats")).fit(chain(600))
    assert frozen(model.known).all()
    assert model.recommend(Query(user_id="nobody", k=4)).item_ids
