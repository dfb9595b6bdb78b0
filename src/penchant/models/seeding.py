"""The people of a model folder as events, so that a store can begin with what the model was trained on."""

from __future__ import annotations

from collections.abc import Iterator

from penchant.data.seeding import interactions_of, user_updates_of
from penchant.event import Interaction, UserUpdate
from penchant.models.base import Model


def events_of(model: Model) -> Iterator[Interaction | UserUpdate]:
    """What a loaded model knows of people, with ids that another reading of the same folder gives again.

    First the attributes of people, as known from the first event on, then the events, person after person; see
    `penchant.data.seeding`.
    """
    at, digest = model.people.sequences.log.at, str(model.card["digest"])
    yield from user_updates_of(model.people, float(at[0]) / 1000 if len(at) else 0.0, digest)
    yield from interactions_of(model.people, model.catalogue, by_person=True)
