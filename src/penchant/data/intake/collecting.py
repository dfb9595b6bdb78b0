"""Rows of events, batch by batch, become numbers at once; what breaks a rule is marked, and the rest sorted by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import AnyArray, Bytes, Float32, Int64, Nums
from penchant.data.intake.cells import as_number
from penchant.data.intake.instants import Clockwork
from penchant.data.intake.numbering import DistinctIds, Numbering
from penchant.data.intake.reading import Batch
from penchant.data.intake.validation import rule_number
from penchant.data.schema import Role, Schema


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """All rows of an events file as columns of numbers.

    `columns` has the good rows only, sorted by time: ``user item`` (int32, places in `ids`), ``at`` (int64 ms), and where the
    file has them ``kind split session`` and category fields (int32, places in `ids`), ``value`` and number fields (float32),
    ``order`` (int64). Context fields are called ``context:NAME``.

    Attributes:
        columns: emptied by whoever makes the log of them, so that a large one does not exist twice.
        ids: the distinct texts of each coded column.
        faults: uint8 [N], the rule that each row of the file breaks, 0 for none.
        row: int32 or int64 [n], row of the file of each good row.
        lines: per batch, the line of each row.
        time_unit: ``s ms us ns iso datetime``, or ``none``.
        naive: whether times without a zone were read.
        notes: column -> number of kept rows whose cell was missing or unusable.
    """

    columns: dict[str, AnyArray]
    ids: Mapping[str, DistinctIds]
    faults: Bytes
    row: AnyArray
    lines: Sequence[range | Int64]
    time_unit: str
    naive: bool
    notes: Mapping[str, int]

    def lines_of(self, rows: Int64) -> Int64:
        """The lines of rising rows of the file."""
        found = np.empty(len(rows), dtype=np.int64)
        start = done = 0
        for part in self.lines:
            upto = int(np.searchsorted(rows, start + len(part)))
            found[done:upto] = np.asarray(part, dtype=np.int64)[rows[done:upto] - start] if upto > done else 0
            start, done = start + len(part), upto
        return found


class Collector:
    """Takes the batches of an events file.

    Args:
        roles: role -> column.
        context: context field -> (column, whether it is a category).
        schema: its time unit and zone.
    """

    def __init__(self, roles: Mapping[Role, str], context: Mapping[str, tuple[str, bool]], schema: Schema) -> None:
        self._coded: dict[str, str] = {"user": roles["user_id"], "item": roles["item_id"]}
        names: tuple[tuple[str, Role], ...] = (("kind", "kind"), ("session", "session_id"), ("split", "split"))
        self._coded |= {key: roles[role] for key, role in names if role in roles}
        self._coded |= {f"context:{key}": column for key, (column, is_category) in context.items() if is_category}
        self._measured = {f"context:{key}": column for key, (column, category) in context.items() if not category}
        self._roles = roles
        self.numberings = {key: Numbering() for key in self._coded}
        self._clock = Clockwork(schema.time_unit, schema.time_zone) if "timestamp" in roles else None
        self._parts: dict[str, list[AnyArray]] = {}
        self._lines: list[range | Int64] = []
        self._faults: list[AnyArray] = []
        self._late: list[AnyArray] = []
        self._notes: dict[str, int] = {}

    @property
    def columns(self) -> list[str]:
        """The columns that a batch must have."""
        names = [*self._roles.values(), *self._coded.values(), *self._measured.values()]
        return list(dict.fromkeys(names))

    def __len__(self) -> int:
        """Rows taken so far."""
        return sum(len(part) for part in self._lines)

    def add(self, batch: Batch) -> None:
        """Takes the next rows."""
        frame = batch.frame
        if not len(frame):
            return
        self._lines.append(batch.lines)
        faults = np.zeros(len(frame), dtype=np.uint8) if batch.faults is None else batch.faults
        late = np.zeros(len(frame), dtype=np.uint8)
        for key, column in self._coded.items():
            self._part(key, self.numberings[key].add(frame[column]))
        if self._clock is not None:
            self._clock.add(frame[self._roles["timestamp"]])
        for key, column in self._measured.items():
            numbers, bad = as_number(frame[column])
            self._note(key, int(bad.sum()))
            self._part(key, numbers.astype(np.float32))
        if "value" in self._roles:
            self._part("value", self._values(frame, late))
        if "order" in self._roles:
            numbers, _ = as_number(frame[self._roles["order"]])
            # a place that is missing or no whole number cannot be ordered by
            whole = np.isfinite(numbers) & (numbers == np.floor(np.nan_to_num(numbers))) & (np.abs(numbers) < 2**53)
            late[~whole & (late == 0)] = rule_number("bad_order")
            self._part("order", np.where(whole, numbers, 0).astype(np.int64))
        self._faults.append(faults)
        self._late.append(late)

    def _values(self, frame: object, late: Bytes) -> Float32:
        import polars as pl

        assert isinstance(frame, pl.DataFrame)
        numbers, bad = as_number(frame[self._roles["value"]])
        with np.errstate(over="ignore"):
            small = numbers.astype(np.float32)
        bad = bad | np.isinf(small)
        late[bad] = rule_number("bad_value")
        missing = np.isnan(small) & ~bad
        self._note("value", int(missing.sum()))
        small[missing] = 1.0
        return small

    def _part(self, key: str, array: AnyArray) -> None:
        self._parts.setdefault(key, []).append(array)

    def _note(self, key: str, count: int) -> None:
        if count:
            self._notes[key] = self._notes.get(key, 0) + count

    def drop(self, key: str) -> None:
        """Forgets a coded column, such as ``kind``, as if it had not been read."""
        self._coded.pop(key)
        self.numberings.pop(key)
        self._parts.pop(key, None)

    def finish(self, kinds: Sequence[str] | None) -> Rows:
        """Judges all rows and sorts the good ones.

        Args:
            kinds: the event kinds that are known; None takes any but a blank one.
        """
        ids = {key: numbering.cleaned(_BLANK.get(key, "")) for key, numbering in self.numberings.items()}
        columns = {key: self._joined(key) for key in list(self._parts)}
        faults = _concatenated(self._faults, np.uint8)
        for key in ("user", "item"):
            columns[key] = _placed(columns[key], ids[key], faults, _BLANK[key])
        time_unit, naive = "none", False
        if self._clock is not None:
            moments = self._clock.finish()
            _mark(faults, moments.faults)
            columns["at"], time_unit, naive = moments.at, moments.unit, moments.naive
            del moments
        _mark(faults, _concatenated(self._late, np.uint8))
        for key in self._coded:
            if key == "kind":
                columns[key] = _placed(columns[key], ids[key], faults, "blank_kind")
                _mark(faults, _unknown(columns[key], ids[key], kinds))
            elif key not in ("user", "item"):
                columns[key] = _placed(columns[key], ids[key], None, "")
        row = _sort(columns, faults)
        return Rows(
            columns=columns,
            ids=ids,
            faults=faults,
            row=row,
            lines=self._lines,
            time_unit=time_unit,
            naive=naive,
            notes=self._notes,
        )

    def _joined(self, key: str) -> AnyArray:
        parts = self._parts.pop(key)
        return _concatenated(parts, parts[0].dtype)


_BLANK = {"user": "blank_user", "item": "blank_item", "kind": "blank_kind"}


def _concatenated(parts: list[AnyArray], dtype: object) -> AnyArray:
    """All parts in one array; each part is given up once it is copied."""
    whole = np.empty(sum(len(part) for part in parts), dtype=dtype)  # type: ignore[call-overload]
    start = 0
    while parts:
        part = parts.pop(0)
        whole[start : start + len(part)] = part
        start += len(part)
    return whole  # type: ignore[no-any-return]


def _placed(codes: Nums, ids: DistinctIds, faults: Bytes | None, blank: str) -> Nums:
    """Codes as places of cleaned ids; rows whose id is missing or unusable are marked where `faults` is given, else get -1."""
    missing = codes < 0
    if not (missing.any() or ids.faults.any() or len(ids.texts) < len(ids.place)):
        return codes
    # the code -1 reads the last entry
    place = np.append(ids.place, np.int32(-1))[codes]
    fault = np.append(ids.faults, np.uint8(rule_number(blank) if blank else 255))[codes]
    if faults is None:
        place[fault > 0] = -1
    else:
        _mark(faults, fault)
    return place.astype(np.int32, copy=False)


def _unknown(places: Nums, ids: DistinctIds, kinds: Sequence[str] | None) -> Bytes:
    known = np.ones(len(ids.texts) + 1, dtype=np.bool_)
    if kinds is not None:
        known[:-1] = ids.texts.is_in(list(kinds)).to_numpy()
    return np.where(known[places], 0, rule_number("unknown_kind")).astype(np.uint8)


def _mark(faults: Bytes, found: Bytes) -> None:
    """A row is counted under the first rule that it breaks."""
    if found.any():
        np.copyto(faults, found, where=(faults == 0) & (found > 0))


def _sort(columns: dict[str, AnyArray], faults: Bytes) -> AnyArray:
    """Leaves the good rows in each column, sorted by (time, row), or (order, row) without times; gives their rows."""
    n = len(faults)
    small = np.int32 if n < 2**31 else np.int64
    row = np.flatnonzero(faults == 0).astype(small) if faults.any() else np.arange(n, dtype=small)
    by = columns.get("at", columns.get("order"))
    if by is not None:
        times = by[row] if len(row) < n else by
        if bool((times[1:] < times[:-1]).any()):
            row = row[np.argsort(times, kind="stable").astype(small)]
        elif len(row) == n:
            return row
        del times
    elif len(row) == n:
        return row
    for key in columns:
        columns[key] = columns[key][row]
    return row
