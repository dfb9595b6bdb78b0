"""Rows that were set aside: where they stand, what stands there, and the file that holds them for repair."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from penchant.data.arrays import Bytes, Int64
from penchant.data.intake.reading import Quoted, Source
from penchant.data.intake.validation import RULES, BrokenRule, Place, rule_name, shortened
from penchant.data.schema import Role
from penchant.errors import BadData

SHOWN_PLACES = 3

_ROLE: Mapping[str, Role] = {
    "blank_user": "user_id",
    "blank_item": "item_id",
    "bad_timestamp": "timestamp",
    "negative_timestamp": "timestamp",
    "far_future": "timestamp",
    "timestamp_unit": "timestamp",
    "bad_value": "value",
    "unknown_kind": "kind",
    "blank_kind": "kind",
    "bad_order": "order",
}


def broken_rules(
    source: Source, lines: Int64, faults: Bytes, roles: Mapping[Role, str], *, rejected: bool = True
) -> tuple[BrokenRule, ...]:
    """Every broken rule, in the order of `RULES`, with its count and first places.

    Args:
        lines: int64 [m], rising lines of the rows with a fault.
        faults: uint8 [m], the rule that each breaks.
        roles: role -> column, to name the column that is at fault.
    """
    first = {number: lines[faults == number][:SHOWN_PLACES] for number in np.unique(faults).tolist()}
    wanted = sorted({int(line) for found in first.values() for line in found})
    quoted = {row.line: row for row in source.quote(wanted)}
    broken = []
    for number, found in first.items():
        rule = rule_name(number)
        places = tuple(_place(source.name, rule, quoted[int(line)], roles) for line in found)
        count = int((faults == number).sum())
        broken.append(BrokenRule(rule=rule, meaning=RULES[rule], count=count, first=places, rejected=rejected))
    return tuple(broken)


def write_rejects(path: Path, source: Source, lines: Int64, faults: Bytes, roles: Mapping[Role, str]) -> None:
    """Writes the rows with a fault as CSV: line, rule, column, value, raw. Raises BadData when the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["line", "rule", "column", "value", "raw"])
            writer.writerows(_rejected_rows(source, lines, faults, roles))
    except OSError as fault:
        raise BadData(
            f"{path}: the rejected rows cannot be written there ({fault.strerror}); choose another file"
        ) from None


def _rejected_rows(
    source: Source, lines: Int64, faults: Bytes, roles: Mapping[Role, str]
) -> Iterator[tuple[int, str, str, str, str]]:
    rules = dict(zip(lines.tolist(), faults.tolist(), strict=True))
    for quoted in source.quote(lines.tolist()):
        rule = rule_name(rules[quoted.line])
        place = _place(source.name, rule, quoted, roles)
        yield quoted.line, rule, place.column, place.value, quoted.raw


def _place(name: str, rule: str, quoted: Quoted, roles: Mapping[Role, str]) -> Place:
    role = _ROLE.get(rule)
    column = roles.get(role, "") if role is not None else ""
    if rule in ("id_too_long", "nul_byte") and quoted.cells:
        column = _offending_id(rule, quoted, roles)
    value = quoted.cells.get(column, "") if column else quoted.raw
    return Place(file=name, line=quoted.line, column=column, value=shortened(value))


def _offending_id(rule: str, quoted: Quoted, roles: Mapping[Role, str]) -> str:
    def at_fault(text: str) -> bool:
        return "\0" in text if rule == "nul_byte" else len(text.strip()) > 1000

    ids: tuple[Role, Role] = ("user_id", "item_id")
    columns = [roles[role] for role in ids if role in roles]
    return next((column for column in columns if at_fault(quoted.cells.get(column, ""))), "")
