"""Paths with percent signs: decoded once, strictly, and so that a slash inside an id does not cut it in two."""

from __future__ import annotations

import re

from penchant.server import ids
from penchant.server.problems import Problem

_LONGEST = 4_096
_ESCAPE = re.compile(rb"%(..)?", re.DOTALL)


def cleaned(raw: bytes) -> str:
    """The path of a request, decoded; a slash that was percent-encoded becomes `ids.SLASH`.

    Raises:
        Problem: 400 when it is too long, no UTF-8, badly encoded, or holds a NUL.
    """
    if len(raw) > _LONGEST:
        raise Problem(400, f"the path is longer than {_LONGEST:,} bytes")
    try:
        if b"%" in raw:
            if b"%00" in raw:
                raise Problem(400, "the path holds a NUL")
            raw = _ESCAPE.sub(_byte, raw)
        path = raw.decode("utf-8")
    except ValueError:
        raise Problem(400, "the path cannot be decoded; expected percent-encoded UTF-8") from None
    return path


def _byte(found: re.Match[bytes]) -> bytes:
    pair = found.group(1)
    if pair is None or not pair.isalnum():
        raise ValueError
    byte = bytes([int(pair, 16)])
    return ids.SLASH.encode() if byte == b"/" else byte
