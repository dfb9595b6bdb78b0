"""Every model keeps the contract, and the contract notices when one does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from penchant.errors import MissingExtra
from penchant.models.base import Model
from penchant.models.ease import Ease
from penchant.registry import model_class, model_names
from penchant.testing import answers, learning, living, vectors
from penchant.testing.contract import CHECKS, check_model, run_check
from penchant.testing.subject import Subject
from penchant.testing.worlds import taste_world
from penchant.train.settings import TrainingConfig
from tests.models import toys

WORLD = taste_world()

EXPECTED: dict[str, dict[str, bool | float]] = {
    "popular": {"finds_signal": False},
    "bias": {"finds_signal": False},
    "markov": {"share": 0.8},
    "ease": {"share": 0.4},
    "content": {"share": 0.3},
    "itemknn": {"share": 0.3},
    "repeats": {"share": 0.3},
    "userknn": {"share": 0.2},
    "ials": {"share": 0.15},
    "gbdt": {"uses_context": True},
    "sasrec": {"share": 0.5},
    "gru4rec": {"share": 0.45},
    "caser": {"share": 0.4},
    "multvae": {"share": 0.2},
    "dcnv2": {"share": 0.15, "uses_context": True, "history_only": False},
    "finalmlp": {"share": 0.15, "uses_context": True, "history_only": False},
    "neumf": {"share": 0.15, "history_only": False},
}
"""What a model promises beyond the defaults; a new model needs no line here.

Shares of the way to the optimum when this was written: markov .91, ease .47, content .40, itemknn .37, repeats .34,
userknn .23, ials .17; nets with the quick settings below: sasrec .69, gru4rec .62, caser .53, multvae .27, dcnv2 .25,
twotower .24, neumf .22, finalmlp .21 (sasrec reaches .9 with its own).
"""


QUICK: dict[str, Any] = {
    "epochs": 3, "early_stop": False, "learning_rate": 0.02, "embedding_dim": 32, "precision": "float32",
}  # fmt: skip
"""Settings of nets here, so that a fit takes a second or two: enough to learn something, far from all that can be learned."""

FEW = 32
"""Pasts of a step: of so small a world, the usual hundreds would be the whole log. Nets that learn from rows keep their own."""


def made(name: str) -> Callable[[], Model]:
    """The model with its default settings, and a net with quick ones."""
    model: type[Model] = model_class(name)
    fields = model.config_class().model_fields
    if not issubclass(model.config_class(), TrainingConfig):
        return model
    quick = {key: value for key, value in QUICK.items() if key in fields}
    if fields["batch_size"].default <= 128:
        quick["batch_size"] = FEW
    return lambda: model(**quick)


@pytest.mark.parametrize("name", model_names())
def test_every_model_keeps_the_contract(name):
    try:
        make = made(name)
    except MissingExtra as missing:
        pytest.skip(str(missing))
    check_model(make, WORLD, **EXPECTED.get(name, {}))  # type: ignore[arg-type]


def test_nets_are_checked_with_quick_settings():
    pytest.importorskip("torch", reason="needs the extra `deep`")
    config: Any = made("sasrec")().config
    assert (config.epochs, config.batch_size, config.early_stop) == (3, FEW, False)
    assert made("ease") is Ease


def test_a_model_that_declares_context_keeps_the_contract_too():
    # a past that comes with the query states its circumstances, so a stranger's answer is that of the known person
    check_model(lambda: Ease(context_match=2.0), WORLD, uses_context=True)


def test_an_honest_toy_passes():
    check_model(toys.Honest, WORLD, share=0.5)


BROKEN = [
    (toys.ChangesTheLog, living.check_inputs_untouched, "fitting changed the training log"),
    (toys.ChangesQueries, living.check_inputs_untouched, "scoring changed the queries it was given"),
    (toys.Dice, living.check_same_seed, "two fits with the same seed differ"),
    (toys.ForgetsItself, living.check_saved, "saved and loaded, the model answers differently"),
    (toys.KnowsThePerson, living.check_later_events, "events at or after the query changed its scores"),
    (toys.KnowsTheDay, living.check_later_events, "events at or after the query changed its scores"),
    (toys.PrefersTheKnown, living.check_strangers, "a stranger with the same past gets other scores"),
    (toys.KnowsThePerson, living.check_strangers, "a stranger with the same past gets other scores"),
    (toys.LaterIsZero, living.check_grown_catalogue, "came after the fit must have the score NaN"),
    (toys.LooksAtNeighbours, answers.check_batch_is_one_by_one, "asked together and one by one, scores differ"),
    (toys.LooksAtItsPlace, answers.check_order_of_queries, "order in which people are asked"),
    (toys.LosesTheBest, answers.check_score_agrees_with_recommend, "left out an item with a better score"),
    (toys.SaysLessOfSome, answers.check_some_items, "score_items: with .*, not what score_batch says"),
    (toys.ForgetsExclusions, answers.check_excluded, "excluded items appear"),
    (toys.ForgetsRepeats, answers.check_repeats, "items of the history appear"),
    (toys.ForgetsCandidates, answers.check_candidates, "not a candidate"),
    (toys.UnknownIsZero, answers.check_unknown_items, "an unknown item must have the score NaN"),
    (toys.ShortMemory, answers.check_lengths_of_history, "raised IndexError"),
    (toys.SilentWithoutPast, answers.check_lengths_of_history, "no answer to a history of 0 events"),
    (toys.MoodSwings, answers.check_context, "the context changed scores: True"),
    (toys.PointsAway, vectors.check_vectors, "the 12 nearest items hold"),
    (toys.PointsAtNothing, vectors.check_vectors, "an item that gets a score has no vector"),
    (toys.PointsInDoubles, vectors.check_vectors, "query_vectors: expected float32, got float64"),
    (toys.Deaf, learning.check_finds_signal, "finds no signal"),
]


@pytest.mark.parametrize(("toy", "check", "sentence"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_promise_is_noticed(toy: type[Model], check, sentence):
    with pytest.raises(AssertionError, match=sentence):
        run_check(check, Subject(make=toy, world=WORLD))


def test_vectors_that_hold_the_scores_pass():
    check_model(toys.Pointing, WORLD, share=0.5)


def test_a_model_that_knows_the_answers_is_noticed():
    subject = Subject(make=toys.Clairvoyant, world=WORLD)
    log = subject.null_world.data.interactions
    answers_of = {
        (user, at): item for user, at, item in zip(log.user.tolist(), log.at.tolist(), log.item.tolist(), strict=True)
    }
    subject.null_model.secret = answers_of  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="finds a signal where there is none"):
        run_check(learning.check_finds_nothing_where_nothing_is, subject)


def test_too_little_signal_is_noticed():
    with pytest.raises(AssertionError, match="finds too little signal: .* expected 0.99"):
        run_check(learning.check_finds_signal, Subject(make=toys.Honest, world=WORLD, share=0.99))


def test_context_that_is_promised_must_matter():
    with pytest.raises(AssertionError, match="uses_context=True, but the context changed scores: False"):
        run_check(answers.check_context, Subject(make=toys.Honest, world=WORLD, uses_context=True))


def test_check_model_names_model_and_check():
    with pytest.raises(AssertionError, match="^toys, check_same_seed: two fits"):
        check_model(toys.Dice, WORLD)


def test_every_check_is_in_the_contract():
    defined = {
        thing
        for module in (answers, living, learning, vectors)
        for key, thing in vars(module).items()
        if key.startswith("check_")
    }
    assert defined == set(CHECKS)


def test_the_world_knows_its_truth():
    # each row of `truth` is a distribution over the items, and the best order beats popularity by a wide margin
    assert abs(WORLD.truth.sum(axis=1) - 1).max() < 1e-5
    assert learning.optimum_of(WORLD).mean() > 3 * learning.popularity_of(WORLD).mean()
