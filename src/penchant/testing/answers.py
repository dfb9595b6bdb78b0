"""Checks of single answers: what a model says to a query, whatever it has learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.arrays import Float32, Nums
from penchant.models.base import Model, Scored
from penchant.query import Past, Query
from penchant.testing.subject import RELATIVE, Subject, difference, expect, scores_of


def check_batch_is_one_by_one(s: Subject) -> None:
    """Asking many queries at once gives the answers of asking one by one, up to 1e-5 and the order of ties."""
    queries = s.queries
    together = scores_of(s.model, queries)
    alone = np.concatenate([scores_of(s.model, [query]) for query in queries])
    found = difference(together, alone)
    expect(not found, f"asked together and one by one, scores differ: {found}")
    for query, row, many in zip(queries, alone, s.model.recommend_many(queries), strict=True):
        one = s.model.recommend(query)
        expect(len(one.item_ids) == len(many.item_ids), "asked together and one by one, lists differ in length")
        scale = float(np.nanmax(np.abs(row), initial=1e-12))
        for a, b in zip(one.item_ids, many.item_ids, strict=True):
            gap = abs(float(row[_number(s.model, a)]) - float(row[_number(s.model, b)]))
            expect(gap <= RELATIVE * scale, f"asked together and one by one, lists differ outside ties: {a} and {b}")


def check_order_of_queries(s: Subject) -> None:
    """The order in which people are asked changes no answer."""
    queries = s.queries
    backwards = scores_of(s.model, queries[::-1])[::-1]
    found = difference(scores_of(s.model, queries), backwards)
    expect(not found, f"scores depend on the order in which people are asked: {found}")


def check_score_agrees_with_recommend(s: Subject) -> None:
    """`recommend` lists the finite scores of `score`, best first, each item once, and nothing better is left out."""
    ids = tuple(s.world.data.items)
    for query in s.queries:
        query = replace(query, repeats="allow", k=7)
        answer = s.model.recommend(query)
        _check_form(answer)
        scores = dict(zip(ids, s.model.score(query, ids).tolist(), strict=True))
        for item, score in zip(answer.item_ids, answer.scores.tolist(), strict=True):
            agrees = abs(scores[item] - score) <= RELATIVE * max(abs(score), 1e-12)
            expect(agrees, f"recommend says {score} for {item}, score says {scores[item]}")
        rest = [scores[item] for item in ids if item not in answer.item_ids and np.isfinite(scores[item])]
        wanted = min(7, len(rest) + len(answer.item_ids))
        expect(len(answer.item_ids) == wanted, f"expected {wanted} items, recommend gave {len(answer.item_ids)}")
        if rest and len(answer.scores):
            worst = float(answer.scores[-1])
            expect(max(rest) <= worst + RELATIVE * abs(worst), "recommend left out an item with a better score")


def check_some_items(s: Subject) -> None:
    """Scores of some items are those that they have among all, also where popularity and circumstances weigh."""
    n = len(s.world.data.items)
    items = np.asarray([n - 1, *range(0, n, 3), 0], dtype=np.int32)
    settings: tuple[dict[str, float | bool], ...] = ({}, {"popularity_weight": 0.5}, {"context_lift": 1.0})
    if s.model.config.popularity_behind:
        settings = (*settings, {"popularity_behind": False})
    for changed in settings:
        model = s.model.with_settings(**changed)
        batch = model.encode(s.queries).batch
        whole, some = model.score_batch(batch), model.score_items(batch, items)
        expect(some.shape == (len(batch), len(items)), f"score_items: expected {len(items)} columns, got {some.shape}")
        found = difference(whole, _in_place(whole, items, some))
        expect(not found, f"score_items: with {changed}, not what score_batch says: {found}")


def _in_place(whole: Float32, items: Nums, some: Float32) -> Float32:
    table = whole.copy()
    table[:, items] = some
    return table


def check_excluded(s: Subject) -> None:
    """Excluded items do not appear, and the others keep their order."""
    query = Query(user_id=s.person, at=s.now, k=10, repeats="allow")
    before = s.model.recommend(query).item_ids
    after = s.model.recommend(replace(query, exclude=frozenset(before[:3]))).item_ids
    expect(not set(before[:3]) & set(after), f"excluded items appear: {sorted(set(before[:3]) & set(after))}")
    expect(after[: len(before) - 3] == before[3:], "excluding some items changed the order of the others")


def check_repeats(s: Subject) -> None:
    """Under `exclude` nothing of the history appears; under `allow` the history removes nothing."""
    past = s.past(s.person, s.now)[-20:]
    seen = {event.item_id for event in past}
    n = len(s.world.data.items)
    stranger = Query(history=past, at=s.now, k=n)
    new = s.model.recommend(replace(stranger, repeats="exclude")).item_ids
    expect(not seen & set(new), f'items of the history appear under repeats="exclude": {sorted(seen & set(new))[:3]}')
    every = s.model.recommend(replace(stranger, repeats="allow")).item_ids
    able = int(np.isfinite(scores_of(s.model, [stranger])).sum())
    expect(len(every) == able, f'repeats="allow" removed {able - len(every)} items')


def check_candidates(s: Subject) -> None:
    """Only candidates appear, ranked by their scores; an unknown one is left out."""
    items = np.flatnonzero(s.world.train.seen_items)[::5]
    ids = tuple(s.world.data.items.id(int(item)) for item in items)
    query = Query(user_id=s.person, at=s.now, k=len(ids) + 5, repeats="allow", candidates=(*ids, "no such item"))
    answer = s.model.recommend(query)
    _check_form(answer)
    expect(set(answer.item_ids) <= set(ids), f"not a candidate: {sorted(set(answer.item_ids) - set(ids))[:3]}")
    able = int(np.isfinite(s.model.score(query, ids)).sum())
    expect(len(answer.item_ids) == able, f"{able} candidates have a score, recommend gave {len(answer.item_ids)}")


def check_k_past_the_catalogue(s: Subject) -> None:
    """More items may be asked for than there are."""
    n = len(s.world.data.items)
    answer = s.model.recommend(Query(user_id=s.person, at=s.now, k=n + 1000))
    _check_form(answer)
    expect(len(answer.item_ids) <= n, f"expected at most {n} items, got {len(answer.item_ids)}")


def check_unknown_items(s: Subject) -> None:
    """An unknown item has the score NaN, and so has one without an event unless the model scores unseen items."""
    query = Query(user_id=s.person, at=s.now)
    expect(bool(np.isnan(s.model.score(query, ["no such item"])).all()), "an unknown item must have the score NaN")
    if s.model.scores_unseen:
        return
    data = s.world.train
    unseen = [data.items.id(int(item)) for item in np.flatnonzero(~data.seen_items)]
    expect(bool(np.isnan(s.model.score(query, unseen)).all()), "an item without an event must have the score NaN")
    listed = s.model.recommend(replace(query, k=len(data.items))).item_ids
    expect(not set(unseen) & set(listed), "an item without an event was recommended")


def check_lengths_of_history(s: Subject) -> None:
    """Nothing, one event, and 10,000 events are all fine."""
    data = s.world.train
    ids = [data.items.id(int(item)) for item in np.flatnonzero(data.seen_items)]
    for length in (0, 1, 10_000):
        past = tuple(Past(item_id=ids[place % len(ids)]) for place in range(length))
        query = Query(history=past, at=s.now, k=5, repeats="allow")
        answer = s.model.recommend(query)
        _check_form(answer)
        speaks = s.model.config.popularity_behind or length > 0
        expect(len(answer.item_ids) > 0 or not speaks, f"no answer to a history of {length} events")


def check_context(s: Subject) -> None:
    """The context changes scores only for a model that says so, and then it does."""
    fields = s.world.train.interactions.context
    query = Query(user_id=s.person, at=s.now)
    rows = []
    for name, column in fields.items():
        rows += [replace(query, context={name: value}) for value in getattr(column, "names", ())]
    if not rows:
        return
    changed = bool(difference(scores_of(s.model, rows), scores_of(s.model, [query] * len(rows))))
    expect(changed == s.uses_context, f"uses_context={s.uses_context}, but the context changed scores: {changed}")


def _check_form(answer: Scored) -> None:
    expect(len(answer.item_ids) == len(answer.scores), "an answer must have one score for each item")
    expect(len(set(answer.item_ids)) == len(answer.item_ids), "an item appears twice in one answer")
    expect(bool(np.isfinite(answer.scores).all()), "an answer holds a score that is not finite")
    expect(bool((np.diff(answer.scores) <= 0).all()), "an answer must be ordered best first")


def _number(model: Model, item_id: str) -> int:
    number = model.catalogue.items.number(item_id)
    expect(number is not None, f"recommended an item that the catalogue does not hold: {item_id}")
    return number or 0


CHECKS = (
    check_batch_is_one_by_one,
    check_order_of_queries,
    check_score_agrees_with_recommend,
    check_some_items,
    check_excluded,
    check_repeats,
    check_candidates,
    check_k_past_the_catalogue,
    check_unknown_items,
    check_lengths_of_history,
    check_context,
)
