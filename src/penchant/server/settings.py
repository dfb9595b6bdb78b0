"""Settings of the server: limits, times and who may come in."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from penchant.config import Config, setting


class ServerConfig(Config):
    """What the server allows, and how long it waits.

    A time of 0 and a rate of 0 switch the limit off where the description says so.
    """

    host: str = setting("127.0.0.1", "address to listen at; beyond loopback only with keys")
    port: int = setting(8080, "port to listen at", ge=1, le=65_535)
    workers: int = setting(1, "worker processes; each loads the model", ge=1, le=256)
    threads: int = setting(1, "threads of a worker that compute answers", ge=1, le=64)
    most_wait: float = setting(
        0.03, "longest wait for a computing thread before a request is refused", unit="seconds", gt=0
    )
    strained_wait: float = setting(
        1.5, "the same while more comes than can be answered, in multiples of one answer's time", unit="answers", gt=0
    )
    body_bytes: int = setting(1_048_576, "largest body of a request", unit="bytes", ge=1024)
    batch: int = setting(1_000, "most events, items or people in one request", ge=1)
    waiting_events: int = setting(20_000, "most events that wait for the disk before others are refused", ge=1)
    most_items: int = setting(1_000, "most items that one answer may hold", ge=1)
    most_history: int = setting(10_000, "most events of a history that comes with a question", ge=0)
    rate: float = setting(0.0, "requests of one key, 0 for any number", unit="per second", ge=0)
    burst: float = setting(2.0, "requests that a key may save up, in seconds of its rate", unit="seconds", ge=1)
    header_timeout: float = setting(5.0, "longest time that a request's head may take", unit="seconds", ge=1)
    body_timeout: float = setting(10.0, "longest time that a request's body may take", unit="seconds", gt=0)
    stop_timeout: float = setting(30.0, "how long accepted requests may take after a stop", unit="seconds", ge=1)
    switch: float = setting(
        0.001, "longest time that one thread keeps the interpreter from another", unit="seconds", gt=0
    )
    access_log: bool = setting(
        False, "write a line for each request; faults are always written, and /metrics counts all"
    )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)


@lru_cache(1_024)
def is_loopback(host: str) -> bool:
    """Whether an address, or ``localhost``, is this machine itself.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
