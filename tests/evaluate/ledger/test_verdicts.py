"""Words follow from intervals: nothing is claimed that an interval does not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penchant.evaluate.ledger.ledger import Gap, ModelRow, Worth
from penchant.evaluate.ledger.summary import cheapest, summary
from penchant.evaluate.ledger.verdicts import verdict

LINE = Worth(
    key="live", group="past", name="live history", difference=0.21, low=0.2, high=0.22, level=0.95, with_it=0.235,
    without_it=0.025, found="lift", validated=None, n_people=500, n_questions=900, done="x",
)  # fmt: skip
MOOD = replace(LINE, key="context mood", group="context", name="mood", share_known=1.0, validated=False)


def test_a_lift_comes_with_advice_and_figures() -> None:
    said = verdict(replace(LINE, instead="repeats"), 0.235)
    assert said == (
        "worth .210 of .235 (89 %): answer from the stream of events; a nightly batch would lose nine tenths; "
        "without it repeats is best, at .025"
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        # half the width is .0013, .6 % of the whole: it would have shown
        (-0.0010, 0.0016, "and one above .0013 (0.6 %) would have shown: not worth collecting for this"),
        # half the width is .0100: 4.3 %; ten times the questions would show .0100 / sqrt(10) = .0032
        (-0.0097, 0.0103, "worth collecting 10x more before you believe it: that would show .0032"),
    ],
)
def test_no_lift_says_what_would_have_shown(low: float, high: float, said: str) -> None:
    line = replace(MOOD, difference=0.0003, low=low, high=high, found="none")
    text = verdict(line, 0.235)
    assert text.startswith("no lift seen (+.0003; ") and said in text


def test_a_rare_circumstance_is_never_called_useless() -> None:
    line = replace(MOOD, difference=0.0, low=-0.0005, high=0.0005, found="none", share_known=0.05)
    assert "known for only 5.0 % of the questions" in verdict(line, 0.235)
    assert "10x more" in verdict(line, 0.235)


def test_a_lift_that_gains_nothing_is_not_sold() -> None:
    line = replace(MOOD, difference=0.01, low=0.005, high=0.015, gain=Gap(difference=0.001, low=-0.004, high=0.006))
    assert "gained nothing sure over leaving it out" in verdict(line, 0.235)
    line = replace(
        line, gain=Gap(difference=0.009, low=0.004, high=0.014), on_top=Gap(difference=0.002, low=0.001, high=0.003)
    )
    assert "gained .0090" in verdict(line, 0.235) and ".0020 of that comes on top" in verdict(line, 0.235)


def test_few_people_and_wide_intervals_prove_nothing() -> None:
    assert verdict(replace(LINE, found="too few", n_people=7), 0.235) == (
        "too few to tell: only 7 people had questions that it could change"
    )
    wide = replace(LINE, difference=0.0, low=-0.03, high=0.03, found="none")
    assert "no proof that there is none" in verdict(wide, 0.235)
    narrow = replace(LINE, difference=0.0, low=-0.001, high=0.001, found="none")
    assert "a nightly batch would do" in verdict(narrow, 0.235)


def row(name: str, mean: float, seconds: float, within: bool) -> ModelRow:
    return ModelRow(
        name=name, mean=mean, low=mean - 0.01, high=mean + 0.01, fit_cpu_seconds=seconds, score_cpu_seconds=1.0,
        answers_per_cpu_second=900.0, within=within, settings={},
    )  # fmt: skip


def test_the_summary_names_the_cheapest_and_the_silent() -> None:
    models = [row("ease", 0.235, 9.0, True), row("markov", 0.23, 1.0, True), row("popular", 0.02, 0.1, False)]
    assert cheapest(models).name == "markov"
    coin = replace(MOOD, key="context coin", name="coin", found="none")
    said = summary(0.235, 0.4, "ease", [LINE, MOOD, coin], models)
    assert said[0] == (
        "The model chosen here, ease (weights between items, solved in closed form), has the next choice among its first "
        "twenty in 40 % of cases: ndcg@20 .235, where 1 is perfect; a list of what is popular reaches .020."
    )
    assert said[1] == "Let the past end where training ended, as for lists made beforehand, and 89 % is gone."
    assert said[2] == (
        "Of the circumstances of the moment, these lift the figure: mood by .2100 (89 %); no lift was seen from coin."
    )
    alike = [replace(MOOD, alike=("copy",)), replace(MOOD, name="copy", alike=("mood",))]
    told = summary(0.235, 0.4, "ease", alike, models)[2]
    assert told == (
        "Of the circumstances of the moment, these lift the figure: mood (or copy, which tells nearly the same) by .2100 "
        "(89 %)."
    )
    assert said[3].endswith("is markov (.230): it costs 20 % of it.")
