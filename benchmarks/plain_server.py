"""The comparison of `benchmarks.serve`: a plain server that scores the whole catalogue for each request, as people write it.

    PLAIN_MODEL=DIR python -m granian --interface asgi benchmarks.plain_server:app --port 8001

The same ASGI server (granian, one worker), torch on one thread, the same JSON library (msgspec) and an answer of the same
shape. A request brings the history with it, so nothing is read from or written to a store and nothing is checked: less than
what Penchant does for an answer. The net reads the history, one product scores all items, those of the history are struck out
and the best k are found, all of it in the event loop: by `torch.topk`, or with `PLAIN_TOP=partition` by numpy's `argpartition`,
which is seen as often and slower. `PLAIN_MODEL=hello` answers 20 bytes: what the ASGI server and the load generator carry.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

Receive, Send = Callable[[], Awaitable[dict[str, Any]]], Callable[[dict[str, Any]], Awaitable[None]]


_TOLD = 21
"""One more than the events of a history that are named in an answer."""


class Asked(msgspec.Struct):
    """The body of a request: ids, oldest first."""

    history: list[str]
    k: int = 10


class Item(msgspec.Struct):
    """One item of an answer, with the fields that Penchant sends."""

    item_id: str
    rank: int
    score: float
    sources: list[str]
    cold: bool = False
    title: str | None = None
    propensity: float = 1.0


class Answer(msgspec.Struct):
    """What is sent back, with the fields that Penchant sends."""

    recommendation_id: str
    model_version: str
    took_ms: float
    at: float
    log_offset: int
    fallback: bool
    context_used: dict[str, str]
    context_ignored: dict[str, str]
    items: list[Item]
    history: list[str]


class Plain:
    """A saved sasrec, its ids and the product with all items."""

    def __init__(self, folder: str) -> None:
        import torch

        from penchant.models.base import load_model

        torch.set_num_threads(1)
        model: Any = load_model(Path(folder))
        self.torch, self.net, self.reach, self.n = torch, model.net.eval(), model.reach, model.n_fit
        self.ids = list(model.catalogue.items.ids)
        self.numbers = {name: number for number, name in enumerate(self.ids)}
        self.never = torch.from_numpy(np.flatnonzero(~model.known))
        self.top = self._partition if os.environ.get("PLAIN_TOP") == "partition" else self._topk

    def _topk(self, scores: Any, k: int) -> tuple[list[float], list[int]]:
        values, numbers = self.torch.topk(scores, k)
        return values.tolist(), numbers.tolist()

    def _partition(self, scores: Any, k: int) -> tuple[list[float], list[int]]:
        array = scores.numpy()
        best = np.argpartition(array, -k)[-k:]
        best = best[np.argsort(-array[best])]
        return array[best].tolist(), best.tolist()

    def answer(self, body: bytes) -> bytes:
        begun = time.perf_counter()
        asked = msgspec.json.decode(body, type=Asked)
        past = [self.numbers[name] for name in asked.history if name in self.numbers]
        newest = past[-self.reach :]
        with self.torch.inference_mode():
            item, length = self.torch.tensor([newest]), self.torch.tensor([len(newest)])
            state = self.net.newest(item, self.torch.zeros_like(item), length)[0]
            scores = self.net.items @ state
            scores[past] = -np.inf
            scores[self.never] = -np.inf
            best, numbers = self.top(scores, asked.k)
        items = [
            Item(item_id=self.ids[number], rank=rank, score=score, sources=["sasrec"])
            for rank, (number, score) in enumerate(zip(numbers, best, strict=True), start=1)
        ]
        took = (time.perf_counter() - begun) * 1000
        known = asked.history[:-_TOLD:-1]
        return msgspec.json.encode(Answer(uuid.uuid4().hex, "plain", took, time.time(), 0, False, {}, {}, items, known))


class Hello:
    """Answers without a model."""

    def answer(self, body: bytes) -> bytes:
        return b'{"hello": "benchmark"}'


def application(folder: str) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    """The ASGI application; the work is done in the event loop, as a handler without `await` in it does."""
    served = Hello() if folder == "hello" else Plain(folder)

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body", False):
                break
        answer = served.answer(body) if scope["method"] == "POST" else b"{}"
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": answer})

    return app


if "PLAIN_MODEL" in os.environ:
    app = application(os.environ["PLAIN_MODEL"])
