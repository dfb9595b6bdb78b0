"""`penchant tune` as a person uses it: a table, files that other commands read, a killed process, and what goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.registry import model_class
from tests.cli.running import Done, run

pytest.importorskip("optuna")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log in which each item is followed by its neighbour, for 30 people."""
    rng = np.random.default_rng(3)
    lines = ["user_id,item_id,timestamp"]
    for n in range(1500):
        user = int(rng.integers(30))
        lines.append(
            f"u{user},i{(n + user) % 25 if rng.random() < 0.7 else int(rng.integers(25))},{1_736_000_000 + 600 * n}"
        )
    path = tmp_path_factory.mktemp("tune") / "events.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tune(events: Path, out: Path, *words: object, models: str = "markov") -> Done:
    return run("tune", events, "--models", models, "--out", out, *words)


def trials(done: Done, model: int = 0) -> list[dict[str, Any]]:
    """The trials of a report without their cost."""
    found = done.json["models"][model]["trials"]
    return [{name: value for name, value in one.items() if name != "cpu_seconds"} for one in found]


@pytest.fixture(scope="module")
def tuned(events: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """What one run said, and its folder, which is not to be written to."""
    out = tmp_path_factory.mktemp("out") / "tuned"
    done = tune(events, out, "--trials", 8, models="markov,popular")
    assert done.code == 0, done.err
    return done, out


def test_a_table_and_the_next_steps(tuned: tuple[Done, Path]) -> None:
    done, out = tuned
    assert "validation, best of 8 trials: expect less of the gain on later events" in done.out
    table = done.out.splitlines()
    assert next(line for line in table if "defaults" in line).split() == (
        ["model", "defaults", "tuned", "gain", "interval", "trials", "pruned", "CPU", "s"]
    )
    assert [line.split()[0] for line in table if line.split()[:1] in (["markov"], ["popular"])] == ["markov", "popular"]
    assert (
        f"--models markov,popular,tuned-markov={out}/markov.toml,tuned-popular={out}/popular.toml --no-select"
        in done.err
    )
    assert f"--config {out}/markov.toml --no-select --out model" in done.err


def test_the_files_are_what_evaluate_and_train_read(tuned: tuple[Done, Path], events: Path, tmp_path: Path) -> None:
    _, out = tuned
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert [one["n_trials"] for one in report["models"]] == [8, 8]
    for one in report["models"]:
        text = (out / f"{one['model']}.toml").read_text(encoding="utf-8")
        values = tomllib.loads(text)
        assert values.pop("model") == one["model"]
        config = model_class(one["model"]).config_class()
        assert config.parse(values).model_dump(mode="json") == one["settings"]
        # only what differs
        plain = config().model_dump(mode="json")
        assert all(plain[name] != value for name, value in values.items())
        assert f"digest {report['data']['digest']}" in text and f"# command: penchant tune {events} --models" in text
    done = run(
        "evaluate", events, "--models", f"markov,tuned={out / 'markov.toml'}", "--no-select", "--json", "-", "-k", 20
    )
    rows = {row["model"]: row["settings"] for row in done.json["rows"]}
    assert rows["tuned"] == report["models"][0]["settings"]
    done = run("train", events, "--config", out / "markov.toml", "--no-select", "--out", tmp_path / "m", "--json")
    assert (done.json["model"], done.json["settings"]) == ("markov", report["models"][0]["settings"])


def test_the_same_command_has_nothing_left_to_do(tuned: tuple[Done, Path], events: Path, tmp_path: Path) -> None:
    _, out = tuned
    copied = tmp_path / "study.jsonl"
    copied.write_bytes((out / "study.jsonl").read_bytes())
    done = tune(events, tmp_path / "out", "--trials", 8, "--study", copied, "--json")
    assert copied.read_bytes() == (out / "study.jsonl").read_bytes()
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert done.json["models"][0]["trials"] == report["models"][0]["trials"]
    assert done.json["models"][0]["resumed"] == 8 and "8 trials are in" in done.err


def test_a_killed_search_goes_on_where_it_was(events: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    words = [sys.executable, "-m", "penchant", "tune", str(events), "--models", "markov", "--out", str(out)]
    journal = out / "study.jsonl"
    with subprocess.Popen(
        [*words, "--trials", "100000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        deadline = time.monotonic() + 60
        # two lines make the study, and each trial is one
        while not (journal.exists() and journal.read_bytes().count(b"\n") >= 5):
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
    n = journal.read_bytes().count(b"\n") - 2
    # and the last line was cut short
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"a')
    done = tune(events, out, "--trials", n + 3, "--json")
    assert done.code == 0 and f"{n} trials are in" in done.err
    assert trials(done) == trials(tune(events, tmp_path / "whole", "--trials", n + 3, "--json"))


def test_an_interrupted_search_says_that_nothing_is_lost(events: Path, tmp_path: Path) -> None:
    out = tmp_path / "stopped"
    words = [sys.executable, "-m", "penchant", "tune", str(events), "--models", "markov", "--out", str(out)]
    with subprocess.Popen([*words, "--trials", "100000"], stderr=subprocess.PIPE, text=True) as child:
        deadline = time.monotonic() + 60
        while not ((out / "study.jsonl").exists() and (out / "study.jsonl").read_bytes().count(b"\n") >= 4):
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130 and "Traceback" not in err
    assert "the same command goes on with them" in err and err.rstrip().endswith("error: interrupted")


def test_given_settings_stay(events: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('model = "markov"\nmax_gap = "none"\nfade = 0.9\n', encoding="utf-8")
    models = f"mine={tmp_path / 'mine.toml'}"
    done = tune(events, tmp_path / "out", "--trials", 4, "--set", "mine.window=2", "--json", models=models)
    assert {(t["settings"]["window"], t["settings"]["fade"], t["settings"]["max_gap"]) for t in trials(done)} == {
        (2, 0.9, None)
    }
    values = tomllib.loads((tmp_path / "out" / "mine.toml").read_text(encoding="utf-8"))
    assert (values["model"], values["window"], values["fade"]) == ("markov", 2, 0.9)


@pytest.mark.parametrize(
    ("words", "models", "said"),
    [
        ((), "eaze", 'unknown model "eaze". Did you mean "ease"?'),
        (("--set", "markov.decai=1"), "markov", 'markov: unknown setting "decai". Did you mean "decay"?'),
        (("--set", "markov.decay=2"), "markov", "markov: decay: expected a number <= 1, got 2"),
        (("--set", "ease.reg=2"), "markov", 'unknown model "ease"'),
        (("-k", "0"), "markov", "-k: expected whole numbers >= 1"),
        (("--study", "nowhere/at/all.jsonl"), "markov", "expected a file in an existing folder"),
    ],
)
def test_what_was_mistyped_is_one_line(
    events: Path, tmp_path: Path, words: tuple[str, ...], models: str, said: str
) -> None:
    done = tune(events, tmp_path / "out", *words, models=models)
    assert (done.code, done.out, said in done.error) == (1, "", True), done.err
    assert not (tmp_path / "out").exists()


def test_a_config_with_a_typo_names_file_and_key(events: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    for text, said in [
        ('model = "markov"\n', "names a file in --out, so it must be one word without slashes"),
        ('model = "markov"\ndecai = 0.5\n', f'{file}: unknown setting "decai". Did you mean "decay"?'),
        ("decay = 0.5\n", f"{file}: expected a line that names the model"),
        ("decay = = 0.5\n", f"{file}: not valid TOML"),
    ]:
        file.write_text(text, encoding="utf-8")
        done = tune(events, tmp_path / "out", models=f"mine={file}" if said.startswith(str(file)) else f"a/b={file}")
        assert (done.code, said in done.error) == (1, True), done.err


def test_a_folder_of_something_else_is_not_written_to(events: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    done = tune(events, tmp_path)
    assert (done.code, "exists and was not written by penchant tune; choose another --out" in done.error) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    done = tune(events, tmp_path / "thesis.txt")
    assert (done.code, "thesis.txt: expected a folder to write" in done.error) == (1, True)
    done = tune(events, tmp_path / "out", "--study", tmp_path / "thesis.txt")
    assert (done.code, "thesis.txt: line 1 is not a line of a tuning journal" in done.error) == (1, True)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seed", 8), "its protocol seed was 7, now it is 8"),
        (("--protocol", "last"), "its protocol name was replay, now it is last"),
        (("--set", "markov.decay=0.4"), "its given setting decay was none, now it is 0.4"),
        (("-k", 5), "its metric was ndcg@20, now it is ndcg@5"),
    ],
)
def test_another_question_does_not_go_on(
    tuned: tuple[Done, Path], events: Path, words: tuple[object, ...], said: str
) -> None:
    _, out = tuned
    before = (out / "study.jsonl").read_bytes()
    done = tune(events, out, *words)
    assert (done.code, said in done.error) == (1, True), done.err
    assert (out / "study.jsonl").read_bytes() == before


def test_one_refused_model_does_not_cost_the_others_their_result(events: Path, tmp_path: Path) -> None:
    words = ("--trials", 2, "--set", "ease.max_gigabytes=1e-9")
    done = tune(events, tmp_path / "out", *words, models="ease,popular")
    assert (done.code, "ease: not tuned: " in done.out) == (1, True)
    assert [path.name for path in sorted((tmp_path / "out").glob("*.toml"))] == ["popular.toml"]


def test_without_the_extra_the_line_says_which(events: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = tune(events, tmp_path / "out")
    assert (done.code, 'pip install "penchant[tune]"' in done.error) == (1, True)
