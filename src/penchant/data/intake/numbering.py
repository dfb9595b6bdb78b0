"""From ids to numbers at bulk speed: each batch becomes codes at once, and each distinct id is cleaned once, at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penchant.data.arrays import Bytes, Nums
from penchant.data.intake.cells import as_text
from penchant.data.intake.validation import rule_number

if TYPE_CHECKING:
    import polars as pl

MAX_ID_LENGTH = 1000


@dataclass(frozen=True, eq=False)
class DistinctIds:
    """The distinct ids behind the codes of a `Numbering`, cleaned.

    Attributes:
        texts: the ids, stripped of surrounding white space, each once.
        place: int32 [n_codes], code -> place in `texts`.
        faults: uint8 [n_codes], number of the rule that an id breaks, 0 for none; a blank id has `blank`.
    """

    texts: pl.Series
    place: Nums
    faults: Bytes


class Numbering:
    """Gives each distinct text a code, batch by batch; holds each text once."""

    def __init__(self) -> None:
        import polars as pl

        self._categories = pl.Categories.random()
        self._kind = pl.Categorical(self._categories)
        # polars forgets the codes with the last column that has them, so one stays alive
        self._alive = pl.Series([], dtype=pl.String).cast(self._kind)

    def add(self, column: pl.Series) -> Nums:
        """Codes int32 [n] of a column of any type; -1 where it is missing. The same text gets the same code in all batches."""
        coded = as_text(column).cast(self._kind).to_physical()
        return coded.fill_null(2**32 - 1).to_numpy().view(np.int32).copy()

    def texts(self) -> pl.Series:
        """The text of each code, as it came."""
        return self._categories.to_series()

    def __len__(self) -> int:
        """Number of distinct texts so far."""
        return len(self.texts())

    def cleaned(self, blank: str) -> DistinctIds:
        """Strips all ids, joins those that become equal and marks those that cannot be used. "5.0" among whole numbers is "5".

        Args:
            blank: the rule that a blank id breaks; "" where blank only means missing, which is marked 255.
        """
        texts = self.texts()
        stripped = _as_whole_numbers(texts.str.strip_chars())
        if bool((texts == stripped).all()):
            place = np.arange(len(texts), dtype=np.int32)
        else:
            joined = Numbering()
            place = joined.add(stripped)
            stripped = joined.texts()
        faults = np.zeros(len(stripped), dtype=np.uint8)
        faults[(stripped == "").to_numpy()] = rule_number(blank) if blank else 255
        faults[(stripped.str.len_chars() > MAX_ID_LENGTH).to_numpy()] = rule_number("id_too_long")
        faults[stripped.str.contains("\0", literal=True).to_numpy()] = rule_number("nul_byte")
        return DistinctIds(texts=stripped, place=place, faults=faults[place])


def _as_whole_numbers(texts: pl.Series) -> pl.Series:
    """Where all are whole numbers, some with ".0" as programs write ids after a gap, the texts without it."""
    filled = texts.filter(texts != "")
    pointed = filled.str.contains(r"\.0+$")
    if not pointed.any() or not filled.str.contains(r"^-?\d+(\.0+)?$").all():
        return texts
    return texts.str.replace(r"\.0+$", "")


def in_order_of_use(places: Nums, n: int) -> Nums:
    """The places 0..n-1 that occur in `places` (int32 [N], -1 is skipped), by their first occurrence."""
    first = np.full(n + 1, len(places), dtype=np.int64)
    # numpy assigns in order, so that of equal places the last assignment stands: the first occurrence
    small = np.int32 if len(places) < 2**31 else np.int64
    first[places[::-1]] = np.arange(len(places) - 1, -1, -1, dtype=small)
    used = np.flatnonzero(first[:n] < len(places))
    return used[np.argsort(first[:n][used], kind="stable")].astype(np.int32)
