"""Popularity as of the same moments, asked for again and again: counted once."""

from __future__ import annotations

from dataclasses import dataclass, field

from penchant.data.arrays import Float32, Int64
from penchant.data.popularity import PopularityLog

_MOST_CELLS = 64_000_000
"""Counts that are kept: 256 MB. What comes after that is counted anew each time."""

_Key = tuple[bytes, float | None, float | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class RememberedPopularity(PopularityLog):
    """A popularity log that keeps its answers; each answer is a copy, which the caller may overwrite."""

    kept: dict[_Key, Float32] = field(default_factory=dict)

    @classmethod
    def of(cls, log: PopularityLog) -> RememberedPopularity:
        """The same log, with nothing kept yet."""
        return cls(item=log.item, at=log.at, weight=log.weight, user=log.user, n_items=log.n_items)

    def as_of(self, at: Int64, *, half_life: float | None = None, window: float | None = None) -> Float32:
        """See `PopularityLog.as_of`."""
        key = (at.tobytes(), half_life, window)
        if key in self.kept:
            return self.kept[key].copy()
        counts = super().as_of(at, half_life=half_life, window=window)
        if sum(one.size for one in self.kept.values()) + counts.size <= _MOST_CELLS:
            self.kept[key] = counts.copy()
        return counts
