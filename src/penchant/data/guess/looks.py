"""How a column looks: the words of its name and a few counts of its values, from which its kind is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl

Form = Literal["number", "text", "truth", "list", "instant", "other"]

SEPARATORS = ("|", ";", ",")
"""What may stand between the tags of one cell, the surest first."""

_MISSING = ("", "\\N", "na", "n/a", "nan", "null", "none")
_INSTANT_TEXT = r"^\d{4}-\d\d-\d\d|^\d{1,2}[-/. ]([A-Za-z]{3}|\d{1,2})[-/. ]\d{2,4}$"
_ADDRESS = r"^(https?://|www\.)|\.(jpe?g|png|gif|mp3|mp4|wav|pdf)$"


@dataclass(frozen=True, kw_only=True)
class Look:
    """One column at a glance.

    Attributes:
        words: lower-case words of the name: ``DrivingStyle`` and ``driving_style`` both give {driving, style}.
        n: rows that are not missing.
        n_distinct: distinct values among them.
        top_share: share of the most frequent value among them, in [0, 1].
        form: ``number`` also for text that holds numbers only (without leading zeros: those are codes).
        whole: all numbers are whole.
        low, high: range of the numbers, else NaN.
        mean_length: mean length of the texts in characters, else 0.
        spaced: share of the texts with a space inside.
        dated, addressed: most texts are dates, or web and file addresses.
        separator: what separates recurring tags in the cells, or None.
        width: the common length of lists of numbers, also where they are written as text, else 0.
    """

    name: str
    words: frozenset[str]
    n: int
    n_distinct: int
    top_share: float
    form: Form
    whole: bool = False
    low: float = float("nan")
    high: float = float("nan")
    mean_length: float = 0.0
    spaced: float = 0.0
    dated: bool = False
    addressed: bool = False
    separator: str | None = None
    width: int = 0

    @property
    def distinct_share(self) -> float:
        """Distinct values a row that is not missing, in [0, 1]."""
        return self.n_distinct / self.n if self.n else 0.0

    def says(self, words: frozenset[str]) -> bool:
        """Whether the name holds one of these words."""
        return not self.words.isdisjoint(words)


def words_of(name: str) -> frozenset[str]:
    """The lower-case words of a column name.

    >>> sorted(words_of("emo_preValence2"))
    ['emo', 'pre', 'valence']
    """
    return frozenset(part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name))


def look_at(column: pl.Series) -> Look:
    """The look of a column; blank texts and the usual marks of nothing count as missing."""
    import polars as pl

    kind = column.dtype
    values = column.drop_nulls()
    if kind.is_float():
        values = values.filter(values.is_finite())
    if kind in (pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
    if values.dtype == pl.String:
        values = values.filter(~values.str.strip_chars().str.to_lowercase().is_in([m.lower() for m in _MISSING]))
        return _text_look(column.name, values)
    if kind.is_numeric():
        return _number_look(column.name, values)
    if isinstance(kind, pl.List | pl.Array):
        return _list_look(column.name, values)
    form: Form = "truth" if kind == pl.Boolean else "instant" if kind.is_temporal() else "other"
    if form == "other":
        return Look(name=column.name, words=words_of(column.name), n=len(values), n_distinct=0, top_share=0, form=form)
    return _counted(column.name, values, form)


def _counted(name: str, values: pl.Series, form: Form, **more: object) -> Look:
    n = len(values)
    counts = values.alias("value").value_counts(sort=True)
    top = int(counts["count"][0]) / n if n else 0.0
    return Look(name=name, words=words_of(name), n=n, n_distinct=len(counts), top_share=top, form=form, **more)  # type: ignore[arg-type]


def _number_look(name: str, values: pl.Series) -> Look:
    import polars as pl

    if not len(values):
        return _counted(name, values, "number")
    numbers = values.cast(pl.Float64)
    whole = bool((numbers == numbers.floor()).all())
    low, high = numbers.min(), numbers.max()
    return _counted(name, numbers, "number", whole=whole, low=low, high=high)


def _text_look(name: str, values: pl.Series) -> Look:
    import polars as pl

    if not len(values):
        return _counted(name, values, "text")
    numbers = values.str.strip_chars().cast(pl.Float64, strict=False)
    zeros = values.str.contains(r"^\s*0\d")  # a code such as the zip 02139, not a number
    if numbers.is_finite().fill_null(value=False).all() and not zeros.any():
        return _number_look(name, numbers)
    return _counted(
        name,
        values,
        "text",
        mean_length=_mean(values.str.len_chars()),
        spaced=_mean(values.str.strip_chars().str.contains(" ", literal=True)),
        dated=_mostly(values, _INSTANT_TEXT),
        addressed=_mostly(values, _ADDRESS),
        separator=_separator_of(values),
        width=_width_of(values),
    )


def _mean(values: pl.Series) -> float:
    """The mean of numbers, or the share of what is true; 0 for no rows."""
    return float(values.cast(float).mean() or 0.0)  # type: ignore[arg-type]


def _mostly(values: pl.Series, pattern: str) -> bool:
    return _mean(values.str.contains(pattern)) >= 0.8


def _separator_of(values: pl.Series) -> str | None:
    """The separator of tags: it is frequent, what it separates is short, and comes back more often than whole cells."""
    for separator in SEPARATORS:
        comma = separator == ","  # prose and amounts have commas too
        share = _mean(values.str.contains(separator, literal=True))
        if share < (0.3 if comma else 0.05):
            continue
        parts = values.str.split(separator).explode().str.strip_chars()
        parts = parts.filter(parts != "")
        n_parts, n_cells = parts.n_unique(), values.n_unique()
        short = len(parts) > 0 and _mean(parts.str.len_chars()) <= 25
        recurring = n_parts <= 0.5 * len(parts) and n_parts <= n_cells or (not comma and n_parts < len(parts))
        worded = not comma or _mean(parts.str.contains(r"^[^\W\d]")) >= 0.9
        if short and recurring and worded:
            return separator
    return None


def _width_of(values: pl.Series) -> int:
    """How many fractional numbers stand in each cell, as in ``[0.1, -2.5, 3]``; 0 where it is not the same everywhere."""
    number = r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"
    if not values.str.contains(rf"^\s*[\[(]?\s*{number}(?:[,;|\s]+{number})+\s*[\])]?\s*$").all():
        return 0
    counts = values.str.count_matches(number)
    fractional = _mean(values.str.contains(".", literal=True)) >= 0.5
    return int(counts[0]) if fractional and counts.n_unique() == 1 else 0


def _list_look(name: str, values: pl.Series) -> Look:
    import polars as pl

    if isinstance(values.dtype, pl.Array):
        values = values.arr.to_list()
    lengths = values.list.len()
    inner = values.dtype.inner if isinstance(values.dtype, pl.List) else pl.Null()
    even = len(values) > 0 and lengths.n_unique() == 1 and int(lengths[0]) >= 2
    width = int(lengths[0]) if even and inner is not None and inner.is_numeric() else 0
    parts = values.explode().drop_nulls()
    nested = isinstance(parts.dtype, pl.List | pl.Array | pl.Struct)
    return Look(
        name=name,
        words=words_of(name),
        n=len(values),
        n_distinct=0 if nested else parts.n_unique(),
        top_share=0.0,
        form="other" if nested else "list",
        width=width,
    )
