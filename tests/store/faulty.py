"""A file system below SQLite that fails on demand: what a text file says happens to writes, syncs and reads.

The file holds words: ``full`` (writes find the disk full), ``write``, ``sync`` or ``read`` (that call fails), ``log`` (only
calls on the write-ahead log do). Another process can change it at any time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

NAME = "faulty"


class FaultyFiles(apsw.VFS):
    """A VFS called `NAME`; registered as long as the object lives."""

    def __init__(self, control: Path) -> None:
        self.control = control
        self.calls = 0
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: list[int]) -> FaultyFile:
        return FaultyFile(self, name, flags)

    def trouble(self, call: str, *, log: bool) -> None:
        """Raises what the text file asks for."""
        try:
            words = self.control.read_text().split()
        except FileNotFoundError:
            return
        if "log" in words and not log:
            return
        if "full" in words and call == "write":
            self.calls += 1
            raise apsw.FullError("no room, says the test")
        if call in words:
            self.calls += 1
            raise apsw.IOError(f"{call} failed, says the test")


class FaultyFile(apsw.VFSFile):
    """A file that asks first."""

    def __init__(self, system: FaultyFiles, name: Any, flags: list[int]) -> None:
        self._system = system
        self._log = bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._system.trouble("write", log=self._log)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._system.trouble("sync", log=self._log)
        super().xSync(flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._system.trouble("read", log=self._log)
        return super().xRead(amount, offset)
