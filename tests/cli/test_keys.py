"""Keys are made, listed and removed."""

from __future__ import annotations

from pathlib import Path

from penchant.clock import wall_clock
from penchant.server.app import build_app
from penchant.server.settings import ServerConfig
from penchant.store.url import open_stores
from tests.cli.running import run
from tests.server.asking import ask, bearer, check_problem
from tests.server.fake_app import FakeApp


def test_a_key_opens_what_it_was_made_for_until_it_is_removed(tmp_path: Path) -> None:
    store = ("--store", tmp_path / "store")
    made = run("keys", "create", *store, "--scopes", "read,ingest", "--note", "phone")
    secret = made.out.strip()
    assert made.code == 0 and len(secret.split()) == 1 and secret.startswith("pk_")
    assert "shown once" in made.err and 'no project "default" yet' in made.err
    listed = run("keys", "list", *store, "--json").json["keys"]
    assert [(one["project"], one["scopes"], one["note"]) for one in listed] == [
        ("default", ["read", "ingest"], "phone")
    ]
    assert secret not in run("keys", "list", *store).out

    stores = open_stores(str(tmp_path / "store"))
    try:
        front = build_app({"default": FakeApp()}, stores, ServerConfig(), wall_clock)
        assert ask(front, "GET", "/v1/trending", headers=bearer(secret)).status_code == 200
        check_problem(ask(front, "GET", "/v1/trending"), 401)
        check_problem(ask(front, "POST", "/v1/models:refit", headers=bearer(secret)), 403)
        assert run("keys", "remove", listed[0]["key_id"], *store).code == 0
        front.site.ring.reread()
        check_problem(ask(front, "GET", "/v1/trending", headers=bearer(secret)), 401)
    finally:
        stores.close()
    assert run("keys", "list", *store, "--json").json["keys"] == []
    assert "no keys" in run("keys", "list", *store).err


def test_no_file_of_the_store_holds_the_secret(tmp_path: Path) -> None:
    secret = run("keys", "create", "--store", tmp_path / "store", "--json").json["secret"]
    for file in (tmp_path / "store").rglob("*"):
        assert not file.is_file() or secret.split("_")[-1].encode() not in file.read_bytes()


def test_wrong_words_are_told_what_to_do(tmp_path: Path) -> None:
    store = ("--store", tmp_path / "store")
    assert 'Did you mean "ingest"?' in run("keys", "create", *store, "--scopes", "ingst").error
    assert "project: expected lower-case" in run("keys", "create", *store, "--project", "My Shop").error
    assert "at least one" in run("keys", "create", *store, "--scopes", ",").error
    assert "penchant keys list" in run("keys", "remove", "0000", *store).error
    for words in (("remove",), ("list", "0000"), ("create", "0000"), ("make",)):
        assert run("keys", *words, *store).code == 2
