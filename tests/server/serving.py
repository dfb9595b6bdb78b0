"""Starting the real server with the fake application, as a child process; `seconds` -1 is an application that does nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from penchant.clock import wall_clock
from penchant.query import Query
from penchant.server.app import Front, build_app
from penchant.server.run import serve
from penchant.server.settings import ServerConfig
from penchant.service.nouns import Recorded, Served
from penchant.store.protocol import Logged
from tests.server.fake_app import FakeApp


class SlowApp(FakeApp):
    """Computes for `seconds` for each list, holding the interpreter as numpy's small calls do."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def recommend(self, query: Query, *, exact: bool = False) -> Served:
        if query.user_id == "sleeper":
            time.sleep(2.0)
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            sum(range(200))
        return super().recommend(query, exact=exact)


class Nothing(FakeApp):
    """Answers at once with what it has: all that is left is the server's own work."""

    def __init__(self) -> None:
        super().__init__()
        self.told = super().recommend(Query(k=10))
        self.kept: Future[tuple[Recorded, ...]] = Future()
        self.kept.set_result((Recorded(status="accepted", offset=1),))

    def recommend(self, query: Query, *, exact: bool = False) -> Served:
        return self.told

    def record(self, events: Sequence[Logged]) -> Future[tuple[Recorded, ...]]:
        if len(events) == 1:
            return self.kept
        done: Future[tuple[Recorded, ...]] = Future()
        done.set_result(self.kept.result() * len(events))
        return done


def made(settings: ServerConfig, seconds: float = 0.0, short: bool = True) -> Front:
    """The application of a worker."""
    app = SlowApp(seconds) if seconds > 0 else FakeApp() if seconds == 0 else Nothing()
    return build_app({"default": app}, None, settings, wall_clock, short=short)


def complain(text: str) -> None:
    """Says what went wrong."""
    sys.stderr.write(f"error: {text}\n")


def main(words: list[str]) -> int:
    """``serving.py PORT [setting=value ...] [seconds=S] [short=0] [server=uvicorn]``."""
    values: dict[str, Any] = dict(word.split("=", 1) for word in words[1:])
    seconds, short = float(values.pop("seconds", 0.0)), values.pop("short", "1") == "1"
    server = values.pop("server", "granian")
    settings = ServerConfig.parse({"port": int(words[0]), **{k: _plain(v) for k, v in values.items()}})
    if server == "uvicorn":
        import uvicorn

        uvicorn.run(made(settings, seconds, short), host=settings.host, port=settings.port, log_level="warning")
        return 0
    return serve(partial(made, settings, seconds, short), settings, complain=complain)


def _plain(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
