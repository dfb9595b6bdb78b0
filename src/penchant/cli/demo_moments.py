"""One person asked about in two moments: both lists side by side, what moved, and what the right moment is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from penchant.cli.log_rows import named, show_history
from penchant.cli.output import show
from penchant.cli.tables import table
from penchant.query import Query

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.data.sources.music import MusicWorld
    from penchant.metrics.intervals import Difference
    from penchant.models.base import Model

K = 10


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment with a name; `at` in seconds since 1970 (UTC)."""

    name: str
    at: float
    context: Mapping[str, str]

    def query(self, user_id: str) -> Query:
        """The person's question in this moment."""
        return Query(user_id=user_id, at=self.at, context=self.context, k=K)


def two_moments(log: Dataset) -> tuple[Moment, Moment]:
    """A workday morning commute and a Saturday evening at home, in the first whole week after the log."""
    end = datetime.fromtimestamp(int(log.interactions.at[-1]) / 1000, UTC)
    monday = (end + timedelta(days=7 - end.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    commute = monday + timedelta(days=1, hours=8, minutes=10)
    evening = monday + timedelta(days=5, hours=20, minutes=30)
    return (
        Moment(
            name="Tuesday 08:10, commute", at=commute.timestamp(), context={"place": "commute", "mood": "energetic"}
        ),
        Moment(name="Saturday 20:30, at home", at=evening.timestamp(), context={"place": "home", "mood": "calm"}),
    )


def show_two_moments(world: MusicWorld, log: Dataset, model: Model, why: str) -> dict[str, Any]:
    """The music service: one person, two moments, and over many people what asking for the moment is worth; as JSON too."""
    moments = two_moments(log)
    person = typical_person(log)
    show(f"The model: {why}.")
    show(f"The person: {log.users.id(person)}; the last songs:")
    show_history(log, person, 6)
    lists = [model.recommend(moment.query(log.users.id(person))).item_ids for moment in moments]
    show_side_by_side(log, [moment.name for moment in moments], lists)
    right, wrong, gain = worth_of_the_moment(world, log, model, moments)
    show(
        f"The simulator knows how likely every song was. Over {gain.n} people, the list made for a moment captures "
        f"{100 * right:.0f} % of what the best possible list captures in it, and the list made for the other moment "
        f"{100 * wrong:.0f} %: "
        f"asking for the moment is worth {100 * gain.difference:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]."
    )
    worth = {
        "right_moment": right,
        "other_moment": wrong,
        "difference": gain.difference,
        "low": gain.low,
        "high": gain.high,
    }
    return {**_told(log, person, [moment.name for moment in moments], lists), "captured@10": worth}


def show_two_times(log: Dataset, model: Model, why: str) -> dict[str, Any]:
    """A log without circumstances: the same person early and late in the own history; as JSON too."""
    person = typical_person(log)
    sequences = log.sequences
    low, high = int(sequences.offsets[person]), int(sequences.offsets[person + 1])
    at = log.interactions.at[sequences.rows[low:high]] / 1000
    early, late = float(at[len(at) // 3]), float(at[-1]) + 1
    show(f"The model: {why}.")
    show(f"The person: {log.users.id(person)}; the last films:")
    show_history(log, person, 6)
    names = [f"after {int((at < moment).sum())} ratings" for moment in (early, late)]
    lists = [model.recommend(Query(user_id=log.users.id(person), at=t, k=K)).item_ids for t in (early, late)]
    show_side_by_side(log, names, lists)
    show("No new fit lies between the two lists: the history is part of the question.")
    return _told(log, person, names, lists)


def _told(log: Dataset, person: int, names: Sequence[str], lists: Sequence[Sequence[str]]) -> dict[str, Any]:
    return {"user_id": log.users.id(person), "lists": {name: list(ids) for name, ids in zip(names, lists, strict=True)}}


def typical_person(log: Dataset) -> int:
    """The person with the median number of events among those with at least ten (all, where nobody has)."""
    import numpy as np

    n = np.diff(log.sequences.offsets)
    busy = np.flatnonzero(n >= 10)
    pool = busy if len(busy) else np.flatnonzero(n)
    return int(pool[np.argsort(n[pool], kind="stable")[len(pool) // 2]])


def show_side_by_side(log: Dataset, names: Sequence[str], lists: Sequence[Sequence[str]]) -> None:
    """Both lists; the second tells where each item stood in the first."""
    first, second = lists
    made = table("#>", names[0], names[1], "moved")
    for place in range(max(len(first), len(second))):
        cells = [named(log, _number(log, made_for[place])) if place < len(made_for) else "" for made_for in lists]
        made.add(str(place + 1), *cells, _moved(second[place], place, first) if place < len(second) else "")
    show(made.rich)
    kept = set(first) & set(second)
    show(f"{len(kept)} of {len(second)} stand in both lists, {len(second) - len(kept)} only in the second.")


def _number(log: Dataset, item_id: str) -> int:
    number = log.items.number(item_id)
    assert number is not None
    return number


def _moved(item_id: str, place: int, before: Sequence[str]) -> str:
    if item_id not in before:
        return "new"
    change = before.index(item_id) - place
    return "same" if change == 0 else f"up {change}" if change > 0 else f"down {-change}"


def worth_of_the_moment(
    world: MusicWorld, log: Dataset, model: Model, moments: tuple[Moment, Moment], n_people: int = 150
) -> tuple[float, float, Difference]:
    """Share of the optimum captured by the list for the moment, by that for the other one, and the paired difference."""
    import numpy as np

    from penchant.data.sources.music import Truth
    from penchant.metrics.intervals import paired_bootstrap
    from penchant.rng import generator

    truth = Truth(world)
    n = np.diff(log.sequences.offsets)
    people = generator(7, "demo").permutation(np.flatnonzero(n >= 10))[:n_people]
    ids = [log.users.id(int(person)) for person in people]
    lists = [model.recommend_many([moment.query(user) for user in ids]) for moment in moments]
    right, wrong = np.zeros((2, len(ids))), np.zeros((2, len(ids)))
    for which, moment in enumerate(moments):
        for i, user in enumerate(ids):
            p = truth.probability(int(user[1:]), moment.context, _songs(log, user), int(moment.at))
            best = np.sort(p)[::-1][:K].sum()
            right[which, i] = p[_song_numbers(lists[which][i].item_ids)].sum() / best
            wrong[which, i] = p[_song_numbers(lists[1 - which][i].item_ids)].sum() / best
    gain = paired_bootstrap(right.mean(axis=0), wrong.mean(axis=0), seed=7)
    return float(right.mean()), float(wrong.mean()), gain


def _songs(log: Dataset, user: str) -> list[int]:
    person = log.users.number(user)
    assert person is not None
    rows = log.sequences.rows[log.sequences.offsets[person] : log.sequences.offsets[person + 1]]
    return _song_numbers([log.items.id(int(item)) for item in log.interactions.item[rows]])


def _song_numbers(item_ids: Sequence[str]) -> list[int]:
    """The simulator's numbers: its ids are ``s`` and the number."""
    return [int(item_id[1:]) for item_id in item_ids]
