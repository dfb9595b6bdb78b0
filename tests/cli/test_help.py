"""Every command explains itself with an example that works as written, and help is quick."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
import typer

from penchant.cli.app import build
from tests.cli.running import run

COMMANDS: dict[str, Any] = dict(typer.main.get_command(build()).commands)  # type: ignore[attr-defined]


def examples(command: Any) -> list[list[str]]:
    """The words of each example of a command."""
    lines = [line for line in (command.epilog or "").split("\n") if line.startswith("Example: ")]
    return [shlex.split(line.removeprefix("Example: ").split(">")[0]) for line in lines]


def test_the_promised_commands_are_there() -> None:
    promised = "train recommend evaluate init validate simulate models similar show-config".split()
    assert [name for name in promised if name not in COMMANDS] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_whose_options_exist(name: str) -> None:
    done = run(name, "--help")
    assert (done.code, done.err) == (0, "")
    assert "Example: penchant" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    command = COMMANDS[name]
    assert examples(command), name
    for program, asked, *words in examples(command):
        assert (program, asked) == ("penchant", name)
        # parsing checks that options exist, that required ones are there, and the types of their values
        with command.make_context(name, list(words), resilient_parsing=False) as context:
            assert context.params


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    assert [one.name for one in COMMANDS[name].params if not getattr(one, "help", None)] == []


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])
def test_every_command_can_answer_in_json(name: str) -> None:
    assert any("--json" in one.opts for one in COMMANDS[name].params)


def test_help_without_a_command_lists_all() -> None:
    done = run()
    assert (done.code, [name for name in COMMANDS if name not in done.out]) == (0, [])
    assert run("--help").out == done.out


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; from penchant.cli.app import main; main(['--help']); "
        "print([n for n in ('numpy', 'polars', 'scipy', 'sklearn', 'penchant.models.base') if n in sys.modules]); "
        "print(time.process_time())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *_, heavy, seconds = done.stdout.split("\n")[:-1]
    assert heavy == "[]"
    assert float(seconds) < 0.5


def test_long_work_is_not_hidden_in_help() -> None:
    # the way similar items are found, and the default moment, are promised to be explained
    assert re.search(r"whole\s+history is that one item", run("similar", "--help").out)
    assert re.search(r"one[\s│]+millisecond[\s│]+after", run("recommend", "--help").out)
