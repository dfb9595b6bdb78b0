"""Growing shares of people: who is asked, in which order, and when a trial ends."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.questions import people_of
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tuning import racing
from penchant.evaluate.tuning.racing import Race
from penchant.evaluate.validation import Validation
from penchant.log import SILENT
from penchant.models.popular import Popular
from tests.evaluate.fixed_models import Fixed
from tests.evaluate.logs import random_log


@pytest.fixture
def validation() -> Validation:
    data = random_log(n=6000, people=120, repeats="allow")
    made = Validation.of(data, Protocol().resolved(data), "valid")
    assert made is not None
    return made


def test_the_rounds_are_growing_shares_of_all(validation: Validation) -> None:
    race = Race.of(validation)
    n = len(race.people)
    # an eighth of some 100 people is fewer than 40, and so is a quarter
    assert n > 80 and race.ends == (int(np.ceil(n / 2)), n)
    assert sorted(race.people.tolist()) == sorted(validation.people.tolist()) != race.people.tolist()
    asked = np.concatenate([people_of(questions) for questions in race.rounds])
    assert sorted(asked.tolist()) == sorted(validation.people.tolist())
    assert Race.of(validation).people.tolist() == race.people.tolist()


def test_a_whole_race_is_the_judgement_of_everybody(validation: Validation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(racing, "LEAST_PEOPLE", 1)
    race = Race.of(validation)
    assert len(race.ends) == 4
    model = Popular().fit(validation.train)
    values = race.run(model, None)
    at_once = validation.judged(model, SILENT, "all")
    np.testing.assert_allclose(values[np.argsort(race.people)], at_once[np.argsort(validation.people)])


def test_a_trial_ends_when_it_is_plainly_worse(validation: Validation) -> None:
    race = Race.of(validation)
    n = len(race.people)
    good = race.run(Popular().fit(validation.train), None)
    # the same order for everybody, and the wrong way round
    row = -np.bincount(validation.train.interactions.item, minlength=validation.train.n_items)
    bad = Fixed(row).fit(validation.train)
    assert len(race.run(bad, good)) == race.ends[0]
    # as good as the leader, or with nobody to beat: to the end
    assert len(race.run(Popular().fit(validation.train), good)) == n
    assert len(race.run(bad, None)) == n
    assert len(race.run(bad, np.full(n, np.nan))) == n
