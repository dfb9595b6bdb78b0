"""The report of one reading, put together from what was collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from penchant.data.arrays import Bytes, Int64
from penchant.data.dataset import Dataset
from penchant.data.intake.assembling import Described, attribute_faults
from penchant.data.intake.attributes import coverage
from penchant.data.intake.collecting import Rows
from penchant.data.intake.isotime import iso
from penchant.data.intake.log_figures import LogFigures
from penchant.data.intake.reading import Source
from penchant.data.intake.rejects import broken_rules
from penchant.data.intake.validation import BrokenRule, ValidationReport, rule_number
from penchant.data.schema import Role
from penchant.errors import nearest

_EARLY = int(datetime(1972, 1, 1, tzinfo=UTC).timestamp() * 1000)
_MANY_REJECTED = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """What one reading held; `about` are the attribute files of (people, items)."""

    source: Source
    roles: Mapping[Role, str]
    rows: Rows
    about: tuple[Described | None, Described | None]
    possible_context: tuple[str, ...]

    @property
    def rejected(self) -> tuple[Int64, Bytes]:
        """Lines of the events that were set aside (rising), and the rule that each breaks."""
        bad = np.flatnonzero(self.rows.faults)
        return self.rows.lines_of(bad), self.rows.faults[bad]


def nothing_left(reading: Reading) -> str:
    """Why no event could be used, in one line."""
    name, n = reading.source.name, len(reading.rows.faults)
    lines, faults = reading.rejected
    rules = sorted(broken_rules(reading.source, lines, faults, reading.roles), key=lambda rule: -rule.count)
    said = "; ".join(f"{rule.count:,} {rule.rule} ({rule.meaning}), such as {rule.first[0]}" for rule in rules[:3])
    return f"{name}: none of the {n:,} rows can be used: {said}"


def report_of(reading: Reading, data: Dataset, figures: LogFigures, warnings: Sequence[str]) -> ValidationReport:
    """The report of a dataset that was read."""
    rows, log = reading.rows, data.interactions
    n, n_rows = len(log), len(rows.faults)
    counts = np.bincount(log.kind, minlength=len(data.schema.kinds)).tolist()
    return ValidationReport(
        files=tuple(source.name for source in _sources(reading)),
        n_rows=n_rows,
        n_loaded=n,
        n_rejected=n_rows - n,
        roles={str(role): column for role, column in reading.roles.items()},
        time_unit=rows.time_unit,
        first=iso(int(log.at[0])) if data.timed else None,
        last=iso(int(log.at[-1])) if data.timed else None,
        n_users=data.n_users,
        n_items=data.n_items,
        density=figures.n_pairs / (data.n_users * data.n_items),
        repeats=figures.repeats,
        repeats_last_tenth=figures.repeats_last_tenth,
        kinds=dict(zip(data.schema.kinds, counts, strict=True)),
        context={name: coverage(column) for name, column in log.context.items()},
        item_attributes={name: coverage(column) for name, column in data.item_features.columns.items()},
        user_attributes={name: coverage(column) for name, column in data.user_features.columns.items()},
        possible_context=reading.possible_context,
        warnings=(*warnings, *_warnings(reading, data)),
        broken=_broken(reading, figures, list(data.schema.kinds)),
    )


def _sources(reading: Reading) -> list[Source]:
    return [reading.source, *(about.rows.source for about in reading.about if about is not None)]


def _broken(reading: Reading, figures: LogFigures, kinds: Sequence[str]) -> tuple[BrokenRule, ...]:
    broken = [
        _with_hint(rule, kinds) if rule.rule == "unknown_kind" else rule
        for rule in broken_rules(reading.source, *reading.rejected, reading.roles)
    ]
    if len(figures.copies):
        lines = reading.rows.lines_of(np.sort(reading.rows.row[figures.copies]).astype(np.int64))
        marks = np.full(len(lines), rule_number("duplicate_row"), dtype=np.uint8)
        broken += broken_rules(reading.source, lines, marks, reading.roles, rejected=False)
    roles: tuple[Role, Role] = ("user_id", "item_id")
    for about, key, role in zip(reading.about, ("user", "item"), roles, strict=True):
        if about is not None:
            lines, faults = attribute_faults(about, reading.rows.ids[key], rule_number(f"blank_{key}"))
            broken += broken_rules(about.rows.source, lines, faults, {role: about.rows.id_column})
    return tuple(broken)


def _with_hint(rule: BrokenRule, kinds: Sequence[str]) -> BrokenRule:
    """The rule with the known kinds, and the one that is nearest to the first place."""
    near = nearest(rule.first[0].value, kinds)
    hint = f'; did you mean "{near}"?' if near else ""
    return replace(rule, meaning=f"{rule.meaning}: {', '.join(kinds)}{hint}")


def _warnings(reading: Reading, data: Dataset) -> list[str]:
    rows, name, found = reading.rows, reading.source.name, list[str]()
    n_rows, n = len(rows.faults), len(data)
    if n_rows - n > _MANY_REJECTED * n_rows:
        found.append(f"{name}: {(n_rows - n) / n_rows:.0%} of the rows were set aside; look at the broken rules first")
    if not data.timed:
        order = f'the column "{reading.roles["order"]}"' if "order" in reading.roles else "the file"
        found.append(
            f"{name}: no timestamps, so the order is that of {order}; "
            "protocols that cut in time mean little: use `column` (a published split) or `last`, "
            "or name the column of the times in the schema: columns.timestamp"
        )
    elif int(data.interactions.at[-1]) < _EARLY:
        found.append(f"{name}: all times lie before 1972: relative times, or dates such as 20240131 read as seconds?")
    if rows.naive and data.schema.time_zone == "UTC":
        found.append(f"{name}: the times name no zone and are read as UTC; set time_zone if they are local")
    for key, count in rows.notes.items():
        if key == "value":
            found.append(f"{name}: {count:,} events have no {reading.roles['value']}; they count as 1")
        else:
            found.append(
                f"{name}: {key.removeprefix('context:')}: {count:,} cells hold no finite number; taken as missing"
            )
    if len(np.unique(data.interactions.user)) == 1:
        found.append(f"{name}: all events are of one person; nothing can be learned from others")
    if len(np.unique(data.interactions.item)) == 1:
        found.append(f"{name}: all events are about one item; there is nothing to choose from")
    for kind, share in (("item", data.schema.item_attributes), ("user", data.schema.user_attributes)):
        table = data.item_features if kind == "item" else data.user_features
        if share and not table.columns:
            found.append(f"the schema declares {kind} attributes, but no file of {kind}s was given; they are left out")
    return found
