"""What a service takes of a model folder: all but the people, checked, whole or not at all."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from penchant.data.seeding import interactions_of, user_updates_of
from penchant.errors import BadConfig, BadModelFolder, MissingExtra, UserError
from penchant.models.base import Model, load_model
from penchant.models.ease import Ease
from penchant.models.popular import Popular
from penchant.models.serving import copy_for_service
from penchant.query import Past, Query
from penchant.testing.subject import difference, scores_of
from tests.models.test_contract import WORLD, made
from tests.models.test_folder import FILES
from tests.toy import day, toy_dataset

TAKEN = [name for name in FILES if not name.startswith("people/")]


@pytest.fixture
def folder(tmp_path) -> Path:
    path: Path = tmp_path / "model"
    Ease(reg=1.0).fit(toy_dataset()).save(path)
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def told(model: Model, query: Query) -> Query:
    """The same question by a stranger who brings along all that the model's people know."""
    person = model.people.users.number(query.user_id or "")
    events = interactions_of(model.people, model.catalogue, "0" * 12)
    past = [
        Past(item_id=one.item_id, at=one.at, kind=one.kind, value=one.value, context=one.context)
        for one in events
        if one.user_id == query.user_id
    ]
    updates = user_updates_of(model.people, 0.0, "0" * 12)
    features = next((one.features for one in updates if one.event_id == f"log:{'0' * 12}:user:{person}"), {})
    return replace(query, user_id=None, history=past, features=features)


def test_everything_but_the_people_is_copied(folder, tmp_path):
    version = copy_for_service(folder, tmp_path / "served")
    assert files(tmp_path / "served") == sorted([*TAKEN, "card.json"])
    card = load_model(tmp_path / "served", people=False).card
    assert version == f"ease-{card['digest'][:12]}"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "served"]
    with pytest.raises(BadModelFolder, match="people/arrays.npz: missing"):
        load_model(tmp_path / "served")


def test_a_model_without_people_answers_strangers_as_before(folder, tmp_path):
    whole, served = load_model(folder), load_model(folder, people=False)
    assert len(served.people.users) == 0 and len(served.people.sequences.log) == 0
    for person in ("ann", "dee", "eve"):
        query = Query(user_id=person, at=day(7), context={"mood": "calm"})
        expected = scores_of(whole, [query])
        np.testing.assert_array_equal(scores_of(served, [told(whole, query)]), expected)
        # and says who is not known
        assert served.encode([query]).strangers == (person,)


@pytest.mark.parametrize("name", ["bias", "blend", "dcnv2", "finalmlp", "gbdt", "sasrec", "twotower"])
def test_models_of_all_kinds_are_read_without_people(name, tmp_path):
    try:
        model = made(name)().fit(WORLD.train)
    except MissingExtra as missing:
        pytest.skip(str(missing))
    model.save(tmp_path / "model")
    copy_for_service(tmp_path / "model", tmp_path / "served")
    served = load_model(tmp_path / "served", people=False)
    query = Query(user_id=WORLD.data.users.id(3), at=WORLD.data.interactions.at[WORLD.n_train] / 1000)
    asked = told(model, query)
    found = difference(scores_of(model, [asked]), scores_of(served, [asked]))
    assert not found, found


def test_popularity_within_a_group_without_people_is_that_of_all(tmp_path):
    Popular(within="group").fit(toy_dataset()).save(tmp_path / "model")
    served = load_model(tmp_path / "model", people=False)
    asked = [Query(at=day(7), features={"group": "young"}), Query(at=day(7))]
    young, anybody = served.recommend_many(asked)
    assert young.item_ids == anybody.item_ids


def test_circumstances_cannot_be_counted_without_people(folder):
    with pytest.raises(BadConfig, match="context_lift: cannot be switched on without the people"):
        load_model(folder, people=False).with_settings(context_lift=1.0)


@pytest.mark.parametrize("name", TAKEN)
def test_a_flipped_bit_is_refused_by_name_and_leaves_nothing(folder, tmp_path, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BadModelFolder, match=f"{name}: truncated or changed"):
        copy_for_service(folder, tmp_path / "served")
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    (folder / name).unlink()
    with pytest.raises(BadModelFolder, match=f"{name}: missing"):
        copy_for_service(folder, tmp_path / "served")


def test_damaged_people_do_not_matter(folder, tmp_path):
    shutil.rmtree(folder / "people")
    copy_for_service(folder, tmp_path / "served")
    assert load_model(tmp_path / "served", people=False).name() == "ease"


def test_the_same_version_again_changes_nothing_and_a_damaged_one_is_replaced(folder, tmp_path):
    copy_for_service(folder, tmp_path / "served")
    before = (tmp_path / "served" / "card.json").stat()
    copy_for_service(folder, tmp_path / "served")
    assert (tmp_path / "served" / "card.json").stat().st_ino == before.st_ino
    (tmp_path / "served" / "model" / "arrays.npz").write_bytes(b"")
    copy_for_service(folder, tmp_path / "served")
    assert load_model(tmp_path / "served", people=False).name() == "ease"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "served"]


def test_other_things_are_never_overwritten(folder, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    with pytest.raises(UserError, match="is not a model folder"):
        copy_for_service(folder, tmp_path / "thesis")
    with pytest.raises(UserError, match="cannot be written"):
        copy_for_service(folder, tmp_path / "no" / "such" / "place")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "precious"
