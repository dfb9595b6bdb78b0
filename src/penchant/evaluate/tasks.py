"""From the name of a protocol to its questions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.questions import Questions, Task, people_of
from penchant.evaluate import cold, held_out, onelist, published, replay, unseen_people
from penchant.evaluate.labelled import rows as labelled_rows
from penchant.evaluate.protocol import Protocol, Stage
from penchant.rng import generator

_MAKERS = {
    "replay": replay.task,
    "time": onelist.task,
    "last": held_out.task,
    "column": published.task,
    "users": unseen_people.task,
    "cold": cold.task,
    "ctr": labelled_rows.task,
    "rating": labelled_rows.task,
}


def make_task(data: Dataset, protocol: Protocol, stage: Stage, cut: int = 0) -> Task:
    """The questions of a resolved protocol.

    Args:
        cut: number of the rolling cut; cut c ends ``c * test_share`` of the log earlier than the newest.
    """
    if cut:
        data = data.take(slice(0, len(data) - int(cut * protocol.test_share * len(data))))
    task = replace(_MAKERS[protocol.name](data, protocol, stage), exclude=protocol.repeats == "exclude")
    if protocol.sample_people is None:
        return task
    return replace(task, asked={mode: sampled(asked, protocol) for mode, asked in task.asked.items()})


def sampled(questions: Questions, protocol: Protocol) -> Questions:
    """Only `sample_people` of the people, drawn by the protocol's seed."""
    people = np.sort(people_of(questions))
    if protocol.sample_people is None or len(people) <= protocol.sample_people:
        return questions
    chosen = generator(protocol.seed, "sample people").permutation(people)[: protocol.sample_people]
    return questions.of_people(chosen)
