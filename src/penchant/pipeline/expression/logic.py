"""Three-valued logic: yes, no, or unknown because a value is missing (Kleene 1952; the logic of SQL)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.data.arrays import AnyArray, Bool


@dataclass(frozen=True, eq=False)
class Verdicts:
    """One verdict an item, or one for all.

    Attributes:
        yes, no: bool [n] or []; where neither holds it is unknown, both never hold.
    """

    yes: Bool
    no: Bool

    @classmethod
    def of(cls, yes: Any, known: Any = True) -> Verdicts:
        """Yes or no where it is known, unknown elsewhere."""
        said, told = np.asarray(yes, dtype=np.bool_), np.asarray(known, dtype=np.bool_)
        return cls(np.asarray(said & told), np.asarray(~said & told))

    @classmethod
    def unknown(cls) -> Verdicts:
        """Unknown for all."""
        return cls.of(False, False)

    def __invert__(self) -> Verdicts:
        """The opposite; unknown stays unknown."""
        return Verdicts(self.no, self.yes)

    def __and__(self, other: Verdicts) -> Verdicts:
        """No where one of them says no, yes where both say yes."""
        return Verdicts(np.asarray(self.yes & other.yes), np.asarray(self.no | other.no))

    def __or__(self, other: Verdicts) -> Verdicts:
        """Yes where one of them says yes, no where both say no."""
        return Verdicts(np.asarray(self.yes | other.yes), np.asarray(self.no & other.no))

    def at(self, rows: AnyArray | None) -> Verdicts:
        """Those of `rows` (int [m]); all of them for None."""
        if rows is None or self.yes.ndim == 0:
            return self
        return Verdicts(self.yes[rows], self.no[rows])
