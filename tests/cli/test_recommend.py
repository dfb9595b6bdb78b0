"""`recommend` and `similar`: the JSON contract, strangers, what is unknown, and the moment."""

from __future__ import annotations

import json
import shutil
import time
from datetime import datetime
from pathlib import Path

import pytest

from penchant.cli import asking
from tests.cli.running import TITLES, run


def test_json_has_the_promised_keys(model: Path) -> None:
    answer = run("recommend", model, "--user", "u1", "-k", 3, "--json").json
    assert answer["user_id"] == "u1"
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3]
    assert all(isinstance(item["item_id"], str) and isinstance(item["score"], float) for item in answer["items"])
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["notes"] == []


def test_the_terminal_shows_titles_and_takes_no_title_for_markup(model: Path) -> None:
    done = run("recommend", model, "--user", "u1", "-k", 8)
    assert done.code == 0
    assert "title" in done.out
    assert sum(title in done.out for title in TITLES) == 8  # "Red [x]" would lose its bracket as markup
    assert max(map(len, done.out.splitlines())) <= 80


def test_an_unknown_user_is_served_as_a_stranger_and_it_is_said(model: Path) -> None:
    done = run("recommend", model, "--user", "nobody", "--json")
    assert done.code == 0
    assert len(done.json["items"]) == 8
    assert done.json["user_id"] == "nobody"
    assert "served as a stranger" in done.json["notes"][0]
    assert 'unknown user "nobody"' in done.err


def test_a_stranger_comes_with_a_history(model: Path) -> None:
    with_one = run("recommend", model, "--history", "i0", "--json").json
    with_other = run("recommend", model, "--history", "i4,i5", "--json").json
    assert with_one["user_id"] is None
    assert [i["score"] for i in with_one["items"]] != [i["score"] for i in with_other["items"]]


def test_a_given_history_replaces_the_known_one(model: Path) -> None:
    stranger = run("recommend", model, "--history", "i0,i1", "--json").json
    person = run("recommend", model, "--user", "u3", "--history", "i0,i1", "--json").json
    assert person["items"] == stranger["items"]


def test_unknown_history_items_are_named_with_the_nearest(model: Path) -> None:
    answer = run("recommend", model, "--history", "i0,silver riven", "--json").json
    assert answer["notes"] == ['unknown item "silver riven". Did you mean "i1" (Silver River)? It is left out.']
    assert answer["items"] == run("recommend", model, "--history", "i0", "--json").json["items"]


def test_unknown_context_fields_are_refused_with_the_nearest(model: Path) -> None:
    done = run("recommend", model, "--user", "u1", "--context", "plaze=gym")
    assert done.code == 1
    assert done.error == 'error: unknown context field "plaze". Did you mean "place"? Known: place.'


def test_unknown_context_values_count_as_missing_and_it_is_said(model: Path) -> None:
    done = run("recommend", model, "--user", "u1", "--context", "place=gim", "--json")
    notes = done.json["notes"]
    assert notes[0] == 'context place: "gim" was never seen, so it counts as missing. Did you mean "gym"?'
    # the model was trained with its settings as they are, in which circumstances count nothing
    assert len(notes) == 2 and notes[1].startswith("this model gives circumstances no weight")


def test_attributes_are_checked(model: Path) -> None:
    assert run("recommend", model, "--attribute", "group=old", "--json").json["notes"] == []
    never = run("recommend", model, "--attribute", "group=olt", "--json").json["notes"]
    assert never == ['attribute group: "olt" was never seen, so it counts as missing. Did you mean "old"?']
    done = run("recommend", model, "--attribute", "grup=old")
    assert (done.code, 'Did you mean "group"?' in done.error) == (1, True)


def test_exclude_candidates_and_repeats(model: Path) -> None:
    only = run("recommend", model, "--user", "u1", "--candidates", "i1,i2,i3", "--exclude", "i2", "--json").json
    assert {item["item_id"] for item in only["items"]} == {"i1", "i3"}
    assert "only 2 of 10" in only["notes"][0]
    fresh = run("recommend", model, "--history", "i0,i1", "--repeats", "exclude", "--json").json
    assert {item["item_id"] for item in fresh["items"]} == {f"i{n}" for n in range(2, 8)}


def test_k_past_the_catalogue_is_fine(model: Path) -> None:
    done = run("recommend", model, "--user", "u1", "-k", 500, "--json")
    assert (done.code, len(done.json["items"])) == (0, 8)


def test_the_moment_is_just_after_the_last_event_unless_it_is_said(model: Path) -> None:
    # the last of 240 hourly events is at 2025-01-06 + 239 h = 2025-01-15 23:00
    assert run("recommend", model, "--user", "u1", "--json").json["at"] == "2025-01-15T23:00:00.001000+00:00"
    said = run("recommend", model, "--user", "u1", "--at", "2025-01-08T10:00+02:00", "--json").json
    assert said["at"] == "2025-01-08T08:00:00+00:00"
    now = run("recommend", model, "--user", "u1", "--at", "now", "--json").json
    assert abs(datetime.fromisoformat(now["at"]).timestamp() - time.time()) < 60


@pytest.mark.parametrize("at", ["yesterday", "nan", "1e300", "-5", "1736121600000", ""])
def test_a_bad_moment_is_refused(model: Path, at: str) -> None:
    done = run("recommend", model, "--user", "u1", "--at", at)
    assert (done.code, done.error.startswith("error: --at: expected a time")) == (1, True)


def test_similar_leaves_the_item_out_and_has_the_same_shape(model: Path) -> None:
    done = run("similar", model, "--item", "i2", "-k", 4, "--json")
    assert done.json["item_id"] == "i2"
    ids = [item["item_id"] for item in done.json["items"]]
    assert (len(ids), "i2" in ids) == (4, False)
    assert "Silver" in run("similar", model, "--item", "i2").out


def test_similar_offers_the_nearest_item(model: Path) -> None:
    done = run("similar", model, "--item", "Old Rian")
    assert (done.code, done.out) == (1, "")
    assert done.error == 'error: unknown item "Old Rian". Did you mean "i2" (Old Rain)?'


def test_a_damaged_model_folder_is_refused_and_the_file_named(model: Path, tmp_path: Path) -> None:
    for damaged in ("model/arrays.npz", "catalogue/config.json", "card.json"):
        folder = tmp_path / damaged.replace("/", "-")
        shutil.copytree(model, folder)
        path = folder / damaged
        path.write_bytes(path.read_bytes()[:-20])
        done = run("recommend", folder, "--user", "u1")
        assert (done.code, damaged in done.error) == (1, True)


def test_tags_and_vectors_of_a_person_become_lists() -> None:
    from penchant.data.schema import Field, Schema

    schema = Schema(
        user_attributes={"likes": Field(kind="tags"), "place": Field(kind="vector"), "age": Field(kind="number")}
    )
    texts = {"likes": "rock| folk", "place": "1,2.5", "age": "30"}
    assert asking.attributes(texts, schema) == {"likes": ["rock", "folk"], "place": ["1", "2.5"], "age": "30"}


def test_json_survives_odd_ids(model: Path) -> None:
    done = run("recommend", model, "--user", 'u"\u2028\x1b[31m', "--json")
    assert json.loads(done.out)["user_id"] == 'u"\u2028\x1b[31m'
    assert "\x1b" not in done.err
