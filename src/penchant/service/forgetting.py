"""Forgetting a person: what is removed at once, and what a model has learned and only a refit takes away."""

from __future__ import annotations

from penchant.service.nouns import Receipt
from penchant.store.protocol import Store, Stored, Version

_REFIT = (
    "models cannot unlearn one person: those in `trained_versions` still hold what they learned from these events (no id) "
    "until the next refit (`POST /v1/models:refit`, `penchant refit`; with force where little else is new); one that is under "
    "way begins anew"
)
_NO_REFIT = (
    "no model of this project was trained with the person; nothing remains to be done (a refit under way begins anew)"
)
_NOTHING = (
    "nothing of the person was found; where an earlier receipt names models, that still holds until the next refit"
)


def forget(store: Store, user_id: str, at: float) -> Receipt:
    """Removes a person from the store, durably, and says what remains.

    `at` is the moment, seconds since 1970, UTC; events of the person that are not newer are refused when they come again. Where
    a clock that is fast has dated some after it, the moment is just after the newest of them.
    """
    seeded = _was_seeded(store, user_id)
    at = max(at, _newest(store, user_id) + _JUST_AFTER)
    erased = store.forget(user_id, at)
    trained = tuple(v.version for v in store.versions() if _saw(v, erased.first_offset, seeded))
    return Receipt(
        user_id=user_id,
        at=at,
        places=erased.places,
        rows=erased.rows,
        trained_versions=trained,
        refit=_NOTHING if erased.first_offset is None else _REFIT if trained else _NO_REFIT,
        outside=(
            "the event files and the model folder (its people/) that `penchant train` read and wrote: remove the person there "
            "and train again",
            "copies of logs that `penchant` keeps on the machines where they were read (~/.cache/penchant, or the folder that "
            "PENCHANT_CACHE names): delete that folder",
            "backups and replicas of the store",
        ),
    )


_JUST_AFTER = 0.002
"""Seconds; a list that was drawn right after an event is dated a millisecond after it."""


def _newest(store: Store, user_id: str) -> float:
    update = store.user(user_id)
    return max(store.newest_at(user_id) or 0.0, 0.0 if update is None else update.at)


SEEDED = "log:"
"""What the ids of events begin with that came from the log of the first model."""


def _was_seeded(store: Store, user_id: str) -> bool:
    # attributes, or an event of long ago, that came later may stand before those of the first model
    events = (part.event for part in store.export(user_id) if isinstance(part, Stored))
    return any((event.event_id or "").startswith(SEEDED) for event in events)


def _saw(version: Version, first_offset: int | None, seeded: bool) -> bool:
    """Whether its training saw the person: one made from files saw those that were seeded, others the log until its end."""
    if first_offset is None:
        return False
    return seeded if version.trained_to == 0 else first_offset <= version.trained_to
