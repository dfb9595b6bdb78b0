"""What the README shows works: its blocks are executed, in order, in one empty folder.

python blocks run in a process of their own; lines of console and bash blocks run when they call ``penchant``; a call of
``./run`` must name one of its commands (continuous integration runs those); toml blocks must parse. A README command
may use the files that an earlier block made, such as those of ``penchant simulate --out``. A command that ends with ``&`` is a
server: it is started on a free port, and each ``curl`` after it asks it and must be answered.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.run_script import load_run_script

README = Path(__file__).resolve().parent.parent / "README.md"
MAX_LINES = 80
ENTRY = "import sys; from penchant.cli.app import main; sys.exit(main())"
NOT_OURS = frozenset({"cd", "git", "pip", "uv", "make", "source", "python3"})
"""Commands that a README may show although nothing here runs them."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: its language, its text, and the line of the file on which the text begins."""

    language: str
    text: str
    line: int


def blocks(text: str) -> list[Block]:
    """All fenced blocks of a Markdown text, in order."""
    found = re.finditer(r"^```([\w-]*)[^\n]*\n(.*?)^```\s*$", text, flags=re.MULTILINE | re.DOTALL)
    return [Block(language=m[1], text=m[2], line=text.count("\n", 0, m.start(2)) + 1) for m in found]


def commands(block: Block) -> Iterator[list[str]]:
    """Commands of a console or bash block as words. With ``$`` prompts the other lines are output."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    for line in lines:
        words = shlex.split(line, comments=True)
        if words:
            yield words


class Server:
    """What a README starts in the background; on a port of its own, because the one it names may be taken."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[str] | None = None
        self.named, self.port = "8080", "0"

    def start(self, words: list[str], folder: Path) -> str | None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self.named = words[words.index("--port") + 1]
        words = [self.port if word == self.named else word for word in words]
        self.child = subprocess.Popen(
            [sys.executable, "-c", ENTRY, *words[1:]], cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
            text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        for _ in range(600):
            if self.child.poll() is not None:
                return f"{shlex.join(words)}: ended with {self.child.returncode}: {self.stop()[-1500:]}"
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{self.port}/health/ready").status_code == 200:
                    return None
            time.sleep(0.1)
        return f"{shlex.join(words)}: not ready after a minute: {self.stop()[-1500:]}"

    def curl(self, words: list[str]) -> str | None:
        """Sends what curl would send; only the few options that a README needs."""
        url, headers, body, rest = "", {}, None, iter(words[1:])
        for word in rest:
            if word == "-H":
                name, _, value = next(rest).partition(":")
                headers[name.strip()] = value.strip()
            elif word == "-d":
                body = next(rest)
            elif not word.startswith("-"):
                url = word.replace(f":{self.named}", f":{self.port}", 1)
        url = url if "://" in url else f"http://{url}"
        try:
            reply = httpx.request("GET" if body is None else "POST", url, headers=headers, content=body)
        except httpx.TransportError as wrong:
            return f"{shlex.join(words)}: {wrong}"
        return None if reply.is_success else f"{shlex.join(words)}: {reply.status_code} {reply.text[:500]}"

    def stop(self) -> str:
        """Ends it as a person would; returns what it said on standard error."""
        if self.child is None:
            return ""
        self.child.terminate()
        said = self.child.communicate(timeout=60)[1]
        self.child = None
        return said


def fault(block: Block, folder: Path, server: Server | None = None) -> str | None:
    """Executes a block in `folder`; a sentence about what failed, or None."""
    server = server or Server()
    if block.language == "python":
        return execute([sys.executable, "-c", block.text], folder)
    if block.language == "toml":
        try:
            tomllib.loads(block.text)
        except tomllib.TOMLDecodeError as wrong:
            return f"not valid TOML: {wrong}"
    if block.language in ("console", "bash", "sh", "shell"):
        return next((found for words in commands(block) if (found := fault_of_command(words, folder, server))), None)
    return None


def fault_of_command(words: list[str], folder: Path, server: Server) -> str | None:
    """Executes or checks one command line; a sentence about what failed, or None."""
    if words[0] == "penchant" and words[-1] == "&":
        return server.start(words[:-1], folder)
    if words[0] == "penchant":
        return execute([sys.executable, "-c", ENTRY, *words[1:]], folder)
    if words[0] == "curl":
        return server.curl(words)
    if words[0] == "./run":
        known = load_run_script().COMMANDS
        return None if len(words) > 1 and words[1] in known else f"{shlex.join(words)}: known are {', '.join(known)}"
    return None if words[0] in NOT_OURS else f"{shlex.join(words)}: this test does not know how to check it"


def execute(command: list[str], folder: Path) -> str | None:
    """Runs a command in `folder` with warnings as they come; its output if it fails, else None."""
    environment = {**os.environ, "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode == 0:
        return None
    return f"exit code {done.returncode} of {shlex.join(command[2:])}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"


def test_blocks_of_the_readme_work(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    found = blocks(text)
    assert found, "the README shows nothing to try"
    server = Server()
    try:
        for block in found:
            wrong = fault(block, tmp_path, server)
            assert wrong is None, f"README.md:{block.line}: {wrong}"
    finally:
        server.stop()


def test_readme_is_short_and_starts_with_the_demo() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    first = [words for block in blocks(text) if block.language in ("console", "bash") for words in commands(block)]
    assert ["./run", "demo"] in first
    assert any(words[:2] == ["./run", "test"] for words in first)


def test_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", README.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (README.parent / target).exists()] == []


# --- the checks can fail ----------------------------------------------------------------------------------------------


def test_blocks_and_commands_are_found() -> None:
    text = "a\n```python\nx = 1\n```\n\n```console\n$ penchant a \\\n    --b 'c d'  # why\nsome output\n```\n"
    text += "```bash\n# note\n./run demo\n```\n"
    python, console, bash = blocks(text)
    assert (python.language, python.text, python.line) == ("python", "x = 1\n", 3)
    assert list(commands(console)) == [["penchant", "a", "--b", "c d"]]
    assert list(commands(bash)) == [["./run", "demo"]]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "assert 1 == 2"),
        ("toml", "a = "),
        ("console", "$ penchant no-such-command"),
        ("console", "$ ./run no-such-command"),
        ("bash", "./run"),
        ("bash", "curl localhost:1/nobody-listens-here"),
        ("console", "$ penchant serve no-such-folder --port 8080 &"),
    ],
)
def test_a_broken_block_is_noticed(language: str, text: str, tmp_path: Path) -> None:
    assert fault(Block(language=language, text=text, line=1), tmp_path) is not None


@pytest.mark.parametrize(
    ("language", "text"),
    [("python", "assert 1 == 1"), ("toml", "a = 1"), ("console", "$ ./run test --all\nok"), ("text", "anything")],
)
def test_a_right_block_passes(language: str, text: str, tmp_path: Path) -> None:
    assert fault(Block(language=language, text=text, line=1), tmp_path) is None


def test_files_of_an_earlier_block_are_there(tmp_path: Path) -> None:
    write = Block(language="python", text="from pathlib import Path; Path('a').write_text('1')", line=1)
    read = Block(language="python", text="from pathlib import Path; assert Path('a').read_text() == '1'", line=1)
    assert fault(read, tmp_path) is not None
    assert fault(write, tmp_path) is None
    assert fault(read, tmp_path) is None
