"""When and in which circumstances people listen: the context of every play, and a truthful time for it.

The context never depends on what was played, so it is laid out before the first choice. Each session draws its part of the day,
weekday or weekend, place and mood independently of all others; then its time is *looked for* in the calendar, so that the
sequence of contexts is exactly the Markov chain that `music_ceilings` filters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Bool, Float64, Int64, Nums
from penchant.data.sources.music_cast import Dice
from penchant.data.sources.music_settings import (
    DAYPART_PRIOR,
    MOOD_GIVEN,
    PLACE_GIVEN,
    SECONDS_PER_DAY,
    WEEKEND_PRIOR,
    MusicSettings,
    cells_of,
    weekday_of,
)
from penchant.data.sources.music_world import People

HOUR = 3600
# First second and length of each part of the day; a night session is before six, or in the last hour of the day.
_PART_START = np.asarray([6, 12, 18, 0]) * HOUR
_PART_LENGTH = np.asarray([6, 6, 5, 6]) * HOUR
_LATE_START, _LATE_LENGTH, _LATE_SHARE = 23 * HOUR, HOUR, 0.3


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Circumstances of every play, person by person.

    Attributes:
        opens: bool [n], first plays of sessions.
        cell: int32 [n], the context (see `music_settings.cells_of`).
        place: int32 [n].
        at: int64 [n], seconds since 1970 (UTC), strictly increasing for each person.
    """

    opens: Bool
    cell: Nums
    place: Nums
    at: Int64


def draw_calendar(settings: MusicSettings, people: People, dice: Dice) -> Calendar:
    """Sessions, contexts and times of all plays; uses the dice in columns 0 to 9."""
    uniform = dice.uniform
    opens = uniform[:, 0] < settings.session_ends
    opens[dice.offsets[:-1]] = True
    first = np.flatnonzero(opens)
    session = np.cumsum(opens) - 1
    daypart = _choose(DAYPART_PRIOR, uniform[first, 1])
    weekend = _choose(WEEKEND_PRIOR, uniform[first, 2])
    place = _choose(PLACE_GIVEN[daypart, weekend], uniform[first, 3])[session]
    flips = opens | (uniform[:, 5] < settings.mood_flips)
    drawn = _choose(MOOD_GIVEN[place], uniform[:, 4])
    mood = drawn[np.flatnonzero(flips)[np.cumsum(flips) - 1]]
    person = np.repeat(np.arange(len(people.age)), people.n_plays)[first]
    at = _times(settings, people, uniform, first, person, daypart, weekend)
    return Calendar(opens=opens, cell=cells_of(daypart[session], weekend[session], place, mood), place=place, at=at)


def _choose(share: Float64, uniform: Float64) -> Nums:
    """Category int32 [m] drawn from the probabilities `share` ([n] or [m, n]) with one uniform number each."""
    bounds = np.cumsum(share, axis=-1)[..., :-1]
    return np.asarray((uniform[:, None] >= bounds).sum(axis=1), dtype=np.int32)


def _times(
    settings: MusicSettings, people: People, uniform: Float64, first: Int64, person: Int64, daypart: Nums, weekend: Nums
) -> Int64:
    """A song takes 150 to 330 seconds; a session that would leave its part of the day is played faster (skipping)."""
    length = np.diff(np.append(first, len(uniform)))
    gap = 150 + 180 * uniform[:, 6]
    duration = np.add.reduceat(gap, first)
    late = (daypart == 3) & (duration < _LATE_LENGTH) & (uniform[first, 7] < _LATE_SHARE)
    room = np.where(late, _LATE_LENGTH, _PART_LENGTH[daypart])
    pace = np.minimum(1.0, room / duration)
    into = np.cumsum(gap) - gap
    into = (into - np.repeat(into[first], length)) * np.repeat(pace, length)
    begin = np.where(late, _LATE_START, _PART_START[daypart])
    begin = begin + np.floor((room - duration * pace) * uniform[first, 8]).astype(np.int64)
    end = begin + np.floor(duration * pace).astype(np.int64)
    day = _days(settings, people, uniform[first, 9], person, weekend, begin, end)
    start = settings.start_at + day * SECONDS_PER_DAY + begin
    return np.asarray(np.repeat(start, length) + np.floor(into), dtype=np.int64)


def _days(
    settings: MusicSettings, people: People, uniform: Float64, person: Int64, weekend: Nums, begin: Int64, end: Int64
) -> Int64:
    """Day (0 is the first) of each session: the first matching one on or after a random target, after the session before."""
    joined = people.joined[person]
    target = np.floor((joined + (1 - joined) * uniform) * (settings.n_days - 3)).astype(np.int64)
    target = target[np.lexsort((target, person))]  # sessions are grouped by person already, so this sorts within each
    weekday = weekday_of(np.int64(settings.start_at // SECONDS_PER_DAY) + np.zeros(1, dtype=np.int64))[0]
    counts = np.bincount(person, minlength=len(people.age))
    offsets = np.cumsum(counts) - counts
    day = np.zeros(len(person), dtype=np.int64)
    last_day = np.zeros(len(counts), dtype=np.int64)
    last_end = np.full(len(counts), -1, dtype=np.int64)
    for rank in range(int(counts.max())):
        who = np.flatnonzero(counts > rank)
        row = offsets[who] + rank
        here = _matching(np.maximum(target[row], last_day[who]), weekend[row], weekday)
        clash = (here == last_day[who]) & (begin[row] <= last_end[who])
        here = _matching(here + clash, weekend[row], weekday)
        day[row], last_day[who], last_end[who] = here, here, end[row]
    return day


def _matching(day: Int64, weekend: Nums, first_weekday: int) -> Int64:
    """The first day on or after `day` that is a weekend day where `weekend` is 1, and a working day where it is 0."""
    weekday = (first_weekday + day) % 7
    wait = np.where(weekend == 1, np.maximum(5 - weekday, 0), np.maximum(7 - weekday, 0) * (weekday >= 5))
    return np.asarray(day + wait, dtype=np.int64)
