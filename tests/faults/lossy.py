"""``python tests/faults/lossy.py ARGUMENTS``: the command line on a disk that keeps for certain only what was synced.

Writes go into memory until their file is synced, as in the cache of an operating system; about half of them reach the disk
earlier, in no order. A process that is killed here loses what a power cut would have lost. The store is then
``sqlite:FOLDER?vfs=lossy``; only one process at a time may work on it.
"""

from __future__ import annotations

import random
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import apsw

ROOT = Path(__file__).resolve().parents[2]
NAME = "lossy"


class LossyFiles(apsw.VFS):
    """A VFS called `NAME`; registered as long as the object lives."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self.lock = threading.RLock()
        self.draw = random.Random(3)
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: list[int]) -> LossyFile:
        return LossyFile(self, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        with self.lock:
            self.waiting.pop(name, None)
        super().xDelete(name, sync)


class LossyFile(apsw.VFSFile):
    """A file whose writes wait for a sync; all handles of a file see them."""

    def __init__(self, system: LossyFiles, name: Any, flags: list[int]) -> None:
        self._system = system
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("", name, flags)

    @property
    def _waiting(self) -> list[tuple[int, bytes]]:
        return self._system.waiting[self._name]

    def xWrite(self, data: bytes, offset: int) -> None:
        with self._system.lock:
            self._waiting.append((offset, bytes(data)))
            if self._system.draw.random() < 0.5:
                super().xWrite(data, offset)

    def xRead(self, amount: int, offset: int) -> bytes:
        with self._system.lock:
            found = bytearray(super().xRead(amount, offset))
            for start, data in self._waiting:
                first, last = max(start, offset), min(start + len(data), offset + amount)
                if first < last:
                    found.extend(bytes(max(0, last - offset - len(found))))
                    found[first - offset : last - offset] = data[first - start : last - start]
            return bytes(found)

    def xFileSize(self) -> int:
        with self._system.lock:
            return max([super().xFileSize(), *(start + len(data) for start, data in self._waiting)])

    def xTruncate(self, size: int) -> None:
        with self._system.lock:
            kept = [(start, data[: size - start]) for start, data in self._waiting if start < size]
            self._system.waiting[self._name] = kept
            super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        with self._system.lock:
            for start, data in self._waiting:
                super().xWrite(data, start)
            self._waiting.clear()
            super().xSync(flags)


FILES = LossyFiles()

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from penchant.cli.app import main

    sys.exit(main())
