"""The sentences that an owner of a log wants first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penchant.evaluate.ledger.ledger import ModelRow, Worth
from penchant.evaluate.ledger.verdicts import number, percent, share_of

GOES_BY = {
    "popular": "what everybody chose lately",
    "repeats": "what this person chose before",
    "itemknn": "items like those of the past",
    "markov": "what usually follows the last choices",
    "userknn": "what others with a like past chose",
    "ials": "tastes as numbers (matrix factorisation)",
    "ease": "weights between items, solved in closed form",
    "content": "items with like attributes",
}
"""What each model goes by."""

_TAKEN = {
    "history": "Give each person somebody else's past, and {} of that figure is gone",
    "live": "let the past end where training ended, as for lists made beforehand, and {} is gone",
    "order": "shuffle the order of the past, and {} is gone",
}
_NOTHING = {
    "history": "whose past it is made no difference that could be seen",
    "live": "events since training ended made no difference that could be seen",
    "order": "the order of the past made no difference that could be seen",
}


def cheapest(models: Sequence[ModelRow]) -> ModelRow:
    """The model that costs least, fit and answers together, among those near the best."""
    return min((row for row in models if row.within), key=cost)


def cost(row: ModelRow) -> float:
    """Processor seconds to fit, and to answer everything that was asked."""
    return row.fit_cpu_seconds + row.score_cpu_seconds


def summary(base: float, hit: float, reference: str, worths: Sequence[Worth], models: Sequence[ModelRow]) -> list[str]:
    """Three or four sentences: how good, what the past is worth, what circumstances are worth, what it costs.

    Args:
        base, hit: ndcg@20 and hit rate of the reference model.
        models: best first.
    """
    popular = next((row for row in models if row.name == "popular" and reference != "popular"), None)
    floor = f"; a list of what is popular reaches {number(popular.mean)}" if popular is not None else ""
    goes_by = f" ({GOES_BY[reference]})" if reference in GOES_BY else ""
    said = [
        f"The model chosen here, {reference}{goes_by}, has the next choice among its first twenty in {percent(hit)} of cases: "
        f"ndcg@20 {number(base)}, where 1 is perfect{floor}."
    ]
    past = {line.key: line for line in worths if line.group == "past" and line.found != "too few"}
    said.append(_about_past(past, base))
    said.append(_about_context([line for line in worths if line.group == "context" and line.key != "context"], base))
    said.append(_about_cost(models))
    return said


def _about_past(past: Mapping[str, Worth], base: float) -> str:
    parts = []
    for key in _TAKEN:
        if key in past:
            line = past[key]
            parts.append(
                _TAKEN[key].format(percent(share_of(line.difference, base))) if line.found == "lift" else _NOTHING[key]
            )
    if not parts:
        return "There were too few questions to tell what the past is worth."
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _about_context(lines: Sequence[Worth], base: float) -> str:
    if not lines:
        return "The log states no circumstances of the moment (none declared, and times that do not vary)."
    lifts = [line for line in lines if line.found == "lift"]
    few = [line.name for line in lines if line.found == "too few"]
    silent = [line.name for line in lines if line.found in ("none", "harm")]
    parts = []
    if lifts:
        named = ", ".join(_named(line, base) for line in _without_doubles(lifts))
        parts.append(f"of the circumstances of the moment, these lift the figure: {named}")
    if silent:
        parts.append(f"no lift was seen from {_and(silent)}")
    if few:
        parts.append(f"too few questions to tell about {_and(few)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _without_doubles(lifts: Sequence[Worth]) -> list[Worth]:
    """Of lines that tell nearly the same only the first."""
    kept: list[Worth] = []
    for line in lifts:
        if not any(line.name in other.alike for other in kept):
            kept.append(line)
    return kept


def _named(line: Worth, base: float) -> str:
    double = f" (or {_and(line.alike)}, which tells nearly the same)" if line.alike else ""
    return f"{line.name}{double} by {number(line.difference, 4)} ({percent(share_of(line.difference, base))})"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _about_cost(models: Sequence[ModelRow]) -> str:
    best, cheap = models[0], cheapest(models)
    if cheap.name == best.name:
        return f"On these questions the model {best.name} ({number(best.mean)}) is best, and no cheaper one comes within 5 %."
    part = cost(cheap) / max(cost(best), 1e-9)
    return (
        f"The cheapest model within 5 % of the best ({best.name}, {number(best.mean)}) is {cheap.name} ({number(cheap.mean)}): "
        f"it costs {percent(part)} of it."
    )
