"""The same log in every format gives equal datasets, and a messy file a clean one."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given

from penchant.data.dataset import Dataset
from penchant.data.files import load, read_dataset
from penchant.data.intake.delimited import DelimitedFile
from penchant.data.intake.frames import Table
from penchant.data.intake.jsonlines import JsonLinesFile
from penchant.data.intake.reading import Source
from penchant.data.schema import EventKind, Field, Schema
from penchant.errors import BadData, UnknownName

SCHEMA = Schema(
    kinds={"view": EventKind(), "buy": EventKind(weight=3.0)},
    context={"mood": Field(kind="category"), "heat": Field(kind="number")},
    repeats="allow",
)
LOG = {
    "user_id": [7, 8, 7, 9, 8],
    "item_id": ["b", "a", "a", "b", "c"],
    "timestamp": [1_600_000_300, 1_600_000_100, 1_600_000_100, 1_600_000_200, 1_600_000_400],
    "event": ["view", "buy", "view", "view", "buy"],
    "rating": [1.5, 2.0, 1.0, 0.5, 4.0],
    "session_id": [1, 2, 1, 3, 2],
    "mood": ["calm", None, "lively", "calm", "calm"],
    "heat": [20.5, 19.0, None, -3.25, 0.0],
}


def content(data: Dataset) -> dict[str, object]:
    """Everything in a dataset but its name, as plain values."""
    log = data.interactions
    mood, heat = log.context["mood"], log.context["heat"]
    return {
        "users": list(data.users),
        "items": list(data.items),
        "columns": [getattr(log, key).tolist() for key in ("user", "item", "at", "kind", "value")],
        "session": None if log.session is None else log.session.tolist(),
        "mood": ([*mood.names], mood.codes.tolist()),  # type: ignore[union-attr]
        "heat": np.nan_to_num(heat.values, nan=-99).tolist(),  # type: ignore[union-attr]
    }


def written(folder: Path, form: str) -> object:
    frame = pl.DataFrame(LOG)
    plain, gz = form.removesuffix(".gz"), form.endswith(".gz")
    path = folder / f"log.{plain}"
    match plain:
        case "csv":
            frame.write_csv(path)
        case "tsv" | "txt":
            frame.write_csv(path, separator="\t" if plain == "tsv" else "|")
        case "jsonl" | "ndjson":
            frame.write_ndjson(path)
        case "parquet":
            frame.write_parquet(path)
        case "polars":
            return frame
        case "lazy":
            return frame.lazy()
        case "pandas":
            return pytest.importorskip("pandas").DataFrame(LOG)
        case "arrow":
            return frame.to_arrow()
        case "dicts":
            return frame.to_dicts()
        case "lists":
            return LOG
    if gz:
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        return packed
    return path


FORMS = ["csv", "tsv", "txt", "jsonl", "ndjson", "parquet", "csv.gz", "tsv.gz", "jsonl.gz", "parquet.gz"]
FRAMES = ["polars", "lazy", "pandas", "arrow", "dicts", "lists"]


@pytest.mark.parametrize("form", FORMS + FRAMES)
def test_the_same_log_in_every_format_is_the_same_dataset(tmp_path: Path, form: str) -> None:
    data = read_dataset(written(tmp_path, form), schema=SCHEMA)
    # sorted by (timestamp, row): rows 1, 2, 3, 0, 4; people 8 7 9 and items a b c by their first event
    assert content(data) == {
        "users": ["8", "7", "9"],
        "items": ["a", "b", "c"],
        "columns": [
            [0, 1, 2, 1, 0],
            [0, 0, 1, 1, 2],
            [1_600_000_100_000, 1_600_000_100_000, 1_600_000_200_000, 1_600_000_300_000, 1_600_000_400_000],
            [1, 0, 0, 0, 1],
            [2.0, 1.0, 0.5, 1.5, 4.0],
        ],
        "session": [0, 1, 2, 1, 0],
        "mood": (["lively", "calm"], [-1, 0, 1, 1, 1]),
        "heat": [19.0, -99, -3.25, 20.5, 0.0],
    }
    assert not data.interactions.user.flags.writeable


def test_a_messy_csv_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    text = (
        "\r\n"
        ' Customer-ID ;"Product_ID";"TIME STAMP";  Rating ;"remark; or so"\r\n'
        '" 12 ";"a;1";"2024-03-01T10:00:00Z";"4,5";"said ""yes"""\r\n'
        "\r\n"
        '13;b;2024-03-01 09:00:00+00:00;3;"two\r\nlines"\r\n'
        "12;b;2024-03-02;;\r\n"
        ";b;2024-03-02;1;\r\n"
        "14; c ;2024-03-01T12:00:00.250;5;;;\r\n"
    )
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    loaded = load(file, schema=Schema(kinds={"event": EventKind()}, repeats="exclude"))
    data, log = loaded.dataset, loaded.dataset.interactions
    assert loaded.report.roles == {
        "user_id": "Customer-ID",
        "item_id": "Product_ID",
        "timestamp": "TIME STAMP",
        "value": "Rating",
    }
    assert (list(data.users), list(data.items)) == (["13", "12", "14"], ["b", "a;1", "c"])
    # 2024-03-01T09:00Z is 1,709,283,600 s; then 10:00, 12:00:00.250 and midnight of the next day
    start = 1_709_283_600_000
    assert log.at.tolist() == [start, start + 3_600_000, start + 10_800_250, start + 54_000_000]
    assert log.value.tolist() == [3.0, 4.5, 5.0, 1.0]
    (blank,) = loaded.report.broken
    # the record "13" takes lines 5 and 6
    assert (blank.rule, blank.count, blank.first[0].line) == ("blank_user", 1, 8)
    assert loaded.report.time_unit == "iso"
    assert any("1 events have no Rating" in warning for warning in loaded.report.warnings)


def rows_of(source: Source) -> list[tuple[object, ...]]:
    """(line, fault, cells as text) of every row."""
    found: list[tuple[object, ...]] = []
    for batch in source.batches(source.header):
        faults = [0] * len(batch.frame) if batch.faults is None else batch.faults.tolist()
        cells = batch.frame.cast(pl.String).rows()
        found += list(zip([int(line) for line in batch.lines], faults, cells, strict=True))
    return found


ODD_CSV = [
    "a,b,c\n1,2,3\n4,5,6\n",
    "a,b,c\r\n1,2,3\r\n,,\r\n 4 , 5,6",
    "a,b,c\n\n1,2,3\n \n4,5\n6,7,8,9\n10,11,12\n",
    "a,b,c\n1,2,3,,\n4,5,6\n",
    'a,b,c\n1,"2,2",3\n"4","5\n5","6"\n7,8,9\n',
    'a,b,c\n1,2" disk,3\n4,"open,6\n7,8,9\n1,2,3\n',
    'a,b,c\n"4,5,6\n7",8,9\n1,2,3\n',
    "a,b,c\n1,é,3\n4,\0,6\n",
    "a,b,c\n#1,2,3\n'x',NA,null\n",
    'a,b,c\n"1","","3"\n"4",5,"6"\n',
    'a,b,c\n"1""",2,3\n4,"5"x,6\n7,8, "9"\n',
    'a,b,c\n"",",2\n',
]


@pytest.mark.parametrize("text", ODD_CSV)
@pytest.mark.parametrize("size", [8, 16, 1 << 20])
def test_the_fast_and_the_exact_way_read_the_same_rows(
    tmp_path: Path, text: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(text, newline="")
    whole = rows_of(DelimitedFile(file, exact=True))
    # small blocks put records and quotes across the borders
    monkeypatch.setattr("penchant.data.intake.delimited.line_blocks", lambda path: _small_blocks(path, size))
    assert rows_of(DelimitedFile(file)) == whole == rows_of(DelimitedFile(file, exact=True))


def _small_blocks(path: Path, size: int) -> object:
    from penchant.data.intake.textblocks import line_blocks

    return line_blocks(path, size)


@given(st.lists(st.text('a1,"\n\r\0 é', max_size=12), max_size=6), st.booleans())
def test_no_text_separates_the_two_ways(lines: list[str], quoted: bool) -> None:
    if quoted:
        lines = [",".join(f'"{cell}"' for cell in line.split(",")) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "any.csv"
        file.write_text("a,b\n" + "\n".join(lines), newline="")
        assert rows_of(DelimitedFile(file)) == rows_of(DelimitedFile(file, exact=True))


def test_exact_rows_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text('a,b,c\n\n1,2,3\n"4","5\n5",6\n7,"open,9\n8,8\n10,11,12\n')
    rows = rows_of(DelimitedFile(file))
    # line 6 opens a quote that nothing closes, so only that line is given up; line 7 has two fields
    assert [(line, fault == 0) for line, fault, _ in rows] == [(3, True), (4, True), (6, False), (7, False), (8, True)]
    assert rows[1][2] == ("4", "5\n5", "6")


ODD_JSON = [
    '{"a":1,"b":"x"}\n{"a":"q"}\n{"b":null}\n',
    '{"a":1}\n\nnot\n[1]\n5\n{"a":2,"a":3}\n',
    '{"a":1.0}\n{"a":2.5,"b":true}\n{"a":"t","b":"u"}',
    '{"a":"é\\u00e9","b":""}\n{"a":NaN}\n',
]


@pytest.mark.parametrize("text", ODD_JSON)
def test_json_lines_read_the_same_both_ways(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(text)
    assert ids_of(JsonLinesFile(file)) == ids_of(JsonLinesFile(file, exact=True))


def ids_of(source: Source) -> list[tuple[object, ...]]:
    from penchant.data.intake.cells import as_text

    found: list[tuple[object, ...]] = []
    for batch in source.batches(source.header):
        texts = [as_text(column).to_list() for column in batch.frame.get_columns()]
        faults = [0] * len(batch.frame) if batch.faults is None else batch.faults.tolist()
        found += list(zip([int(line) for line in batch.lines], faults, *texts, strict=True))
    return found


def test_batches_of_any_size_give_the_same_dataset() -> None:
    frame = pl.DataFrame(LOG)
    sizes = [1, 2, 100]
    made = [[batch.lines for batch in Table(frame.lazy(), "t", batch=size).batches(["user_id"])] for size in sizes]
    assert [len(batches) for batches in made] == [5, 3, 1]
    assert [[line for lines in batches for line in lines] for batches in made] == [[1, 2, 3, 4, 5]] * 3


def test_mixed_id_types_are_one_id() -> None:
    rows = [
        {"user_id": 1, "item_id": 5.0, "timestamp": 10},
        {"user_id": "1", "item_id": "5", "timestamp": 11},
        {"user_id": 1.0, "item_id": " 5 ", "timestamp": 12},
    ]
    data = read_dataset(rows)
    assert (list(data.users), list(data.items), len(data)) == (["1"], ["5"], 3)


def test_mixed_id_types_in_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"user": [1, "x", None, 1.0], "item": [1.0, 2.0, 3.0, float("nan")], "ts": [1, 2, 3, 4]})
    loaded = load(frame)
    assert (list(loaded.dataset.users), list(loaded.dataset.items)) == (["1", "x"], ["1", "2"])
    assert [(rule.rule, rule.first[0].line) for rule in loaded.report.broken] == [("blank_user", 3), ("blank_item", 4)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (7, "got int"),
        ({"user_id": [1], "item_id": [1, 2]}, "different lengths"),
        ([], "events: expected at least one row, got an empty list"),
        ([1, 2], "got list"),
    ],
)
def test_other_things_are_refused_in_one_line(rows: object, said: str) -> None:
    with pytest.raises(BadData, match=said) as caught:
        read_dataset(rows)
    assert "\n" not in str(caught.value)


def test_pandas_with_a_column_twice_is_refused() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(BadData, match='"user_id" comes twice'):
        read_dataset(pandas.DataFrame([[1, 2, 3]], columns=["user_id", "user_id", "item_id"]))


def test_a_declared_context_column_must_be_there() -> None:
    schema = Schema(context={"mood": Field(kind="category", column="moood")})
    with pytest.raises(UnknownName, match='unknown column "moood". Did you mean "mood"'):
        read_dataset(LOG, schema=schema)


def test_json_array_is_told_from_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    file.write_text(json.dumps([{"user_id": 1, "item_id": 2}]))
    with pytest.raises(BadData, match="one object a line"):
        read_dataset(file)


def test_ids_written_as_floats_are_whole_numbers(tmp_path: Path) -> None:
    file = tmp_path / "gaps.csv"
    file.write_text("user_id,item_id,timestamp\n1.0,v1.0,1600000000\n,v2.0,1600000001\n12.0,v1.0,1600000002\n")
    data = read_dataset(file, users={"user_id": [12, 5]})
    assert (list(data.users), list(data.items)) == (["1", "12", "5"], ["v1.0"])


def test_columns_of_rarer_types() -> None:
    columns = {
        "user_id": pl.Series(["a", "b"], dtype=pl.Categorical),
        "item_id": pl.Series([b"x", b"y"]),
        "timestamp": pl.Series(["1600000000", "1600000001"]).cast(pl.Decimal(20, 3)),
        "event": pl.Series(["view", "buy"], dtype=pl.Enum(["buy", "view"])),
        "rating": pl.Series(["1.5", "2.5"]).cast(pl.Decimal(10, 2)),
    }
    data = read_dataset(pl.DataFrame(columns), schema=Schema(kinds=SCHEMA.kinds))
    log = data.interactions
    assert (list(data.users), list(data.items), log.kind.tolist()) == (["a", "b"], ["x", "y"], [0, 1])
    assert (log.at.tolist(), log.value.tolist()) == ([1_600_000_000_000, 1_600_000_001_000], [1.5, 2.5])


def test_pandas_types() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "user_id": pandas.Categorical(["a", "b"]),
            "item_id": pandas.array([1, None], dtype="Int64"),
            "timestamp": pandas.to_datetime(["2020-09-13T12:26:40Z", "2020-09-13T12:26:41Z"]),
            "rating": [float("nan"), 2.0],
        }
    )
    loaded = load(frame)
    assert loaded.dataset.interactions.at.tolist() == [1_600_000_000_000]
    assert loaded.dataset.interactions.value.tolist() == [1.0]
    assert [(rule.rule, rule.first[0].line) for rule in loaded.report.broken] == [("blank_item", 2)]
