"""The model contract: what every model promises, as checks that anyone can run on a model of their own.

from penchant.testing.contract import check_model

def test_contract():
    check_model(lambda: MyModel(reg=10.0))
"""

from __future__ import annotations

from collections.abc import Callable

from penchant.models.base import Model
from penchant.testing import answers, learning, living, vectors
from penchant.testing.subject import Subject
from penchant.testing.worlds import World, taste_world

Check = Callable[[Subject], None]

CHECKS: tuple[Check, ...] = (*living.CHECKS, *answers.CHECKS, *vectors.CHECKS, *learning.CHECKS)
"""All checks, cheap and telling ones first."""


def check_model(
    make: Callable[[], Model],
    world: World | None = None,
    *,
    finds_signal: bool = True,
    share: float = 0.1,
    history_only: bool = True,
    uses_context: bool = False,
) -> None:
    """Runs the whole contract on a model; it is fitted four times on a log of a few thousand events.

    Args:
        make: makes a fresh, unfitted model with the settings to check.
        world: where the model is fitted and asked; the default is `taste_world`. It is also asked in a shuffled copy.
        finds_signal: False for a model that is not expected to beat windowed popularity in this world.
        share: part of the way from windowed popularity to the optimum that the model must at least go, in ndcg@10.
        history_only: False for a model that knows more of a person than history and attributes (factors of its own).
        uses_context: True for a model whose scores change with the declared context.

    Raises:
        AssertionError: the first broken promise, in a sentence that names model and check.
    """
    subject = Subject(
        make=make,
        world=world or taste_world(),
        finds_signal=finds_signal,
        share=share,
        history_only=history_only,
        uses_context=uses_context,
    )
    for check in CHECKS:
        run_check(check, subject)


def run_check(check: Check, subject: Subject) -> None:
    """Runs one check; any failure becomes an AssertionError that names model and check."""
    name = f"{subject.make().name()}, {getattr(check, '__name__', 'check')}"
    try:
        check(subject)
    except AssertionError as broken:
        raise AssertionError(f"{name}: {broken}") from broken
    except Exception as fault:
        raise AssertionError(f"{name}: raised {type(fault).__name__}: {fault}") from fault
