"""Generated requests against the running server: no answer is a fault of the server, and each fits the served description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from tests.faults.child import Server, command
from tests.faults.conftest import PATIENT

OPERATIONS = 19
"""How many the description has at least; were they not found, nothing would be tested."""


@pytest.fixture(scope="module")
def opened(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server and a key that opens all of it."""
    place = tmp_path_factory.mktemp("described")
    made = command("keys", "create", "--store", place / "store", "--scopes", "admin", "--json")
    key = str(json.loads(made.stdout)["secret"])
    with Server(folders / "knn", place / "store", *PATIENT, said=place / "said.txt") as running:
        yield running, key
        assert running.faults() == []


def described(server: Server, key: str) -> Any:
    """The description as the server gives it, with the checks of the tests on the application."""
    config = SchemathesisConfig.from_dict(
        {
            "auth": {"openapi": {"bearer": {"bearer": key}, "header": {"api_key": key}}},
            # what a schema of JSON cannot say (declared fields, expressions, times) is refused with 422
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}},
        }
    )
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json", config=config)


def check_all(server: Server, key: str, examples: int) -> None:
    """Sends so many generated requests to each operation."""
    tried = 0
    for found in described(server, key).get_all_operations():
        operation = found.ok()
        if operation.path.endswith(":refit"):
            continue  # it answers at once, and then a process learns for a while

        @hypothesis.settings(
            max_examples=examples, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
        )  # fmt: skip
        @hypothesis.given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate()

        check()
        tried += 1
    assert tried >= OPERATIONS - 1 and server.faults() == []


@pytest.mark.filterwarnings("ignore")
def test_generated_requests(opened: tuple[Server, str]) -> None:
    check_all(*opened, 6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_many_generated_requests(opened: tuple[Server, str]) -> None:
    check_all(*opened, 60)
