"""Invented names: songs whose title suits their mood, artists whose name suits their genre."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numpy.random import Generator

GENRES = ("pop", "rock", "electronic", "jazz", "folk", "soul", "hip-hop", "classical")

# One row per mood, in the order of music_settings.MOODS: describing words, things, things that happen.
_TITLE_WORDS = (
    (
        "Slow Quiet Soft Drifting Pale Gentle Silver Hushed Still Mellow Misty Floating Distant Velvet",
        "Harbour Snow Lanterns Tide Meadow Feather Moonlight River Linen Orchard Cloud Willow Lagoon Ember Dusk",
        "Breathing;Letting Go;Watching the Rain;Floating Home;Falling Asleep;Drifting;Counting Stars",
    ),
    (
        "Electric Wild Burning Neon Restless Lightning Fearless Rapid Thundering Blazing Reckless Roaring Turbo",
        "Engine Sprint Wildfire Skyline Rocket Avalanche Heartbeat Highway Voltage Tiger Riot Cannonball Comet Sparks",
        "Running;Breaking Out;Chasing Sparks;Jumping the Fence;Racing the Sun;Turning It Up;Shaking the Floor",
    ),
    (
        "Golden Sunny Bright Sweet Lucky Dancing Laughing Summer Honey Paper Dizzy Sparkling Peach",
        "Balloons Bicycle Lemonade Carousel Sunday Kites Marigold Picnic Confetti Parade Postcards Firefly Umbrella",
        "Smiling;Coming Up Roses;Dancing on the Roof;Falling in Love;Skipping Stones;Singing Along;Waking Up",
    ),
    (
        "Lonely Broken Blue Empty Faded Hollow Winter Forgotten Fallen Grey Bitter Missing Last",
        "Letters Station Photograph Hotel Goodbye Ashes Shadow Raincoat Telephone Window Mirror Driftwood Suitcase",
        "Leaving;Missing You;Driving Away;Waiting by the Phone;Losing Count;Saying Goodbye;Fading",
    ),
    (
        "Clear Steady Deep Infinite Parallel Hidden Crystal Endless Blank Silent Circular Northern Glass",
        "Pages Signal Geometry Compass Corridor Horizon Pendulum Library Satellite Blueprint Atlas Lattice Meridian",
        "Tracing Lines;Thinking;Mapping the Coast;Reading in the Dark;Finding North;Going Deeper;Drawing Circles",
    ),
)
_PLACES = (
    "Lisbon Oslo Kyoto Havana Dakar Tallinn Valencia Trieste Jaipur Bergen Quito Porto Galway Nairobi Turin".split()
)
_TIMES = "Midnight,Dawn,Noon,Four in the Morning,Half Past Nine,Sunset,the End of May,First Light,Closing Time".split(
    ","
)

_FIRST = (
    "Ada Bruno Celia Dario Elin Farid Greta Hugo Ines Jonas Kaya Leander Mira Nuru Oda Pilar Quentin Rosa Silas Tova Umar "
    "Vera Wanda Yusuf Zoya Anouk Basil Clio Demir Esme Florin Hanna Ivo Juno Kofi Lior Mae Nico Otis Priya"
).split()
_LAST = (
    "Almeida Brandt Castellan Dervish Eklund Farrow Galanis Hartwell Ibarra Jansky Kestrel Lindqvist Marlowe Novak Okafor "
    "Pereira Quill Rasmussen Sandoval Takeda Ulrich Vance Whitlock Yilmaz Zielinski Ashby Bellamy Corvin Delacourt Everly "
    "Fontaine Grimaldi Holloway Iversen Juarez Kimura Laurent Moreau Nightingale Osei"
).split()
_COLOURS = (
    "Amber Crimson Indigo Ivory Scarlet Cobalt Copper Jade Violet Ochre Saffron Opal Rusty Midnight Paper".split()
)
_BEASTS = (
    "Foxes Herons Wolves Sparrows Otters Magpies Lynxes Moths Badgers Ravens Salmons Crickets Bison Swallows".split()
)
_PLACES_OF_SOUND = (
    "Arcade Harbour Avenue Motel Garden Signal Cathedral Parlour Ballroom Observatory Canyon Delta".split()
)


def _pick(rng: Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]


def song_title(rng: Generator, mood: int) -> str:
    """One title that suits the mood with this number; it can come twice."""
    described, things, doings = _TITLE_WORDS[mood]
    word, thing, doing = _pick(rng, described.split()), _pick(rng, things.split()), _pick(rng, doings.split(";"))
    patterns = (
        f"{word} {thing}",
        f"{word} {thing}",
        f"{doing} in {_pick(rng, _PLACES)}",
        f"{thing} at {_pick(rng, _TIMES)}",
        f"{doing} till {_pick(rng, _TIMES)}",
        f"The {word} {thing}",
        f"{thing} in {_pick(rng, _PLACES)}",
    )
    return _pick(rng, patterns)


def artist_name(rng: Generator, genre: int) -> str:
    """One artist's name that suits the genre with this number; it can come twice."""
    person = f"{_pick(rng, _FIRST)} {_pick(rng, _LAST)}"
    colour, beasts, place = _pick(rng, _COLOURS), _pick(rng, _BEASTS), _pick(rng, _PLACES_OF_SOUND)
    band = (f"The {colour} {beasts}", f"{colour} {place}", f"{place} {beasts}")
    patterns = {
        "pop": (person, person, f"{_pick(rng, _FIRST)} & {_pick(rng, _FIRST)}", band[1]),
        "rock": band,
        "electronic": (f"{colour} {place}", f"{place} {_pick(rng, _TIMES[:2])}", f"{_pick(rng, _FIRST)} {place}"),
        "jazz": (f"{person} Trio", f"{person} Quartet", person, f"The {place} Five"),
        "folk": (person, f"{_pick(rng, _FIRST)} & the {beasts}", f"The {_pick(rng, _LAST)} Sisters"),
        "soul": (person, f"{_pick(rng, _FIRST)} & the {colour} {beasts}", f"The {place} Soul Band"),
        "hip-hop": (f"{_pick(rng, _FIRST)} {colour}", f"{place} Crew", f"Young {_pick(rng, _LAST)}"),
        "classical": (
            f"{place} Ensemble",
            f"{_pick(rng, _PLACES)} Chamber Players",
            f"{_pick(rng, _LAST)} Quartet",
            person,
        ),
    }
    return _pick(rng, patterns[GENRES[genre]])


def unused(draw: Callable[[], str], taken: set[str]) -> str:
    """A name from `draw` that is not in `taken`, and adds it there; after 50 duds a number is put behind it."""
    name = draw()
    for _ in range(50):
        if name not in taken:
            break
        name = draw()
    number = 2
    fresh = name
    while fresh in taken:
        fresh, number = f"{name} (No. {number})", number + 1
    taken.add(fresh)
    return fresh
