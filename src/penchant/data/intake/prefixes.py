"""Test questions as published for sessions: in each row the items of a past, oldest first, and the one item that came next.

The past is a list (Parquet, JSON Lines, frames) or a text: a JSON list, or ids between ``|``, ``;``, ``,`` or blanks. The whole
file has one such sign, the first of these that occurs in it, so that the ids of ``Heat|Big Fish`` may hold blanks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.data.arrays import AnyArray, Bool, Bytes, Int64, Nums, frozen, offsets_of, ragged_positions
from penchant.data.intake.cells import as_text, cell_text, packed
from penchant.data.intake.columns import ALIASES, plain
from penchant.data.intake.numbering import Numbering
from penchant.data.intake.opening import open_source
from penchant.data.intake.reading import Source
from penchant.data.intake.rejects import broken_rules
from penchant.data.intake.validation import rule_number
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BadData
from penchant.log import SILENT, Reporter

if TYPE_CHECKING:
    import polars as pl

PASTS = ("prefix", "prefixes", "item_id_list", "item_list", "item_seq", "item_sequence", "past_items", "history")
TARGETS = (
    "target",
    "target_id",
    "target_item",
    "target_item_id",
    "label",
    "next",
    "next_item",
    "next_item_id",
    "item_id",
)
SIGNS = ("|", ";", ",")


@dataclass(frozen=True, kw_only=True, eq=False)
class Prefixes:
    """Q pasts and what came next.

    Attributes:
        name: the file, for messages.
        items: the distinct ids of pasts and targets.
        offsets: int64 [Q+1]; the past of question q is ``past[offsets[q]:offsets[q+1]]``, perhaps empty.
        past: int32 [total], places in `items`, oldest first.
        target: int32 [Q], places in `items`.
        session: int32 [Q], number of the session a row belongs to, -1 for none, or None where the file has no such column.
        lines: int64 [Q], line of each row.
        n_rejected: rows that were set aside.
    """

    name: str
    items: Vocabulary
    offsets: Int64
    past: Nums
    target: Nums
    session: Nums | None
    lines: Int64
    n_rejected: int

    def __len__(self) -> int:
        """Number of questions."""
        return len(self.target)


def read_prefixes(rows: Any, reporter: Reporter = SILENT) -> Prefixes | None:
    """Reads a file or frame of pasts and targets; None when it is something else: an event log.

    A row whose past is no list of ids, or whose target is blank, is set aside and told to `reporter`. An empty past is a past.

    Raises:
        BadData: no row can be used.
    """
    source = open_source(rows, "test")
    past, target, session = (_found(source.header, names) for names in (PASTS, TARGETS, ALIASES["session_id"]))
    if past is None or target is None or _found(source.header, ALIASES["timestamp"]) is not None:
        return None
    items, groups = Numbering(), Numbering()
    read = _Read([], [], [], [], [])
    for batch in source.batches([past, target, *([session] if session else [])]):
        read.pasts.append(batch.frame[past])
        read.lines.append(np.asarray(batch.lines, dtype=np.int64))
        read.faults.append(np.zeros(len(batch.frame), np.uint8) if batch.faults is None else batch.faults)
        read.targets.append(items.add(batch.frame[target]))
        if session:
            read.sessions.append(groups.add(batch.frame[session]))
        reporter.progress(f"reading {source.name}", min(batch.position, source.total), source.total)
    if not sum(map(len, read.pasts)):
        raise BadData(f"{source.name}: column names but no rows; expected one past and its target a line")
    return _judged(read, items, groups, source, target, reporter)


@dataclass(frozen=True)
class _Read:
    """The columns of a file, batch by batch; `sessions` is empty where it has none."""

    pasts: list[pl.Series]
    lines: list[Int64]
    faults: list[Bytes]
    targets: list[Nums]
    sessions: list[Nums]


def _judged(
    read: _Read, items: Numbering, groups: Numbering, source: Source, target: str, reporter: Reporter
) -> Prefixes:
    """The good rows; the others are told to `reporter`."""
    lengths, codes, unread = _coded(read.pasts, items)
    line, fault, own, n = (
        np.concatenate(read.lines),
        np.concatenate(read.faults),
        np.concatenate(read.targets),
        len(lengths),
    )
    ids = items.cleaned("blank_item")
    # a missing cell has the code -1, which reads the last entry
    place = np.append(ids.place, np.int32(-1))
    wrong = np.append(ids.faults, np.uint8(rule_number("blank_item")))
    unread |= np.bincount(np.repeat(np.arange(n), lengths)[wrong[codes] > 0], minlength=n) > 0
    for found in (np.where(unread, np.uint8(rule_number("bad_prefix")), np.uint8(0)), wrong[own]):
        fault = np.where(fault == 0, found, fault)
    bad, good = np.flatnonzero(fault), np.flatnonzero(fault == 0)
    told = broken_rules(source, line[bad], fault[bad], {"item_id": target})
    if not len(good):
        raise BadData(f"{source.name}: none of the {n:,} rows can be used: {'; '.join(map(str, told))}")
    for rule in told:
        reporter.note(f"{source.name}: set aside: {rule}")
    return Prefixes(
        name=source.name,
        items=Vocabulary(packed(ids.texts)),
        offsets=offsets_of(lengths[good]),
        past=frozen(place[codes[ragged_positions(offsets_of(lengths)[good], lengths[good])]]),
        target=frozen(place[own[good]]),
        session=frozen(_sessions(read, groups)[good]) if read.sessions else None,
        lines=line[good],
        n_rejected=len(bad),
    )


def _sessions(read: _Read, groups: Numbering) -> Nums:
    """The number of each row's session, -1 where the cell is blank."""
    ids = groups.cleaned("")
    return np.append(np.where(ids.faults > 0, -1, ids.place), -1)[np.concatenate(read.sessions)].astype(np.int32)


def _found(header: Sequence[str], names: Sequence[str]) -> str | None:
    by_plain = {plain(column): column for column in reversed(header)}
    return next((by_plain[plain(name)] for name in names if plain(name) in by_plain), None)


def _coded(pasts: Sequence[pl.Series], items: Numbering) -> tuple[Int64, Nums, Bool]:
    """Length of each past, the codes of all their items one after the other, and which rows hold no list."""
    import polars as pl

    texts = [column for column in pasts if column.dtype == pl.String]
    sign = next((s for s in SIGNS if any(bool(c.str.contains(s, literal=True).any()) for c in texts)), " ")
    lengths, codes, unread = list[Int64](), list[Nums](), list[AnyArray]()
    for column in pasts:
        lists, bad = _lists(column, sign)
        length = lists.list.len().fill_null(0)
        lengths.append(length.to_numpy().astype(np.int64))
        codes.append(items.add(lists.filter(length > 0).explode()))
        unread.append(bad)
    return np.concatenate(lengths), np.concatenate(codes), np.concatenate(unread).astype(np.bool_)


def _lists(column: pl.Series, sign: str) -> tuple[pl.Series, Bool]:
    """The column as lists, and which of its cells are none, bool [n]; those are empty lists."""
    import polars as pl

    fine = np.zeros(len(column), dtype=np.bool_)
    if isinstance(column.dtype, pl.Array):
        return column.arr.to_list(), fine
    if column.dtype == pl.List:
        return column, fine
    if column.dtype.is_nested():
        return pl.Series([[]] * len(column), dtype=pl.List(pl.String)), column.is_not_null().to_numpy()
    texts = as_text(column).fill_null("").str.strip_chars()
    bracketed = texts.str.starts_with("[")
    tidy = texts.str.replace_all(r"\s+", " ") if sign == " " else texts
    frame = pl.DataFrame({"text": texts, "split": tidy.str.split(sign)})
    lists = frame.select(
        pl.when(pl.col("text") == "").then(pl.lit([], pl.List(pl.String))).otherwise("split")
    ).to_series()
    if not bracketed.any():
        return lists, fine
    parsed = [_parsed(text) if inside else None for text, inside in zip(texts, bracketed, strict=True)]
    whole = pl.Series([one or [] for one in parsed], dtype=pl.List(pl.String))
    bad = np.asarray([one is None for one in parsed], dtype=np.bool_) & bracketed.to_numpy()
    frame = pl.DataFrame({"whole": whole, "lists": lists, "inside": bracketed})
    return frame.select(pl.when("inside").then("whole").otherwise("lists")).to_series(), bad


def _parsed(text: str) -> list[str | None] | None:
    """The ids of a JSON list, also of one with single quotes; None when it is no such list."""
    for form in (text, text.replace("'", '"')):
        try:
            cells = json.loads(form)
        except (ValueError, RecursionError):
            continue
        return [None if cell is None or isinstance(cell, list | dict) else cell_text(cell) for cell in cells]
    return None
