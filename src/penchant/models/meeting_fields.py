"""What is known when a person meets an item, as fields of a net: ids, attributes, circumstances, the clock, the newest past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.data.arrays import AnyArray, Float32, Int64, Nums
from penchant.data.catalogue import Catalogue, People
from penchant.data.features import Categories, Column, FeatureTable, Numbers, Tags, Vectors
from penchant.data.moments import hour_of_day, weekday
from penchant.data.schema import Field
from penchant.nn.fields import CategoryField, CycleField, NumberField, TagsField, VectorField

_HOURS, _DAYS = 24.0, 7


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """B people in their moments, as a net reads them.

    Attributes:
        person: int64 [B], a number outside the known ones is a stranger.
        attributes: of the people, B rows.
        context: circumstances, B rows a field; a field that nothing is known of may be left out.
        hour: float32 [B] in 0..24, NaN where no moment is meant.
        weekday: int64 [B], 0 is Monday, -1 where no moment is meant.
        newest: int64 [B, n], the items chosen before, the newest first, a number outside the catalogue where there is none.
    """

    person: Int64
    attributes: FeatureTable
    context: Mapping[str, Categories | Numbers]
    hour: Float32
    weekday: Int64
    newest: Int64


def clock(at: Int64, zone: str, *, is_moment: bool) -> tuple[Float32, Int64]:
    """Hour and weekday of instants (int64 [B], milliseconds), missing where no moment is meant."""
    if not is_moment:
        return np.full(len(at), np.nan, dtype=np.float32), np.full(len(at), -1, dtype=np.int64)
    return hour_of_day(at, zone), weekday(at, zone)


def newest_items(items: Nums, low: Int64, high: Int64, n: int, padding: int) -> Int64:
    """The last `n` items of each slice ``items[low[b]:high[b]]``, newest first, int64 [B, n]; `padding` where shorter."""
    place = high[:, None] - 1 - np.arange(n)
    inside = place >= low[:, None]
    if len(items) == 0:
        return np.full(place.shape, padding, dtype=np.int64)
    found: Int64 = np.where(inside, items[np.where(inside, place, 0)], padding).astype(np.int64)
    return found


class TableFields(nn.Module):
    """A field for each column of a table that can be one; texts are left out.

    Args:
        columns: the columns as they are at the fit.
        declared: what the schema says of them.
        dim: D.
    """

    def __init__(self, columns: Mapping[str, Column], declared: Mapping[str, Field], dim: int) -> None:
        super().__init__()
        made = {name: _field(column, declared.get(name), dim) for name, column in columns.items()}
        self.names = [name for name, field in made.items() if field is not None]
        self.fields = nn.ModuleList(field for field in made.values() if field is not None)

    def measure(self, columns: Mapping[str, Column]) -> None:
        """Takes mean and spread of numbers from the training rows."""
        for name, field in zip(self.names, self.fields, strict=True):
            column = columns[name]
            if isinstance(field, NumberField) and isinstance(column, Numbers):
                field.measure(_tensor(column.values))

    def forward(self, columns: Mapping[str, Column], n: int, device: torch.device) -> list[Tensor]:
        """A vector [n, D] of each of the n rows for each field; a column that is not there is missing in all rows."""
        found: list[Tensor] = []
        for name, field in zip(self.names, self.fields, strict=True):
            if name in columns:
                found.append(field(*(part.to(device) for part in _inputs(columns[name]))))
            else:
                found.append(cast(Tensor, field.nothing).expand(n, -1))
        return found


def _field(column: Column, declared: Field | None, dim: int) -> nn.Module | None:
    match column:
        case Categories():
            return CategoryField(len(column.names), dim)
        case Numbers() if declared is not None and declared.period is not None:
            return CycleField(declared.period, dim)
        case Numbers():
            return NumberField(dim)
        case Tags():
            return TagsField(len(column.names), dim)
        case Vectors():
            return VectorField(column.values.shape[1], dim)
    return None


def _inputs(column: Column) -> tuple[Tensor, ...]:
    match column:
        case Categories():
            return (_tensor(column.codes.astype(np.int64)),)
        case Numbers() | Vectors():
            return (_tensor(column.values),)
        case Tags():
            return _tensor(column.codes.astype(np.int64)), _tensor(column.offsets)
    raise TypeError("texts are no field")


def _tensor(array: AnyArray) -> Tensor:
    """A tensor of its own: arrays of a log are read-only, which torch does not know."""
    return torch.from_numpy(np.array(array))


class MomentFields(nn.Module):
    """Fields of a person in a moment: id, attributes, circumstances, the newest choices; with times also hour and weekday.

    Args:
        catalogue, people: of the training log.
        n_people: how many had a number then.
        last_n: newest choices that are read; 0 reads none.
        dim: D.
        ids_only: whether attributes, circumstances and the clock are left out.
    """

    def __init__(
        self, catalogue: Catalogue, people: People, n_people: int, last_n: int, dim: int, *, ids_only: bool = False
    ) -> None:
        super().__init__()
        schema = catalogue.schema
        self.person = CategoryField(n_people, dim)
        self.attributes = TableFields({} if ids_only else people.user_features.columns, schema.user_attributes, dim)
        self.context = TableFields({} if ids_only else people.sequences.log.context, schema.context, dim)
        self.timed, self.last_n = catalogue.timed and not ids_only, last_n
        if self.timed:
            self.hour, self.weekday = CycleField(_HOURS, dim), CategoryField(_DAYS, dim)
        if self.last_n:
            self.past = CategoryField(len(catalogue.items), dim)
        self.n = 1 + len(self.attributes.names) + len(self.context.names) + 2 * self.timed + 2 * (self.last_n > 0)

    def forward(self, moments: Moments) -> Tensor:
        """[B, n, D]."""
        device = self.person.weight.device
        parts = [self.person(_tensor(moments.person).to(device))]
        parts += self.attributes(moments.attributes.columns, len(moments.person), device)
        parts += self.context(moments.context, len(moments.person), device)
        if self.timed:
            parts += [self.hour(_tensor(moments.hour).to(device)), self.weekday(_tensor(moments.weekday).to(device))]
        if self.last_n:
            parts += self._past(_tensor(moments.newest).to(device))
        return torch.stack(parts, dim=1)

    def _past(self, newest_BN: Tensor) -> list[Tensor]:
        """The newest choice alone, and the mean of the newest ones."""
        n = self.past.n
        real = newest_BN < n
        vectors = functional.embedding(newest_BN.clamp(max=n), self.past.weight)
        count = real.sum(1, keepdim=True)
        mean = (vectors * real[:, :, None]).sum(1) / count.clamp(min=1)
        return [vectors[:, 0], torch.where(count > 0, mean, self.past.weight[n])]


class ItemFields(nn.Module):
    """Fields of an item: id and attributes.

    Args:
        catalogue: of the training log.
        dim: D.
        ids_only: whether attributes are left out.
    """

    def __init__(self, catalogue: Catalogue, dim: int, *, ids_only: bool = False) -> None:
        super().__init__()
        self.item = CategoryField(len(catalogue.items), dim)
        self.attributes = TableFields(
            {} if ids_only else catalogue.item_features.columns, catalogue.schema.item_attributes, dim
        )
        self.n = 1 + len(self.attributes.names)

    def forward(self, item: Int64, attributes: FeatureTable) -> Tensor:
        """[I, n, D] of item numbers int64 [I] (one outside the catalogue is unknown) and their attributes, I rows."""
        device = self.item.weight.device
        parts = [self.item(_tensor(item).to(device)), *self.attributes(attributes.columns, len(item), device)]
        return torch.stack(parts, dim=1)
