"""`bias` by hand."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.questions import OVERALL
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tasks import make_task
from penchant.models.bias import Bias
from penchant.query import Past, Query
from tests.evaluate.labelled.logs import labelled

USER, ITEM, VALUE = [0, 0, 1, 1], [0, 1, 0, 1], [5.0, 3.0, 4.0, 0.0]


def test_one_pass_by_hand() -> None:
    data = labelled(USER, ITEM, VALUE, None, timed=True)
    model = Bias(item_reg=2.0, person_reg=2.0, passes=1).fit(data)
    # mean 3; item 0: (2 + 1) / (2 + 2) = .75, item 1: (0 - 3) / 4 = -.75
    assert model.mean == 3.0
    assert model.item.tolist() == [0.75, -0.75]
    # person 0 is (5 - 3.75) + (3 - 2.25) = 2 over 2 + 2 events: .5; asked as a stranger with the same past it is the same
    # popularity decides between equals, by less than 1e-4
    ids = ("i0", "i1")
    past = (Past(item_id="i0", value=5.0), Past(item_id="i1", value=3.0))
    assert model.score(Query(user_id="u0"), ids) == pytest.approx([4.25, 2.75], abs=1e-4)
    assert model.score(Query(history=past), ids) == pytest.approx([4.25, 2.75], abs=1e-4)
    # nobody's past: the mean and the item
    assert model.score(Query(history=()), ids) == pytest.approx([3.75, 2.25], abs=1e-4)


def test_passes_end_at_the_ridge_solution() -> None:
    data = labelled(USER, ITEM, VALUE, None, timed=True)
    model = Bias(item_reg=2.0, person_reg=2.0, passes=200).fit(data)
    # all parts at once by the normal equations: minimise the squared error plus 2 b^2 for each of the four parts
    design = np.zeros((4, 4))
    design[np.arange(4), USER] = design[np.arange(4), 2 + np.asarray(ITEM)] = 1
    solved = np.linalg.solve(design.T @ design + 2 * np.eye(4), design.T @ (np.asarray(VALUE) - 3.0))
    assert model.item == pytest.approx(solved[2:])


def test_labels_give_probabilities_and_values_do_not() -> None:
    labels = labelled([0, 0, 0, 1], [0, 1, 0, 1], [1.0, 0.0, 1.0, 0.0], ["train", "train", "test", "test"], timed=False)
    asked = make_task(labels, Protocol(name="ctr").resolved(labels), "test").asked["live"]
    model = Bias(item_reg=0.001, person_reg=0.001).fit(labels)
    found = model.predict(asked.batch(), asked.targets[OVERALL].items)
    assert found.dtype == np.float32 and found.min() >= 0 and found.max() <= 1
    # an item that came after the fit lies at the mean, whoever asks
    later = Bias(person_reg=1e9).fit(labels).predict(asked.batch(), np.asarray([7, 7], dtype=np.int32))
    assert later == pytest.approx([0.5, 0.5])
