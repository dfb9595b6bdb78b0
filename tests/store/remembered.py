"""The store as plain Python: lists and dictionaries, every question answered by looking at everything."""

from __future__ import annotations

import math
from collections.abc import Sequence

from penchant.event import Flag, Impression, Interaction, ItemUpdate, UserUpdate
from penchant.store.protocol import Logged, Stored


class Remembered:
    """What a store should hold."""

    def __init__(self) -> None:
        self.log: list[Stored] = []
        self.newest = 0
        self.newest_update = 0
        self.lists: dict[str, Impression] = {}
        self.forgotten: dict[str, float] = {}

    def append(self, events: Sequence[Logged]) -> list[tuple[str, int]]:
        """Keeps a batch; status and offset of each."""
        fates = []
        for event in events:
            person = about(event)
            first = [
                one.offset for one in self.log if event.event_id is not None and one.event.event_id == event.event_id
            ]
            if person is not None and event.at <= self.forgotten.get(person, -math.inf):
                fates.append(("forgotten", 0))
            elif first:
                fates.append(("duplicate", first[0]))
            else:
                self.newest += 1
                self.log.append(Stored(offset=self.newest, event=event))
                if isinstance(event, ItemUpdate | Flag):
                    self.newest_update = self.newest
                fates.append(("accepted", self.newest))
        return fates

    def keep(self, impressions: Sequence[Impression]) -> None:
        """Keeps served lists."""
        for one in impressions:
            person, at = one.query.user_id, one.query.at
            assert at is not None
            if person is None or at > self.forgotten.get(person, -math.inf):
                self.lists.setdefault(one.recommendation_id, one)

    def forget(self, person: str, at: float) -> tuple[int, int, int | None]:
        """Rows of the log, served lists, first offset."""
        gone = [one.offset for one in self.log if about(one.event) == person]
        lists = [name for name, one in self.lists.items() if one.query.user_id == person]
        self.log = [one for one in self.log if about(one.event) != person]
        self.lists = {name: one for name, one in self.lists.items() if name not in lists}
        self.forgotten[person] = max(at, self.forgotten.get(person, -math.inf))
        return len(gone), len(lists), min(gone, default=None)

    def upto(self, upto: int) -> list[Stored]:
        """The log as of an offset."""
        return [one for one in self.log if one.offset <= upto]

    def history(self, person: str, before: float, upto: int) -> list[Interaction]:
        """All events of a person, by time and offset."""
        found = [
            (one.event.at, one.offset, one.event)
            for one in self.upto(upto)
            if isinstance(one.event, Interaction) and one.event.user_id == person and one.event.at < before
        ]
        return [event for _, _, event in sorted(found, key=lambda one: one[:2])]

    def items(self, upto: int) -> dict[str, Stored]:
        """The newest update of each item."""
        return {one.event.item_id: one for one in self.upto(upto) if isinstance(one.event, ItemUpdate)}

    def user(self, person: str, upto: int) -> UserUpdate | None:
        """The newest attributes of a person."""
        found = [
            one.event for one in self.upto(upto) if isinstance(one.event, UserUpdate) and one.event.user_id == person
        ]
        return found[-1] if found else None

    def flags(self, upto: int) -> dict[tuple[str, str], Flag]:
        """The newest flag of each subject."""
        flags = [one.event for one in self.upto(upto) if isinstance(one.event, Flag)]
        return {(flag.subject_kind, flag.subject_id): flag for flag in flags}


def about(event: Logged) -> str | None:
    """The person an event is about."""
    if isinstance(event, Flag):
        return event.subject_id if event.subject_kind == "user" else None
    return None if isinstance(event, ItemUpdate) else event.user_id
