"""Events of a log as a person would read them: when, what, in which circumstances."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penchant.cli.output import show
from penchant.cli.tables import table

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.data.features import Categories, Numbers


def show_rows(log: Dataset, n: int) -> None:
    """The newest rows of the log, with titles, as a person would read them."""
    catalogue, events = log.catalogue(), log.interactions
    made = table("when", "who", "what", *events.context)
    for row in range(max(0, len(log) - n), len(log)):
        moment = datetime.fromtimestamp(int(events.at[row]) / 1000, UTC)
        words = [_word(column, row) for column in events.context.values()]
        item = int(events.item[row])
        title = catalogue.title(item) or log.items.id(item)
        made.add(f"{moment:%a %d %b %Y %H:%M}", log.users.id(int(events.user[row])), title, *words)
    show(made.rich)


def show_history(log: Dataset, person: int, n: int) -> None:
    """The person's last events, newest last."""
    sequences, events = log.sequences, log.interactions
    rows = sequences.rows[sequences.offsets[person] : sequences.offsets[person + 1]][-n:]
    for row in rows.tolist():
        moment = datetime.fromtimestamp(int(events.at[row]) / 1000, UTC)
        words = ", ".join(_word(column, row) for column in events.context.values())
        show(f"  {moment:%a %d %b %H:%M}  {named(log, int(events.item[row]))}" + (f"  ({words})" if words else ""))


def named(log: Dataset, item: int) -> str:
    """The title and, where the catalogue knows one, the mood of the item."""
    from penchant.data.features import Categories

    title = log.catalogue().title(item) or log.items.id(item)
    mood = log.item_features.columns.get("mood")
    if isinstance(mood, Categories) and mood.codes[item] >= 0:
        return f"{title} ({mood.names.id(int(mood.codes[item]))})"
    return title


def _word(column: Categories | Numbers, row: int) -> str:
    from penchant.data.features import Categories

    if isinstance(column, Categories):
        code = int(column.codes[row])
        return "-" if code < 0 else column.names.id(code)
    return f"{float(column.values[row]):g}"
