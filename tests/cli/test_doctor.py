"""`doctor`: table, JSON, a page that needs nothing else, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from penchant.cli.doctor_svg import axis, readable
from tests.cli.running import Done, run

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty people walk round twenty items, 900 events; a field and an attribute with names that a page must escape."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(2)
    rows, place = [], rng.integers(0, 20, 30)
    for i in range(900):
        person = i % 30
        place[person] = (place[person] + 1) % 20 if rng.random() < 0.8 else rng.integers(0, 20)
        rows.append(f"u{person},i{place[person]},{1_736_121_600 + 3600 * i},{EVIL if rng.random() < 0.5 else 'b'}")
    (folder / "events.csv").write_text("user_id,item_id,timestamp,field\n" + "\n".join(rows) + "\n", encoding="utf-8")
    schema = f'repeats = "allow"\n[context]\n"{EVIL}" = {{ kind = "category", column = "field" }}\n'
    (folder / "schema.toml").write_text(schema, encoding="utf-8")
    users = "".join(f"u{i},{'a' if i % 2 else EVIL}\n" for i in range(30))
    (folder / "users.csv").write_text(f"user_id,group\n{users}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def done(shop: Path) -> Done:
    files = ("--users", shop / "users.csv", "--schema", shop / "schema.toml", "--no-cache")
    return run("doctor", shop / "events.csv", *files, "--html", shop / "page.html", "--json", shop / "ledger.json")


def test_sentences_come_first_then_the_ledger(done: Done, shop: Path) -> None:
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[1] == "What the data in shop0 is worth"
    assert lines[2].startswith("The model chosen here, ")
    assert max(map(len, lines)) <= 80
    heads = [head for head in ("The ledger", "The models", "What was done", "What it cannot tell") if head in done.out]
    assert len(heads) == 4
    assert "live history" in done.out and "hour of day" in done.out and "person attributes (group)" in done.out


def test_json_holds_the_whole_ledger(done: Done, shop: Path) -> None:
    ledger = json.loads((shop / "ledger.json").read_text(encoding="utf-8"))
    keys = {line["key"] for line in ledger["worths"]}
    assert {"history", "live", "order", "recency", "sequence", "repeats", "person attributes"} <= keys
    assert f"context {EVIL}" in keys
    order = next(line for line in ledger["worths"] if line["key"] == "order")
    assert order["low"] <= order["difference"] <= order["high"] and order["verdict"]
    assert ledger["left_out"]["content"].startswith("the log came without item attributes")
    assert {"summary", "sampled", "models", "cheapest", "freshness", "cpu_seconds"} <= set(ledger)


def test_the_page_needs_nothing_else_and_escapes_what_it_shows(done: Done, shop: Path) -> None:
    page = (shop / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert not re.search(r"https?://|url\(|@import|<script|<link|<img|<iframe|\ssrc=|\son\w+=", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<svg") == page.count("</svg>") >= 8
    for tag in ("div", "section", "p", "ul", "table", "span"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_json_on_standard_output_is_alone_there(shop: Path) -> None:
    done = run("doctor", shop / "events.csv", "--schema", shop / "schema.toml", "--no-cache", "--json", "-")
    assert done.code == 0, done.err
    assert done.json["n_people"] == 30
    assert "What the data in shop0 is worth" in done.err


def test_refusals_are_one_line(shop: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.csv"
    bare.write_text("user_id,item_id\n" + "".join(f"u{i % 9},i{i % 5}\n" for i in range(300)), encoding="utf-8")
    done = run("doctor", bare, "--no-cache")
    assert (done.code, "no timestamps" in done.error) == (1, True)
    few = tmp_path / "few.csv"
    few.write_text("\n".join((shop / "events.csv").read_text(encoding="utf-8").splitlines()[:100]), encoding="utf-8")
    done = run("doctor", few, "--no-cache")
    assert (done.code, "at least 200 events" in done.error) == (1, True)
    done = run("doctor", shop / "events.csv", "--html", "no/folder/x.html")
    assert (done.code, "--html: no/folder/x.html: expected a file" in done.error) == (1, True)
    done = run("doctor", shop / "events.csv", "--targets", "buy", "--no-cache")
    assert (done.code, 'unknown event kind "buy"' in done.error) == (1, True)


def test_axes_have_readable_marks() -> None:
    assert [readable(size) for size in (0.00021, 0.05, 0.051)] == [0.0005, 0.05, 0.1]
    marks = re.findall(r"<text[^>]*>([^<]*)<", axis((-0.1, 0.3)))
    assert marks == ["-.10", "0", "+.10", "+.20", "+.30"]
