"""`evaluate`: the JSON contract, labels and settings, test files, columns, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import START, event_rows, run, write_events


def test_the_json_contract_and_the_table(log: Path, tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text('model = "itemknn"\nneighbours = 3\n', encoding="utf-8")
    words = (
        "evaluate",
        log / "events.csv",
        "--items",
        log / "items.csv",
        "--models",
        f"popular,mine={tmp_path / 'b.toml'}",
    )
    done = run(*words, "--set", "mine.shrink=5", "-k", "5,8", "--no-select", "--slices", "--json", tmp_path / "t.json")
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert (report["protocol"]["name"], report["protocol"]["k"], report["n_people"]) == ("replay", [5, 8], 12)
    row = report["rows"][0]
    assert (row["model"], row["history"]) == ("popular", "live")
    assert set(row["metrics"]["ndcg@8"]) >= {"mean", "low", "high"}
    figures = ("fit_seconds", "fit_cpu_seconds", "peak_rss_mb", "recommend_per_cpu_second")
    assert [name for name in figures if not row[name] >= 0] == []
    assert [row["settings"].get(key) for row in report["rows"][2:3] for key in ("neighbours", "shrink")] == [3, 5]
    comparison = report["comparisons"][0]
    assert {"a", "b", "metric", "difference", "low", "high", "verdict"} <= set(comparison)
    assert (comparison["a"], comparison["b"]) == ("popular", "mine")
    assert max(map(len, done.out.splitlines()[1:-2])) <= 80 or "popular against mine" in done.out
    assert "popular against mine, live: " in done.out
    assert "person known, item known" in done.out


def test_json_on_standard_output_leaves_the_table_to_standard_error(log: Path) -> None:
    words = ("evaluate", log / "events.csv", "--models", "popular", "--protocol", "last", "--no-select", "--json", "-")
    done = run(*words, "--sample-people", 5)
    assert (done.code, done.json["n_people"], done.json["protocol"]["name"]) == (0, 5, "last")
    assert "This protocol trains on events that other people had after the questions." in done.err


def test_a_thinned_log(log: Path) -> None:
    words = ("evaluate", log / "events.csv", "--models", "popular", "--no-select", "--json", "-")
    whole, half = run(*words).json, run(*words, "--keep-share", 0.5).json
    assert half["protocol"]["keep_share"] == 0.5
    assert 0 < half["rows"][0]["train_events"] < whole["rows"][0]["train_events"]
    assert half["n_people"] == whole["n_people"]
    wrong = run(*words, "--protocol", "time", "--keep-share", 0.5)
    assert wrong.code == 1
    assert "keep_share: expected 1 for protocol time" in wrong.err


def test_a_test_file_is_read_as_what_follows(tmp_path: Path) -> None:
    rows = event_rows()
    whole = write_events(tmp_path / "all.csv", rows)
    train = write_events(tmp_path / "train.csv", rows[:216])
    test = write_events(tmp_path / "test.csv", rows[216:])
    common = ("--models", "popular", "--no-select", "--json", "-")
    by_share = run("evaluate", whole, *common).json  # the last tenth of 240 are the same 24 events
    by_file = run("evaluate", train, "--test", test, *common)
    assert "test.csv: 24 events of 12 people, the test" in by_file.err
    assert by_file.json["rows"][0]["metrics"] == by_share["rows"][0]["metrics"]
    as_column = run("evaluate", train, "--test", test, "--protocol", "column", *common).json
    assert (as_column["n_people"], as_column["rows"][0]["n_questions"]) == (12, by_share["rows"][0]["n_questions"])


def test_a_test_file_must_follow_and_go_with_the_protocol(tmp_path: Path) -> None:
    rows = event_rows()
    train = write_events(tmp_path / "train.csv", rows[:216])
    test = write_events(tmp_path / "test.csv", [*rows[216:], ("u1", "i1", START + 60, "home")])
    done = run("evaluate", train, "--test", test, "--models", "popular")
    assert (done.code, "is earlier than the last one" in done.error) == (1, True)
    done = run("evaluate", train, "--test", test, "--models", "popular", "--protocol", "users")
    assert (done.code, "makes its own test" in done.error) == (1, True)
    done = run("evaluate", train, "--test", test, "--models", "popular", "--test-share", "0.2")
    assert (done.code, "--test and --test-share" in done.error) == (1, True)


def test_published_pasts_with_their_targets_are_a_test(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.jsonl"
    sessions = [f"s{n},{item},{place}" for n in range(30) for place, item in enumerate(("a", "b", "c", "d")[n % 2 :])]
    train.write_text("session_id,item_id,pos\n" + "\n".join(sessions) + "\n", encoding="utf-8")
    test.write_text(
        '{"prefix": ["a"], "target": "b"}\n{"prefix": ["a", "b"], "target": "c"}\n'
        '{"prefix": ["b", "x"], "target": "new"}\n{"prefix": "", "target": null}\n',
        encoding="utf-8",
    )
    words = ("evaluate", train, "--test", test, "--models", "markov,popular", "-k", "1", "--no-select", "--json", "-")
    done = run(*words, "--protocol", "column")
    assert done.code == 0, done.err
    # two of three right: nobody can know the item "new"
    assert done.json["n_people"] == 3 and done.json["rows"][0]["metrics"]["hit@1"]["mean"] == pytest.approx(2 / 3)
    assert 'each session ("session_id") counts as a person' in done.err
    assert "3 pasts (5 events) with one target each, each a person of its own; 1 rows were set aside" in done.err
    assert "1 targets (33.3%) are not in the training log" in done.err
    assert "use column" in run(*words).error
    assert "--request-time none" in run(*words, "--protocol", "column", "--per", "person").error


def test_a_published_split_is_named_on_the_command_line(tmp_path: Path) -> None:
    part = {0: "train", 1: "valid", 2: "test"}
    lines = [
        f"{user},{item},{place},{part[0 if i < 192 else 1 if i < 216 else 2]},{i}"
        for i, (user, item, _, place) in enumerate(event_rows())
    ]
    events = tmp_path / "e.csv"
    events.write_text("user_id,item_id,where,fold,nr\n" + "\n".join(lines) + "\n", encoding="utf-8")
    words = ("evaluate", events, "--models", "popular", "--protocol", "column", "--trials", 2, "--json", "-")
    done = run(*words, "--split-column", "fold", "--order-column", "nr")
    assert done.code == 0, done.err
    row = done.json["rows"][0]
    assert (row["train_events"], len(row["selection"]["trials"])) == (192, 2)
    assert "split=fold" in done.err
    done = run(*words, "--split-column", "fould")
    assert (done.code, 'unknown column "fould". Did you mean "fold"?' in done.error) == (1, True)
    assert "--split-column" in run(*words).error


def test_a_published_split_without_times_is_judged_by_person(tmp_path: Path) -> None:
    lines = [f"{user},{item},{'test' if i % 5 == 4 else 'train'}" for i, (user, item, _, _) in enumerate(event_rows())]
    events = tmp_path / "e.csv"
    events.write_text("user_id,item_id,split\n" + "\n".join(lines) + "\n", encoding="utf-8")
    words = ("evaluate", events, "--models", "popular", "--protocol", "column", "--trials", 2, "--json", "-")
    done = run(*words, "--split-column", "split")
    assert done.code == 0, done.err
    row = done.json["rows"][0]
    assert (done.json["protocol"]["per"], row["history"], done.json["n_people"]) == (
        "person",
        "frozen",
        row["n_questions"],
    )
    assert "one list for each person" in done.err and "no valid rows" in row["refit"]
    assert len(row["selection"]["trials"]) == 2
    of_a_core = run(*words, "--split-column", "split", "--core", 2).json["rows"][0]
    assert "thinned to people and items with 2 of them, selected settings" in of_a_core["refit"]
    by_event = run(*words, "--split-column", "split", "--per", "event").json
    assert (by_event["protocol"]["per"], by_event["rows"][0]["history"]) == ("event", "live")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--models", "eaze"), 'Did you mean "ease"?'),
        (("--models", "ease,ease"), "each once"),
        (("--models", ","), "--models: expected names"),
        (("--models", "ease=none.toml"), "none.toml: no such file"),
        (("--models", "ease", "--set", "ease.rg=1"), 'Did you mean "reg"?'),
        (("--models", "ease", "--set", "eas.reg=1"), 'unknown model "eas"'),
        (("--models", "ease", "--set", "reg=1"), "expected MODEL.key=value"),
        (("--models", "ease", "-k", "0"), "-k: expected whole numbers >= 1"),
        (("--models", "ease", "-k", "ten"), "-k: expected whole numbers >= 1"),
        (("--models", "ease", "--test-share", "2"), "test_share"),
        (("--models", "ease", "--json", "no/folder/x.json"), "expected a file in an existing folder"),
    ],
)
def test_mistakes_are_found_before_anything_is_read(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run("evaluate", tmp_path / "none.csv", *words)
    assert (done.code, said in done.error) == (1, True), done.err


def test_unknown_targets_are_refused(log: Path) -> None:
    done = run("evaluate", log / "events.csv", "--models", "popular", "--targets", "buy")
    assert (done.code, 'unknown event kind "buy"' in done.error) == (1, True)


def test_a_refused_model_leaves_the_others_and_exit_code_1(log: Path) -> None:
    # 8 x 8 items do not fit into the smallest amount of memory that may be asked for
    words = (
        "evaluate",
        log / "events.csv",
        "--models",
        "popular,ease",
        "--no-select",
        "--set",
        "ease.max_gigabytes=1e-12",
    )
    done = run(*words)
    assert done.code == 1
    assert "ease: not measured: " in done.out
    assert "popular" in done.out
    assert "Traceback" not in done.err


def test_labels_of_rows_are_foretold(tmp_path: Path) -> None:
    lines = [f"u{i % 7},i{i % 5},{int(i % 5 < 2)},{'test' if i % 6 == 0 else 'train'}" for i in range(240)]
    (tmp_path / "shown.csv").write_text("user,item,label,split\n" + "\n".join(lines) + "\n", encoding="utf-8")
    words = ("evaluate", tmp_path / "shown.csv", "--protocol", "ctr", "--no-select", "--models", "bias,popular")
    done = run(*words, "--json", tmp_path / "t.json")
    # popular foretells nothing, so the exit code says that not all was measured
    assert done.code == 1, done.err
    assert "value=label" in done.err
    assert "protocol ctr, 40 rows of 7 people to foretell, 200 to learn from" in done.out
    assert "popular: not measured: popular ranks items but foretells no label" in done.out
    assert "mean label against bias, rows: bias is better (auc -" in done.out
    assert max(map(len, done.out.splitlines()[2:6])) <= 80
    report = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    # the item alone decides
    assert [row["metrics"]["auc"]["mean"] for row in report["rows"]] == [0.5, 1.0]
    rating = run("evaluate", tmp_path / "shown.csv", "--protocol", "rating", "--models", "bias", "--no-select")
    assert rating.code == 0 and " rmse" in rating.out


def test_ratings_of_a_test_file_are_foretold(tmp_path: Path) -> None:
    lines = [f"u{i % 7},i{i % 5},{1 + i % 5}" for i in range(100)]
    for name, part in (("base.csv", lines[:80]), ("test.csv", lines[80:])):
        (tmp_path / name).write_text("user,item,rating\n" + "\n".join(part) + "\n", encoding="utf-8")
    words = ("evaluate", tmp_path / "base.csv", "--test", tmp_path / "test.csv", "--models", "bias", "--no-select")
    done = run(*words, "--protocol", "rating", "--json", "-")
    assert done.code == 0, done.err
    mean, bias = done.json["rows"]
    assert (mean["n_rows"], mean["train_rows"]) == (20, 80)
    # 1 .. 5 alike: the mean errs by sqrt(2), the item tells all but what shrinkage takes
    assert mean["metrics"]["rmse"]["mean"] == pytest.approx(2**0.5, abs=0.01)
    assert bias["metrics"]["rmse"]["mean"] < 0.6
