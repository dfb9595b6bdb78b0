"""What the simulated music service knows about itself: exact probabilities, true causes, and what each field contributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.arrays import Float64, Int64, Nums, frozen, ragged_positions
from penchant.data.sources.music_choice import Choice, Moments
from penchant.data.sources.music_settings import (
    FIELDS,
    GRID,
    N_ANCHORS,
    VALUES,
    cells_of,
    context_prior,
    daypart_of,
    fields_of,
    weekend_of,
)
from penchant.data.sources.music_world import Record
from penchant.errors import BadData, UnknownName

_CHUNK = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """The weights that make up P(song) of B moments in C contexts each; see `at` and `everywhere`.

    With `half` = exp(.5 V), P = fresh * half^2 * liking + half * (replay * counts + sum over anchors of because * likeness).

    Attributes:
        half: float64 [B, C, n], or [1, C, n] when all moments share it.
        liking, counts: float64 [B, n].
        likeness: float64 [B, 10, n].
        fresh, replay: float64 [B, C], branch probability over its normaliser.
        because: float64 [B, C, 10], the same for each anchor.
    """

    half: Float64
    liking: Float64
    counts: Float64
    likeness: Float64
    fresh: Float64
    replay: Float64
    because: Float64

    def everywhere(self) -> Float64:
        """P of every song, float64 [B, C, n]."""
        again = self.replay[:, :, None] * self.counts[:, None] + self.because @ self.likeness
        return np.asarray(self.half * (again + self.half * (self.fresh[:, :, None] * self.liking[:, None])))

    def at(self, songs: Nums) -> Float64:
        """P of one song per moment together with its cause, float64 [B, C, 12]: fresh, replay, then the ten anchors.

        Their sum is P(song).
        """
        row = np.arange(len(songs))
        half = self.half[row if len(self.half) > 1 else np.zeros_like(row), :, songs]
        fresh = self.fresh * half * half * self.liking[row, songs, None]
        replay = self.replay * half * self.counts[row, songs, None]
        because = self.because * half[:, :, None] * self.likeness[row, :, songs][:, None]
        return np.concatenate([fresh[:, :, None], replay[:, :, None], because], axis=2)


def mix(choice: Choice, moments: Moments, half: Float64) -> Mixture:
    """The mixture of `moments` in the contexts whose `half_sway` is given (float64 [B or 1, C, n])."""
    shares = choice.branch_shares(moments)
    liking, counts = choice.liking(moments), moments.counts * moments.allowed
    likeness = choice.likeness(moments.recent) * moments.allowed[:, None]
    z_fresh = ((half * half) @ liking[:, :, None])[:, :, 0]
    z_replay = (half @ counts[:, :, None])[:, :, 0]
    z_because = half @ likeness.transpose(0, 2, 1)
    because = shares[:, 2, None] * moments.anchor_share
    return Mixture(
        half=half,
        liking=liking,
        counts=counts,
        likeness=likeness,
        fresh=shares[:, 0, None] / z_fresh,
        replay=np.where(shares[:, 1, None] > 0, shares[:, 1, None] / np.maximum(z_replay, 1e-300), 0.0),
        because=np.where(because[:, None] > 0, because[:, None] / np.maximum(z_because, 1e-300), 0.0),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Causes:
    """Why the songs of m plays were chosen, given everything that the person did before.

    Attributes:
        fresh, replay: float64 [m], probability of these branches.
        because: float64 [m, 10], probability of each anchor, latest play first; 0 where there was none.
        anchors: int64 [m, 10], rows of these plays in the log; the play's own row where there was none.
    """

    fresh: Float64
    replay: Float64
    because: Float64
    anchors: Int64


class Truth:
    """Answers exact questions about a world; every method is deterministic and changes nothing."""

    def __init__(self, world: Record) -> None:
        self.world = world
        self.choice = Choice(world.settings, world.songs, world.people)

    def probability(
        self, person: int, context: Mapping[str, str], history: Sequence[int] | Nums, at: int | None = None
    ) -> Float64:
        """P(next song) as float64 [n_songs], summing to 1; exactly 0 for songs not released.

        Everything released could be chosen, also in a world with exposure.

        Args:
            person: number of the person.
            context: values of `daypart`, `weekend`, `place` and `mood`, in words; the first two may be left to `at`.
            history: numbers of the songs played so far, oldest first. The taste is that of the person's play number
                ``len(history)``, or of the last one when the history is longer than the log.
            at: seconds since 1970 (UTC); None stands for a time when all songs are out.

        Raises:
            UnknownName: a field or value that the world does not have.
            BadData: a field is missing.
        """
        plays = self.world.plays
        past = np.asarray(history, dtype=np.int64).reshape(-1)
        row = min(plays.offsets[person] + len(past), plays.offsets[person + 1] - 1)
        when = np.asarray([np.iinfo(np.int64).max if at is None else at], dtype=np.int64)
        moments = self.choice.moments(
            person=np.asarray([person], dtype=np.int32),
            at=when,
            taste=plays.taste[[row]],
            history=past,
            lengths=np.asarray([len(past)], dtype=np.int64),
        )
        cell = _cell(context, None if at is None else when).reshape(1, 1)
        return frozen(mix(self.choice, moments, self.choice.half_sway(moments, cell)).everywhere()[0, 0])

    def moments(self, rows: Int64, *, as_shown: bool = True) -> Moments:
        """The circumstances of the plays at `rows` (int [m]); `as_shown` keeps only songs shown, where people had no other."""
        plays = self.world.plays
        person = plays.person[rows]
        first = plays.offsets[person]
        lengths = rows - first
        return self.choice.moments(
            person=person,
            at=plays.at[rows],
            taste=plays.taste[rows],
            history=plays.song[ragged_positions(first, lengths)],
            lengths=lengths,
            shown=plays.shown[rows] if as_shown and plays.shown.shape[1] else None,
        )

    def mixtures(self, rows: Int64, cells: Nums, *, as_shown: bool = True) -> Iterator[tuple[slice, Mixture]]:
        """Goes through the plays at `rows` with the contexts `cells` (int [m, C]), some at a time."""
        step = max(1, _CHUNK // cells.shape[1])
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            moments = self.moments(rows[part], as_shown=as_shown)
            yield part, mix(self.choice, moments, self.choice.half_sway(moments, cells[part]))

    def probabilities_at(self, event_rows: Int64, *, as_shown: bool = True) -> Float64:
        """P(song) just before the plays at these rows, in their true context: float64 [m, n_songs]; rows sum to 1.

        Args:
            event_rows: int [m], rows of the log.
            as_shown: in a world with exposure, only songs shown have a chance, as it was; False asks what the person
                would choose if nothing were withheld.
        """
        rows = np.asarray(event_rows, dtype=np.int64)
        result = np.empty((len(rows), self.world.settings.n_songs))
        for part, mixture in self.mixtures(rows, self.world.plays.cell[rows][:, None], as_shown=as_shown):
            result[part] = mixture.everywhere()[:, 0]
        return result

    def chosen_probability(self, event_rows: Int64) -> Float64:
        """P of the song that was then played, float64 [m]."""
        rows = np.asarray(event_rows, dtype=np.int64)
        result = np.empty(len(rows))
        for part, mixture in self.mixtures(rows, self.world.plays.cell[rows][:, None]):
            result[part] = mixture.at(self.world.plays.song[rows[part]])[:, 0].sum(axis=1)
        return result

    def causes(self, event_rows: Int64) -> Causes:
        """Posterior over what caused each play, given its song: fresh, replay or one of the ten anchors; sums to 1."""
        rows = np.asarray(event_rows, dtype=np.int64)
        parts = np.empty((len(rows), 2 + N_ANCHORS))
        for part, mixture in self.mixtures(rows, self.world.plays.cell[rows][:, None]):
            parts[part] = mixture.at(self.world.plays.song[rows[part]])[:, 0]
        parts /= parts.sum(axis=1, keepdims=True)
        anchors = rows[:, None] - 1 - np.arange(N_ANCHORS)
        there = anchors >= self.world.plays.offsets[self.world.plays.person[rows]][:, None]
        anchors = np.where(there, anchors, rows[:, None])
        return Causes(fresh=parts[:, 0], replay=parts[:, 1], because=parts[:, 2:], anchors=anchors)

    def context_terms(self, event_rows: Int64, songs: Nums | None = None) -> Float64:
        """What each context field did for one song per play: float64 [m, 4], columns in the order of `FIELDS`.

        The term of a field is log P(song | context) - log of the same P with that field marginalised: averaged over the
        field's values with their exact probabilities given the three other fields. Above 0: the field spoke for the song.

        Args:
            event_rows: int [m].
            songs: int [m]; None stands for the songs played. NaN for a song that could not be chosen.
        """
        rows = np.asarray(event_rows, dtype=np.int64)
        plays = self.world.plays
        wanted = plays.song[rows] if songs is None else np.asarray(songs, dtype=np.int32)
        terms = np.empty((len(rows), len(FIELDS)))
        for axis in range(len(FIELDS)):
            cells, share = alternatives(plays.cell[rows], axis)
            own = np.argmax(cells == plays.cell[rows][:, None], axis=1)
            for part, mixture in self.mixtures(rows, cells):
                p = mixture.at(wanted[part]).sum(axis=2)
                marginal = (p * share[part]).sum(axis=1)
                with np.errstate(divide="ignore", invalid="ignore"):
                    terms[part, axis] = np.log(p[np.arange(len(p)), own[part]]) - np.log(marginal)
        return terms


def alternatives(cell: Nums, axis: int) -> tuple[Nums, Float64]:
    """The cells int32 [m, V] that differ from `cell` (int [m]) in field number `axis` only, and their probabilities.

    The probabilities float64 [m, V] are exact, given the other three fields; rows sum to 1.
    """
    values = list(fields_of(cell[:, None]).values())
    values[axis] = np.arange(GRID[axis], dtype=np.int32)[None, :]
    daypart, weekend, place, mood = np.broadcast_arrays(*values)
    share = context_prior()[daypart, weekend, place, mood]
    return cells_of(daypart, weekend, place, mood), share / share.sum(axis=1, keepdims=True)


def _cell(context: Mapping[str, str], at: Int64 | None) -> Nums:
    numbers: dict[str, Nums] = {} if at is None else {"daypart": daypart_of(at), "weekend": weekend_of(at)}
    for name, value in context.items():
        if name not in VALUES:
            raise UnknownName("context field", name, VALUES)
        if value not in VALUES[name]:
            raise UnknownName(name, value, VALUES[name])
        numbers[name] = np.asarray([VALUES[name].index(value)], dtype=np.int32)
    missing = [name for name in FIELDS if name not in numbers]
    if missing:
        raise BadData(f"context: expected values for {', '.join(FIELDS)}; {', '.join(missing)} is missing")
    return cells_of(*(numbers[name] for name in FIELDS))
