"""Memory: what is free under limits, what is refused, and what keeping it brings."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from penchant.errors import UserError
from penchant.train.memory import free_memory, keep_memory, needs, training_bytes

GLIBC = platform.libc_ver()[0] == "glibc"


def system(tmp_path: Path, groups: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A kernel with 8 GB free whose control groups say `files`."""
    proc, mounted = tmp_path / "proc", tmp_path / "groups"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable:    8000000 kB\n", encoding="ascii")
    (proc / "self" / "cgroup").write_text(groups, encoding="ascii")
    for name, text in files.items():
        path = mounted / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return proc, mounted


SYSTEMS: list[tuple[str, dict[str, str], int]] = [
    ("", {}, 8_192_000_000),  # MemAvailable x 1024
    ("0::/\n", {"memory.max": "max\n", "memory.current": "5\n"}, 8_192_000_000),
    ("0::/\n", {"memory.max": "3000\n", "memory.current": "1000\n"}, 2000),
    # 600 of the 1000 held are file pages that the kernel drops when it must: 3000 - 400
    ("0::/", {"memory.max": "3000", "memory.current": "1000", "memory.stat": "anon 400\ninactive_file 600\n"}, 2600),
    # the narrowest of the groups above counts: 500 - 100 against 3000 - 1000
    (
        "0::/a/b\n",
        {"a/b/memory.max": "3000", "a/b/memory.current": "1000", "a/memory.max": "500", "a/memory.current": "100"},
        400,
    ),
    # named, but not visible from inside the container
    ("0::/outside\n", {"memory.max": "3000", "memory.current": "1000"}, 2000),
    ("0::/\n", {"unified/memory.max": "3000", "unified/memory.current": "1000"}, 2000),
    ("0::/\n", {"memory.max": "3000", "memory.current": "4000"}, 0),
    (
        "4:cpu:/\n9:memory,x:/job\n0::/\n",
        {"memory/job/memory.limit_in_bytes": "3000", "memory/job/memory.usage_in_bytes": "2500"},
        500,
    ),
    (
        "9:memory:/\n",
        {"memory/memory.limit_in_bytes": "9223372036854771712", "memory/memory.usage_in_bytes": "2500"},
        8_192_000_000,
    ),
    ("damaged\n:::\n", {"memory.max": "3000", "memory.current": "x"}, 8_192_000_000),
]


@pytest.mark.parametrize(("groups", "files", "free"), SYSTEMS)
def test_free_memory_obeys_the_narrowest_limit(tmp_path: Path, groups: str, files: dict[str, str], free: int) -> None:
    assert free_memory(*system(tmp_path, groups, files)) == free


def test_where_the_system_says_nothing_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from penchant.train import memory

    assert free_memory(tmp_path, tmp_path) is None
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    needs("sasrec", 10**18, "lower dim")
    monkeypatch.setattr(memory, "free_memory", lambda: 10**18 - 1)
    with pytest.raises(UserError):
        needs("sasrec", 10**18, "lower dim")


@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel of Linux")
def test_this_machine_has_memory() -> None:
    free = free_memory()
    assert free is not None
    assert 10**7 < free < 10**14


def test_what_does_not_fit_is_refused_in_one_line() -> None:
    needs("sasrec", 3_000, "lower dim", available=3_000)
    with pytest.raises(UserError) as fault:
        needs("sasrec", 5_240_000_000, "lower batch_size or max_len", available=3_100_000_000)
    assert str(fault.value) == (
        "sasrec: needs about 5.2 GB of memory and 3.1 GB are free; lower batch_size or max_len, or free some memory"
    )


def test_the_estimate_is_the_sum_of_its_parts() -> None:
    # 4 bytes x 100 x (weights 1 + gradients 1 + moments 2 + average 1 + best 1) = 2400
    assert training_bytes(parameters=100, averaged=True) == 2400
    # rows of which a tenth is touched, no moments, nothing else: 4 x 100 x 1.1 = 440
    assert training_bytes(parameters=100, gradients=0.1, moments=0, best=False) == 440
    # 4 x 10 tokens x 8 x 2 layers x 3 = 1920, and 5 more
    assert training_bytes(parameters=0, tokens=10, dim=8, layers=2, factor=3, more=5) == 1925


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        """A C library without mallopt."""

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Other())
    assert keep_memory() is False

    def refuse(name: Any) -> Any:
        raise OSError("no such library")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert keep_memory() is False


FAULTS = """
    import ctypes, resource
    from penchant.train.memory import keep_memory
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    size = 40_000_000  # above what glibc keeps by itself
    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(3):
            block = ctypes.c_void_p(library.malloc(ctypes.c_size_t(size)))
            library.memset(block, 1, ctypes.c_size_t(size))
            library.free(block)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    default = faults()
    assert keep_memory()
    faults()  # the first touch
    print(default, faults())
"""


@pytest.mark.skipif(not GLIBC, reason="needs glibc")
def test_kept_memory_spares_page_faults() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(FAULTS)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    default, kept = map(int, done.stdout.split())
    if default < 10_000:
        pytest.skip("large pages: there is nothing to spare")
    # three blocks of 40 MB, in pages of 4 KB: 29,300 faults by default
    assert kept < default / 10
