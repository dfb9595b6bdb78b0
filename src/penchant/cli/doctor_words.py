"""What terminal and page say alike: the measure, the method, and what a ledger cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.evaluate.ledger.verdicts import interval, signed

if TYPE_CHECKING:
    from penchant.evaluate.ledger.ledger import Ledger

NDCG = (
    "is how well the next choice is foreseen: before each event a model ranks every item, and gets 1 point if what the person "
    "then chose stands first, .63 if second, .5 if third, .23 if twentieth, 0 below; the mean over each person's questions, "
    "then over people."
)

FOUND = {"lift": "lift", "none": "no lift seen", "harm": "worse with it", "too few": "too few to tell"}


def sentence(text: str) -> str:
    """With a capital and a full stop.

    >>> sentence("worth .1 of .2")
    'Worth .1 of .2.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def curves(ledger: Ledger) -> list[tuple[str, str, str]]:
    """Heading, explanation and conclusion of the three curves: freshness, depth, growth."""
    model = ledger.reference
    brought = ""
    if ledger.growing is not None:
        gap = ledger.growing
        sure = "more people would still help" if gap.low > 0 else "more of the same would bring nothing sure"
        brought = f"The last step, three times the people, brought {signed(gap.difference)} ({interval(gap)}): {sure}."
    return [
        ("How fresh must the past be?", f"ndcg@20 of {model} when every event reaches it so late:", ""),
        ("How long a past is needed?", f"ndcg@20 of {model} when it is told only the newest events of each past:", ""),
        ("What would more people bring?", f"ndcg@20 of {model} fitted on some of the people, asked the same:", brought),
    ]


def method(ledger: Ledger) -> list[str]:
    """How the figures came about, in sentences."""
    repeats = "may" if ledger.protocol["repeats"] == "allow" else "may not"
    context = [line for line in ledger.worths if line.group == "context"]
    sentences = [
        "Models were fitted on everything before the newest tenth of the events and stayed as they were. Events of that tenth "
        "were asked one by one, and each question knew only what had happened strictly earlier. "
        f"Items that a person had before {repeats} be recommended again.",
        f"Settings, the model chosen ({ledger.reference}) and how strongly each circumstance counts were picked by earlier "
        "questions; no figure shown here was used to pick anything.",
        "Worth is the figure as it is less the figure with that data destroyed, on the same questions and paired by person; "
        "where another model does better without that data, it is compared with that. Intervals: bootstrap over people (95 %).",
    ]
    if context:
        sentences.append(
            "Circumstances: their true values against those of other moments of the same person, so that knowing who somebody "
            "is cannot pass for knowing the moment. With several circumstances, one of them would look good by luck; so their "
            f"intervals are widened to hold all at once ({100 * context[0].level:.1f} % each)."
        )
    sentences.append(
        f"This took {ledger.cpu_seconds:.0f} CPU seconds, {ledger.wall_seconds:.0f} on the clock; seed {ledger.seed}."
    )
    return sentences


def cannot_tell(ledger: Ledger) -> list[str]:
    """What nobody should read into a ledger."""
    said = [
        "What people choose is not what pleases them: a log shows choices among what was offered, and an old recommender may "
        "have shaped it.",
        "A worth belongs to these plain models. A better model may draw more from the same data; no lift here means that plain "
        "models found none.",
        "The lines overlap and do not add up: order is part of the past, freshness too.",
        "Two circumstances that go together cannot be told apart: a lift of one may be the work of another, also of one that "
        "nobody wrote down.",
    ]
    if ledger.n_questions < 1000:
        said.append(f"{ledger.n_questions:,} questions are few: only large lifts can be seen.")
    return said
