"""A stranger arrives, listens to two songs, and the list changes; then the evening comes, and it changes again.

python examples/stranger.py
"""

from __future__ import annotations

from penchant import Past, Query
from penchant.data.files import read_dataset
from penchant.data.sources.known import music_schema
from penchant.data.sources.music import MusicSettings, simulate
from penchant.models.markov import Markov

tables = simulate(MusicSettings(n_people=200, n_songs=150, n_plays=60, n_artists=40)).tables()
log = read_dataset(tables["events"], users=tables["users"], items=tables["items"], schema=music_schema())
model = Markov(context_lift=1.0).fit(log)

MORNING = {"place": "commute", "mood": "energetic"}
EVENING = {"place": "home", "mood": "calm"}


def ask(title: str, *heard: str, context: dict[str, str]) -> tuple[str, ...]:
    """Prints and returns the first five songs."""
    history = tuple(Past(item_id=song) for song in heard)
    songs = model.recommend(Query(history=history, context=context, k=5)).item_ids
    names = [model.catalogue.title(log.items.number(song) or 0) for song in songs]
    print(f"{title}:", *(f"\n  {name}" for name in names))
    return songs


nobody = ask("A stranger in the morning", context=MORNING)
listener = ask("The stranger has heard two songs", *nobody[3:5], context=MORNING)
later = ask("The same stranger in the evening", *nobody[3:5], context=EVENING)
print(
    f"{len(set(listener) - set(nobody))} of 5 are new after two songs, {len(set(later) - set(listener))} more in the evening"
)
