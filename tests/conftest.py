"""Settings of the test run: slow tests on demand, and no test that depends on the machine or on an earlier run."""

from __future__ import annotations

import os
import sys

import hypothesis
import pytest

# a net on a GPU sums in another order each time; those tests that want one say how (tests/models/test_on_a_gpu.py)
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

hypothesis.settings.register_profile("house", deadline=None, derandomize=True, database=None, max_examples=60)
hypothesis.settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests are left out, not skipped: a skip always names something that is missing."""
    if config.getoption("--all"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Caches of a test run stay out of the home folder of whoever runs it."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Nets learn on one thread: sums have one order, and tests that run side by side do not fight for processors."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
