"""Each line of the ledger in plain words; nothing is said that its interval does not say."""

from __future__ import annotations

from penchant.evaluate.ledger.ledger import Gap, Worth

SMALL = 0.01
"""A lift below this share of the whole figure is hardly worth somebody's work."""

_ADVICE = {
    "history": "answer each person from their own past",
    "live": "answer from the stream of events",
    "order": "keep when each thing happened, not only how often",
    "recency": "let new events weigh more than old ones",
    "sequence": "which of the last events came last matters, so a model that follows the sequence has something to find",
    "repeats": "let people find again what they had",
}
"""What to do where there is a lift."""

_LEFT = {
    "history": "a list that is the same for everybody would do",
    "live": "a nightly batch would do",
    "order": "counts without moments would do",
    "recency": "old events tell as much as new ones",
    "sequence": "it is enough to know the last events, in whatever order",
    "repeats": "recommending only new things costs nothing",
}
"""What follows where there is none, and it would have shown."""

_FRACTIONS = (
    (0.95, "nearly all"), (0.85, "nine tenths"), (0.775, "four fifths"), (0.7, "three quarters"), (0.58, "two thirds"),
    (0.45, "half"), (0.29, "a third"), (0.22, "a quarter"), (0.15, "a fifth"), (0.07, "a tenth"),
)  # fmt: skip


def number(value: float, digits: int = 3) -> str:
    """A figure without its leading zero.

    >>> number(0.2114), number(-0.02, 4), number(1.0)
    ('.211', '-.0200', '1.000')
    """
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def signed(value: float, digits: int = 4) -> str:
    """A difference with its sign.

    >>> signed(0.00031), signed(-0.02)
    ('+.0003', '-.0200')
    """
    return ("+" if value >= 0 else "") + number(value, digits)


def percent(share: float) -> str:
    """A share in per cent, with a decimal below ten.

    >>> percent(0.914), percent(0.0132), percent(0.0)
    ('91 %', '1.3 %', '0.0 %')
    """
    return f"{100 * share:.0f} %" if abs(share) >= 0.0995 else f"{100 * share:.1f} %"


def share_in_words(share: float) -> str:
    """A share of the whole, in words.

    >>> share_in_words(0.9), share_in_words(0.5), share_in_words(0.03)
    ('nine tenths', 'half', '3.0 %')
    """
    return next((words for least, words in _FRACTIONS if share >= least), percent(share))


def interval(line: Worth | Gap) -> str:
    """``-.0010 to +.0016``."""
    return f"{signed(line.low)} to {signed(line.high)}"


def verdict(line: Worth, base: float) -> str:
    """What to make of one line, as a sentence without its first capital and without its full stop.

    Args:
        base: ndcg@20 of the reference model, the whole of which a worth is a share.
    """
    if line.found == "too few":
        return f"too few to tell: only {line.n_people} people had questions that it could change"
    if line.group == "past":
        return _past(line, base)
    return _attribute(line, base) if line.group == "attributes" else _circumstance(line, base)


def share_of(value: float, base: float) -> float:
    """A worth as a share of the whole; 0 where there is no whole."""
    return value / base if base > 0 else 0.0


def _past(line: Worth, base: float) -> str:
    share = share_of(line.difference, base)
    left = (
        f"without it {line.instead} is best, at {number(line.without_it)}"
        if line.instead
        else f"without it {number(line.without_it)} is left"
    )
    if line.found == "lift" and share < SMALL:
        return f"a lift, but a small one: {signed(line.difference)}, {percent(share)} of the whole ({interval(line)})"
    if line.found == "lift":
        lost = f"a nightly batch would lose {share_in_words(share)}; " if line.key == "live" else ""
        return (
            f"worth {number(line.difference)} of {number(base)} ({percent(share)}): {_ADVICE[line.key]}; {lost}{left}"
        )
    if line.found == "harm":
        return f"answers were better without it ({signed(line.difference)}; {interval(line)})"
    return _nothing(line, base, _LEFT[line.key])


def _nothing(line: Worth, base: float, follows: str) -> str:
    """No lift seen, and how large a one would have shown."""
    seen = f"no lift seen ({signed(line.difference)}; {interval(line)})"
    limit = f"{number(line.limit, 4)} ({percent(share_of(line.limit, base))} of the whole)"
    if share_of(line.limit, base) < 2 * SMALL:
        return f"{seen}, and one above {limit} would have shown: {follows}"
    return f"{seen}, but only one above {limit} would have shown: no proof that there is none"


def _attribute(line: Worth, base: float) -> str:
    share = share_of(line.difference, base)
    if line.found == "lift" and line.gain is not None and line.gain.low <= 0:
        return (
            f"they tell something ({signed(line.difference)} over attributes dealt to the wrong people), but using them "
            f"plainly gained nothing over leaving them out ({interval(line.gain)})"
        )
    if line.found == "lift":
        doubt = "" if line.validated else "; earlier questions had not shown it clearly, so believe it with care"
        return f"worth {signed(line.difference)} ({percent(share)}; {interval(line)}), used in the plainest way{doubt}"
    if line.found == "harm":
        return f"used in the plainest way they made answers worse ({signed(line.difference)}; {interval(line)})"
    return _nothing(line, base, "for these people and items the past says it already")


def _circumstance(line: Worth, base: float) -> str:
    alike = (
        f"; {' and '.join([line.name, *line.alike])} tell nearly the same, one of them is enough" if line.alike else ""
    )
    if line.found == "lift":
        return f"{_lift(line, base)}{alike}"
    if line.found == "harm":
        return f"true values did worse than those of other moments ({signed(line.difference)}; {interval(line)}){alike}"
    seen = f"no lift seen ({signed(line.difference)}; {interval(line)})"
    rare = line.share_known is not None and line.share_known < 0.5
    known = f", known for only {percent(line.share_known or 0.0)} of the questions" if rare else ""
    limit = f"{number(line.limit, 4)} ({percent(share_of(line.limit, base))})"
    if share_of(line.limit, base) < SMALL and not rare:
        return f"{seen}, and one above {limit} would have shown: not worth collecting for this{alike}"
    more = f"worth collecting 10x more before you believe it: that would show {number(line.limit / 10**0.5, 4)}"
    return f"{seen}{known}; only one above {limit} would have shown: {more}{alike}"


def _lift(line: Worth, base: float) -> str:
    said = f"lifts by {number(line.difference, 4)} ({percent(share_of(line.difference, base))}; {interval(line)})"
    if line.gain is not None and line.gain.low <= 0:
        said += "; but using it plainly gained nothing sure over leaving it out"
    elif line.gain is not None:
        said += f"; using it gained {number(line.gain.difference, 4)} over leaving it out"
    if line.key == "context":
        return said
    if line.on_top is not None and line.on_top.low > 0:
        return f"{said}; {number(line.on_top.difference, 4)} of that comes on top of the other circumstances"
    return f"{said}; on top of the other circumstances it adds nothing sure" if line.validated else said
