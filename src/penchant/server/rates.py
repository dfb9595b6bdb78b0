"""How often a key may ask: a bucket for each key that fills up evenly."""

from __future__ import annotations

from time import monotonic

from penchant.server.problems import Problem


class Rates:
    """Buckets of requests, one for each key.

    Args:
        rate: requests a second that flow into a bucket; 0 limits nothing.
        burst: seconds of that flow that a bucket holds.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._room = rate, max(1.0, rate * burst)
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key_id: str, now: float | None = None) -> None:
        """Takes one request out of the bucket of a key; raises Problem 429 when it is empty."""
        if not self._rate:
            return
        now = monotonic() if now is None else now
        left, at = self._buckets.get(key_id, (self._room, now))
        left = min(self._room, left + (now - at) * self._rate)
        if left < 1.0:
            self._buckets[key_id] = (left, now)
            raise Problem(429, "this key asks too often; wait", retry_after=(1.0 - left) / self._rate)
        self._buckets[key_id] = (left - 1.0, now)
