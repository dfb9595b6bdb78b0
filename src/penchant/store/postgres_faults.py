"""What PostgreSQL reports, in the words of the store."""

from __future__ import annotations

import psycopg
from psycopg import errors

from penchant.errors import PenchantError, UserError
from penchant.store.protocol import BadStore, StoreFull, StoreUnavailable


def translated(fault: psycopg.Error) -> PenchantError:
    """The error of the store that stands for a fault below it; raises the fault itself when it is a mistake of ours."""
    said = one_line(fault)
    if isinstance(fault, errors.DiskFull):
        return StoreFull(f"the database's disk is full; make room ({said})")
    if isinstance(fault, errors.ProgramLimitExceeded):
        return UserError(f"expected ids of at most some 800 characters in all, got longer ones ({said})")
    if isinstance(fault, psycopg.DataError):
        return UserError(f"expected text without the character NUL and numbers of 64 bits ({said})")
    if isinstance(fault, errors.InsufficientPrivilege):
        return BadStore(f"store: expected a database user who may create schemas ({said})")
    if isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError):
        return StoreUnavailable(f"the database cannot be used ({said})")
    raise fault


def one_line(fault: psycopg.Error) -> str:
    """What the server or its library said."""
    return " ".join(str(fault).split())
