"""People listen, one play after the other: every choice depends on the plays before it.

All people of a block take their step t together, so the work is done on arrays [people, songs].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from penchant.data.arrays import Float64, Int64, Nums
from penchant.data.sources.music_calendar import Calendar, draw_calendar
from penchant.data.sources.music_cast import Dice
from penchant.data.sources.music_choice import Choice, Moments
from penchant.data.sources.music_settings import BECAUSE, FRESH, PLACES, REPLAY
from penchant.data.sources.music_world import Plays
from penchant.rng import generator

_BLOCK = 256
_DRIFT, _PULL_BACK = 0.05, 0.02
_COLLINEAR_ERROR = 0.05


def draw_plays(choice: Choice, dice: Dice) -> Plays:
    """All plays of all people.

    Args:
        choice: the choice rule of the world.
        dice: the random numbers of its people; columns 10 to 15 decide choices and what the log forgets.
    """
    settings, people, uniform = choice.settings, choice.people, dice.uniform
    calendar = draw_calendar(settings, people, dice)
    person = np.repeat(np.arange(settings.n_people, dtype=np.int32), people.n_plays)
    listening = _Listening(choice, dice, calendar)
    for start in range(0, settings.n_people, _BLOCK):
        listening.block(np.arange(start, min(start + _BLOCK, settings.n_people)))
    # One number tells both whether the copy errs and, within that, to which other place.
    errs = uniform[:, 14] < _COLLINEAR_ERROR
    other = 1 + (uniform[:, 14] / _COLLINEAR_ERROR * (len(PLACES) - 1)).astype(np.int32)
    return Plays(
        person=person,
        song=listening.song,
        at=calendar.at,
        session=np.cumsum(calendar.opens) - 1,
        cell=calendar.cell,
        activity=np.where(errs, (calendar.place + other) % len(PLACES), calendar.place).astype(np.int32),
        mood_known=uniform[:, 13] >= settings.hidden_mood,
        branch=listening.branch,
        anchor=listening.anchor,
        taste=listening.taste,
        shown=listening.shown,
        offsets=dice.offsets,
    )


class _Listening:
    """The columns that fill up while people listen."""

    def __init__(self, choice: Choice, dice: Dice, calendar: Calendar) -> None:
        n = len(calendar.at)
        self._choice, self._dice, self._calendar = choice, dice, calendar
        self.song = np.zeros(n, dtype=np.int32)
        self.branch = np.zeros(n, dtype=np.int32)
        self.anchor = np.arange(n, dtype=np.int64)
        self.taste = np.empty((n, choice.people.taste.shape[1]))
        self.shown = np.empty((n, choice.settings.n_shown if choice.settings.exposure else 0), dtype=np.int32)

    def block(self, people: Int64) -> None:
        """Plays everything that these people play."""
        settings, offsets = self._choice.settings, self._dice.offsets
        n_plays = self._choice.people.n_plays
        people = people[np.argsort(-n_plays[people], kind="stable")]
        first_taste = self._choice.people.taste[people]
        taste = first_taste.copy()
        past = np.zeros((len(people), int(n_plays[people].max())), dtype=np.int32)
        exposed = [generator(settings.seed, "music", "shown", str(p)) for p in people] if settings.exposure else []
        for t in range(past.shape[1]):
            m = int((n_plays[people] > t).sum())  # those who are done stand last
            rows = offsets[people[:m]] + t
            self.taste[rows] = taste[:m]
            if exposed:
                self.shown[rows] = _shown(self._choice, past[:m, :t], self._calendar.at[rows], exposed[:m])
            moments = self._choice.moments(
                person=people[:m].astype(np.int32),
                at=self._calendar.at[rows],
                taste=taste[:m],
                history=past[:m, :t].reshape(-1),
                lengths=np.full(m, t, dtype=np.int64),
                shown=self.shown[rows] if exposed else None,
            )
            past[:m, t] = self._choose(moments, rows)
            taste[:m] += _DRIFT * self._dice.drift[rows] - _PULL_BACK * (taste[:m] - first_taste[:m])

    def _choose(self, moments: Moments, rows: Int64) -> Nums:
        """Draws branch, anchor and song int32 [B] of the plays at `rows`, and writes them down."""
        choice, uniform = self._choice, self._dice.uniform[rows]
        branch = draw(choice.branch_shares(moments), uniform[:, 10])
        age = draw(moments.anchor_share, uniform[:, 11])
        anchors = moments.recent[np.arange(len(rows)), age]
        weighers: dict[int, Callable[[Moments, Int64], Float64]] = {
            FRESH: lambda part, _: choice.liking(part),
            REPLAY: lambda part, _: part.counts * part.allowed,
            BECAUSE: lambda part, at: choice.likeness(anchors[at]) * part.allowed,
        }
        song = np.empty(len(rows), dtype=np.int32)
        for number, weigh in weighers.items():
            at = np.flatnonzero(branch == number)
            if len(at):
                part = moments.take(at)
                sway = choice.half_sway(part, self._calendar.cell[rows[at], None])[:, 0]
                weights = weigh(part, at) * (sway * sway if number == FRESH else sway)
                song[at] = draw(weights, uniform[at, 12])
        self.song[rows], self.branch[rows] = song, branch
        caused = branch == BECAUSE
        self.anchor[rows[caused]] = rows[caused] - 1 - age[caused]
        return song


def draw(weights: Float64, uniform: Float64) -> Nums:
    """One column int32 [B] per row of the weights float64 [B, n] (>= 0), with one uniform number each.

    A row of zeros gives column 0.
    """
    bounds = weights.cumsum(axis=1)
    total = bounds[:, -1]
    # Rounding must not carry the mark to the total itself, where no column would lie beyond it.
    mark = np.minimum(uniform * total, np.nextafter(total, 0))
    return np.asarray((bounds > mark[:, None]).argmax(axis=1), dtype=np.int32)


def _shown(choice: Choice, past: Nums, at: Int64, rngs: list[Generator]) -> Nums:
    """Songs int32 [B, n_shown] that the logging policy shows: popular artists, and those whom the person has played.

    Drawn without replacement among the released songs with weight share of the artist x (1 + .5 plays of the artist):
    what is played is shown more, and what is shown is played more.
    """
    songs, n_artists = choice.songs, len(choice.songs.artist_share)
    row = np.repeat(np.arange(len(at)), past.shape[1])
    plays = np.bincount(row * n_artists + songs.artist[past.reshape(-1)], minlength=len(at) * n_artists)
    weight = songs.artist_share * (1 + 0.5 * plays.reshape(len(at), n_artists))
    noise = np.stack([rng.gumbel(size=len(songs.artist)) for rng in rngs])
    keys = np.where(songs.released <= at[:, None], np.log(weight)[:, songs.artist] + noise, -np.inf)
    n_shown = choice.settings.n_shown
    return np.argpartition(-keys, n_shown - 1, axis=1)[:, :n_shown].astype(np.int32)
