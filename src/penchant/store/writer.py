"""The one thread of a process that writes to a project: all that waits at a moment shares one transaction (group commit).

A commit waits for the disk, some milliseconds on ordinary machines, whether it carries one event or a thousand. While one is
under way the next group gathers; so the more callers there are, the more each commit carries. What became of a group is told
by a second thread where the next one waits already: each caller that is woken wants Python's lock, and so does the writer.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from penchant.store.appending import Batch
from penchant.store.database import Transaction
from penchant.store.erasing import Forget
from penchant.store.lists import ListRow
from penchant.store.protocol import StoreFull, StoreUnavailable

Work = Callable[[Transaction], Any]
Load = Batch | tuple[ListRow, ...] | Forget | Work
Outcome = tuple[Future[Any], Any, BaseException | None]
"""Whom to tell, and the result or the fault."""

_GROUP_EVENTS = 5_000
"""A group takes no more once it holds so many events; the callers behind it are not kept waiting for long."""


_PATIENCE_SECONDS = 0.001
"""How long a group waits to grow as large as the one before it: callers that got their answer come back with the next batch.
A caller that is alone never waits."""


@dataclass(frozen=True)
class Job:
    """Something to write: events, served lists, a person to forget, or anything else."""

    load: Load
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Takes jobs from any thread and writes them in order.

    Args:
        write: writes a group in one transaction and returns one result per job; nothing is kept when it raises.
        rest: housekeeping after a group was written and its callers know; raises nothing.
        name: of the thread.
    """

    def __init__(self, write: Callable[[Sequence[Job]], list[Any]], rest: Callable[[], None], name: str) -> None:
        self._write = write
        self._rest = rest
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = False
        self._expected = 1
        self._gate = threading.Lock()
        self._outcomes: queue.SimpleQueue[list[Outcome] | None] = queue.SimpleQueue()
        self._teller = threading.Thread(target=self._tell, name=f"penchant-teller-{name}", daemon=True)
        self._thread = threading.Thread(target=self._run, name=f"penchant-writer-{name}", daemon=True)
        self._teller.start()
        self._thread.start()

    def submit(self, job: Job) -> Future[Any]:
        """Queues a job; its future is done once the transaction is on disk, or failed."""
        with self._gate:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Writes what was submitted and tells what became of it, then ends the threads."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()
        self._outcomes.put(None)
        self._teller.join()

    def _run(self) -> None:
        held: Job | None = None
        while True:
            first = held if held is not None else self._jobs.get()
            if first is None:
                return
            group, held, ended = self._gather(first)
            self._expected = len(group)
            group = [job for job in group if job.future.set_running_or_notify_cancel()]
            if group:
                self._settle(group)
                self._rest()
            if ended:
                return

    def _gather(self, first: Job) -> tuple[list[Job], Job | None, bool]:
        """The jobs that share a transaction with the first one, one that must not, and whether the end was reached.

        People to forget are only grouped with each other: they share the scrubbing, which takes long.
        """
        group, events, forgets = [first], _events(first), isinstance(first.load, Forget)
        patient_until = perf_counter() + _PATIENCE_SECONDS
        while events < _GROUP_EVENTS:
            late = len(group) >= self._expected
            try:
                job = self._jobs.get(not late, None if late else max(patient_until - perf_counter(), 0.0))
            except queue.Empty:
                break
            if job is None:
                return group, None, True
            if isinstance(job.load, Forget) != forgets:
                return group, job, False
            group.append(job)
            events += _events(job)
        return group, None, False

    def _settle(self, group: list[Job]) -> None:
        try:
            results = self._write(group)
        except (StoreFull, StoreUnavailable) as fault:
            self._say([(job.future, None, fault) for job in group])
        except BaseException as fault:
            if len(group) == 1:
                self._say([(group[0].future, None, fault)])
            else:  # one of them is at fault: each is tried by itself, so that it fails alone
                for job in group:
                    self._settle([job])
        else:
            self._say([(job.future, result, None) for job, result in zip(group, results, strict=True)])

    def _say(self, outcomes: list[Outcome]) -> None:
        """Tells callers at once when nobody waits for the writer; a caller that is alone pays for no other thread."""
        if self._jobs.empty():
            _tell_all(outcomes)
        else:
            self._outcomes.put(outcomes)

    def _tell(self) -> None:
        while (outcomes := self._outcomes.get()) is not None:
            _tell_all(outcomes)


def _tell_all(outcomes: list[Outcome]) -> None:
    for future, result, fault in outcomes:
        if fault is None:
            future.set_result(result)
        else:
            future.set_exception(fault)


def _events(job: Job) -> int:
    return len(job.load.rows) if isinstance(job.load, Batch) else 1
