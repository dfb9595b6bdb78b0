"""A log for training and a later one for testing as one dataset, with a split column that tells them apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.arrays import AnyArray, frozen
from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Texts, Vectors
from penchant.data.interactions import Interactions
from penchant.data.profiles import missing_rows
from penchant.data.schema import Schema
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BadData

SPLIT = ("train", "test")


def schema_for_test(schema: Schema) -> Schema:
    """The schema by which the test log is read: that of the training log, whose attribute files speak for both."""
    given = {name: getattr(schema, name) for name in schema.model_fields_set}
    return Schema(**{name: value for name, value in given.items() if name not in _OF_ATTRIBUTES})


_OF_ATTRIBUTES = ("item_attributes", "user_attributes", "title")


def joined(train: Dataset, test: Dataset) -> Dataset:
    """Both logs in one, sorted by time, those of `train` first among equals; `extra["split"]` says where each event is from.

    People and items that only `test` knows are numbered after the others and have no attributes. Sessions of the two logs stay
    apart. Without times, everything in `test` comes later.

    Raises:
        BadData: one log has times and the other has none.
    """
    if train.timed != test.timed:
        with_times, without = (train, test) if train.timed else (test, train)
        raise BadData(f"{without.name}: no timestamps, although {with_times.name} has them; give both or none")
    users, items = train.users.extended(test.users), train.items.extended(test.items)
    log, shift = test.interactions, 0 if train.timed else int(train.interactions.at[-1]) + 1
    later = replace(
        log,
        user=_numbers(test.users, users)[log.user],
        item=_numbers(test.items, items)[log.item],
        at=frozen(log.at + shift),
        extra={},
    )
    return behind(train, users, items, later, Categories(np.ones(len(log), dtype=np.int32), Vocabulary.of(SPLIT)))


def behind(train: Dataset, users: Vocabulary, items: Vocabulary, later: Interactions, split: Categories) -> Dataset:
    """The training log with other events put in by their times, behind its own of the same time.

    Args:
        users, items: the vocabularies of `train`, extended; `later` is in their numbers and has the context fields of `train`.
        split: what each event of `later` is; those of `train` are its category 0.
    """
    return replace(
        train,
        users=users,
        items=items,
        interactions=_one_log(train.interactions, later, split),
        user_features=_longer(train.user_features, len(users)),
        item_features=_longer(train.item_features, len(items)),
    )


def _numbers(old: Vocabulary, new: Vocabulary) -> AnyArray:
    """The number in `new` of each number of `old`, int32."""
    return new.numbers(old)[0]


def _one_log(first: Interactions, second: Interactions, split: Categories) -> Interactions:
    at = np.concatenate([first.at, second.at])
    order = np.argsort(at, kind="stable")

    def both(left: AnyArray, right: AnyArray) -> AnyArray:
        return frozen(np.concatenate([left, right])[order])

    session = order_column = None
    if first.session is not None and second.session is not None:
        shift = int(first.session.max(initial=-1)) + 1
        session = both(first.session, np.where(second.session < 0, -1, second.session + shift))
    if first.order is not None and second.order is not None:
        order_column = both(first.order, second.order)
    return Interactions(
        user=both(first.user, second.user),
        item=both(first.item, second.item),
        at=frozen(at[order]),
        kind=both(first.kind, second.kind),
        value=both(first.value, second.value),
        context={name: _below(c, second.context[name]).take(order) for name, c in first.context.items()},
        session=session,
        order=order_column,
        extra={"split": Categories(both(np.zeros(len(first), dtype=np.int32), split.codes), split.names)},
    )


def _below(first: Categories | Numbers, second: Categories | Numbers) -> Categories | Numbers:
    """Two context columns one below the other."""
    if isinstance(first, Categories) and isinstance(second, Categories):
        names = first.names.extended(second.names)
        places = np.append(_numbers(second.names, names), np.int32(-1))  # the last stands for -1, missing
        return Categories(frozen(np.concatenate([first.codes, places[second.codes]])), names)
    assert isinstance(first, Numbers) and isinstance(second, Numbers)
    return Numbers(frozen(np.concatenate([first.values, second.values])))


def _longer(table: FeatureTable, n: int) -> FeatureTable:
    """The table with rows in which everything is missing below it, `n` in all."""
    extra = n - table.n_rows
    return FeatureTable(n_rows=n, columns={name: _padded(column, extra) for name, column in table.columns.items()})


def _padded(column: Column, n: int) -> Column:
    blank = missing_rows(column, n)
    match column, blank:
        case Categories(), Categories():
            return Categories(frozen(np.concatenate([column.codes, blank.codes])), column.names)
        case Numbers(), Numbers():
            return Numbers(frozen(np.concatenate([column.values, blank.values])))
        case Tags(), Tags():
            offsets = np.concatenate([column.offsets, np.full(n, column.offsets[-1], dtype=np.int64)])
            return Tags(frozen(offsets), column.codes, column.names)
        case Texts(), Texts():
            return Texts(column.values.joined(blank.values))
        case Vectors(), Vectors():
            return Vectors(frozen(np.concatenate([column.values, blank.values])))
    raise TypeError("a column and its missing rows have different forms")
