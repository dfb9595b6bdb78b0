"""The one place that reads the wall clock; everything else is given a `Clock`."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Says what time it is: seconds since 1970, UTC."""


def wall_clock() -> float:
    """The time of this machine, seconds since 1970, UTC."""
    return time.time()
