"""`penchant vectors`: the file, the summary, the probe, and what cannot be done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.data.files import read_dataset
from penchant.models.ials import Ials
from penchant.models.popular import Popular
from penchant.query import Query
from penchant.testing.worlds import taste_world
from tests.cli.running import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of the small world; two of its items have no event."""
    path = tmp_path_factory.mktemp("vectors") / "model"
    Ials(embedding_dim=8, epochs=8).fit(taste_world().train).save(path)
    return path


def test_items_and_people_are_written_with_their_vectors(folder: Path, tmp_path: Path) -> None:
    done = run("vectors", folder, "--out", tmp_path / "items.parquet", "--json")
    assert done.code == 0, done.err
    assert done.json == {
        "model": "ials", "of": "items", "n": 40, "dim": 8, "left_out": 2, "out": str(tmp_path / "items.parquet"),
    }  # fmt: skip
    items = pl.read_parquet(tmp_path / "items.parquet")
    assert items.columns == ["item_id", "vector"] and "loud-new" not in items["item_id"].to_list()
    done = run("vectors", folder, "--of", "users", "--out", tmp_path / "people.parquet")
    assert (done.code, "200 users with 8 numbers each, 0 left out" in done.out) == (0, True)
    people = pl.read_parquet(tmp_path / "people.parquet")
    # what the file holds ranks as the model does
    model = Ials.load(folder).with_settings(popularity_behind=False)
    batch = model.encode([Query(user_id="person-003")]).batch
    own = people.filter(pl.col("user_id") == "person-003")["vector"][0].to_numpy()
    products = np.stack([vector.to_numpy() for vector in items["vector"]]) @ own
    assert np.nanmax(model.score_batch(batch)) == pytest.approx(products.max(), rel=1e-5)


def test_a_probe_prints_both_representations_with_intervals(folder: Path) -> None:
    done = run("vectors", folder, "--probe", "genre")
    assert done.code == 0, done.err
    assert "accuracy" in done.out and "svd" in done.out and "frequencies alone" in done.out
    assert "ials against svd: " in done.out and "2 values foretold for 40 rows from 8 numbers each" in done.err
    # the genre is the taste that people choose by
    figures = run("vectors", folder, "--probe", "genre", "--json").json["probe"]["figures"]
    assert figures["ials"]["mean"] > 0.9 > 0.6 > figures["frequencies"]["mean"]
    of_people = run("vectors", folder, "--of", "users", "--probe", "age", "--json").json
    assert of_people["probe"]["n_rows"] == 200 and of_people["out"] is None


def test_what_cannot_be_done_is_said(folder: Path, tmp_path: Path) -> None:
    assert "give --out FILE.parquet, --probe ATTRIBUTE, or both" in run("vectors", folder).error
    assert "ends in .parquet" in run("vectors", folder, "--out", tmp_path / "a.csv").error
    assert "existing folder" in run("vectors", folder, "--out", tmp_path / "no" / "a.parquet").error
    assert 'Did you mean "genre"' in run("vectors", folder, "--probe", "gener").error
    assert "neither a category nor tags" in run("vectors", folder, "--probe", "title").error
    Popular().fit(taste_world().train).save(tmp_path / "popular")
    assert "popular: this model has no vectors" in run("vectors", tmp_path / "popular", "--probe", "genre").error
    plain = read_dataset({"user_id": ["a", "b", "a"], "item_id": [1, 1, 2], "timestamp": [1, 2, 3]})
    Ials(embedding_dim=2).fit(plain).save(tmp_path / "plain")
    assert "trained without attributes of items" in run("vectors", tmp_path / "plain", "--probe", "genre").error
    assert "no such folder" in run("vectors", tmp_path / "none", "--probe", "genre").error
