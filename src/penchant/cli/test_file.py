"""`--test FILE`: a later log, or published pasts with their targets, that is the test of the events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.cli.output import note
from penchant.errors import BadConfig, BadData

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.data.files import Loaded
    from penchant.data.intake.prefixes import Prefixes
    from penchant.evaluate.protocol import Protocol
    from penchant.log import Reporter


def refuse_both(test: Path | None, **others: Any) -> None:
    """A test file already says what is test."""
    for name, value in others.items():
        if test is not None and value is not None:
            raise BadConfig(
                f"--test and --{name.replace('_', '-')}: give one of them; the test file already is the test"
            )


def with_test(loaded: Loaded, test: Path | None, protocol: Protocol, reporter: Reporter) -> tuple[Dataset, Protocol]:
    """The training log and the test log as one, and the protocol that cuts between them."""
    train = loaded.dataset
    if test is None:
        return train, protocol
    split = protocol.labelled or protocol.name in ("column", "cold")
    if not split and protocol.name not in ("replay", "time"):
        raise BadConfig(
            f"--test: protocol {protocol.name} makes its own test; use replay, time, column, cold, ctr or rating"
        )
    from penchant.data.files import load
    from penchant.data.intake.prefixes import read_prefixes
    from penchant.data.intake.two_logs import joined, schema_for_test

    prefixes = read_prefixes(test, reporter)
    if prefixes is not None:
        return _asked_of_strangers(train, prefixes, protocol)
    second = load(test, schema=schema_for_test(train.schema), reporter=reporter)
    later = second.dataset
    note(f"{test}: {len(later):,} events of {later.n_users:,} people, the test")
    both = joined(train, later)
    if split or not train.timed:
        return both, protocol
    first, last = int(later.interactions.at[0]), int(train.interactions.at[-1])
    if first < last:
        raise BadData(
            f"{test}: its first event ({second.report.first}) is earlier than the last one of the training log "
            f"({loaded.report.last}); protocol {protocol.name} needs a test that follows; use --protocol column"
        )
    shared = int((train.interactions.at == first).sum())
    if shared:
        note(f"{shared} events of the training log share the first instant of the test and count as test")
    return both, protocol.changed(test_from=first)


def _asked_of_strangers(train: Dataset, prefixes: Prefixes, protocol: Protocol) -> tuple[Dataset, Protocol]:
    """Published pasts and their targets behind the log, and what can be asked of them: each target by itself, at no time."""
    from penchant.data.intake.strangers import with_strangers

    name, n = prefixes.name, len(prefixes)
    if protocol.name != "column":
        raise BadConfig(f"--test: {name} holds pasts and targets; protocol {protocol.name} cannot ask them, use column")
    if protocol.per == "person" or protocol.request_time not in ("auto", "none"):
        raise BadConfig(
            f"--test: {name} holds pasts without times, each with one target: --per event, --request-time none"
        )
    asked = with_strangers(train, prefixes)
    by = ", one person a session" if prefixes.session is not None else ", each a person of its own"
    aside = f"; {prefixes.n_rejected:,} rows were set aside" if prefixes.n_rejected else ""
    note(f"{name}: {n:,} pasts ({len(prefixes.past):,} events) with one target each{by}{aside}")
    if asked.unknown_targets or asked.unknown_past:
        note(
            f"{name}: {asked.unknown_targets:,} targets ({asked.unknown_targets / n:.1%}) are not in the training log: a model "
            f"that cannot score them misses; so are {asked.unknown_past:,} events of the pasts"
        )
    return asked.dataset, protocol.changed(per="event", request_time="none")
