"""What a service takes of a model folder: all but the people, checked, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.data.growing import grown
from penchant.data.seeding import interactions_of, user_updates_of
from penchant.errors import BadConfig, BadModelFolder, MissingExtra, UserError
from penchant.models.base import Model, load_model
from penchant.models.content import Content
from penchant.models.ease import Ease
from penchant.models.ease_content import EaseContent
from penchant.models.popular import Popular
from penchant.models.serving import copy_for_service, served, with_world
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
    events = interactions_of(model.people, model.catalogue)
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


def later(model: Model, updates: Mapping[str, Mapping[str, Any]]) -> Model:
    catalogue = grown(model.catalogue, updates)
    return with_world(model, catalogue, catalogue.popularity)


def test_a_later_item_scores_like_the_item_that_it_is_like():
    # h has no event and is nobody's neighbour; "new" has the attributes of b, an item with events
    data = toy_dataset()
    query = Query(history=[Past(item_id="a"), Past(item_id="c")], at=day(7), k=9)
    like = {"title": "Silver River", "genre": ["folk", "slow"]}
    for model in (Content(popularity_behind=False), EaseContent(reg=1.0, popularity_behind=False)):
        served_later = later(served(model.fit(data)), {"new": like, "odd": {"genre": ["polka"]}, "bare": {}})
        b, new, bare, d = served_later.score(query, ["b", "new", "bare", "d"]).tolist()
        assert np.isnan(bare) and new == max(new, d), model.name()
        if model.name() == "content":
            # the cosine of the same vector
            assert new == pytest.approx(b, rel=1e-6)
        else:
            h = served_later.score(query, ["h"])[0]
            # both are foretold; what is like b is at least as near to a and c as h, which shares its genres
            assert np.isfinite(h) and new > 0 and abs(new - h) < abs(d) + abs(new)
        # a new category that no training has seen says nothing, and disturbs nothing
        assert served_later.score(query, ["a"])[0] == model.score(query, ["a"])[0]
        assert "new" in served_later.recommend(query).item_ids


@pytest.mark.parametrize("name", ["blend", "dcnv2", "ease", "gbdt", "sasrec", "twotower"])
def test_models_of_all_kinds_are_served_with_items_that_come_later(name):
    try:
        model = made(name)().fit(WORLD.train)
    except MissingExtra as missing:
        pytest.skip(str(missing))
    first = WORLD.data.items.id(0)
    updates = {"new": {"style": "unheard of", "title": "something new"}, first: {}}
    known = set(model.catalogue.item_features.columns)
    updates = {item: {key: value for key, value in one.items() if key in known} for item, one in updates.items()}
    moved = later(served(model), updates)
    query = Query(history=[Past(item_id=first), Past(item_id=WORLD.data.items.id(5))], at=day(100))
    before, after = scores_of(served(model), [query]), scores_of(moved, [query])
    assert after.shape[1] == before.shape[1] + 1
    assert model.scores_unseen or np.isnan(after[0, -1])
    items = np.asarray([0, before.shape[1]], dtype=np.int32)
    found = difference(after[:, items], moved.score_items(moved.encode([query]).batch, items))
    assert not found, found


def test_a_world_must_hold_the_items_of_the_fit():
    model = Ease(reg=1.0).fit(toy_dataset())
    bigger = grown(model.catalogue, {"new": {}})
    with pytest.raises(ValueError, match="as many in all parts, got 9"):
        with_world(model, bigger, model.catalogue.popularity)


def test_popularity_of_the_moment_is_that_of_the_world():
    model = served(Popular().fit(toy_dataset()))
    catalogue = grown(model.catalogue, {"new": {}})
    at = np.full(30, round(day(6.5) * 1000), dtype=np.int64)
    choices = catalogue.popularity.extended(np.full(30, 8, dtype=np.int32), at, np.ones(30, dtype=np.float32))
    assert with_world(model, catalogue, choices).recommend(Query(at=day(7), k=1)).item_ids == ("new",)
    assert "new" not in model.recommend(Query(at=day(7), k=9)).item_ids
