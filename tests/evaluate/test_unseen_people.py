"""Protocol `users` with a share of each unseen person's items given, by hand; with first events in `test_other_protocols`."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.questions import OVERALL, Questions
from penchant.errors import BadConfig, BadData
from penchant.evaluate.protocol import Protocol
from penchant.evaluate.tasks import make_task
from tests.evaluate.logs import dataset, random_log


def _sets(asked: Questions, q: int) -> tuple[list[int], set[int]]:
    """The history and the targets of question `q`."""
    targets = asked.targets[OVERALL]
    history = asked.batch().history
    past = history.item[history.offsets[q] : history.offsets[q + 1]].tolist()
    return past, set(targets.items[targets.offsets[q] : targets.offsets[q + 1]].tolist())


def test_a_share_of_the_items_is_given_with_all_their_events_and_the_rest_are_targets() -> None:
    data = random_log(3, n=600, people=20)
    protocol = Protocol(name="users", given_share=0.8, people_share=0.3).resolved(data)
    made = make_task(data, protocol, "test")
    (asked,) = made.asked.values()
    assert made.leading == "80% given" and len(asked) > 1 and asked.stranger.all()
    assert not set(asked.user.tolist()) & set(made.train.interactions.user.tolist())
    for q, person in enumerate(asked.user.tolist()):
        own = data.interactions.item[data.interactions.user == person].tolist()
        past, targets = _sets(asked, q)
        # of n items floor(n / 5) are targets, as in numpy choice of int(.2 n) without replacement
        assert len(targets) == len(set(own)) // 5 and targets <= set(own)
        assert past == [item for item in own if item not in targets]
    again = make_task(data, protocol, "test").asked["80% given"].targets[OVERALL].items
    other = make_task(data, protocol.changed(given_share=0.5), "test").asked["50% given"].targets[OVERALL].items
    assert again.tolist() == asked.targets[OVERALL].items.tolist() and len(other) > len(again)


def test_people_with_fewer_than_five_items_are_not_asked() -> None:
    # person 0 has five items, 1 has six events of four items, 2 and 3 stay in training whoever is drawn
    user = np.repeat(np.arange(4), [5, 6, 5, 5])
    item = np.asarray([0, 1, 2, 3, 4, 0, 1, 2, 3, 3, 0, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    data = dataset(user, item, np.arange(21) * 1000)
    protocol = Protocol(name="users", given_share=0.8, people_share=0.5)
    asked = [
        set(make_task(data, protocol.changed(seed=seed).resolved(data), "test").asked["80% given"].user.tolist())
        for seed in range(20)
    ]
    assert set.union(*asked) == {0, 2, 3} and {len(one) for one in asked} == {1, 2}
    alone = dataset(np.repeat([0, 1], 2), np.asarray([0, 1, 0, 1]), np.arange(4))
    with pytest.raises(BadData, match="none of the people who left training has 5 items"):
        make_task(alone, Protocol(name="users", given_share=0.8, people_share=0.5).resolved(alone), "test")


def test_the_oldest_items_may_be_given_and_then_nothing_after_the_first_target_is_history() -> None:
    # both people: items by first event 5 4 3 2 1, of which 1 is the target; 5 comes again after it
    user, item = np.repeat([0, 1], 8), np.tile([5, 4, 4, 3, 2, 5, 1, 5], 2)
    data = dataset(user, item, np.arange(16) * 1000)
    protocol = Protocol(name="users", given_share=0.8, given_which="oldest", people_share=0.5).resolved(data)
    (asked,) = make_task(data, protocol, "test").asked.values()
    assert _sets(asked, 0) == ([5, 4, 4, 3, 2, 5], {1})


def test_validation_takes_other_people_and_the_share_belongs_to_users_alone() -> None:
    data = random_log(3, n=600, people=20)
    protocol = Protocol(name="users", given_share=0.8, people_share=0.3).resolved(data)
    valid, test = make_task(data, protocol, "valid"), make_task(data, protocol, "test")
    people = [set(task.asked["80% given"].user.tolist()) for task in (valid, test)]
    assert not people[0] & people[1] and not people[1] & set(valid.train.interactions.user.tolist())
    with pytest.raises(BadConfig, match="given_share: expected none for protocol replay"):
        Protocol(name="replay", given_share=0.8).resolved(data)
