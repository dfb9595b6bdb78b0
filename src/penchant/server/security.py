"""Who comes in: API keys, what they may do, and the one case in which none is needed.

A secret is ``pk_<key id>_<43 characters>``, 256 random bits. Only its SHA-256 is kept: a slow hash guards passwords that
people choose, not random bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from penchant.clock import Clock
from penchant.errors import BadConfig, UnknownName
from penchant.server.problems import Problem
from penchant.server.settings import is_loopback
from penchant.store.protocol import Key, KeyScope

SCOPES: tuple[KeyScope, ...] = ("read", "ingest", "admin")
DEFAULT_PROJECT = "default"
PROJECT_HEADER = b"x-penchant-project"
REREAD_SECONDS = 1.0

_SECRET = re.compile(r"pk_([a-z0-9]{4,32})_([A-Za-z0-9_-]{43})")
_PROJECT = re.compile(r"[a-z0-9_-]{1,40}")
_NOBODY = hashlib.sha256(b"nobody").hexdigest()
_ALL = frozenset(SCOPES)


class Keys(Protocol):
    """Where keys are kept; every `penchant.store.protocol.Stores` is one."""

    def keys(self) -> tuple[Key, ...]:
        """All keys."""

    def keys_generation(self) -> int:
        """Rises with every change of keys; 0 until the first one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request; `key_id` is empty where no key was needed."""

    project: str
    key_id: str
    scopes: frozenset[KeyScope]

    def may(self, scope: KeyScope) -> bool:
        """Whether this caller may use a route of this scope."""
        return scope in self.scopes or "admin" in self.scopes


def new_key(project: str, scopes: Iterable[str], clock: Clock, note: str = "") -> tuple[Key, str]:
    """A key as it is kept, and its secret, which nobody can make again.

    Raises:
        BadConfig: no scope.
        UnknownName: a scope that does not exist.
    """
    wanted = tuple(dict.fromkeys(scopes))
    for scope in wanted:
        if scope not in SCOPES:
            raise UnknownName("scope", scope, SCOPES)
    if not _PROJECT.fullmatch(project):
        raise BadConfig(f'project: expected lower-case letters, digits, "-" and "_", at most 40, got "{project}"')
    if not wanted:
        raise BadConfig(f"scopes: expected at least one of {', '.join(SCOPES)}")
    key_id = secrets.token_hex(6)
    secret = f"pk_{key_id}_{secrets.token_urlsafe(32)}"
    allowed = frozenset(scope for scope in SCOPES if scope in wanted)
    key = Key(
        key_id=key_id, hashed=_hashed(secret), project=project, scopes=allowed, created_at=clock(), note=note.strip()
    )
    return key, secret


class KeyRing:
    """The keys, held in memory and read again within a second of a change.

    Args:
        source: where they are kept; None needs no key.
        open_without: whether no key is needed as long as none was ever there; only for a server that this machine alone
            can reach.
    """

    def __init__(self, source: Keys | None, *, open_without: bool = False) -> None:
        self._source, self._open_without = source, open_without
        self._by_id: Mapping[str, Key] = {}
        self._generation: int | None = None
        self._had_keys = False
        self._done = threading.Event()
        self._watcher: threading.Thread | None = None
        self.reread()

    @property
    def is_open(self) -> bool:
        """Whether requests of this machine need no key."""
        return self._source is None or (self._open_without and not self._had_keys)

    def reread(self) -> None:
        """Reads the keys again when they changed."""
        if self._source is None:
            return
        generation = self._source.keys_generation()
        if generation != self._generation:
            held = self._source.keys()
            self._by_id = {key.key_id: key for key in held}
            # a change says that there was a key, also where the process began after the last one was removed
            self._had_keys = self._had_keys or bool(self._by_id) or generation > 0
            self._generation = generation

    def watch(self) -> None:
        """Starts to look for changes each second, in a thread, so that a slow store holds up no request."""
        if self._source is not None and self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="keys", daemon=True)
            self._watcher.start()

    def _watch(self) -> None:
        while not self._done.wait(REREAD_SECONDS):
            try:
                self.reread()
            except Exception:  # noqa: S112 - the keys known so far go on counting while the store is away
                continue

    def close(self) -> None:
        """Ends the thread."""
        self._done.set()
        if self._watcher is not None:
            self._watcher.join(5)

    def caller(self, headers: Mapping[bytes, bytes], client: str | None, needed: KeyScope) -> Caller:
        """Who is asking.

        Args:
            headers: header fields, names in lower case.
            client: address of the other end.
            needed: what the route needs.

        Raises:
            Problem: 401 without a key or with one that opens nothing, 403 for one that does not open this.
        """
        if self.is_open:
            return _local(headers, client)
        key = self._opened(_secret_of(headers))
        caller = Caller(key.project, key.key_id, key.scopes)
        if not caller.may(needed):
            has = ", ".join(scope for scope in SCOPES if scope in key.scopes)
            raise Problem(403, f'this route needs a key with the scope "{needed}"; this one has: {has}')
        return caller

    def _opened(self, secret: str) -> Key:
        parts = _SECRET.fullmatch(secret)
        key = self._by_id.get(parts.group(1)) if parts else None
        # compared even when there is nothing to compare with, so that time does not tell which ids exist
        same = hmac.compare_digest(_hashed(secret), key.hashed if key is not None else _NOBODY)
        if key is None or not same:
            raise _refused("this key opens nothing here; it may have been removed")
        return key


def check_bind(host: str, *, keyless: bool) -> None:
    """Raises BadConfig when a server without keys would listen where other machines reach it."""
    if keyless and not is_loopback(host):
        raise BadConfig(
            f"host: without keys the server listens only to this machine (127.0.0.1 or ::1), got {host}; "
            "make a key with penchant keys create"
        )


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _secret_of(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"authorization")
    if given is not None:
        scheme, _, secret = given.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise _refused('expected the header "Authorization: Bearer <key>"')
        return secret.strip()
    plain = headers.get(b"x-api-key")
    if plain is None:
        raise _refused('send the header "Authorization: Bearer <key>"; penchant keys create makes one')
    return plain.decode("latin-1").strip()


def _refused(detail: str) -> Problem:
    return Problem(401, detail, headers={"www-authenticate": 'Bearer realm="penchant"'})


def _local(headers: Mapping[bytes, bytes], client: str | None) -> Caller:
    """The caller of a server without keys: this machine only, and no page of a browser that came from elsewhere."""
    if client is not None and not is_loopback(client):
        raise Problem(403, "a server without keys answers this machine only; make a key with penchant keys create")
    for name in (b"host", b"origin"):
        value = headers.get(name)
        if value is not None and not is_loopback(_host_of(value)):
            raise Problem(
                403, f"a server without keys answers only requests to this machine by its own name, got {name.decode()}"
            )
    project = headers.get(PROJECT_HEADER, DEFAULT_PROJECT.encode()).decode("latin-1")
    if not _PROJECT.fullmatch(project):
        raise Problem(422, "x-penchant-project: expected lower-case letters, digits, - and _, at most 40")
    return Caller(project, "", _ALL)


def _host_of(value: bytes) -> str:
    """The name in ``Host`` or ``Origin``, without scheme and port."""
    text = value.decode("latin-1").lower().rpartition("//")[2]
    if text.startswith("["):
        return text.partition("]")[0].strip("[")
    return text.partition(":")[0]
