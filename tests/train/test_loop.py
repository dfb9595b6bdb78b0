"""The training loop with nets of one or two weights: schedule, early stop, refit, seeds, and losses that are no numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `deep`")

from torch import nn  # noqa: E402

from penchant.errors import UserError  # noqa: E402
from penchant.nn.dropout import Dropout  # noqa: E402
from penchant.train.loop import LEAST_RATE, precision, train  # noqa: E402
from penchant.train.run import Run  # noqa: E402
from penchant.train.settings import TrainingConfig  # noqa: E402

PLAIN: dict[str, Any] = {"averaging": 0.0, "warmup": 0.0, "precision": "float32"}


class Falling:
    """A net of one weight whose gradient is always 1, so that AdamW moves it by the learning rate in each step."""

    def __init__(self, batches: int = 2, metrics: tuple[float, ...] = ()) -> None:
        self.net: Any = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.net.weight)
        self.batches, self.metrics = batches, list(metrics)
        self.seen: list[float] = []
        self.judged: list[float] = []
        self.modes: list[bool] = []

    def plan(self, epoch: int):
        return range(self.batches)

    def loss(self, part, rng):
        self.seen.append(self.net.weight.item())
        self.modes.append(self.net.training)
        return self.net.weight.sum(), 10

    def judge(self):
        self.judged.append(self.net.weight.item())
        self.modes.append(self.net.training)
        return self.metrics[len(self.judged) - 1] if self.metrics else None


class Noisy:
    """Learns a line from batches, draws and dropout that depend on the seed and the step."""

    def __init__(self, judges: bool = False) -> None:
        torch.manual_seed(7)
        self.net = nn.Sequential(Dropout(0.5), nn.Linear(4, 1))
        self.states: list[list[float]] = []
        self.judges = judges

    def plan(self, epoch: int):
        return np.random.default_rng(epoch).permutation(5)

    def loss(self, part, rng):
        x = torch.from_numpy(rng.normal(size=(6, 4)).astype(np.float32)) + int(part)
        return (self.net(x) - 1).square().mean(), 6

    def judge(self):
        self.states.append(weights(self))
        return float(len(self.states)) if self.judges else None


def weights(learner) -> list[float]:
    return [value for part in learner.net.state_dict().values() for value in part.flatten().tolist()]


def trained(learner, seed: int = 7, stop_after: int | None = None, **settings):
    return train(learner, TrainingConfig(**settings), Run(seed=seed), name="toy", stop_after=stop_after)


def rates(learner) -> list[float]:
    found: list[float] = (-np.diff([*learner.seen, learner.net.weight.item()])).tolist()
    return found


def test_warm_up_and_cosine_by_hand():
    # 2 passes of 2 batches: parts 0, 1/4, 1/2, 3/4 of the way are done. The rise is (done + .001) / .5 below half way;
    # the fall is .01 + .99 (1 + cos(pi done)) / 2: 1, .855, .505, .155
    learner = Falling()
    trained(learner, epochs=2, learning_rate=0.1, averaging=0, warmup=0.5)
    fall = [LEAST_RATE + (1 - LEAST_RATE) * half for half in (1.0, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5)]
    rise = [0.002, 0.502, 1.0, 1.0]
    assert rates(learner) == pytest.approx([0.1 * a * b for a, b in zip(rise, fall, strict=True)], rel=1e-3)


def test_a_constant_schedule_keeps_the_learning_rate():
    learner = Falling(batches=3)
    trained(learner, epochs=2, learning_rate=0.1, schedule="constant", **PLAIN)
    assert rates(learner) == pytest.approx([0.1] * 6, rel=1e-4)


def test_what_a_training_tells():
    learner = Falling(batches=2)
    outcome = trained(learner, epochs=3, learning_rate=0.1, schedule="constant", **PLAIN)
    assert (outcome.best_epoch, outcome.best, len(outcome.history)) == (3, None, 3)
    # the loss is the weight before each step: 0 and -.1, then -.2 and -.3, then -.4 and -.5
    assert [one["loss"] for one in outcome.history] == pytest.approx([-0.05, -0.25, -0.45], rel=1e-4)
    assert [one["events"] for one in outcome.history] == [20, 20, 20]
    assert 0 <= outcome.history[0]["seconds"] <= outcome.history[-1]["seconds"] == outcome.seconds
    assert not learner.net.training


def test_learning_is_in_train_mode_and_judging_in_eval_mode():
    learner = Falling(batches=2, metrics=(1.0, 2.0))
    trained(learner, epochs=2, **PLAIN)
    assert learner.modes == [True, True, False, True, True, False]


def test_early_stop_keeps_the_best_pass():
    # pass 2 is best; with a patience of 2 training ends after pass 4, and 4 steps of .1 are what pass 2 had made
    learner = Falling(batches=2, metrics=(0.1, 0.3, 0.2, 0.3, 0.9))
    outcome = trained(learner, epochs=5, patience=2, learning_rate=0.1, schedule="constant", **PLAIN)
    assert (outcome.best_epoch, outcome.best, len(outcome.history)) == (2, 0.3, 4)
    assert [one["metric"] for one in outcome.history] == [0.1, 0.3, 0.2, 0.3]
    assert learner.net.weight.item() == pytest.approx(-0.4, rel=1e-4)


def test_averaged_weights_are_judged_and_kept():
    learner = Falling(batches=4, metrics=(0.1, 0.3, 0.2))
    trained(learner, epochs=3, patience=5, learning_rate=0.1, averaging=0.9, schedule="constant", warmup=0)
    assert learner.net.weight.item() == learner.judged[1]
    # after 8 steps the weight itself would be -.8; an average of the way lies behind it
    assert -0.8 < learner.judged[1] < -0.4
    # and learning went on from the weight itself, not from the average
    assert learner.seen[8] == pytest.approx(-0.8, rel=1e-4)


def test_without_a_judge_the_averages_of_the_last_pass_answer():
    learner = Falling(batches=4)
    trained(learner, epochs=2, learning_rate=0.1, averaging=0.9, schedule="constant", warmup=0)
    assert learner.net.weight.item() == learner.judged[1] > -0.8


def test_stopping_early_gives_the_first_passes_of_a_longer_run():
    longer = Noisy()
    trained(longer, epochs=4, learning_rate=0.01)
    shorter = Noisy()
    outcome = trained(shorter, epochs=4, stop_after=2, learning_rate=0.01)
    assert outcome.best_epoch == 2
    assert weights(shorter) == longer.states[1]
    assert weights(shorter) != longer.states[3]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    found = []
    for seed in (7, 7, 8):
        learner = Noisy()
        trained(learner, seed=seed, epochs=2)
        found.append(weights(learner))
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_judging_disturbs_no_draw():
    calm, judged = Noisy(), Noisy(judges=True)
    trained(calm, epochs=3)
    trained(judged, epochs=3)
    assert weights(calm) == weights(judged)


def test_the_state_of_torch_outside_stays():
    learner = Noisy()
    before = torch.get_rng_state()
    trained(learner, epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


class Breaking(Falling):
    """Its loss or its gradient is no number in the second batch of the second pass."""

    def __init__(self, how: str) -> None:
        super().__init__(batches=3)
        self.how, self.steps = how, 0

    def loss(self, part, rng):
        self.steps += 1
        weight = self.net.weight.sum()
        if self.steps != 5:
            return weight, 1
        # the square root of 0 has an infinite slope, which 0 makes no number
        return (weight * torch.nan, 1) if self.how == "loss" else ((weight * 0).sqrt(), 1)


@pytest.mark.parametrize(
    ("how", "what"), [("loss", "the loss is nan"), ("gradient", "the norm of the gradient is nan")]
)
def test_what_is_no_number_stops_with_place_and_advice(how, what):
    with pytest.raises(UserError) as caught:
        trained(Breaking(how), epochs=3, learning_rate=0.3, schedule="constant", **PLAIN)
    line = str(caught.value)
    assert line.startswith(f"toy: {what} in batch 2 of epoch 2 at learning rate 0.3; expected a number: try ")
    assert "learning_rate=0.1, " in line
    assert "\n" not in line


class Heard:
    """Keeps what a training tells while it runs."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def note(self, text: str) -> None:
        raise AssertionError(text)

    def progress(self, task: str, done: int, total: int) -> None:
        self.told.append((task, done, total))


def test_progress_tells_loss_and_metric_and_ends_whole():
    heard = Heard()
    learner = Falling(batches=6, metrics=(0.25, 0.5, 0.125))
    train(learner, TrainingConfig(epochs=3, **PLAIN), Run(reporter=heard), name="toy")
    done = [one[1] for one in heard.told]
    assert done == sorted(done) and heard.told[-1][1:] == (18, 18)
    assert heard.told[0][0].startswith("toy: epoch 1/3, loss ")
    assert "ndcg@10 0.5000 (best 0.5000 at 2)" in heard.told[-1][0]


@pytest.mark.parametrize(("asked", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_products_have_the_precision_that_was_asked_for(asked, dtype):
    layer = nn.Linear(2, 2)
    with precision(TrainingConfig(precision=asked)):
        assert layer(torch.ones(1, 2)).dtype == dtype
