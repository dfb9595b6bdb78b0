"""Sending a log to a server: batches side by side, and a mark of how far it got."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from penchant.cli.resuming import Stopped
from penchant.errors import UserError

if TYPE_CHECKING:
    from penchant.client import Client
    from penchant.client_wire import Recorded
    from penchant.data.dataset import Dataset
    from penchant.event import Interaction
    from penchant.log import Reporter

T = TypeVar("T")
SHOWN_REASONS = 5
"""So many events that were not taken are named."""

_EACH = 20
"""Batches between two marks."""


@dataclass
class Sent:
    """What became of the events; `before` of them were sent by an earlier run."""

    before: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Mark:
    """How far the sending of one log to one server got; a small file in the cache folder."""

    file: Path
    sent: int = 0

    @classmethod
    def of(cls, url: str, who: str, log: Dataset, *, anew: bool = False) -> Mark:
        """The mark of a log; `who` tells projects apart. Sent is 0 without one, and with `anew`."""
        from penchant.cli.reading import cache_folder

        # the secret is a part of what is hashed, and is kept nowhere
        name = hashlib.sha256(f"{url}\0{who}\0{log.digest}".encode()).hexdigest()[:24]
        file = cache_folder() / "ingest" / f"{name}.json"
        sent = 0
        if not anew:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                sent = min(len(log), max(0, int(json.loads(file.read_text(encoding="ascii"))["sent"])))
        return cls(file, sent)

    def keep(self, sent: int) -> None:
        """Writes down how far it got; a folder that cannot be written to only costs sending again."""
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            new = self.file.with_suffix(".new")
            new.write_text(json.dumps({"sent": sent}), encoding="ascii")
            new.replace(self.file)

    def remove(self) -> None:
        """Forgets it: all is sent."""
        with contextlib.suppress(OSError):
            self.file.unlink(missing_ok=True)


def send_events(
    client: Client,
    events: Iterator[Interaction],
    total: int,
    mark: Mark,
    batch: int,
    at_once: int,
    reporter: Reporter,
) -> Sent:
    """Sends all events behind the mark, in order, `at_once` batches at a time.

    Raises:
        Stopped: it was interrupted; the same command goes on.
        UserError: the server refused a whole request, or did not answer.
    """
    sent = Sent(before=mark.sent)
    done = mark.sent
    if done:
        reporter.note(f"{done:,} of {total:,} events were sent by an earlier run; --anew sends them again")
    parts = _parts(islice(events, done, None), batch)
    under_way: deque[tuple[list[Interaction], Future[Recorded]]] = deque()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="ingest")
    try:
        for number, part in enumerate(parts):
            under_way.append((part, pool.submit(client.record, part)))
            if len(under_way) >= at_once:
                done += _take(*under_way.popleft(), sent)
                reporter.progress("ingest: events", done, total)
                if number % _EACH == 0:
                    mark.keep(done)
        while under_way:
            done += _take(*under_way.popleft(), sent)
            reporter.progress("ingest: events", done, total)
    except KeyboardInterrupt:
        mark.keep(done)
        raise Stopped(f"{done:,} of {total:,} events are sent; the same command goes on there") from None
    except UserError:
        mark.keep(done)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    mark.remove()
    return sent


def send_attributes(client: Client, log: Dataset, now: float, batch: int, reporter: Reporter) -> Mapping[str, int]:
    """Sends what the attribute files say of items and people; how many were accepted and how many not."""
    from penchant.data.seeding import item_updates_of, user_updates_of

    counts: dict[str, int] = {}
    if log.item_features.columns:
        _count(counts, "items", _parts(item_updates_of(log.catalogue(), now), batch), client.put_items, reporter)
    if log.user_features.columns:
        _count(
            counts, "people", _parts(user_updates_of(log.people(), now, log.digest), batch), client.put_users, reporter
        )
    return counts


def _count(
    counts: dict[str, int],
    name: str,
    parts: Iterator[list[T]],
    send: Callable[[Iterable[T]], Recorded],
    reporter: Reporter,
) -> None:
    for part in parts:
        told = send(part)
        counts[name] = counts.get(name, 0) + told.accepted
        if told.rejected:
            counts[f"{name} not taken"] = counts.get(f"{name} not taken", 0) + told.rejected
            reporter.note(f"{name}: not taken: {next((one.reason for one in told.events if one.reason), 'no reason')}")


def _take(part: list[Interaction], future: Future[Recorded], sent: Sent) -> int:
    told = future.result()
    sent.accepted += told.accepted
    sent.duplicate += told.duplicate
    sent.rejected += told.rejected
    for one in told.events:
        if one.status == "rejected" and len(sent.reasons) < SHOWN_REASONS:
            event = part[one.index]
            sent.reasons.append(f"{event.user_id}, {event.item_id} at {event.at:.3f}: {one.reason}")
    return len(part)


def _parts(things: Iterator[T], size: int) -> Iterator[list[T]]:
    while part := list(islice(things, size)):
        yield part
