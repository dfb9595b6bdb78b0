"""`train`: what is said, what is chosen, what is saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import START, event_rows, run, write_events, write_log


def test_json_says_what_was_made(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    words = (
        "train",
        log / "events.csv",
        "--items",
        log / "items.csv",
        "--model",
        "popular",
        "--set",
        "half_life=3",
        "--json",
    )
    done = run(*words, "--trials", 3, "--out", out)
    assert done.code == 0
    made = done.json
    assert (made["model"], made["out"], made["settings"]["half_life"]) == ("popular", str(out), 3)
    assert (made["n_events"], made["n_users"], made["n_items"]) == (240, 12, 8)
    assert made["seconds"] >= 0
    selection = made["selection"]
    assert (selection["protocol"], selection["metric"], len(selection["trials"])) == ("replay", "ndcg@20", 3)
    assert {trial["settings"]["half_life"] for trial in selection["trials"]} == {3}  # given, so it stays
    assert selection["value"] == max(trial["value"] for trial in selection["trials"])
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert card["selection"] == selection
    assert card["versions"]["numpy"]


def test_what_was_read_is_echoed_on_standard_error(log: Path, tmp_path: Path) -> None:
    done = run("train", log / "events.csv", "--model", "popular", "--trials", 2, "--out", tmp_path / "m", "--no-cache")
    assert "events.csv: 240 events, 12 people, 8 items, 2025-01-06 to 2025-01-15" in done.err
    assert "columns: user_id=user_id, item_id=item_id, timestamp=timestamp (time in s)" in done.err
    assert "chosen in 2 trials; ndcg@20" in done.err
    assert done.out == f"popular: saved in {tmp_path / 'm'} (240 events, {done.out.split('events, ')[1]}"
    assert "next: penchant recommend" in done.err


def test_a_schema_beside_the_events_is_used_and_it_is_said(tmp_path: Path) -> None:
    events = write_log(tmp_path / "log")
    (tmp_path / "log" / "schema.toml").rename(tmp_path / "log" / "penchant.toml")
    done = run("train", events, "--model", "popular", "--no-select", "--out", tmp_path / "m")
    assert f"schema: {tmp_path / 'log' / 'penchant.toml'}" in done.err
    assert run("recommend", tmp_path / "m", "--context", "place=gym", "--json").code == 0


def test_rejected_rows_are_counted_and_written_where_asked(tmp_path: Path) -> None:
    events = write_events(tmp_path / "events.csv", event_rows())
    events.write_text(events.read_text(encoding="utf-8") + f",i1,{START},home\nu1,,{START},home\n", encoding="utf-8")
    words = ("train", events, "--model", "popular", "--no-select", "--out", tmp_path / "m")
    done = run(*words)
    assert f"2 of 242 rows were set aside; --rejects {tmp_path / 'm.rejected.csv'} writes them" in done.err
    assert "blank_user: 1" in done.err
    done = run(*words, "--rejects", tmp_path / "bad.csv")
    assert f"they are in {tmp_path / 'bad.csv'}" in done.err
    assert len((tmp_path / "bad.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_the_second_reading_comes_from_the_cache_and_says_the_same(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    words = ("train", log / "events.csv", "--model", "popular", "--no-select", "--out", tmp_path / "m")
    first, second = run(*words).err, run(*words).err
    assert second.replace(", from the cache", "") == first
    assert ", from the cache" in second
    assert "from the cache" not in run(*words, "--no-cache").err


def test_a_log_without_times_is_selected_by_the_last_event(tmp_path: Path) -> None:
    text = "user_id,item_id\n" + "".join(f"{user},{item}\n" for user, item, _, _ in event_rows())
    (tmp_path / "e.csv").write_text(text, encoding="utf-8")
    done = run("train", tmp_path / "e.csv", "--model", "itemknn", "--trials", 2, "--out", tmp_path / "m", "--json")
    assert (done.code, done.json["selection"]["protocol"]) == (0, "last")
    assert "no timestamps" in done.err and "columns.timestamp" in done.err


@pytest.mark.parametrize("n", [1, 3, 12])
@pytest.mark.parametrize("name", ["popular", "ease"])
def test_a_log_too_small_to_choose_by_is_learned_as_it_is(n: int, name: str, tmp_path: Path) -> None:
    events = write_events(tmp_path / "e.csv", event_rows(n))
    done = run("train", events, "--model", name, "--out", tmp_path / "m")
    assert done.code == 0, done.err
    assert run("recommend", tmp_path / "m", "--user", "u0", "--repeats", "allow", "--json").json["items"]


def test_no_usable_row_is_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("user_id,item_id,timestamp\n,,\n,i1,5\n", encoding="utf-8")
    done = run("train", tmp_path / "e.csv", "--model", "ease", "--out", tmp_path / "m")
    assert (done.code, "none of the 2 rows can be used" in done.error) == (1, True)


def test_a_schema_that_is_not_toml_names_the_line(log: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("repeats = \n", encoding="utf-8")
    done = run(
        "train", log / "events.csv", "--schema", tmp_path / "bad.toml", "--model", "ease", "--out", tmp_path / "m"
    )
    assert (done.code, "bad.toml: not valid TOML" in done.error, "line 1" in done.error) == (1, True, True)
