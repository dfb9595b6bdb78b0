"""Health, counts and lines of log; no line names a person."""

from __future__ import annotations

import os
from typing import Any

from penchant.service.nouns import Readiness
from tests.server.asking import NOW, ask, bearer, check_problem, guarded, server
from tests.server.fake_app import FakeApp


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append({"event": event, **fields})

    error = info


def test_each_request_leaves_one_line_without_ids_of_people() -> None:
    log = Lines()
    front = server(log=log, access_log=True)
    ask(front, "POST", "/v1/events", json={"user_id": "ann-secret", "item_id": "a"}, headers={"x-request-id": "abc-1"})
    ask(front, "GET", "/v1/recommend/ann-secret?context.mood=calm")
    ask(front, "GET", "/v1/users/ann-secret")
    ask(front, "DELETE", "/v1/users/ann-secret")
    ask(front, "GET", "/ann-secret")
    assert "ann-secret" not in repr(log.lines)
    assert [(one["route"], one["status"]) for one in log.lines] == [
        ("/v1/events", 200),
        ("/v1/recommend/{user_id}", 200),
        ("/v1/users/{user_id}", 200),
        ("/v1/users/{user_id}", 200),
        ("none", 404),
    ]
    assert log.lines[0]["request_id"] == "abc-1" and log.lines[0]["project"] == "default"
    assert all(one["ms"] >= 0 and one["method"] and "key_id" in one for one in log.lines)


def test_a_request_id_that_could_harm_a_log_is_replaced() -> None:
    front = server()
    for given in ("a b", "x" * 65, "a\tb", "é"):
        answer = ask(front, "GET", "/health/live", headers={b"x-request-id": given.encode("latin-1")})
        assert answer.headers["x-request-id"] != given and len(answer.headers["x-request-id"]) == 16
    assert ask(front, "GET", "/health/live", headers={"x-request-id": "a-1"}).headers["x-request-id"] == "a-1"


def test_no_lines_when_none_are_wanted() -> None:
    log = Lines()
    ask(server(log=log, access_log=False), "GET", "/health/live")
    assert log.lines == []


def test_counts_of_requests_events_and_versions() -> None:
    front = server()
    events = [{"user_id": "ann", "item_id": "a", "event_id": "e"}] * 2 + [
        {"user_id": "ann"},
        {"user_id": "a", "item_id": "b"},
    ]
    ask(front, "POST", "/v1/events", json=events)
    ask(front, "POST", "/v1/recommend", json={"k": 0})
    ask(front, "TRACE", "/v1/recommend")
    page = ask(front, "GET", "/metrics").text
    for line in (
        'penchant_events_total{outcome="accepted",project="default"} 2.0',
        'penchant_events_total{outcome="duplicate",project="default"} 1.0',
        'penchant_events_total{outcome="rejected",project="default"} 1.0',
        'penchant_requests_total{method="POST",project="default",route="/v1/events",status="200"} 1.0',
        'penchant_requests_total{method="POST",project="default",route="/v1/recommend",status="422"} 1.0',
        'penchant_request_seconds_count{method="POST",project="default",route="/v1/events"} 1.0',
        f'penchant_log_offset{{project="default",worker="{os.getpid()}"}} 2.0',
        f'penchant_model{{project="default",version="m-1",worker="{os.getpid()}"}} 1.0',
        f'penchant_queue{{lane="answers",worker="{os.getpid()}"}} 0.0',
        f'penchant_waiting_events{{worker="{os.getpid()}"}} 0.0',
    ):
        assert line in page.splitlines(), line


def test_health_is_open_and_says_no_more_than_it_must() -> None:
    front, secrets, _ = guarded()
    assert ask(front, "GET", "/health/live").json() == {"alive": True}
    ready = ask(front, "GET", "/health/ready")
    assert ready.status_code == 200 and ready.json()["ready"] is True

    class Loading(FakeApp):
        def ready(self) -> Readiness:
            return Readiness(ready=False, version=None, reasons=("project one: model secret-name is loading",))

    answer = ask(server(Loading(NOW)), "GET", "/health/ready")
    assert answer.status_code == 503 and answer.json()["ready"] is False and "secret-name" not in answer.text
    check_problem(ask(front, "GET", "/metrics"), 401)
    assert ask(front, "GET", "/metrics", headers=bearer(secrets["read"])).status_code == 200


def test_answers_are_kept_by_no_cache_and_guessed_at_by_no_browser() -> None:
    for path in ("/health/live", "/nowhere", "/v1/trending"):
        headers = ask(server(), "GET", path).headers
        assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
