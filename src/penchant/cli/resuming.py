"""Where `penchant train` keeps checkpoints until the model is saved; the same command goes on from them after a stop."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penchant.log import Reporter

_OWN = re.compile(r"[0-9a-f]{16}")


class Stopped(Exception):
    """The command was interrupted; the message says how to go on."""


@contextmanager
def checkpoints_beside(target: Path, about: Mapping[str, Any], reporter: Reporter) -> Iterator[Path]:
    """A folder for the checkpoints of one command, beside the model folder `target`; it is removed when the block ends well.

    Args:
        target: absolute.
        about: what decides what the command computes, plain JSON values; checkpoints of others are removed, with a note.
        reporter: hears that note.

    Raises:
        Stopped: the block was interrupted, and there is something to go on from.
    """
    root = target.with_name(f".{target.name}.checkpoints")
    key = hashlib.sha256(json.dumps(dict(about), sort_keys=True).encode()).hexdigest()[:16]
    others = [path for path in root.glob("*") if path.is_dir() and path.name != key and _OWN.fullmatch(path.name)]
    if others:
        reporter.note(f"{root}: checkpoints of another log, other settings or another seed; not used, and removed")
    for path in others:
        shutil.rmtree(path, ignore_errors=True)
    try:
        yield root / key
    except KeyboardInterrupt:
        if any((root / key).rglob("*.json")):
            raise Stopped("the same command goes on from the newest checkpoint") from None
        raise
    shutil.rmtree(root / key, ignore_errors=True)
    if root.is_dir() and not any(root.iterdir()):
        root.rmdir()
