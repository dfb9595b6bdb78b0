"""The events after a cut as questions: each asked in its moment, with the person's events strictly earlier in time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.arrays import Bool, Int64, frozen
from penchant.data.dataset import Dataset
from penchant.data.questions import OVERALL, Questions, Targets, WholePast
from penchant.rng import generator


def replayed(data: Dataset, cut: int, rows: Int64, *, exclude: bool, knows_time: bool = True) -> Questions:
    """One question for each of `rows` (rising, from `cut` on), with a history that grows after the cut.

    Args:
        cut: the first row that is not training; strangers are people without an earlier one.
        exclude: leave out events whose item is in the person's history.
        knows_time: tell the time and circumstances of the event; else all are asked as at the cut.
    """
    log, sequences = data.interactions, data.sequences
    place = sequences.place_of_rows()[rows]
    low = sequences.offsets[log.user[rows]]
    high = sequences.first_of_instant()[place]
    if exclude:
        fresh = ~repeated(data, rows, low, high)
        rows, low, high = rows[fresh], low[fresh], high[fresh]
    user = log.user[rows]
    trained = np.bincount(log.user[:cut], minlength=data.n_users) > 0
    return Questions(
        data=data,
        sequences=sequences,
        user=frozen(user),
        at=frozen(log.at[rows]) if knows_time else np.full(len(rows), log.at[cut], dtype=np.int64),
        low=low,
        high=high,
        row=rows if knows_time else None,
        targets={OVERALL: Targets.single(log.item[rows])},
        popularity=data.popularity if knows_time else data.take(slice(0, cut)).popularity,
        newest_row=rows,
        candidates=None,
        stranger=~trained[user],
    )


def drawn_rows(data: Dataset, cut: int, kinds: list[int], most: int, seed: int) -> Int64:
    """Rows of events of `kinds` from `cut` on, rising: at most `most` of each person's.

    People are taken in the order of their first such event; ``choice`` without replacement is called only for people with
    more, from ``default_rng(seed)``.
    """
    log = data.interactions
    later = cut + np.flatnonzero(np.isin(log.kind[cut:], kinds))
    by_person = later[np.argsort(log.user[later], kind="stable")]
    starts = np.flatnonzero(np.diff(log.user[by_person], prepend=-1))
    groups = np.split(by_person, starts[1:]) if len(by_person) else []
    groups.sort(key=lambda rows: int(rows[0]))
    rng = generator(seed)
    chosen = [rows if len(rows) <= most else rng.choice(rows, most, replace=False) for rows in groups]
    return np.sort(np.concatenate(chosen)).astype(np.int64) if chosen else np.zeros(0, dtype=np.int64)


def repeated(data: Dataset, rows: Int64, low: Int64, high: Int64) -> Bool:
    """Whether the item of each row is in the history at the places ``low:high``, bool [Q]."""
    histories = data.sequences.histories(low, high)
    same = histories.item == data.interactions.item[rows][histories.owner]
    found = np.zeros(len(rows), dtype=np.bool_)
    found[histories.owner[same]] = True
    return found


def thinned(questions: Questions, kept: Bool, cut: int) -> Questions:
    """The same questions of models that are shown only the rows where `kept` (bool [N]) is true.

    What leaves the ranking is still the whole past: a model must not be praised for offering what was chosen long ago.
    """
    data = questions.data
    shown = data.take(kept)
    # the shown events of a person stand in the same order, so a place becomes the number of shown ones before it
    before = np.concatenate([[0], np.cumsum(kept[questions.sequences.rows])])
    trained = np.bincount(data.interactions.user[:cut][kept[:cut]], minlength=data.n_users) > 0
    return replace(
        questions,
        sequences=shown.sequences,
        low=before[questions.low],
        high=before[questions.high],
        popularity=shown.popularity,
        stranger=~trained[questions.user],
        whole=WholePast(sequences=questions.sequences, low=questions.low, high=questions.high),
    )
