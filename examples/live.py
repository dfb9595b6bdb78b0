"""A stranger arrives at a live service, plays two songs, and the list changes; the answer names the events that changed it.

python examples/live.py
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from penchant import Interaction, Query
from penchant.client import Client
from penchant.client_wire import Answer
from penchant.data.files import read_dataset
from penchant.data.sources.known import music_schema
from penchant.data.sources.music import MusicSettings, simulate
from penchant.models.markov import Markov

EVENING = {"place": "home", "mood": "calm"}


def main() -> None:
    """Trains, serves in a process of its own, and tells the story."""
    with tempfile.TemporaryDirectory() as temporary, socket.socket() as free:
        folder = Path(temporary)
        tables = simulate(MusicSettings(n_people=200, n_songs=150, n_plays=60, n_artists=40)).tables()
        log = read_dataset(tables["events"], users=tables["users"], items=tables["items"], schema=music_schema())
        Markov(context_lift=1.0).fit(log).save(folder / "model")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        command = [sys.executable, "-m", "penchant", "serve", str(folder / "model"), "--store", str(folder / "store")]
        with subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.DEVNULL) as server:
            try:
                tell(f"http://127.0.0.1:{port}")
            finally:
                server.send_signal(signal.SIGTERM)


def tell(url: str) -> None:
    """The story, as soon as the server is ready."""
    while True:
        try:
            if httpx.get(f"{url}/health/ready").is_success:
                break
        except httpx.TransportError:
            time.sleep(0.1)
    with Client(url) as client:
        before = ask(client, "A stranger in the evening")
        for number, song in enumerate(before.items[2:4], 1):
            event = Interaction(
                user_id="stranger", item_id=song.item_id, at=time.time(), kind="play", context=EVENING,
                recommendation_id=before.slate.recommendation_id, event_id=f"play-{number}",
            )  # fmt: skip
            assert client.record([event]).accepted == 1
        after = ask(client, "The stranger has played the third and the fourth")
        changed = [event for event in after.history if event not in before.history]
        print(f"{len(new(after, before))} of 5 are new, because of {', '.join(reversed(changed))}")
        for stage in after.slate.trace:
            print(f"  {stage.stage}: {stage.n_in} -> {stage.n_out} in {stage.milliseconds:.2f} ms")
        why = client.why(before.slate.recommendation_id)
        print(f"the first list can be drawn again, exactly: {why['same']}, from {len(why['history'])} events")


def ask(client: Client, title: str) -> Answer:
    """Prints and returns the first five songs."""
    answer = client.recommend(Query(user_id="stranger", context=EVENING, k=5), trace=True)
    print(f"{title}:", *(f"\n  {answer.titles[item.item_id]}" for item in answer.items))
    return answer


def new(after: Answer, before: Answer) -> set[str]:
    """Songs of one list that are not in the other."""
    return {item.item_id for item in after.items} - {item.item_id for item in before.items}


if __name__ == "__main__":
    main()
