"""``python tests/store/appending_child.py URL PROJECT NAME``: appends until it is killed, and prints what was acknowledged.

One line per acknowledged batch: the first number of the batch and its offsets. Event n of the child is ``NAME-n``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from penchant.store.url import open_stores  # noqa: E402  (after the line above)
from tests.store.events import play  # noqa: E402

BATCH = 7


def main() -> None:
    """Never returns."""
    url, project, name = sys.argv[1:4]
    store = open_stores(url).project(project)
    number = 0
    while True:
        batch = [play(f"{name}-u{n % 5}", f"i{n % 11}", n, f"{name}-{n}") for n in range(number, number + BATCH)]
        kept = store.append(batch)
        sys.stdout.write(f"{number} {' '.join(str(one.offset) for one in kept)}\n")
        sys.stdout.flush()
        number += BATCH


if __name__ == "__main__":
    main()
