"""Paths and ids from the network: decoded once, and never more than an id."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penchant.server import ids, paths
from penchant.server.problems import Problem
from tests.server.asking import ask, check_problem, server

ANY_ID = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=64)


@given(ANY_ID)
@example("a/b")
@example("..")
@example("../../etc/passwd")
@example("%2F")
@example("a+b c")
@example("similar")
def test_any_id_survives_the_way_through_a_path(text: str) -> None:
    cleaned = paths.cleaned(f"/v1/items/{quote(text, safe='')}/similar".encode())
    parts = cleaned.split("/")
    assert len(parts) == 5 and ids.from_path(parts[3]) == text


@given(st.binary(max_size=60))
@example(b"%")
@example(b"%2")
@example(b"%zz")
@example(b"%ff")
@example(b"%00")
@example(b"%c0%af")
@example(b"%+1")
@example(b"%\xb2\xb2")
def test_any_bytes_are_a_path_or_a_problem(raw: bytes) -> None:
    try:
        path = paths.cleaned(raw)
    except Problem as refused:
        assert refused.status == 400
    else:
        assert path.encode() and "\0" not in path.replace(ids.SLASH, "") or path == ""


@given(st.text())
@example("\ud800")
def test_an_id_is_short_and_has_no_control_characters(text: str) -> None:
    fine = 0 < len(text.encode(errors="surrogatepass")) <= 256 and all(
        ord(c) >= 32 and not 127 <= ord(c) <= 159 and not 0xD800 <= ord(c) <= 0xDFFF for c in text
    )
    assert (ids.fault_of(text) is None) == fine


def test_odd_ids_come_back_as_they_went() -> None:
    front = server()
    for odd in (
        "a/b",
        "...",
        "%2F",
        "a b+c",
        "naïve",
        "日本/語",
        "x" * 256,
        "a?b#c",
        "items:batch",
        "\U0001f600",
        "'\"<>",
    ):
        path = f"/v1/items/{quote(odd, safe='')}"
        assert ask(front, "PUT", path, json={"features": {"genre": odd}}).status_code == 200, odd
        assert ask(front, "GET", path).json()["item_id"] == odd
        assert ask(front, "GET", f"{path}/similar").status_code == 200
        for short in (True, False):
            answer = ask(server(short=short), "GET", f"/v1/recommend/{quote(odd, safe='')}")
            assert answer.status_code == 200, odd


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/items/%00", 400),
        ("/v1/items/a%00b", 400),
        ("/v1/items/%ff", 400),
        ("/v1/items/%2", 400),
        ("/v1/items/%0a", 422),
        ("/v1/items/%7f", 422),
        ("/v1/items/" + "x" * 257, 422),
        ("/v1/items/" + "%C3%A9" * 129, 422),
        ("/v1/recommend/%0a", 422),
        ("/v1/recommend/%00", 400),
        ("/v1/recommend/" + "x" * 257, 422),
        ("/v1/recommend/", 404),
        ("/v1/recommend/a/b", 404),
        ("/v1/items/", 404),
        ("/v1/items/a/", 404),
        ("//v1/items/a", 404),
        ("/v1/items/" + "x" * 5_000, 400),
        ("/v1/../../etc/passwd", 404),
        ("/", 404),
        ("/docs", 404),
        ("/static/../x", 404),
    ],
)
@pytest.mark.parametrize("short", [True, False])
def test_paths_that_lead_nowhere(path: str, status: int, short: bool) -> None:
    check_problem(ask(server(short=short), "GET", path), status)


def test_another_method_is_told_which_there_are() -> None:
    front = server()
    for path, allowed in (("/v1/items/a", "DELETE, GET, PUT"), ("/v1/events", "POST"), ("/health/live", "GET")):
        answer = ask(front, "PATCH", path, json={})
        check_problem(answer, 405)
        assert answer.headers["allow"] == allowed
