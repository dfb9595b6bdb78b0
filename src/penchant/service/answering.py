"""One answer, now or again: from a question and a state of the log to a list, always by the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from penchant.data.arrays import Bool
from penchant.event import Impression
from penchant.pipeline.asked import Asked, World
from penchant.pipeline.pipeline import Pipeline
from penchant.query import Query
from penchant.service.asking import asked, known
from penchant.service.circumstances import ignored
from penchant.service.nouns import Served
from penchant.slate import Slate
from penchant.store.own_past import OwnPast
from penchant.store.protocol import Store

_SHOWN_EVENTS = 20
"""Newest events that an answer names."""

EXACT = "!exact"
"""What follows the key of a request path that scored the whole catalogue."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """A list, the question with its moment, the same as the request path understood it, and the past it was made from.

    Attributes:
        numbers: of the items of the list, in its order.
    """

    slate: Slate
    numbers: tuple[int, ...]
    query: Query
    asked: Asked
    past: OwnPast
    fallback: bool


def resolved(query: Query, past: OwnPast, now: float) -> Query:
    """The question with its moment: now, or just after the person's newest event where that is a little ahead of us."""
    if query.at is not None:
        return query
    # in whole milliseconds, as models count: an event of this very millisecond must lie before the question
    moment = round(now * 1000)
    if past.at:
        moment = max(moment, round(past.at[-1] * 1000) + 1)
    return replace(query, at=moment / 1000)


def answer(
    store: Store,
    pipeline: Pipeline,
    world: World,
    query: Query,
    withheld: Bool,
    *,
    upto: int,
    now: float,
    seed: int,
    recommendation_id: str,
    history_events: int,
    exact: bool = False,
) -> Answer:
    """A list for a question, as of an offset of the log; one without a moment is about `now` (seconds).

    Raises:
        UnknownName, BadConfig: the question names something that is not declared.
    """
    person = known(store, query, upto, history_events, world.catalogue.schema)
    query = resolved(query, person.past, now)

    def chosen(ids: Sequence[str], kind: str | None) -> frozenset[str]:
        kinds = None if kind is None else (kind,)
        return store.chosen_among(str(query.user_id), ids, before=query.at, upto=upto, kinds=kinds)

    question = asked(
        world, query, person, withheld, seed=seed, recommendation_id=recommendation_id, exact=exact,
        chosen_before=chosen,
    )  # fmt: skip
    made = pipeline.answer(question)
    slate = Slate(recommendation_id=recommendation_id, items=made.items, trace=made.trace, model_version=world.version)
    return Answer(
        slate=slate, numbers=made.numbers, query=query, asked=question, past=person.past, fallback=made.fallback
    )


def impression_of(made: Answer, *, upto: int, seed: int, pipeline_key: str) -> Impression:
    """What is kept of a list."""
    slate, world = made.slate, made.asked.world
    return Impression(
        recommendation_id=slate.recommendation_id,
        query=made.query,
        item_ids=tuple(item.item_id for item in slate.items),
        propensities=tuple(item.propensity for item in slate.items),
        model_version=world.version,
        log_offset=upto,
        seed=seed,
        catalogue_offset=world.catalogue_offset,
        popularity_offset=world.popularity_offset,
        pipeline=pipeline_key + (EXACT if made.asked.exact else ""),
        scores=tuple(item.score for item in slate.items),
        sources=tuple(item.sources for item in slate.items),
    )


def served(made: Answer, *, upto: int) -> Served:
    """The answer with what was made of the question."""
    query, world = made.asked.query, made.asked.world
    catalogue, model = world.catalogue, world.model
    numbers = [(item.item_id, n) for item, n in zip(made.slate.items, made.numbers, strict=True)]
    titles = {item: title for item, n in numbers if (title := catalogue.title(n)) is not None}
    unused = ignored(model, query.context)
    return Served(
        slate=made.slate,
        at=float(query.at or 0.0),
        log_offset=upto,
        context_used={name: value for name, value in query.context.items() if name not in unused},
        context_ignored=unused,
        cold=frozenset(item for item, n in numbers if n >= model.n_fit or not model.known[n]),
        titles=titles,
        fallback=made.fallback,
        history=made.past.newest(_SHOWN_EVENTS),
        unknown_items=made.asked.encoded.unknown_items,
    )
