"""The command `penchant`: the commands put together, and the one place where errors become a line and an exit code.

Exit codes: 0 done, 1 something that was given cannot be used (or a fault of ours), 2 a wrong command line, 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib.util
import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from penchant.cli import (
    data,
    doctor,
    evaluate,
    ingest,
    keys,
    models,
    people,
    recommend,
    serve,
    simulate,
    train,
    tune,
    vectors,
    versions,
)
from penchant.cli.options import USAGE_ERROR
from penchant.cli.output import complain, one_line
from penchant.cli.resuming import Stopped
from penchant.errors import UserError

TRACEBACK = "--traceback"
TRACEBACK_VARIABLE = "PENCHANT_TRACEBACK"

_FULL = "no space left"

_FIRST_STEPS = (
    "Example: penchant simulate --out music\n\n"
    "Example: penchant train music/events.csv --items music/items.csv --model ease --out model\n\n"
    "Example: penchant recommend model --user u0001"
)


def build() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        name="penchant",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True, epilog=_FIRST_STEPS)(_root)
    for group in (
        *(train, recommend, evaluate, serve, keys, ingest, versions, people),
        *(doctor, tune, vectors, data, simulate, models),
    ):
        group.register(app)
    if importlib.util.find_spec("penchant.cli.demo") is not None:
        import_module("penchant.cli.demo").register(app)
    return app


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    trace: Annotated[
        bool, typer.Option(TRACEBACK, help=f"Show where an error comes from; also {TRACEBACK_VARIABLE}=1.")
    ] = False,
) -> None:
    """Recommendations for this person, in this moment, with the reason why.

    Results go to standard output, everything else to standard error.
    """
    if version:
        typer.echo(f"penchant {sys.modules['penchant'].__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns the exit code.

    Args:
        arguments: words after ``penchant``; None takes those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    shows_trace = TRACEBACK in words or os.environ.get(TRACEBACK_VARIABLE, "") not in ("", "0")
    words = [word for word in words if word != TRACEBACK]
    for stream in (sys.stdout, sys.stderr):
        # a title that the terminal's encoding lacks is no reason to fail
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        done = typer.main.get_command(build()).main(words, prog_name="penchant", standalone_mode=False)
        code = done if isinstance(done, int) else 0
    except SystemExit as wish:
        return wish.code if isinstance(wish.code, int) else 1
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except Stopped as stop:
        complain(f"interrupted; {stop}")
        return 130
    except Exception as fault:
        if shows_trace:
            traceback.print_exc()
        return _told(fault)
    if code == 130:
        complain("interrupted")
    return code


def _told(fault: Exception) -> int:
    """Says in one line what went wrong and returns the exit code."""
    if isinstance(fault, USAGE_ERROR):
        context = getattr(fault, "ctx", None)
        command = context.command_path if context is not None else "penchant"
        message = fault.format_message() if hasattr(fault, "format_message") else str(fault)
        told = one_line(message).replace("Value error, ", "")
        complain(f"{told}{'' if told.endswith(('.', '?', '!')) else '.'} See {command} --help")
        return 2
    if isinstance(fault, UserError):
        complain(str(fault))
    elif isinstance(fault, MemoryError):
        complain("not enough memory for this log and model; try a smaller model, or evaluate with --sample-people")
    elif isinstance(fault, OSError) and (fault.errno == errno.ENOSPC or _FULL in str(fault).lower()):
        complain(f"{fault.filename or 'the disk'}: {_FULL}; free some, or write elsewhere")
    elif isinstance(fault, OSError) and fault.filename is not None:
        complain(f"{fault.filename}: {fault.strerror or fault}")
    else:
        name = type(fault).__name__
        complain(
            f"a fault in penchant, please report it ({name}: {fault}); run again with {TRACEBACK} to see where it happened"
        )
    return 1
