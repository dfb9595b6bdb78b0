"""Events in: checked one by one, kept all together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from penchant.service.intake import Intake
from penchant.service.nouns import Recorded
from penchant.store.protocol import Appended, Logged, Store

_FORGOTTEN = "this person asked to be forgotten after the time of this event; events from after that are accepted"

_new = object.__new__


def record(store: Store, intake: Intake, events: Sequence[Logged], now: float) -> Future[tuple[Recorded, ...]]:
    """Keeps the good events; the future comes when they are durable, and raises what the store raises.

    Args:
        now: seconds since 1970, UTC.
    """
    reasons = [intake.reason(event, now) for event in events]
    good = [event for event, reason in zip(events, reasons, strict=True) if reason is None]
    done: Future[tuple[Recorded, ...]] = Future()
    if not good:
        done.set_result(_told(events, reasons, ()))
        return done

    def finish(kept: Future[tuple[Appended, ...]]) -> None:
        fault = kept.exception()
        if fault is not None:
            done.set_exception(fault)
        else:
            done.set_result(_told(events, reasons, kept.result()))

    store.submit(good).add_done_callback(finish)
    return done


def _told(events: Sequence[Logged], reasons: Sequence[str | None], kept: Sequence[Appended]) -> tuple[Recorded, ...]:
    told, rest = [], iter(kept)
    for event, reason in zip(events, reasons, strict=True):
        if reason is not None:
            told.append(Recorded(status="rejected", event_id=event.event_id, reason=reason))
            continue
        one = next(rest)
        if one.status == "forgotten":
            told.append(Recorded(status="rejected", event_id=event.event_id, reason=_FORGOTTEN))
        else:
            # filled in at once: the constructor of a frozen class sets one field after the other
            recorded: Recorded = _new(Recorded)
            recorded.__dict__.update(status=one.status, event_id=event.event_id, offset=one.offset, reason=None)
            told.append(recorded)
    return tuple(told)
