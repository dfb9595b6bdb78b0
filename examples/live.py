"""The service live: a stranger arrives, plays two songs, and the list changes; the answer names the events that changed it.

python examples/live.py
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from penchant import Query
from penchant.client import Client
from penchant.client_wire import Answer
from penchant.clock import wall_clock
from penchant.data.files import read_dataset
from penchant.data.sources.known import music_schema
from penchant.data.sources.music import MusicSettings, simulate
from penchant.event import Interaction
from penchant.models.markov import Markov

MORNING = {"place": "commute", "mood": "energetic"}


def trained(folder: Path) -> Path:
    """A model folder, as `penchant train` writes it."""
    tables = simulate(MusicSettings(n_people=200, n_songs=150, n_plays=60, n_artists=40)).tables()
    log = read_dataset(tables["events"], users=tables["users"], items=tables["items"], schema=music_schema())
    Markov(context_lift=1.0).fit(log).save(folder / "model")
    return folder / "model"


def started(model: Path, store: Path) -> tuple[subprocess.Popen[bytes], str]:
    """`penchant serve` as a process of its own, once it is ready, and where it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["serve", str(model), "--store", str(store), "--port", str(port), "--set", "access_log=false"]
    server = subprocess.Popen([sys.executable, "-m", "penchant", *words], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    while server.poll() is None:
        try:
            if httpx.get(f"{url}/health/ready").is_success:
                break
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    return server, url


def show(title: str, answer: Answer) -> tuple[str, ...]:
    """Prints a list and what it was made from; returns its ids."""
    print(f"{title} (in {answer.took_ms:.1f} ms, knowing {', '.join(answer.history) or 'nothing'} of this person):")
    for item in answer.items:
        print(f"  {answer.titles.get(item.item_id, item.item_id)}  <- {', '.join(item.sources)}")
    stages = [f"{stage.stage} {stage.n_out}" for stage in answer.slate.trace if stage.n_in != stage.n_out]
    print(f"  trace: {', '.join(stages)}")
    return tuple(item.item_id for item in answer.items)


with TemporaryDirectory() as folder:
    server, url = started(trained(Path(folder)), Path(folder) / "store")
    try:
        with Client(url) as client:
            asked = Query(user_id="stranger", context=MORNING, k=5)
            nobody = show("A stranger in the morning", client.recommend(asked, trace=True))
            songs = [song.item_id for song in client.similar(nobody[4], k=2).items]
            plays = [
                Interaction(
                    user_id="stranger", item_id=song, at=wall_clock(), kind="play", context=MORNING,
                    event_id=f"play-{number}",
                )
                for number, song in enumerate(songs, start=1)
            ]  # fmt: skip
            print(f"The stranger plays two songs: {client.record(plays).accepted} events are on disk")
            answer = client.recommend(asked, trace=True)
            listener = show("The very next list", answer)
            why = client.why(answer.slate.recommendation_id)
            print(f"{len(set(listener) - set(nobody))} of 5 songs are new, because of {', '.join(answer.history)};")
            print(f"drawn again from the store, the list is the same: {why['same']}")
    finally:
        server.terminate()
        server.wait()
