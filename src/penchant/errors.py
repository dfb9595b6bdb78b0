"""The error tree: every message says what was expected, what came, and what to do.

`UserError` and its children are the only errors that a face (command line, server) turns into one line for a person; anything
else is a fault of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PenchantError(Exception):
    """Root of all errors raised on purpose by this package."""


class UserError(PenchantError):
    """Something the caller gave cannot be used; the message is one line and says what to do."""


class UnknownName(UserError):
    """A name (model, setting, event kind, context field, ...) that is not known.

    Args:
        kind: what the name stands for, in words, such as ``"model"``.
        name: what came.
        known: the valid names; the nearest one is offered.
        where: optional place, such as ``configs/a.toml: ease``.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str = "") -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        near = nearest(name, self.known)
        hint = f' Did you mean "{near}"?' if near else ""
        listed = ", ".join(self.known) if self.known else "none"
        place = f"{where}: " if where else ""
        super().__init__(f'{place}unknown {kind} "{name}".{hint} Known: {listed}.')


class UnknownId(UnknownName):
    """An id of an item, a person or a list that is not known; there are too many to list them.

    Args:
        kind: what the id stands for, such as ``"item"``.
        name: the id.
        where: optional place, such as ``similar_to``.
    """

    def __init__(self, kind: str, name: str, where: str = "") -> None:
        self.kind, self.name, self.known = kind, name, []
        place = f"{where}: " if where else ""
        UserError.__init__(self, f'{place}unknown {kind} "{name}"; expected an id that is known here')


class MissingExtra(UserError):
    """A part of this package needs a library that is not installed.

    Args:
        what: the part, such as a model's name.
        library: what it needs.
        extra: the extra of this package that installs it.
    """

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(f"{what}: needs {library}; install the extra: pip install 'penchant[{extra}]'")


class BadData(UserError):
    """Rows, columns or files that do not hold what was declared."""


class BadConfig(UserError):
    """A setting with a value outside its declared type or range."""


class BadModelFolder(UserError):
    """A model folder that is incomplete, truncated or changed since it was saved; names the file."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The valid name that looks most like `name`, or None when nothing comes close."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[found[0]] if found else None
