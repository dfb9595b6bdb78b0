"""``python tests/store/run_with_faults.py CONTROL ARGUMENTS``: the command line, with the faulty file system registered.

The store is then ``sqlite:FOLDER?vfs=faulty``. Processes that are spawned from it read this file again, and so have it too; the
environment tells them where the control file is, because their arguments are those of the command by then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.store.faulty import FaultyFiles  # noqa: E402  (the line above makes it importable)

if __name__ in ("__main__", "__mp_main__"):
    FILES = FaultyFiles(Path(os.environ.setdefault("PENCHANT_TEST_TROUBLE", sys.argv[1])))

if __name__ == "__main__":
    from penchant.cli.app import main

    sys.argv[1:] = sys.argv[2:]
    sys.exit(main())
