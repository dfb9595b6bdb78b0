"""Every kind of bad input: reported with its line, or refused in one line that says what to do."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import polars as pl
import pytest

from penchant.data.files import load, read_dataset
from penchant.data.intake.validation import ValidationReport
from penchant.data.schema import EventKind, Field, Schema
from penchant.errors import BadData, UnknownName, UserError

KINDS = Schema(kinds={"view": EventKind(), "buy": EventKind()})


def places(report: ValidationReport) -> dict[str, list[int]]:
    return {rule.rule: [place.line for place in rule.first] for rule in report.broken}


def write(folder: Path, text: str | bytes, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def twelve_faults(good: int) -> bytes:
    """A header, some good rows, and twelve rows with one fault each on lines 2 + good ... 13 + good."""
    head = b"user_id,item_id,timestamp,event,rating\n"
    rows = b"".join(b"u%d,i%d,%d,view,1\n" % (i % 7, i % 5, 1_600_000_000 + i) for i in range(good))
    faults = [
        b",i1,1600000000,view,1",
        b"u1,  ,1600000000,view,1",
        b"u1,i1,yesterday,view,1",
        b"u1,i1,-5,view,1",
        b"u1,i1,9600000000,view,1",
        b"u1,i1,1600000000000,view,1",
        b"u1,i1,1600000000,view,nan",
        b"u1,i1,1600000000,vieww,1",
        b"u1,i1,1600000000,view",
        b"u1,i\0,1600000000,view,1",
        b"u1,i\xff,1600000000,view,1",
        b"u" * 1001 + b",i1,1600000000,view,1",
    ]
    return head + rows + b"\n".join(faults) + b"\n" + b"u1,i1,1600009999,buy,2\n"


RULES_OF_TWELVE = [
    "blank_user", "blank_item", "bad_timestamp", "negative_timestamp", "far_future", "timestamp_unit", "bad_value",
    "unknown_kind", "ragged_row", "nul_byte", "invalid_utf8", "id_too_long",
]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_twelve_planted_faults_are_found_on_their_lines(tmp_path: Path, packed: bool, ends: bytes) -> None:
    good = 40
    text = twelve_faults(good).replace(b"\n", ends)
    path = write(tmp_path, gzip.compress(text), "events.csv.gz") if packed else write(tmp_path, text)
    rejects = tmp_path / "out" / "rejects.csv"
    loaded = load(path, schema=KINDS, rejects=rejects)
    first = good + 2
    assert places(loaded.report) == {rule: [first + i] for i, rule in enumerate(RULES_OF_TWELVE)}
    assert (loaded.report.n_rows, loaded.report.n_loaded, loaded.report.n_rejected) == (good + 13, good + 1, 12)
    unknown = next(rule for rule in loaded.report.broken if rule.rule == "unknown_kind")
    assert unknown.meaning.endswith('view, buy; did you mean "view"?')
    with rejects.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(int(row["line"]), row["rule"]) for row in rows] == [(first + i, r) for i, r in enumerate(RULES_OF_TWELVE)]
    assert rows[2] == {
        "line": str(first + 2),
        "rule": "bad_timestamp",
        "column": "timestamp",
        "value": "yesterday",
        "raw": "u1,i1,yesterday,view,1",
    }
    assert (rows[5]["value"], rows[7]["value"], rows[7]["column"]) == ("1600000000000", "vieww", "event")


def test_faults_are_found_in_frames_by_row() -> None:
    frame = pl.DataFrame(
        {
            "user_id": ["a", "", None, "b", "c", "a\0b", "d" * 1001],
            "item_id": [1, 2, 3, None, 5, 6, 7],
            "timestamp": [1.6e9, 1.6e9, 1.6e9, 1.6e9, float("inf"), 1.6e9, 1.6e9],
        }
    )
    report = load(frame).report
    assert places(report) == {
        "nul_byte": [6],
        "blank_user": [2, 3],
        "blank_item": [4],
        "id_too_long": [7],
        "bad_timestamp": [5],
    }
    assert report.n_loaded == 1


def test_only_three_places_are_shown_but_all_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, "user_id,item_id,timestamp\n" + "u,i,x\n" * 10 + "u,i,1600000000\n")
    (rule,) = load(path).report.broken
    assert (rule.rule, rule.count, [p.line for p in rule.first]) == ("bad_timestamp", 10, [2, 3, 4])
    assert str(rule.first[0]) == 'events.csv:2 timestamp "x"'


def test_the_report_survives_json(tmp_path: Path) -> None:
    report = load(write(tmp_path, twelve_faults(20)), schema=KINDS).report
    assert ValidationReport.from_json(report.as_json()) == report


@pytest.mark.parametrize("name", ["e.csv", "e.tsv", "e.jsonl", "e.parquet", "e.csv.gz"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    empty = gzip.compress(b"") if name.endswith(".gz") else b""
    with pytest.raises(BadData, match=rf"{name}.*the file is empty"):
        read_dataset(write(tmp_path, empty, name))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user_id,item_id\r1,2\r", "lines end in CR alone"),
        ("user_id" * 30_000 + "\n1,2\n", "got one column"),
        ("user_id,item_id\n", "column names but no rows"),
        ("user_id:item_id:timestamp\n1:2:3\n", "expected column names separated by comma"),
        ("196\t242\t3\t881250949\n", "the first line holds data"),
        ("usr_id,item_id,timestamp\n1,2,3\n", 'no column for the person .*Did you mean "usr_id"'),
        ("user_id,title,timestamp\n1,2,3\n", "no column for the item .*found: user_id, title, timestamp"),
        ("session_id,usr_id,item_id\n1,2,3\n", 'no column for the person .*Did you mean "usr_id"'),
        ("user_id,item_id,user_id\n1,2,3\n", r'column "user_id" comes twice \(columns 1 and 3\)'),
        ("user_id,item_id,timestamp\n,1,5\n,2,6\n", "none of the 2 rows can be used: 2 blank_user"),
    ],
)
def test_hopeless_files_are_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadData, match=said) as caught:
        read_dataset(write(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "events.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "user_id,item_id\n1,2\n".encode("utf-16"), "UTF-16"),
        ("a.xlsx", b"PK\x03\x04", 'unknown ending ".xlsx"'),
        ("a.csv", b"PK\x03\x04 and so on", "zip archive"),
        ("a.parquet", b"not at all parquet", "cannot be read as"),
        ("a.csv.gz", gzip.compress(b"user_id,item_id\n" + b"1,2\n" * 9, mtime=0)[:-9], "damaged or truncated gzip"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(BadData, match=said):
        read_dataset(write(tmp_path, content, name))


def test_missing_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no such file"):
        read_dataset(tmp_path / "nothing.csv")
    with pytest.raises(BadData, match="a folder"):
        read_dataset(tmp_path)


def test_a_column_of_the_schema_that_is_misspelt(tmp_path: Path) -> None:
    path = write(tmp_path, "who,what,when\na,b,5\n")
    with pytest.raises(UnknownName, match='unknown column "hwo". Did you mean "who"'):
        read_dataset(path, schema=Schema(columns={"user_id": "hwo", "item_id": "what"}))
    data = read_dataset(path, schema=Schema(columns={"user_id": "WHO", "item_id": "what"}))
    assert (list(data.users), list(data.items), data.timed) == (["a"], ["b"], True)


def test_a_giant_field_breaks_its_row_only(tmp_path: Path) -> None:
    text = "user_id,item_id,timestamp\na,x,1600000000\n" + f"b,{'y' * 10_000_000},1600000001\n" + "c,z,1600000002\n"
    loaded = load(write(tmp_path, text))
    assert places(loaded.report) == {"line_too_long": [3]}
    assert len(loaded.report.broken[0].first[0].value) <= 60
    assert list(loaded.dataset.users) == ["a", "c"]


def test_a_giant_quoted_field(tmp_path: Path) -> None:
    text = f'user_id,item_id,timestamp\na,x,1\n"{"b" * 200_000}",y,2\nc,z,3\n'
    assert places(load(write(tmp_path, text)).report) == {"line_too_long": [3]}


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    rows = "".join(f"u{i},i,{1_600_000_000 + i}\n" for i in range(500))
    loaded = load(write(tmp_path, 'user_id,item_id,timestamp\n"a,i,1600000000\n' + rows))
    assert places(loaded.report) == {"open_quote": [2]}
    assert len(loaded.dataset) == 500


def test_exact_copies_are_kept_and_counted(tmp_path: Path) -> None:
    text = (
        "user_id,item_id,timestamp,event\na,x,30,view\na,x,10,view\nb,x,10,view\na,x,10,buy\na,x,10,view\na,x,30,view\n"
    )
    loaded = load(write(tmp_path, text))
    (rule,) = loaded.report.broken
    # line 6 copies line 3 (at 10), line 7 copies line 2 (at 30); line 5 is another kind
    assert (rule.rule, rule.count, [p.line for p in rule.first], rule.rejected) == ("duplicate_row", 2, [6, 7], False)
    assert loaded.report.n_loaded == 6


def test_one_person_and_one_item_load_with_a_warning(tmp_path: Path) -> None:
    report = load(write(tmp_path, "user_id,item_id,timestamp\na,x,1600000000\na,x,1600000001\n")).report
    assert (report.n_users, report.n_items, report.density, report.repeats) == (1, 1, 1.0, 0.5)
    assert [word for word in ("one person", "one item") if any(word in w for w in report.warnings)] == [
        "one person",
        "one item",
    ]


def test_no_timestamps_keeps_the_order_of_the_file_and_says_what_to_use(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "user_id,item_id\nb,y\na,x\nb,x\n"))
    assert (loaded.dataset.timed, loaded.dataset.interactions.at.tolist()) == (False, [0, 1, 2])
    assert list(loaded.dataset.users) == ["b", "a"]
    (warning,) = loaded.report.warnings
    assert "`column`" in warning
    assert "`last`" in warning
    assert (loaded.report.time_unit, loaded.report.first) == ("none", None)


def test_without_timestamps_an_order_column_is_used(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "user_id,item_id,pos,split\na,x,2,test\na,y,1,train\nb,z,1,train\nb,z,half,train\n"))
    log = loaded.dataset.interactions
    assert log.order is not None
    assert (log.order.tolist(), log.at.tolist(), list(loaded.dataset.items)) == ([1, 1, 2], [0, 1, 2], ["y", "z", "x"])
    split = log.extra["split"]
    assert ([*split.names], split.codes.tolist()) == (["train", "test"], [0, 0, 1])  # type: ignore[union-attr]
    assert places(loaded.report) == {"bad_order": [5]}


def test_unknown_kinds_are_rejected_but_unlisted_ones_are_learned(tmp_path: Path) -> None:
    path = write(tmp_path, "user_id,item_id,timestamp,event\na,x,1,view\na,y,2,buy\nb,x,3,view\nb,x,4,\n")
    loaded = load(path)
    assert loaded.report.kinds == {"view": 2, "buy": 1}
    assert places(loaded.report) == {"blank_kind": [5]}
    with pytest.raises(BadData, match="lists the event kinds view, buy, but no column"):
        read_dataset({"user_id": [1], "item_id": [2]}, schema=KINDS)


def test_a_column_with_many_values_is_no_kind() -> None:
    log = {"user_id": [1] * 200, "item_id": [2] * 200, "type": [f"t{i}" for i in range(200)]}
    loaded = load(log)
    assert list(loaded.dataset.schema.kinds) == ["event"]
    assert any("too many for event kinds" in warning for warning in loaded.report.warnings)
    with pytest.raises(BadData, match="too many for event kinds"):
        read_dataset(log, schema=Schema(columns={"kind": "type"}))


def test_repeats_are_set_from_the_last_tenth() -> None:
    # 20 events; the last tenth are the last two, one of which repeats an earlier pair: 50 %
    items = [str(i) for i in range(19)] + ["3"]
    loaded = load({"user_id": ["a"] * 20, "item_id": items, "timestamp": list(range(1_600_000_000, 1_600_000_020))})
    assert (loaded.report.repeats, loaded.report.repeats_last_tenth) == (0.05, 0.5)
    assert loaded.dataset.schema.repeats == "allow"
    fresh = load({"user_id": ["a"] * 20, "item_id": list(range(20)), "timestamp": list(range(20))})
    assert fresh.dataset.schema.repeats == "exclude"


def test_bad_context_cells_are_missing_not_fatal() -> None:
    log = {"user_id": [1, 2], "item_id": [3, 4], "timestamp": [5, 6], "heat": ["12,5", "warm"]}
    loaded = load(log, schema=Schema(context={"heat": Field(kind="number")}))
    assert loaded.dataset.interactions.context["heat"].values.tolist()[0] == 12.5  # type: ignore[union-attr]
    assert loaded.report.context == {"heat": 0.5}
    assert any("heat: 1 cells hold no finite number" in warning for warning in loaded.report.warnings)
    with pytest.raises(BadData, match="context field heat: expected category, number or cycle"):
        read_dataset(log, schema=Schema(context={"heat": Field(kind="text")}))


def test_rejects_that_cannot_be_written_are_a_users_error(tmp_path: Path) -> None:
    path = write(tmp_path, "user_id,item_id,timestamp\na,x,x\nb,y,1600000000\n")
    with pytest.raises(UserError, match="rejected rows cannot be written"):
        load(path, rejects=tmp_path / "events.csv" / "rejects.csv")
