"""Lists of the past, drawn again from what was kept: the question, the log as it was, the model and the seed."""

from __future__ import annotations

from collections.abc import Callable

from penchant.errors import UnknownId
from penchant.event import Impression, Interaction
from penchant.service.answering import EXACT, answer
from penchant.service.availability import Availability
from penchant.service.nouns import Why
from penchant.service.ways import Way
from penchant.service.worlds import Worlds
from penchant.slate import Slate
from penchant.store.protocol import Store


def draw_again(
    store: Store,
    worlds: Worlds,
    availability: Availability,
    way_of: Callable[[str], Way],
    recommendation_id: str,
) -> Why:
    """The list of `recommendation_id`, made once more.

    Raises:
        UnknownId: no such list is kept.
        BadModelFolder: the model that made it is no longer whole on the shelf.
    """
    kept = store.impression(recommendation_id)
    if kept is None:
        raise UnknownId("recommendation", recommendation_id)
    way = way_of(kept.pipeline.removesuffix(EXACT))
    world = worlds.world(kept.model_version, kept.catalogue_offset, kept.popularity_offset)
    made = answer(
        store,
        way.pipeline,
        world,
        kept.query,
        availability.as_of(kept.log_offset, way.suspicion).mask(world),
        upto=kept.log_offset,
        now=kept.query.at or 0.0,
        seed=kept.seed,
        recommendation_id=recommendation_id,
        history_events=way.history_events,
        exact=kept.pipeline.endswith(EXACT),
    )
    return Why(
        impression=kept, history=_known(store, kept, way.history_events), again=made.slate, same=_same(kept, made.slate)
    )


def _known(store: Store, kept: Impression, last: int) -> tuple[Interaction, ...]:
    """The events that the answer was made from; none when the question brought its own past."""
    query = kept.query
    if query.user_id is None or query.history is not None:
        return ()
    return store.history(query.user_id, before=query.at, upto=kept.log_offset, last=last)


def _same(kept: Impression, again: Slate) -> bool:
    return (
        kept.item_ids == tuple(item.item_id for item in again.items)
        and kept.scores == tuple(item.score for item in again.items)
        and kept.propensities == tuple(item.propensity for item in again.items)
    )
