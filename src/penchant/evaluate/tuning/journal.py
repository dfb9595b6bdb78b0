"""The journal of a search: one JSON line for each finished trial, so that a kill loses at most the trial that was running.

A line is synced before the next trial begins. The lines are those of the journal storage of optuna, so that its own tools can
show them; nothing in them is evaluated.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from penchant.errors import BadData, UserError
from penchant.evaluate.tuning.trials import Trial

if TYPE_CHECKING:
    from optuna.storages import JournalStorage
    from optuna.study import Study

DIGEST = "digest of the data"
_ABOUT = "about"
_PATIENCE, _WAIT_SECONDS = 12, 0.25
"""So often, so long: the children of a killed command notice it after a moment."""


class Journal:
    """A journal file, open for one command at a time; its child processes share it.

    Used as a context. A line that a crash cut short is taken away when the file is opened.

    Args:
        path: the file; it is made when it is missing.
        lock: False in a child process whose parent holds the lock.

    Raises:
        UserError: another process has it open, it cannot be written, or optuna is not installed.
        BadData: it holds something else.
    """

    def __init__(self, path: Path, *, lock: bool = True) -> None:
        need_optuna()
        self.path = path
        try:
            self.handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as fault:
            raise UserError(f"{path}: cannot be written ({fault.strerror}); expected a file for --study") from None
        try:
            if lock:
                self._lock()
                self._mend()
            self.storage = self._storage()
        except BaseException:
            os.close(self.handle)
            raise

    def __enter__(self) -> Self:
        """The open journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file, which frees the lock."""
        os.close(self.handle)

    def study(self, name: str, about: Mapping[str, Any]) -> Study:
        """The study called `name`, made if there is none.

        Args:
            about: plain values that must be the same whenever the study goes on.

        Raises:
            BadData: the study in the file is about something else; names the first difference.
        """
        import optuna

        told = json.loads(json.dumps(about))
        try:
            study = optuna.load_study(study_name=name, storage=self.storage)
        except KeyError:
            study = optuna.create_study(study_name=name, storage=self.storage, direction="maximize")
        before = study.user_attrs.get(_ABOUT)
        if before is None:
            # new, or a crash came between the name and this line
            study.set_user_attr(_ABOUT, told)
            return study
        for key in {**told, **before}:
            if told.get(key) != before.get(key):
                raise BadData(f"{self.path}: {name}: {_difference(key, before.get(key), told.get(key))}; {_WHAT_TO_DO}")
        return study

    def trials(self, name: str) -> list[Trial]:
        """The finished trials of a study; none where it is not in the file."""
        import optuna

        try:
            study = optuna.load_study(study_name=name, storage=self.storage)
        except KeyError:
            return []
        return [Trial.read(found) for found in study.get_trials(deepcopy=False)]

    def _lock(self) -> None:
        for _ in range(_PATIENCE):
            try:
                # held by this file and by children that inherit it, and freed by the system however they end
                fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                time.sleep(_WAIT_SECONDS)
        raise UserError(f"{self.path}: another penchant tune is writing to it; wait for it, or choose another --out")

    def _mend(self) -> None:
        """Takes away the end of the file from the first byte that is no whole line; raises BadData for a bad line before."""
        text = self.path.read_bytes()
        end = 0
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            if not (line.endswith(b"\n") and _is_entry(line)):
                torn = number == len(lines) and (end > 0 or _BEGINNING.startswith(line[: len(_BEGINNING)]))
                if not torn:
                    raise BadData(
                        f"{self.path}: line {number} is not a line of a tuning journal; choose another --out or --study"
                    )
                break
            end += len(line)
        if end < len(text):
            os.ftruncate(self.handle, end)

    def _storage(self) -> JournalStorage:
        from optuna.storages import JournalStorage
        from optuna.storages.journal import BaseJournalBackend

        class Backend(BaseJournalBackend):
            def read_logs(_, log_number_from: int) -> Iterator[dict[str, Any]]:  # noqa: N805
                return self._lines(log_number_from)

            def append_logs(_, logs: list[dict[str, Any]]) -> None:  # noqa: N805
                self._append(logs)

        self._starts = [0]
        try:
            return JournalStorage(Backend())
        except (KeyError, ValueError, TypeError, AttributeError, AssertionError) as fault:
            told = f"{type(fault).__name__}: {fault}"
            raise BadData(
                f"{self.path}: not a journal of penchant tune ({told}); choose another --out or --study"
            ) from None

    def _lines(self, first: int) -> Iterator[dict[str, Any]]:
        """The whole lines from number `first` on; `_starts` remembers where lines begin."""
        with self.path.open("rb") as file:
            number = min(first, len(self._starts) - 1)
            file.seek(self._starts[number])
            for line in file:
                if not line.endswith(b"\n"):
                    # another process is writing it
                    return
                number += 1
                if number == len(self._starts):
                    self._starts.append(self._starts[-1] + len(line))
                if number > first:
                    yield json.loads(line)

    def _append(self, logs: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        # one call: lines of several processes never mix
        if os.write(self.handle, text) < len(text):
            raise UserError(f"{self.path}: the disk is full; free some, and run the same command again")
        os.fsync(self.handle)


_BEGINNING = b'{"op_code":'
"""How every line begins."""

_WHAT_TO_DO = "choose another --out or --study, or delete the file to begin anew"


def need_optuna() -> None:
    """Raises UserError when it is not installed; else makes it silent."""
    try:
        import optuna
    except ImportError:
        raise UserError('penchant tune needs optuna, which is not installed: pip install "penchant[tune]"') from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def _difference(key: str, before: Any, now: Any) -> str:
    """One difference in words; of a table only the first entry that differs."""
    if key == DIGEST:
        return f"it was tuned on other data (digest {before}, now {now}): the log, --items, --users or --schema differ"
    if isinstance(before, dict) and isinstance(now, dict):
        part = next(name for name in {**before, **now} if before.get(name) != now.get(name))
        return _difference(f"{key} {part}", before.get(part), now.get(part))
    return f"its {key} was {_shown(before)}, now it is {_shown(now)}"


def _shown(value: Any) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)


def _is_entry(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and "op_code" in found
