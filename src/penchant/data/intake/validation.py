"""What was found in the files: counts, ranges, and every broken rule with its count and its first places."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RULES: Mapping[str, str] = {
    "invalid_utf8": "the line is not valid UTF-8",
    "nul_byte": "the line or the id holds a NUL byte",
    "line_too_long": "the line or a quoted field is too long (more than 1,000,000 bytes a line)",
    "open_quote": "a quote is opened but not closed where the record should end",
    "ragged_row": "the line has more or fewer fields than the header",
    "not_an_object": "the line is not one JSON object",
    "blank_user": "the id of the person is blank, or a list or an object",
    "blank_item": "the id of the item is blank, or a list or an object",
    "id_too_long": "an id has more than 1,000 characters",
    "bad_timestamp": "the time is missing, not finite, or neither a number nor ISO 8601 text such as 2024-01-31 18:05",
    "negative_timestamp": "the time lies before 1970",
    "far_future": "the time lies after 2100, or alone, more than five years after 99.9 % of the others",
    "timestamp_unit": "the time is off by a power of 1,000: another unit than most of the file",
    "bad_value": "the value is not a finite number",
    "unknown_kind": "the event kind is not one of the schema's",
    "blank_kind": "the event kind is blank",
    "bad_order": "the place in the order is not a whole number",
    "bad_prefix": "the past is no list of item ids, or one of them is blank or longer than 1,000 characters",
    "duplicate_row": "the event is an exact copy of another (same person, item, time and kind); it is kept",
}
"""Name of each rule and what it means when a row breaks it. A row is counted under the first rule that it breaks."""

_NUMBER = {name: i + 1 for i, name in enumerate(RULES)}
_NAME = {number: name for name, number in _NUMBER.items()}


def rule_number(name: str) -> int:
    """The number of a rule, 1..n; 0 stands for a row that breaks none."""
    return _NUMBER[name]


def rule_name(number: int) -> str:
    """The name of the rule with this number (1..n)."""
    return _NAME[number]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a rule is broken.

    Attributes:
        line: the physical line of a text file, counted from 1 with the header; the row, counted from 1, of a table.
        column: the column as the file spells it, "" when the whole line is meant.
        value: what stands there, shortened.
    """

    file: str
    line: int
    column: str
    value: str

    def __str__(self) -> str:
        """As in messages."""
        column = f" {self.column}" if self.column else ""
        return f'{self.file}:{self.line}{column} "{self.value}"'


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    """A rule that some rows break; `first` holds up to three places. `rejected` is False when the rows were kept."""

    rule: str
    meaning: str
    count: int
    first: tuple[Place, ...]
    rejected: bool = True

    def __str__(self) -> str:
        """One line."""
        places = "; ".join(str(place) for place in self.first)
        return f"{self.rule}: {self.count:,} ({self.meaning}), first at {places}"


@dataclass(frozen=True, kw_only=True)
class ValidationReport:
    """What reading a log found.

    Attributes:
        files: the files that were read.
        n_rows, n_loaded, n_rejected: rows of the events file, without blank lines; n_rows = n_loaded + n_rejected.
        roles: role -> column of the events file.
        time_unit: ``s ms us ns iso datetime``, or ``none`` for a log without timestamps.
        first, last: the range of time as ISO 8601 text in UTC, None for a log without timestamps.
        density: distinct (person, item) pairs over all possible ones, in [0, 1].
        repeats: share of events that repeat an earlier (person, item) pair, in [0, 1].
        repeats_last_tenth: the same among the last tenth of the events in time.
        kinds: event kind -> number of events.
        context: context field -> share of events that have a value, in [0, 1].
        item_attributes, user_attributes: attribute -> share of the vocabulary that has a value, in [0, 1].
        possible_context: columns that were not read but look like circumstances; declare them to use them.
        warnings: finished sentences.
        broken: every broken rule; those of attribute files are told apart by the file of their places.
        from_cache: whether the dataset came out of the cache.
    """

    files: tuple[str, ...]
    n_rows: int
    n_loaded: int
    n_rejected: int
    roles: Mapping[str, str]
    time_unit: str
    first: str | None
    last: str | None
    n_users: int
    n_items: int
    density: float
    repeats: float
    repeats_last_tenth: float
    kinds: Mapping[str, int]
    context: Mapping[str, float] = field(default_factory=dict)
    item_attributes: Mapping[str, float] = field(default_factory=dict)
    user_attributes: Mapping[str, float] = field(default_factory=dict)
    possible_context: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    broken: tuple[BrokenRule, ...] = ()
    from_cache: bool = False

    def as_json(self) -> dict[str, Any]:
        """The report as plain values that `json.dumps` takes."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ValidationReport:
        """The report that `as_json` gave; raises KeyError or TypeError when it is another thing."""
        broken = tuple(
            BrokenRule(**{**rule, "first": tuple(Place(**place) for place in rule["first"])})
            for rule in values["broken"]
        )
        lists = {key: tuple(values[key]) for key in ("files", "possible_context", "warnings")}
        return cls(**{**values, **lists, "broken": broken})


def shortened(value: object, width: int = 60) -> str:
    """A value as it is shown in one line: control characters escaped, long texts cut."""
    text = "" if value is None else str(value)[: 4 * width]
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return text if len(text) <= width else text[: width - 3] + "..."
