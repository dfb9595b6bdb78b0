"""What SQLite reports, in the words of the store."""

from __future__ import annotations

from pathlib import Path

import apsw

from penchant.errors import PenchantError
from penchant.store.protocol import BadStore, StoreFull, StoreUnavailable

_MISTAKES = (
    *(apsw.SQLError, apsw.MisuseError, apsw.ConstraintError, apsw.RangeError, apsw.MismatchError, apsw.BindingsError),
    *(apsw.ConnectionClosedError, apsw.CursorClosedError, apsw.ThreadingViolationError, apsw.IncompleteExecutionError),
)


def translated(fault: apsw.Error, path: Path) -> PenchantError:
    """The error of the store that stands for a fault below it; raises the fault itself when it is a mistake of ours."""
    if isinstance(fault, apsw.FullError):
        return StoreFull(f"{path}: the disk is full; make room")
    if isinstance(fault, apsw.CorruptError | apsw.NotADBError):
        return StoreUnavailable(f"{path}: is damaged ({fault}); restore it from a backup")
    if isinstance(fault, apsw.BusyError | apsw.LockedError):
        return StoreUnavailable(f"{path}: another process holds it for too long")
    if isinstance(fault, _MISTAKES):
        raise fault
    return StoreUnavailable(f"{path}: cannot be read or written ({fault}); look after the disk and its permissions")


def damaged(fault: apsw.Error, path: Path) -> BadStore | None:
    """The refusal of a file that is no database, or a broken one; None for other faults."""
    if isinstance(fault, apsw.CorruptError | apsw.NotADBError):
        return BadStore(f"{path}: is not a database, or a damaged one ({fault}); restore it from a backup")
    return None
