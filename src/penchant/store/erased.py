"""What forgetting a person removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What `forget` removed.

    Attributes:
        rows: rows removed by place, such as ``{"log": 120, "impressions": 3}``.
        first_offset: the person's first offset, so that one can say which models were trained with it; None without events.
        places: in words, each place that was cleaned and how (``"log: 120 rows"``, ``"free pages: overwritten"``).
    """

    rows: Mapping[str, int]
    first_offset: int | None
    places: tuple[str, ...]
