"""How a play is chosen: the formulas of the simulated music service, as exact probabilities.

With taste `theta`, song i of genre g, artist a, mood m, tempo e and quality b, and a context c::

    U(i) = b_taste theta[g] + b_favourite [a is a favourite] + b + V_c(i)
    V_c(i) = s { b_mood CM[mood_c, m] + (b_place t_place + b_daypart t_daypart + b_weekend t_weekend) e
                 + b_genre G[daypart, g] }

    fresh      ~ softmax(U)
    replay     ~ decayed play counts (x .97 per step) x exp(.5 V_c), the last three songs excluded
    because-of ~ anchor j among the last 10 plays with weight .8^age, then softmax(b_similar S_ij + .5 V_c + .3 b), i not j
    S_ij = same artist + .5 same genre + .35 same mood - .15 |tempo difference| + .8 <z_i, z_j>

A branch that has nothing to choose from (no play yet) gives its weight to `fresh`. An *interacting* world multiplies V_c by
theta[g] / sd(theta), so that the same moment draws people of different taste to different songs; a *null* world has V_c = 0.
Boredom multiplies all weights of a song by exp(-boredom x sum of .9^age over its plays). Songs that are not released, or not
among those shown, have weight 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from penchant.data.arrays import Float64, Int64, Nums
from penchant.data.sources.music_names import GENRES
from penchant.data.sources.music_settings import (
    DAYPARTS,
    MOODS,
    N_ANCHORS,
    N_CELLS,
    MusicSettings,
    fields_of,
)
from penchant.data.sources.music_world import People, Songs
from penchant.rng import generator

_PLACE_TEMPO = np.asarray([0.0, 0.3, 1.4, -0.7])
_DAYPART_TEMPO = np.asarray([-0.2, 0.1, 0.5, -0.9])
_WEEKEND_TEMPO = np.asarray([-0.5, 0.9])
TASTE_SD = float(np.sqrt(0.8**2 * (1 + 0.5**2 + 0.7**2) + 0.8**2))
"""Standard deviation of a taste over the worlds that could have been drawn."""
_COUNT_DECAY, _ANCHOR_DECAY, _TIRED_DECAY = 0.97, 0.8, 0.9
_NO_REPLAY = 3


def congruence() -> Float64:
    """How well a song's mood (column) suits a listener's mood (row), float64 [5, 5]; rows have mean 0."""
    calm, energetic, happy, sad, focus = range(len(MOODS))
    fit = 2.0 * np.eye(len(MOODS))
    fit[calm, focus] = fit[focus, calm] = fit[energetic, happy] = fit[happy, energetic] = 1.0
    fit[sad, calm] = 0.7
    fit[energetic, calm] = fit[calm, energetic] = -1.0
    return np.asarray(fit - fit.mean(axis=1, keepdims=True), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Everything but the context that a choice depends on, for B choices in a catalogue of n songs.

    Attributes:
        person: int32 [B].
        taste: float64 [B, n_genres].
        allowed: float64 [B, n], factor on all weights: 0 where the song is not released or not shown, boredom else.
        counts: float64 [B, n], decayed play counts, 0 for the last three songs.
        recent: int32 [B, 10], the last plays, latest first; 0 where there are fewer.
        anchor_share: float64 [B, 10], probability of each of them as anchor; rows sum to 1, or to 0 without history.
    """

    person: Nums
    taste: Float64
    allowed: Float64
    counts: Float64
    recent: Nums
    anchor_share: Float64

    def take(self, rows: Int64) -> Moments:
        """The choices at `rows` (int [m])."""
        return replace(self, **{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


class Choice:
    """The choice rule of one world.

    Args:
        settings: strengths and form.
        songs: the catalogue.
        people: the listeners.
    """

    def __init__(self, settings: MusicSettings, songs: Songs, people: People) -> None:
        self.settings, self.songs, self.people = settings, songs, people
        self._pull = self._pulls()
        self._kernel = self._likeness()

    def _pulls(self) -> Float64:
        """V_c / s, float64 [n_cells, n]."""
        settings, songs = self.settings, self.songs
        by_genre = generator(settings.seed, "music", "genres by part of the day").standard_normal(
            (len(DAYPARTS), len(GENRES))
        )
        if settings.context == "null":
            return np.zeros((N_CELLS, len(songs.genre)))
        c = fields_of(np.arange(N_CELLS))
        tempo = settings.b_place * _PLACE_TEMPO[c["place"]] + settings.b_daypart * _DAYPART_TEMPO[c["daypart"]]
        tempo = tempo + settings.b_weekend * _WEEKEND_TEMPO[c["weekend"]]
        pull = settings.b_mood * congruence()[c["mood"]][:, songs.mood] + tempo[:, None] * songs.tempo
        return np.asarray(pull + settings.b_genre * by_genre[c["daypart"]][:, songs.genre], dtype=np.float64)

    def _likeness(self) -> Float64:
        """exp(b_similar S_ij + .3 b_i), float64 [n (anchor j), n (song i)], 0 on the diagonal."""
        songs = self.songs
        likeness = 0.8 * (songs.hidden @ songs.hidden.T) - 0.15 * np.abs(songs.tempo[:, None] - songs.tempo)
        for weight, column in ((1.0, songs.artist), (0.5, songs.genre), (0.35, songs.mood)):
            likeness += weight * (column[:, None] == column)
        kernel = np.exp(self.settings.b_similar * likeness + 0.3 * songs.quality)
        np.fill_diagonal(kernel, 0.0)
        return np.asarray(kernel, dtype=np.float64)

    def moments(
        self,
        *,
        person: Nums,
        at: Int64,
        taste: Float64,
        history: Nums | Int64,
        lengths: Int64,
        shown: Nums | None = None,
    ) -> Moments:
        """Builds choices from histories.

        Args:
            person: int [B].
            at: int64 [B], seconds since 1970.
            taste: float64 [B, n_genres].
            history: int [sum of lengths], all earlier plays of each choice, oldest first.
            lengths: int64 [B], plays in each history.
            shown: int [B, n_shown] songs that could be chosen; None: all released ones.
        """
        n_rows, n = len(person), len(self.songs.genre)
        row = np.repeat(np.arange(n_rows), lengths)
        age = np.repeat(np.cumsum(lengths), lengths) - 1 - np.arange(len(history))
        place = row * n + history
        counts = np.bincount(place, _COUNT_DECAY**age, minlength=n_rows * n).astype(np.float64, copy=False)
        counts[place[age < _NO_REPLAY]] = 0.0
        recent, anchor_share = np.zeros((n_rows, N_ANCHORS), dtype=np.int32), np.zeros((n_rows, N_ANCHORS))
        near = age < N_ANCHORS
        recent[row[near], age[near]] = history[near]
        anchor_share[row[near], age[near]] = _ANCHOR_DECAY ** age[near]
        anchor_share /= np.maximum(anchor_share.sum(axis=1, keepdims=True), 1e-300)
        allowed = (self.songs.released <= at[:, None]).astype(np.float64)
        if shown is not None:
            visible = np.zeros((n_rows, n))
            np.put_along_axis(visible, shown.astype(np.int64), 1.0, axis=1)
            allowed *= visible
        if self.settings.boredom:
            tired = np.bincount(place, _TIRED_DECAY**age, minlength=n_rows * n).reshape(n_rows, n)
            allowed *= np.exp(-self.settings.boredom * tired)
        counts = counts.reshape(n_rows, n)
        return Moments(
            person=person, taste=taste, allowed=allowed, counts=counts, recent=recent, anchor_share=anchor_share
        )

    def branch_shares(self, moments: Moments) -> Float64:
        """Probability float64 [B, 3] of fresh, replay and because-of, without those that have nothing to choose from."""
        shares = self.people.weights[moments.person].copy()
        shares[:, 1] *= ((moments.counts > 0) & (moments.allowed > 0)).any(axis=1)
        shares[:, 2] *= moments.anchor_share[:, 0] > 0
        shares[:, 0] += 1 - shares.sum(axis=1)
        return shares

    def half_sway(self, moments: Moments, cells: Nums) -> Float64:
        """exp(.5 V_c), float64 [B, C, n], of the cells int [B, C]; the square of it moves fresh choices."""
        exponent = 0.5 * self.people.sensitivity[moments.person, None, None] * self._pull[cells]
        if self.settings.context == "interacting":
            exponent *= moments.taste[:, None, self.songs.genre] / TASTE_SD
        return np.exp(exponent)

    def liking(self, moments: Moments) -> Float64:
        """Weights float64 [B, n] of fresh choices apart from the context."""
        songs, settings = self.songs, self.settings
        utility = settings.b_taste * moments.taste[:, songs.genre] + songs.quality
        utility += settings.b_favourite * self.people.favourite[moments.person][:, songs.artist]
        return np.asarray(np.exp(utility) * moments.allowed, dtype=np.float64)

    def likeness(self, anchors: Nums) -> Float64:
        """Weights float64 [..., n] of songs because of the anchors (int [...]), apart from the context and `allowed`."""
        return self._kernel[anchors]
