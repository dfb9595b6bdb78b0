"""The simulated world as a whole: forms, determinism, time, files."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from penchant.data.sources.music import MusicSettings, MusicWorld, load_world, simulate, write
from penchant.data.sources.music_names import GENRES
from penchant.data.sources.music_settings import DAYPARTS, PLACES, SECONDS_PER_DAY, WEEK, fields_of
from penchant.errors import BadConfig, BadData, UnknownName

SMALL = MusicSettings(n_people=60, n_songs=80, n_plays=30, n_artists=20, n_days=60, seed=5)


@pytest.fixture(scope="module")
def world() -> MusicWorld:
    return simulate(SMALL)


def test_the_same_seed_makes_the_same_world_and_another_seed_another(world: MusicWorld) -> None:
    again, other = simulate(SMALL), simulate(SMALL.changed(seed=6))
    assert again.plays.digest() == world.plays.digest()
    assert again.songs.title == world.songs.title
    assert other.plays.digest() != world.plays.digest()


def test_more_people_do_not_change_the_earlier_ones(world: MusicWorld) -> None:
    few = simulate(SMALL.changed(n_people=20))
    n = len(few.plays)
    assert n == world.plays.offsets[20]
    for name in ("person", "song", "at", "cell", "branch", "anchor"):
        np.testing.assert_array_equal(getattr(few.plays, name), getattr(world.plays, name)[:n])


def test_time_is_truthful_and_strictly_increasing_for_each_person(world: MusicWorld) -> None:
    plays, context = world.plays, fields_of(world.plays.cell)
    same_person = np.diff(plays.person) == 0
    assert (np.diff(plays.at)[same_person] > 0).all()
    hours = {
        "morning": range(6, 12),
        "afternoon": range(12, 18),
        "evening": range(18, 23),
        "night": (23, 0, 1, 2, 3, 4, 5),
    }
    for at, part, weekend in zip(plays.at.tolist(), context["daypart"], context["weekend"], strict=True):
        moment = datetime.fromtimestamp(at, UTC)
        assert moment.hour in hours[DAYPARTS[part]]
        assert (moment.weekday() >= 5) == (WEEK[weekend] == "weekend")


def test_a_session_keeps_its_moment_and_its_plays_are_minutes_apart(world: MusicWorld) -> None:
    plays, context = world.plays, fields_of(world.plays.cell)
    within = np.diff(plays.session) == 0
    for name in ("daypart", "weekend", "place"):
        assert (np.diff(context[name])[within] == 0).all()
    assert np.diff(plays.at)[within].max() <= 330  # seconds, the longest song
    assert (plays.person[1:][within] == plays.person[:-1][within]).all()


def test_the_log_spans_the_days_asked_for(world: MusicWorld) -> None:
    day = (world.plays.at - SMALL.start_at) / SECONDS_PER_DAY
    assert day.min() >= 0
    assert 50 < np.quantile(day, 0.99) < 67  # of 60, plus a week of slack for the very active


def test_a_long_session_is_squeezed_into_its_part_of_the_day() -> None:
    # With this probability nearly every person has a single session of 300 plays: 300 x 4 minutes would be 20 hours.
    plays = simulate(SMALL.changed(n_people=10, n_plays=300, session_ends=1e-9, plays_spread=0, late=0)).plays
    assert len(np.unique(plays.session)) == 10
    assert np.diff(plays.at)[np.diff(plays.session) == 0].min() > 0
    assert all(np.ptp(plays.at[plays.person == p]) < 6 * 3600 for p in range(10))


def test_nobody_plays_what_is_not_released_and_a_tenth_of_the_songs_is_cold(world: MusicWorld) -> None:
    released = world.songs.released
    assert (released[world.plays.song] <= world.plays.at).all()
    cold = released >= SMALL.start_at
    assert cold.sum() == 8  # a tenth of 80
    assert (released[cold] >= SMALL.start_at + 0.8 * 60 * SECONDS_PER_DAY).all()


def test_the_mean_number_of_plays_is_the_one_asked_for() -> None:
    # sd of plays per person: about 30 x sqrt(e^.16 - 1 + spread of the stay) < 20, so the mean of 400 is within 3 of 30.
    assert abs(len(simulate(SMALL.changed(n_people=400)).plays) / 400 - 30) < 3
    exact = simulate(SMALL.changed(plays_spread=0.0, late=0.0))
    assert (exact.people.n_plays == 30).all()


def test_names_are_pleasant_and_no_artist_has_a_title_twice() -> None:
    songs = simulate(SMALL.changed(n_people=1, n_songs=2000, n_artists=300)).songs
    assert len(set(songs.artist_name)) == 300
    assert len(set(zip(songs.title, songs.artist.tolist(), strict=True))) == 2000
    assert len(set(songs.title)) > 1200  # varied: fewer would be a handful of patterns
    for name in songs.title + songs.artist_name:
        assert re.fullmatch(r"[A-Z][A-Za-z'&().0-9 -]{2,44}", name), name
    assert set(songs.genre.tolist()) == set(range(len(GENRES)))


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_moods_are_hidden_in_the_log_as_often_as_asked_and_never_in_the_truth(share: float) -> None:
    tables = simulate(SMALL.changed(hidden_mood=share)).tables()
    hidden = tables["events"]["mood"].null_count() / len(tables["events"])
    assert abs(hidden - share) < 0.05  # 4 standard deviations of 1,800 coin flips
    assert tables["truth"]["mood"].null_count() == 0


def test_a_collinear_world_has_a_second_field_that_is_nearly_a_copy() -> None:
    events = simulate(SMALL.changed(collinear=True)).tables()["events"]
    agrees = (events["activity"] == events["place"]).mean()
    assert agrees == pytest.approx(0.95, abs=0.02)  # one in twenty errs; 4 standard deviations
    assert set(events["activity"]) <= set(PLACES)


def test_people_choose_among_what_they_are_shown() -> None:
    world = simulate(SMALL.changed(exposure=True, n_shown=12))
    shown = world.plays.shown
    assert shown.shape == (len(world.plays), 12)
    assert (shown == world.plays.song[:, None]).any(axis=1).all()
    assert all(len(set(row)) == 12 for row in shown.tolist())
    assert (world.songs.released[shown] <= world.plays.at[:, None]).all()
    table = world.tables()["exposures"]
    assert len(table["item_ids"][0].split(" ")) == 12


def test_boredom_makes_people_repeat_less(world: MusicWorld) -> None:
    def distinct(plays_of: MusicWorld) -> float:
        plays = plays_of.plays
        pairs = np.unique(plays.person.astype(np.int64) * 80 + plays.song)
        return len(pairs) / len(plays)

    assert distinct(simulate(SMALL.changed(boredom=3.0))) > distinct(world) + 0.1


def test_anchors_are_plays_of_the_same_person_at_most_ten_before(world: MusicWorld) -> None:
    plays = world.plays
    rows = np.flatnonzero(plays.anchored)
    assert 0.2 < len(rows) / len(plays) < 0.4  # the typical weight is .30
    back = rows - plays.anchor[rows]
    assert back.min() >= 1
    assert back.max() <= 10
    assert (plays.person[plays.anchor[rows]] == plays.person[rows]).all()
    assert (plays.song[plays.anchor[rows]] != plays.song[rows]).all()
    alone = np.flatnonzero(~plays.anchored)
    np.testing.assert_array_equal(plays.anchor[alone], alone)


def test_arrays_are_read_only(world: MusicWorld) -> None:
    with pytest.raises(ValueError, match="read-only"):
        world.plays.song[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        world.people.taste[0] = 1


def test_rows_are_found_by_person_and_second(world: MusicWorld) -> None:
    plays, rows = world.plays, np.asarray([3, 700, len(world.plays) - 1])
    np.testing.assert_array_equal(plays.rows_at(plays.person[rows], plays.at[rows]), rows)
    with pytest.raises(BadData, match="got person 0 at 12"):
        plays.rows_at(np.asarray([0]), np.asarray([12]))


def test_tables_are_in_order_of_time_and_agree_with_the_plays(world: MusicWorld) -> None:
    tables = world.tables()
    events, truth, items = tables["events"], tables["truth"], tables["items"]
    assert events["timestamp"].is_sorted()
    rows = truth["event_row"].to_numpy()
    assert sorted(rows) == list(range(len(world.plays)))
    assert events["item_id"].to_list() == [f"s{song:04d}" for song in world.plays.song[rows]]
    assert events["user_id"].to_list() == [f"u{person:04d}" for person in world.plays.person[rows]]
    assert events["place"].to_list() == truth["place"].to_list()
    assert ((truth["branch"] == "because") == truth["anchor_item_id"].is_not_null()).all()
    assert items.columns == ["item_id", "title", "artist", "genre", "mood", "tempo", "released"]
    assert tables["users"]["age"].n_unique() == 4


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_written_files_load_back_to_the_same_world(world: MusicWorld, tmp_path, format) -> None:
    import polars as pl

    files = write(world, tmp_path / "new" / "folder", format)
    assert sorted(files) == ["events", "items", "truth", "users", "world"]
    back = load_world(tmp_path / "new" / "folder")
    assert back.settings == world.settings
    np.testing.assert_array_equal(back.plays.song, world.plays.song)
    read = pl.read_csv if format == "csv" else pl.read_parquet
    assert read(files["events"]).equals(world.tables()["events"])


def test_a_folder_that_is_not_the_world_it_says_is_refused(world: MusicWorld, tmp_path) -> None:
    with pytest.raises(BadData, match=r"world\.json: no such file"):
        load_world(tmp_path)
    path = write(world, tmp_path)["world"]
    description = json.loads(path.read_text())
    path.write_text(json.dumps(description | {"digest": "0"}))
    with pytest.raises(BadData, match="do not make the world that was written"):
        load_world(tmp_path)
    path.write_text(json.dumps(description | {"version": 0}))
    with pytest.raises(BadData, match="version 0"):
        load_world(tmp_path)
    path.write_text("{}")
    with pytest.raises(BadData, match="expected version, settings and digest"):
        load_world(tmp_path)
    with pytest.raises(BadConfig, match='"csv" or "parquet", got "xml"'):
        write(world, tmp_path, "xml")  # type: ignore[arg-type]


def test_settings_are_checked() -> None:
    with pytest.raises(UnknownName, match='Did you mean "n_people"'):
        MusicSettings.parse({"n_peple": 3})
    with pytest.raises(BadConfig, match="context"):
        MusicSettings.parse({"context": "sometimes"})
    with pytest.raises(BadConfig, match="start"):
        MusicSettings.parse({"start": "yesterday"})
    with pytest.raises(BadConfig, match="n_shown must be at most half"):
        MusicSettings.parse({"exposure": True, "n_shown": 60, "n_songs": 80})
