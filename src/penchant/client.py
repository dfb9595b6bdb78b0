"""A small client of the HTTP service: asks with the same nouns as the library, and answers with them.

with Client("http://127.0.0.1:8080") as client:
    client.record([Interaction(user_id="ann", item_id="s0001", at=now, event_id="e1")])
    client.recommend(Query(user_id="ann", k=5)).items
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from penchant.client_wire import (
    Answer,
    Recorded,
    Unreachable,
    answer_of,
    event_json,
    item_json,
    question_json,
    quoted,
    recorded_of,
    refusal,
    user_json,
)
from penchant.errors import BadConfig
from penchant.event import Interaction, ItemUpdate, UserUpdate
from penchant.query import Query

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before the first repetition, and before any."""

_LATER = (429, 503)


class Client:
    """One project of one server. Calls may come from several threads.

    Args:
        url: such as ``http://127.0.0.1:8080``.
        key: a secret made by ``penchant keys create``; None for a server that needs none.
        timeout: seconds that one request may take.
        retries: how often a call that changes nothing twice is repeated when the server is busy or away.
        project: for a server without keys.
        transport: other than the network, for tests.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 5,
        project: str | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadConfig(f'url: expected one such as http://127.0.0.1:8080, got "{url}"')
        headers = {"authorization": f"Bearer {key}"} if key else {}
        headers |= {"x-penchant-project": project} if project else {}
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        # the server lets go of a connection that says nothing for five seconds
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0)
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, limits=limits, transport=transport, trust_env=not local
        )
        self.url, self._retries, self._sleep = url, retries, sleep

    def __enter__(self) -> Self:
        """Starts a block that ends with `close`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connections."""
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    # -- events and lists ------------------------------------------------------------------------------------------

    def record(self, events: Iterable[Interaction]) -> Recorded:
        """Keeps events; when it returns, the accepted ones are on disk. Repeated only when all have an `event_id`."""
        sent = [event_json(event) for event in events]
        told = self._call("POST", "/v1/events", sent, again=all("event_id" in one for one in sent))
        return recorded_of(told)

    def recommend(self, query: Query, *, exact: bool = False, trace: bool = False) -> Answer:
        """A list for this question; `exact` scores the whole catalogue, `trace` tells what each stage did."""
        return answer_of(self._call("POST", "/v1/recommend", {**question_json(query), "exact": exact, "trace": trace}))

    def rank(self, items: Sequence[str], query: Query) -> Answer:
        """These items, best first, for the person, moment and circumstances of `query`; none is left out as seen."""
        kept = ("user_id", "history", "features", "at", "context")
        asked = {name: value for name, value in question_json(query).items() if name in kept}
        return answer_of(self._call("POST", "/v1/rank", {**asked, "items": list(items)}))

    def similar(self, item_id: str, k: int = 10, *, where: str | None = None) -> Answer:
        """Items like one item; raises NotThere."""
        return answer_of(self._call("GET", f"/v1/items/{quoted(item_id)}/similar", k=k, where=where))

    def trending(self, k: int = 10, *, window: float | None = None, where: str | None = None) -> Answer:
        """What was chosen most of late; `window` in seconds."""
        return answer_of(self._call("GET", "/v1/trending", k=k, window=window, where=where))

    def why(self, recommendation_id: str) -> Mapping[str, Any]:
        """A list ever served, drawn again: ``same``, ``query``, ``history``, ``served``, ``again``; raises NotThere."""
        return self._call("GET", f"/v1/recommendations/{quoted(recommendation_id)}")

    # -- items and people ------------------------------------------------------------------------------------------

    def item(self, item_id: str) -> Mapping[str, Any]:
        """An item as it is now; raises NotThere."""
        return self._call("GET", f"/v1/items/{quoted(item_id)}")

    def put_items(self, items: Iterable[ItemUpdate]) -> Recorded:
        """Keeps attributes of items; those of before are replaced."""
        return recorded_of(self._call("PUT", "/v1/items:batch", {"items": [item_json(one) for one in items]}))

    def delete_item(self, item_id: str) -> None:
        """Takes an item out of all lists, at once; raises NotThere."""
        self._call("DELETE", f"/v1/items/{quoted(item_id)}")

    def user(self, user_id: str) -> Mapping[str, Any]:
        """What is known of a person; raises NotThere."""
        return self._call("GET", f"/v1/users/{quoted(user_id)}")

    def put_users(self, users: Iterable[UserUpdate]) -> Recorded:
        """Keeps attributes of people; those of before are replaced."""
        return recorded_of(self._call("PUT", "/v1/users:batch", {"users": [user_json(one) for one in users]}))

    def export(self, user_id: str) -> Iterator[Mapping[str, Any]]:
        """Everything that is kept about a person, one record each; raises NotThere."""
        try:
            with self._http.stream("GET", f"/v1/users/{quoted(user_id)}/export") as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer)
                yield from (json.loads(line) for line in answer.iter_lines() if line)
        except httpx.TransportError as fault:
            raise self._unreachable(fault) from None

    def forget(self, user_id: str) -> Mapping[str, Any]:
        """Removes everything about a person; the receipt names each place that was cleaned."""
        return self._call("DELETE", f"/v1/users/{quoted(user_id)}")

    # -- models and state ------------------------------------------------------------------------------------------

    def models(self) -> tuple[Mapping[str, Any], ...]:
        """All versions that can be served, newest first."""
        return tuple(self._call("GET", "/v1/models")["models"])

    def activate(self, version: str) -> Mapping[str, Any]:
        """Serves another version; raises NotThere, or Refused (409) for one that cannot be loaded."""
        return self._call("POST", f"/v1/models/{quoted(version)}:activate")

    def schema(self) -> Mapping[str, Any]:
        """What may be sent: event kinds, circumstances, attributes."""
        return self._call("GET", "/v1/schema")

    def status(self) -> Mapping[str, Any]:
        """How the service fares."""
        return self._call("GET", "/v1/status")

    # -- one request -----------------------------------------------------------------------------------------------

    def _call(
        self, method: str, path: str, body: Any = None, *, again: bool = True, **parameters: Any
    ) -> dict[str, Any]:
        given = {name: value for name, value in parameters.items() if value is not None}
        pause, left = FIRST_PAUSE, self._retries if again else 0
        while True:
            try:
                answer = self._http.request(method, path, json=body, params=given or None)
            except httpx.TransportError as fault:
                if not left:
                    raise self._unreachable(fault) from None
                wait = pause
            else:
                if answer.is_success:
                    told: dict[str, Any] = answer.json()
                    return told
                refused = refusal(answer)
                if answer.status_code not in _LATER or not left:
                    raise refused
                wait = max(pause, min(refused.retry_after or 0.0, LONGEST_PAUSE))
            # those who were refused together shall not come back together
            self._sleep(wait * (1 + secrets.randbelow(500) / 1000))
            pause, left = min(2 * pause, LONGEST_PAUSE), left - 1

    def _unreachable(self, fault: httpx.TransportError) -> Unreachable:
        return Unreachable(f"{self.url}: no answer ({type(fault).__name__}); is the server running?")
