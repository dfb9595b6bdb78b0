"""The short way to the busiest routes: without the framework, which costs several times what reading and answering cost.

Keys, limits, errors and counts are those of every other route; the same routes are declared in `routes/hot.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from penchant.server import answering, ids
from penchant.server.answering import Reply
from penchant.server.site import Call, Seen, Site, let_in
from penchant.store.protocol import KeyScope

Work = Callable[[Call], Awaitable[Reply]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

EXACT: Mapping[tuple[str, str], tuple[KeyScope, Work]] = {
    ("POST", "/v1/events"): ("ingest", answering.post_events),
    ("POST", "/v1/recommend"): ("read", answering.post_recommend),
}
"""(method, path) -> scope and work; a test compares the scopes with those declared."""

BY_USER = "/v1/recommend/"
BY_USER_ROUTE, BY_USER_SCOPE = "/v1/recommend/{user_id}", "read"


def found(scope: Mapping[str, Any], seen: Seen) -> tuple[KeyScope, Work] | None:
    """The work for a request that can take the short way; the path is cleaned already."""
    path: str = scope["path"]
    known = EXACT.get((scope["method"], path))
    if known is not None:
        seen.route = path
        return known
    if path.startswith(BY_USER) and scope["method"] == "GET":
        user = path[len(BY_USER) :]
        if user and "/" not in user:
            seen.route = BY_USER_ROUTE
            return "read", lambda call: answering.get_recommend(call, ids.from_path(user))
    return None


async def take(
    site: Site, scope: Mapping[str, Any], receive: Any, send: Send, seen: Seen, way: tuple[KeyScope, Work]
) -> None:
    """Answers a request; raises what the work raises."""
    needed, work = way
    await send_reply(send, await work(let_in(site, scope, receive, needed, seen)))


async def send_reply(send: Send, reply: Reply) -> None:
    """Sends a whole answer."""
    headers = [
        (b"content-type", reply.media_type.encode("latin-1")),
        (b"content-length", str(len(reply.body)).encode()),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
