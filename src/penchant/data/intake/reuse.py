"""Datasets kept on disk, so that the second reading of the same files takes no time. A folder is either whole or not there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from penchant.data.cache import FORMAT, open_dataset, save_dataset
from penchant.data.dataset import Dataset
from penchant.data.intake.validation import ValidationReport
from penchant.data.schema import Schema
from penchant.errors import PenchantError
from penchant.log import Reporter

READER_FORMAT = 1
"""Raised when the same files would now be read differently."""

_EDGE_BYTES = 1 << 20
_UNFINISHED = ".unfinished-"


class Kept:
    """The place of one reading in a cache folder.

    The key is made of each file's path, size, modification time and first and last megabyte, of the schema, and of the format
    numbers. A change of any file makes another key, and the next `save` removes what was kept for the old one.

    Args:
        cache: the folder; made when needed.
        files: all files that are read.
        schema: the schema that was given, None when it is to be guessed.
    """

    def __init__(self, cache: Path, files: Sequence[Path | None], schema: Schema | None) -> None:
        self._cache = cache
        declared = schema.model_dump_json() if schema is not None else ""
        paths = [str(path.resolve()) if path is not None else "" for path in files]
        what = hashlib.sha256(json.dumps([paths, declared, FORMAT, READER_FORMAT]).encode()).hexdigest()[:16]
        state = hashlib.sha256("".join(_state(path) for path in files if path is not None).encode()).hexdigest()[:16]
        self._what = what
        self.folder = cache / f"{what}-{state}"

    def open(self, reporter: Reporter) -> tuple[Dataset, ValidationReport] | None:
        """What was kept, memory-mapped; None when there is nothing, or it is damaged (said to the reporter)."""
        if not self.folder.exists():
            return None
        try:
            report = ValidationReport.from_json(json.loads((self.folder / "report.json").read_text(encoding="utf-8")))
            data = open_dataset(self.folder)
            if len(data) != report.n_loaded or data.n_users != report.n_users or data.n_items != report.n_items:
                raise ValueError("the parts do not belong together")
        except (PenchantError, OSError, ValueError, KeyError, TypeError, IndexError) as fault:
            reporter.note(f"{self.folder}: the cache is damaged ({fault}), so the files are read again.")
            return None
        return data, report

    def save(self, data: Dataset, report: ValidationReport, reporter: Reporter) -> None:
        """Keeps a reading. What goes wrong (a full disk) is said to the reporter, and nothing half-written stays."""
        unfinished: Path | None = None
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            self._sweep()
            prefix = f"{_UNFINISHED}{self._what}-{os.getpid()}-"
            unfinished = Path(tempfile.mkdtemp(prefix=prefix, dir=self._cache))
            save_dataset(data, unfinished)
            (unfinished / "report.json").write_text(json.dumps(report.as_json(), indent=1), encoding="utf-8")
            unfinished.chmod(0o755)
            unfinished.replace(self.folder)
        except OSError as fault:
            if unfinished is not None:
                shutil.rmtree(unfinished, ignore_errors=True)
            reporter.note(f"{self._cache}: could not keep the dataset ({fault.strerror or fault}); going on without.")

    def _sweep(self) -> None:
        """Removes what was kept of these files before they changed, a damaged folder, and what killed processes left."""
        for folder in self._cache.glob(f"{self._what}-*"):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in self._cache.glob(f"{_UNFINISHED}*"):
            process = folder.name.removeprefix(_UNFINISHED).split("-")[1]
            if not _is_alive(int(process)):
                shutil.rmtree(folder, ignore_errors=True)


def _state(path: Path) -> str:
    """Size, modification time and a hash of both ends of a file; a missing file has a state of its own."""
    try:
        with path.open("rb") as stream:
            stat = os.fstat(stream.fileno())
            ends = hashlib.sha256(stream.read(_EDGE_BYTES))
            stream.seek(max(0, stat.st_size - _EDGE_BYTES))
            ends.update(stream.read(_EDGE_BYTES))
    except OSError:
        return f"{path} is missing;"
    return f"{stat.st_size} {stat.st_mtime_ns} {ends.hexdigest()};"


def _is_alive(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(process, 0)
        except PermissionError:
            return True
        return True
    return False
