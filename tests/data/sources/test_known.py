"""Data sets by name."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.data.guess.guessing import guess_schema
from penchant.data.sources.known import SOURCES, music_schema, read_source
from penchant.data.sources.music import MusicSettings, simulate
from penchant.errors import BadConfig, BadData, UnknownName, UserError

SMALL: dict[str, Any] = {"n_people": 30, "n_songs": 60, "n_plays": 20, "n_artists": 12}


def test_music_is_made_with_its_settings():
    data = read_source("music", seed=3, **SMALL)
    assert (data.n_users, data.n_items, data.name) == (30, 60, "simulated music")
    assert set(data.interactions.context) == {"place", "mood"}
    assert "activity" in read_source("music", collinear=True, **SMALL).interactions.context
    assert data.catalogue().title(0)
    assert data.digest == read_source("music", seed=3, **SMALL).digest
    assert data.digest != read_source("music", seed=4, **SMALL).digest


def test_the_schema_of_music_is_what_would_be_guessed():
    tables = simulate(MusicSettings.parse(SMALL)).tables()
    declared = music_schema().changed(time_unit="auto")
    guessed = guess_schema(tables["events"], declared.columns, tables["items"], tables["users"])
    assert guessed == declared


def test_movielens_needs_its_folder(tmp_path):
    with pytest.raises(UserError, match="expected the folder"):
        read_source("movielens")
    with pytest.raises(BadData, match="no MovieLens ratings here"):
        read_source("movielens", tmp_path)


def test_what_a_set_does_not_take_is_refused(tmp_path):
    with pytest.raises(UserError, match="not read from a folder"):
        read_source("music", tmp_path)
    with pytest.raises(UserError, match="no settings, got n_songs"):
        read_source("completejourney", n_songs=3)
    with pytest.raises(UnknownName, match='Did you mean "n_songs"'):
        read_source("music", n_song=30)
    with pytest.raises(BadConfig, match="n_songs"):
        read_source("music", n_songs=-1)


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownName, match='Did you mean "movielens"'):
        read_source("movielense")
    assert set(SOURCES) == {"movielens", "completejourney", "music"}
