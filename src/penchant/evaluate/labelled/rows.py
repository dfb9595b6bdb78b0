"""Protocols `ctr` and `rating`: the labelled rows of a log as questions whose answer is a number.

The label of a row is its `value`: 0 or 1 for `ctr`, any number for `rating`. Rows train, select settings or are test as a split
column says (train, valid, test; a second file given as test makes such a column); without one the newest `test_share` of the
log is test. Where nothing is called valid, a tenth of the train rows selects settings: the newest, or of a log without times a
seeded draw.

A question holds all that is known before its label is: person, item, time, circumstances, and as history the person's *train*
rows, in a log with times only those strictly earlier. Valid and test rows are in no history: their labels are asked for.
"""

from __future__ import annotations

import numpy as np

from penchant.data.arrays import Bool
from penchant.data.dataset import Dataset
from penchant.data.features import Categories
from penchant.data.labelled import CARVED_SHARE, asked_rows, carved
from penchant.data.questions import Task
from penchant.errors import BadData
from penchant.evaluate.protocol import Protocol, Stage


def task(data: Dataset, protocol: Protocol, stage: Stage) -> Task:
    """The rows to be foretold (`labels` of the questions) and those that are fitted on.

    Raises:
        BadData: no split and no times to make one from, no row of a needed kind, or labels that are not 0 and 1.
    """
    _check_labels(data, protocol)
    train, valid, test, refit = _parts(data, protocol)
    kinds = [data.schema.kind_number(name) for name in protocol.targets or data.schema.kinds]
    asked = valid if stage == "valid" else test
    wanted = asked & np.isin(data.interactions.kind, kinds)
    # a split that was published trains on its train rows alone; one made here tests on what it would be served with
    fitted = data.take(train & ~valid if stage == "valid" else train if _published(data) else train | valid)
    return Task(
        train=fitted, asked={"live": asked_rows(data, fitted, np.flatnonzero(wanted).astype(np.int64))}, refit=refit
    )


def _published(data: Dataset) -> bool:
    return isinstance(data.interactions.extra.get("split"), Categories)


def _check_labels(data: Dataset, protocol: Protocol) -> None:
    values = data.interactions.value
    if protocol.name == "ctr":
        other = values[(values != 0) & (values != 1)]
        if len(other):
            raise BadData(
                f"protocol ctr: expected labels 0 and 1 in the column of values, found {other[0]:g}; "
                "protocol rating foretells other values"
            )
    if len(values) == 0 or values.min() == values.max():
        only = f"only {values[0]:g}" if len(values) else "no row"
        needed = "labels 0 and 1" if protocol.name == "ctr" else "different values"
        raise BadData(
            f"protocol {protocol.name}: expected {needed} in the column of values, found {only}; name the column label or "
            "rating, or declare it in the schema: columns.value"
        )


def _parts(data: Dataset, protocol: Protocol) -> tuple[Bool, Bool, Bool, str]:
    """Which rows train, select and test, bool [N] each, and in words what the last fit includes."""
    split = data.interactions.extra.get("split")
    if isinstance(split, Categories):
        train, valid, test = (split.codes == split.names.number(name) for name in ("train", "valid", "test"))
        for name, rows in (("train", train), ("test", test)):
            if not rows.any():
                listed = ", ".join(split.names)
                raise BadData(f'protocol {protocol.name}: expected rows with split "{name}", found only: {listed}')
        refit = "train only, as the published split asks"
        if valid.any():
            return train, valid, test, refit
        some = carved(data, train, CARVED_SHARE, protocol.seed)
        # no row is called valid, so the last fit has them all
        return train, some, test, f"{refit}; it has no valid rows: {CARVED_SHARE:.0%} of them selected settings"
    if not data.timed:
        raise BadData(
            f"protocol {protocol.name}: the log has neither a split column nor times to cut by; "
            "name one with --split-column, or give the test rows as --test FILE"
        )
    everything = np.ones(len(data), dtype=np.bool_)
    test = carved(data, everything, protocol.test_share, protocol.seed)
    if protocol.test_from is not None:
        test = data.interactions.at >= protocol.test_from
    valid = carved(data, ~test, CARVED_SHARE, protocol.seed)
    return ~test & ~valid, valid, test, "train + validation"
