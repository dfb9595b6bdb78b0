"""The description is true: every operation has an example that fits its schema, and generated requests get what it says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from penchant.server.openapi import document
from tests.server.asking import ask, guarded, server
from tests.server.fake_app import FakeApp

METHODS = ("get", "put", "post", "delete")


def described() -> dict[str, Any]:
    return document(server().framework)


def check_fits(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> None:
    """Fails when a value does not fit a schema of the document."""
    found = list(jsonschema_rs.validator_for({**schema, "components": whole["components"]}).iter_errors(value))
    assert not found, found[0].message


def test_every_operation_has_words_an_id_and_an_example_that_fits() -> None:
    whole = described()
    assert whole["openapi"].startswith("3.1.")
    names = set()
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            assert operation["summary"] and operation["operationId"] not in names, path
            names.add(operation["operationId"])
            good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
            content = next(one for one in good["content"].values() if "example" in one)
            check_fits(content["example"], content.get("schema", {}), whole)
            for kind, sent in operation.get("requestBody", {}).get("content", {}).items():
                if kind == "application/json":
                    examples = (
                        [sent["example"]] if "example" in sent else [e["value"] for e in sent["examples"].values()]
                    )
                    for example in examples:
                        check_fits(example, sent["schema"], whole)


def test_answers_that_are_no_success_are_described_as_problems() -> None:
    for path, methods in described()["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and path != "/health/ready":
                    schema = answer["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ProblemBody"}
            if operation.get("x-scope"):
                assert {"400", "401", "403", "404", "422", "429", "500", "503"} <= set(operation["responses"])
            if "requestBody" in operation:
                assert {"408", "413", "415"} <= set(operation["responses"])


def test_the_description_is_served() -> None:
    assert ask(server(), "GET", "/openapi.json").json() == json.loads(json.dumps(described()))


FRONT, SECRETS, _ = guarded(access_log=False)
CONFIG = SchemathesisConfig.from_dict(
    {
        "auth": {"openapi": {"bearer": {"bearer": SECRETS["admin"]}, "header": {"api_key": SECRETS["admin"]}}},
        "generation": {"max-examples": 150, "deterministic": False},
        # what a schema of JSON cannot say (declared fields, expressions, times) is refused with 422
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}},
    }
)


async def without_life(scope: Any, receive: Any, send: Any) -> None:
    """The server, whose life does not end with each request of the test's client."""
    if scope["type"] != "lifespan":
        await FRONT(scope, receive, send)
        return
    for word in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{word}"
        await send({"type": f"lifespan.{word}.complete"})


SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", without_life, config=CONFIG)


@pytest.mark.filterwarnings("ignore")
@SCHEMA.parametrize()
def test_generated_requests_get_what_is_described(case: Any) -> None:
    app = FRONT.site.apps["one"]
    assert isinstance(app, FakeApp)
    if len(app.log) > 200:
        app.log.clear()
    case.call_and_validate()
