"""Protocol `replay`: the model is frozen at a cut, then later events are asked one by one, as the service would have been.

Each question knows the person's events strictly earlier in time, the time and circumstances of the event, and popularity over
strictly earlier events. History *live* grows with the test events; *frozen* ends at the cut (empty for strangers). With
`keep_share` the models see only so many of all events, drawn by the seed, and still nothing of the real past may be offered
again: what a sparser log would be worth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.questions import Task
from penchant.data.replayed import drawn_rows, replayed, thinned
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol, Stage
from penchant.rng import generator


def cut_row(data: Dataset, protocol: Protocol) -> int:
    """The first test row: ``floor((1 - test_share) N)``, or the first event at or after `test_from`."""
    if protocol.test_from is not None:
        return int(np.searchsorted(data.interactions.at, protocol.test_from, side="left"))
    return int(np.floor((1 - protocol.test_share) * len(data)))


def cut_for(data: Dataset, protocol: Protocol, stage: Stage) -> tuple[Dataset, int]:
    """The log of a stage and its cut; stage "valid" plays the same game inside the training part.

    Raises:
        BadData: one side of the cut is empty.
    """
    cut = cut_row(data, protocol)
    if stage == "valid":
        data, protocol = data.take(slice(0, cut)), protocol.changed(test_from=None)
        cut = cut_row(data, protocol)
    if cut == 0 or cut == len(data):
        raise BadData(
            f"protocol {protocol.name}: the cut leaves {cut} of {len(data)} events for training; need some on both sides"
        )
    return data, cut


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """One question for each drawn event after the cut, with a live and with a frozen history."""
    data, cut = cut_for(data, protocol, stage)
    kinds = [data.schema.kind_number(name) for name in protocol.targets or data.schema.kinds]
    rows = drawn_rows(data, cut, kinds, protocol.max_questions, protocol.seed)
    exclude, knows_time = protocol.repeats == "exclude", protocol.request_time == "event"
    live = replayed(data, cut, rows, exclude=exclude, knows_time=knows_time)
    # the history ends at the person's first event that is not in training
    later = np.append(np.flatnonzero(data.sequences.rows >= cut), len(data))
    frozen_high = np.minimum(live.high, later[np.searchsorted(later, live.low)])
    asked = {"live": live, "frozen": replace(live, high=frozen_high)}
    train = data.take(slice(0, cut))
    if protocol.keep_share < 1:
        kept = generator(protocol.seed, "keep").random(len(data)) < protocol.keep_share
        asked = {history: thinned(questions, kept, cut) for history, questions in asked.items()}
        train = data.take(np.flatnonzero(kept[:cut]))
    return Task(train=train, asked=asked, refit="train + validation", unreal=frozenset({"frozen"}))
