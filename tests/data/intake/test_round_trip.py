"""Any log that is written comes back; numbers and figures agree with a plain second way of counting."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import polars as pl
from hypothesis import given

from penchant.data.files import load
from penchant.data.intake.log_figures import log_figures
from penchant.data.intake.numbering import Numbering, in_order_of_use
from penchant.data.schema import EventKind, Schema

# what a file can hold as an id: any text without surrounding blanks, NUL or surrogates
IDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=4) | st.sampled_from(
    ['a"b', "a,b", 'a\nb"', "é", "a b", "1", "01", "1.5", "NA", "null", "\ufeffx", "'"]
)
EVENT = st.tuples(IDS, IDS, st.integers(0, 5), st.sampled_from(["view", "buy"]), st.sampled_from([0.5, 1.0, -2.0]))
SCHEMA = Schema(kinds={"view": EventKind(), "buy": EventKind()}, repeats="allow")
NAMES = ["user_id", "item_id", "timestamp", "event", "rating"]
Event = tuple[str, str, int, str, float]


def loaded_events(source: object) -> list[Event]:
    data = load(source, schema=SCHEMA).dataset
    log = data.interactions
    kinds = list(data.schema.kinds)
    columns = (log.user.tolist(), log.item.tolist(), log.at.tolist(), log.kind.tolist(), log.value.tolist())
    return [
        (data.users.id(u), data.items.id(i), t // 1000, kinds[k], v) for u, i, t, k, v in zip(*columns, strict=True)
    ]


@given(
    st.lists(EVENT, min_size=1, max_size=12), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"])
)
def test_csv_round_trip(events: list[Event], delimiter: str, end: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
            writer.writerow(NAMES)
            writer.writerows(events)
        assert loaded_events(path) == sorted(events, key=lambda event: event[2])


@given(st.lists(EVENT, min_size=1, max_size=12))
def test_json_lines_and_parquet_round_trip(events: list[Event]) -> None:
    expected = sorted(events, key=lambda event: event[2])
    rows = [dict(zip(NAMES, event, strict=True)) for event in events]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        assert loaded_events(path) == expected
        pl.DataFrame(rows).write_parquet(path.with_suffix(".parquet"))
        assert loaded_events(path.with_suffix(".parquet")) == expected
    assert loaded_events(rows) == expected


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 1)), max_size=40))
def test_figures_agree_with_plain_counting(rows: list[tuple[int, int, int, int]]) -> None:
    rows = sorted(rows, key=lambda row: row[2])
    columns = np.asarray(rows, dtype=np.int64).reshape(-1, 4)
    user, item, kind = columns[:, 0].astype(np.int32), columns[:, 1].astype(np.int32), columns[:, 3].astype(np.int8)
    found = log_figures(user, item, columns[:, 2], kind, timed=True)
    repeats = [(u, i) in {(a, b) for a, b, _, _ in rows[:n]} for n, (u, i, _, _) in enumerate(rows)]
    last = repeats[len(rows) - max(1, len(rows) // 10) :]
    assert found.n_pairs == len({row[:2] for row in rows})
    assert found.repeats == sum(repeats) / max(len(rows), 1)
    assert found.repeats_last_tenth == (sum(last) / len(last) if last else 0.0)
    assert found.copies.tolist() == [n for n, row in enumerate(rows) if row in rows[:n]]


@given(st.lists(st.lists(st.none() | st.sampled_from(["a", " a", "b", "", "c", "ü"]), max_size=6), max_size=5))
def test_codes_stay_the_same_over_batches(batches: list[list[str | None]]) -> None:
    numbering = Numbering()
    codes = [numbering.add(pl.Series(batch, dtype=pl.String)).tolist() for batch in batches]
    texts = numbering.texts().to_list()
    assert [[None if code < 0 else texts[code] for code in part] for part in codes] == batches
    ids = numbering.cleaned("blank_user")
    assert [ids.texts.to_list()[place] for place in ids.place] == [text.strip() for text in texts]
    assert len(set(ids.texts.to_list())) == len(ids.texts)
    assert [bool(fault) for fault in ids.faults] == [not text.strip() for text in texts]


@given(st.lists(st.integers(-1, 6), max_size=30))
def test_order_of_first_use(places: list[int]) -> None:
    order = in_order_of_use(np.asarray(places, dtype=np.int32), 7)
    assert order.tolist() == list(dict.fromkeys(place for place in places if place >= 0))
