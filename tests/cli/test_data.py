"""`init`, `validate` and `simulate`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from penchant.data.schema import Schema
from tests.cli.running import START, event_rows, run, write_events, write_log


def test_init_tells_the_files_apart_and_writes_beside_the_events(tmp_path: Path) -> None:
    events = write_log(tmp_path / "log")
    folder = events.parent
    done = run("init", folder / "users.csv", folder / "items.csv", events)
    assert done.code == 0, done.err
    schema = Schema.parse(tomllib.loads((folder / "penchant.toml").read_text(encoding="utf-8")))
    assert (list(schema.context), schema.title, schema.repeats) == (["place"], "title", "allow")
    assert (schema.item_attributes["genres"].kind, schema.user_attributes["group"].kind) == ("tags", "category")
    assert f"written: {folder / 'penchant.toml'}" in done.out
    assert "place: category" in done.out
    assert f"--items {folder / 'items.csv'} --users {folder / 'users.csv'}" in done.err
    assert run("validate", events, "--items", folder / "items.csv").code == 0


def test_init_does_not_overwrite_unless_forced(tmp_path: Path) -> None:
    events = write_log(tmp_path / "log")
    target = events.parent / "penchant.toml"
    target.write_text("mine", encoding="utf-8")
    done = run("init", events)
    assert (done.code, "--force" in done.error, target.read_text(encoding="utf-8")) == (1, True, "mine")
    assert run("init", events, "--force").code == 0
    assert target.read_text(encoding="utf-8") != "mine"
    done = run("init", events, "--out", tmp_path / "other.toml", "--json")
    assert (done.json["out"], done.json["schema"]["repeats"]) == (str(tmp_path / "other.toml"), "allow")


def test_init_says_what_it_cannot_tell(tmp_path: Path) -> None:
    folder = write_log(tmp_path / "log").parent
    done = run("init", folder / "items.csv")
    assert (done.code, "items.csv: no column for the person (user_id)" in done.error) == (1, True)
    done = run("init", folder / "items.csv", folder / "users.csv")
    assert (done.code, "expected one events file" in done.error, "genres" in done.error) == (1, True, True)
    done = run("init", folder / "events.csv", write_events(tmp_path / "more.csv", event_rows()))
    assert (done.code, "more.csv have both" in done.error) == (1, True)


def test_validate_counts_and_names_broken_rules(tmp_path: Path) -> None:
    events = write_events(tmp_path / "events.csv", event_rows())
    text = events.read_text(encoding="utf-8") + f",i1,{START},home\nu1,i1,never,home\n"
    events.write_text(text, encoding="utf-8")
    done = run("validate", events)
    assert done.code == 0
    for said in (
        "242 (240 loaded, 2 set aside)",
        "12, 8",
        "2025-01-06",
        "blank_user: 1",
        "events.csv:242",
        "may be context",
    ):
        assert said in done.out, said
    assert run("validate", events, "--strict").code == 1
    report = run("validate", events, "--json", "--rejects", tmp_path / "bad.csv").json
    assert (report["n_rows"], report["n_loaded"], report["n_rejected"]) == (242, 240, 2)
    assert [place["line"] for rule in report["broken"] for place in rule["first"]] == [242, 243]
    assert (tmp_path / "bad.csv").exists()


def test_validate_of_a_clean_log_is_content(log: Path) -> None:
    done = run("validate", log / "events.csv", "--strict")
    assert (done.code, "no rule is broken" in done.out) == (0, True)


def test_simulate_writes_tables_and_knows_its_ceilings(tmp_path: Path) -> None:
    size = ("--people", 20, "--songs", 40, "--plays", 10, "--set", "n_artists=10", "--context", "null")
    done = run("simulate", "--out", tmp_path / "w", *size, "--json")
    assert done.code == 0, done.err
    made = done.json
    assert {"events", "users", "items", "truth"} <= set(made["files"])
    assert all(Path(path).exists() for path in made["files"].values())
    assert (made["settings"]["n_people"], made["settings"]["context"]) == (20, "null")
    assert made["ceilings"]["shares"]["optimum"] == 1.0
    assert 0 < made["ceilings"]["shares"]["uniform"] < made["ceilings"]["shares"]["context_free"] <= 1.0
    again = run("simulate", "--out", tmp_path / "p", *size, "--no-truth", "--format", "parquet")
    assert (again.code, "optimum" in again.out) == (0, False)
    assert (tmp_path / "p" / "events.parquet").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--people", "0"), "n_people"),
        (("--set", "b_moud=1"), 'Did you mean "b_mood"?'),
        (("--exposure", "--songs", "40"), "n_shown"),
    ],
)
def test_simulate_refuses_impossible_worlds(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run("simulate", "--out", tmp_path / "w", *words)
    assert (done.code, said in done.error, (tmp_path / "w").exists()) == (1, True, False)


def test_init_takes_columns_with_unusual_names(tmp_path: Path) -> None:
    log = tmp_path / "sales.csv"
    rows = [f"{7 + i % 3};{'Tee' if i % 2 else 'Milch'};{14 + i}.11.2023 08:00" for i in range(12)]
    log.write_text("\n".join(["Who;What;Moment", *rows]) + "\n", encoding="utf-8")
    lost = run("init", log)
    assert lost.code == 1 and "no column for the person" in lost.error
    columns = ["--column", "user_id=Who", "--column", "item_id=What", "--column", "timestamp=Moment"]
    assert run("init", log, *columns).code == 0
    # what was written is used from then on
    checked = run("validate", log, "--json").json
    assert (checked["n_loaded"], checked["n_users"], checked["n_items"]) == (12, 3, 2)
    assert run("init", log, "--column", "usr_id=Who", "--force").code == 1
