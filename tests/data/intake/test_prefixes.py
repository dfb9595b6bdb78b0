"""Pasts with their targets, in every form that they are published in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from penchant.data.intake.prefixes import Prefixes, read_prefixes
from penchant.errors import BadData

ROWS: list[tuple[list[str], str]] = [(["a", "b"], "c"), (["a"], "b"), ([], "a")]


def words(found: Prefixes | None) -> list[tuple[list[str], str]]:
    """The questions in ids."""
    assert found is not None
    bounds = found.offsets.tolist()
    return [
        (found.items.ids_of(found.past[low:high]), found.items.id(int(target)))
        for low, high, target in zip(bounds[:-1], bounds[1:], found.target, strict=True)
    ]


class Heard:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def progress(self, task: str, done: int, total: int) -> None:
        """Is not kept."""

    def note(self, text: str) -> None:
        """Keeps it."""
        self.notes.append(text)


@pytest.mark.parametrize("form", ["parquet", "json", "blanks", "pipes", "commas", "json in text", "python"])
def test_every_form_gives_the_same_questions(tmp_path: Path, form: str) -> None:
    path = tmp_path / ("test.parquet" if form == "parquet" else "test.jsonl" if form == "json" else "test.csv")
    signs = {"blanks": " ", "pipes": "|", "commas": ","}
    if form == "parquet":
        pl.DataFrame({"prefix": [past for past, _ in ROWS], "target": [target for _, target in ROWS]}).write_parquet(
            path
        )
    elif form == "json":
        path.write_text("".join(json.dumps({"prefix": past, "target": target}) + "\n" for past, target in ROWS))
    elif form in signs:
        lines = [f'"{signs[form].join(past)}",{target}' for past, target in ROWS]
        path.write_text("item_id_list,item_id\n" + "\n".join(lines) + "\n")
    else:
        texts = [json.dumps(past) if form == "json in text" else repr(past) for past, _ in ROWS]
        lines = [f"{text}\t{target}" for text, (_, target) in zip(texts, ROWS, strict=True)]
        path.write_text("prefix\tnext_item\n" + "\n".join(lines) + "\n")
    assert words(read_prefixes(path)) == ROWS


def test_numbers_are_the_ids_that_a_log_has(tmp_path: Path) -> None:
    rows = {"prefix": [[1, 2], [3]], "target": [4.0, 1.0], "session_id": [7, 7]}
    found = read_prefixes(rows)
    assert words(found) == [(["1", "2"], "4"), (["3"], "1")]
    assert found is not None and found.session is not None and found.session.tolist() == [0, 0]
    # a text column of one item each is a column of pasts too
    (tmp_path / "one.csv").write_text("prefix,target\n1,2\n3,4\n")
    assert words(read_prefixes(tmp_path / "one.csv")) == [(["1"], "2"), (["3"], "4")]


def test_ids_may_hold_blanks_where_another_sign_stands_between_them(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text("prefix,target\nHeat|Big Fish,Toy Story\nBig Fish,Heat\n")
    assert words(read_prefixes(path)) == [(["Heat", "Big Fish"], "Toy Story"), (["Big Fish"], "Heat")]


def test_bad_rows_are_set_aside_and_told(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text("prefix,target\na|b,c\na||b,c\na,\n[a|,b\nb,a\n")
    heard = Heard()
    found = read_prefixes(path, heard)
    # line 3 has a blank item, line 4 no target; line 5 begins like JSON and is none
    assert words(found) == [(["a", "b"], "c"), (["b"], "a")]
    assert found is not None and found.n_rejected == 3 and found.lines.tolist() == [2, 6]
    assert len(heard.notes) == 2 and "blank_item: 1" in heard.notes[0] and "bad_prefix: 2" in heard.notes[1]
    assert 'test.csv:3 "a||b,c"; test.csv:5 "[a|,b"' in heard.notes[1]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"prefix": [["a", None]], "target": ["b"]}, "none of the 1 rows can be used: bad_prefix: 1"),
        ({"prefix": [["a"]], "target": [" "]}, "none of the 1 rows can be used: blank_item: 1"),
        ({"prefix": [{"a": 1}], "target": ["b"]}, "bad_prefix: 1"),
    ],
)
def test_a_file_without_a_good_row_is_refused(rows: dict[str, Any], said: str) -> None:
    with pytest.raises(BadData, match=said):
        read_prefixes(rows)


def test_an_event_log_is_something_else() -> None:
    assert read_prefixes({"user_id": [1], "item_id": [2], "timestamp": [3]}) is None
    assert read_prefixes({"history": ["1 2"], "item_id": [2], "timestamp": [3]}) is None
    assert read_prefixes({"prefix": ["1 2"], "click": [2]}) is None
