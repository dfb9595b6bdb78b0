"""A ledger as one page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from penchant.cli.doctor_style import STYLE
from penchant.cli.doctor_svg import axis, bar, columns, costs, scale
from penchant.cli.doctor_words import FOUND, NDCG, cannot_tell, curves, method, sentence
from penchant.evaluate.ledger.summary import GOES_BY
from penchant.evaluate.ledger.verdicts import number, percent, share_of, signed

if TYPE_CHECKING:
    from penchant.evaluate.ledger.ledger import Group, Ledger, Worth

_GROUPS: dict[Group, tuple[str, str]] = {
    "past": (
        "The past of each person",
        "One thing after the other is taken away from what the model is told about a person's past.",
    ),
    "attributes": ("Attributes", "What is known about items and people, beside what they did."),
    "context": (
        "Circumstances of the moment",
        "Time, place, mood: is the true value worth more than that of another moment of the same person?",
    ),
}


def page(ledger: Ledger) -> str:
    """The whole page as HTML; every word that comes from the data is escaped."""
    title = escape(f"What the data in {ledger.data['name']} is worth")
    body = "\n".join(_sections(ledger, title))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _sections(ledger: Ledger, title: str) -> Iterator[str]:
    data = ledger.data
    yield f"<h1>{title}</h1>"
    yield (
        f'<p class="about">Signal ledger by Penchant: {data["n_events"]:,} events, {data["n_users"]:,} people, '
        f"{data['n_items']:,} items; {ledger.n_questions:,} questions to {ledger.n_people:,} people.</p>"
    )
    yield f'<div class="lead">{"".join(f"<p>{escape(text)}</p>" for text in ledger.summary)}</div>'
    yield f'<p class="rule"><b>ndcg@20</b> {escape(NDCG)}</p>'
    yield "<h2>The ledger</h2>"
    yield (
        "<p>How much ndcg@20 falls when one kind of data is destroyed and everything else stays. The bar is the fall, the thin "
        "line its interval: where it touches 0, the fall may be luck.</p>"
    )
    for group, (name, about) in _GROUPS.items():
        lines = [line for line in ledger.worths if line.group == group]
        if lines:
            yield _group(name, about, lines, ledger)
    for (heading, about, so), points in zip(
        curves(ledger), (ledger.freshness, ledger.depth, ledger.growth), strict=True
    ):
        if not points:
            continue
        yield f"<h2>{escape(heading)}</h2><p>{escape(about)}</p>{columns(points)}<p>{escape(so)}</p>"
    yield from _models(ledger)
    yield "<h2>What was done</h2>"
    yield _list([*ledger.sampled, *method(ledger)])
    if ledger.left_out:
        yield "<h3>Left out</h3>"
        yield _list([f"{name}: {why}." for name, why in ledger.left_out.items()])
    yield "<h2>What this page cannot tell</h2>"
    yield _list(cannot_tell(ledger))


def _group(name: str, about: str, lines: Sequence[Worth], ledger: Ledger) -> str:
    ends = scale(lines, ledger.base.mean)
    rows = "".join(_row(line, ends, ledger) for line in lines)
    return (
        f"<section><h3>{escape(name)}</h3><p>{escape(about)}</p>{rows}"
        f'<div class="row"><span class="key">ndcg@20 lost without it</span>{axis(ends)}'
        f'<span class="key">each group has an axis of its own</span></div></section>'
    )


def _row(line: Worth, ends: tuple[float, float], ledger: Ledger) -> str:
    kind = line.found if line.found in ("lift", "harm") else "none"
    head, _, rest = line.name.partition(" (")
    small = f"<small>{escape(rest.removesuffix(')'))}</small>" if rest else ""
    share = percent(share_of(line.difference, ledger.base.mean))
    return (
        f'<div class="row"><span class="name">{escape(head)}{small}</span>{bar(line, ends)}'
        f'<span class="figures"><b>{signed(line.difference)}</b> ({share}) '
        f'<span class="badge {kind}">{FOUND[line.found]}</span></span>'
        f'<p class="said">{escape(sentence(line.verdict))}</p>'
        f'<p class="done">Done: {escape(line.done)}.</p></div>'
    )


def _models(ledger: Ledger) -> Iterator[str]:
    yield "<h2>What does good cost?</h2>"
    yield (
        "<p>Processor seconds to fit each model and to answer every question, against ndcg@20. The band is within 5 % of the "
        f"best; the cheapest in it is {escape(ledger.cheapest)}.</p>"
    )
    yield costs(ledger.models, ledger.cheapest)
    rows = "".join(
        f"<tr><td><b>{escape(row.name)}</b> {escape(GOES_BY.get(row.name, ''))}</td><td>{number(row.mean, 4)}</td>"
        f'<td class="whole">{number(row.low, 4)} to {number(row.high, 4)}</td>'
        f"<td>{row.fit_cpu_seconds:.1f}</td><td>{row.answers_per_cpu_second:,.0f}</td>"
        f"<td>{'cheapest within 5 %' if row.name == ledger.cheapest else 'within 5 %' if row.within else ''}</td></tr>"
        for row in ledger.models
    )
    yield (
        '<div class="scroll"><table><thead><tr><th>model</th><th>ndcg@20</th><th>95 % interval</th><th>CPU s to fit</th>'
        f"<th>answers a CPU s</th><th></th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _list(texts: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
