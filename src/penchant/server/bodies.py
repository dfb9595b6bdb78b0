"""Reading a body: no longer than allowed, no slower than allowed, and only of a kind that is understood."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from penchant.server.problems import Problem

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

JSON = "application/json"
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")


class Gone(Exception):
    """The other end went away in the middle of its request."""


def media_type(headers: Mapping[bytes, bytes], *known: str) -> str:
    """The kind of a body; raises Problem 415 for one that is not `known`."""
    given = headers.get(b"content-type", b"").decode("latin-1")
    kind, _, rest = given.partition(";")
    kind = kind.strip().lower()
    charset = rest.partition("charset=")[2].partition(";")[0].strip().strip('"').lower()
    if kind not in known or charset not in ("", "utf-8", "utf8"):
        came = f'got "{given[:80]}"' if given else "got none"
        raise Problem(415, f"content-type: expected {' or '.join(known)} in UTF-8, {came}")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(415, "content-encoding: expected a plain body; send it uncompressed")
    return kind


async def read(receive: Receive, headers: Mapping[bytes, bytes], most: int, seconds: float) -> bytes:
    """The whole body.

    Args:
        most: bytes that it may have.
        seconds: that it may take to arrive.

    Raises:
        Problem: 413 when it is longer, 408 when it is slower.
        Gone: the other end went away.
    """
    declared = headers.get(b"content-length")
    if declared is not None and (not declared.isdigit() or int(declared) > most):
        raise _too_large(most)
    try:
        async with asyncio.timeout(seconds):
            return await _all(receive, most)
    except TimeoutError:
        raise Problem(408, f"the body took more than {seconds:g} s; send it faster, or in parts") from None


async def _all(receive: Receive, most: int) -> bytes:
    message = await receive()
    first: bytes = message.get("body", b"")
    if message["type"] != "http.request":
        raise Gone
    if not message.get("more_body"):
        if len(first) > most:
            raise _too_large(most)
        return first
    parts, size = [first], len(first)
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_large(most)
    return b"".join(parts)


def _too_large(most: int) -> Problem:
    return Problem(413, f"the body has more than {most:,} bytes; send it in parts")
