"""Memory of a training: kept by the allocator between steps, estimated before the run, compared with what is free."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from penchant.errors import UserError

LARGEST_KEPT = 256 << 20
"""Bytes. Tensors up to this size come from memory that is kept; larger ones would leave large holes in it."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h
_NO_LIMIT = 1 << 60  # the first version of control groups writes "no limit" as a number near 2 ** 63


def keep_memory(largest: int = LARGEST_KEPT) -> bool:
    """Lets the C library keep freed memory for the next tensor, and oneDNN keep few kernels; call it before the first product.

    By default glibc maps blocks above 32 MB, and many smaller ones, anew each time, and the kernel clears each page that is
    touched: for the tensors of a training step that costs more than the arithmetic. The setting holds for the whole process
    and cannot be taken back.

    Args:
        largest: bytes, 1 to 2 ** 31 - 1; larger blocks are still mapped and returned one by one.

    Returns:
        Whether the C library took it: False with another one than glibc (musl, macOS), where nothing changes.
    """
    # oneDNN keeps a bfloat16 kernel, with its memory, for each of the last 1024 shapes, and hardly two batches are alike
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    try:
        library = ctypes.CDLL(None)
        if not hasattr(library, "gnu_get_libc_version"):
            return False
        kept = library.mallopt(_M_MMAP_THRESHOLD, largest) or library.mallopt(
            _M_MMAP_THRESHOLD, 32 << 20
        )  # before 2.35
        return bool(kept and library.mallopt(_M_TRIM_THRESHOLD, -1))
    except (OSError, TypeError, AttributeError):
        return False


def training_bytes(
    *,
    parameters: int,
    gradients: float = 1.0,
    moments: float = 2.0,
    averaged: bool = False,
    best: bool = True,
    tokens: int = 0,
    dim: int = 0,
    layers: int = 0,
    factor: float = 0.0,
    more: int = 0,
) -> int:
    """An estimate of the most bytes that a training in float32 holds at once.

    ``4 x parameters x (1 + gradients + moments + averaged + best) + 4 x tokens x dim x layers x factor + more``

    Args:
        parameters: numbers that are learned, tables of items among them.
        gradients: gradients held per parameter: 1 when they are dense, the share of touched rows when they are not.
        moments: numbers that the optimiser holds per parameter: 2 for AdamW with dense moments.
        averaged: whether a moving average of the weights is held.
        best: whether the best weights so far are held.
        tokens: places in a batch: people x length.
        dim: numbers per place.
        layers: blocks that the batch passes through.
        factor: tensors of this size that a block keeps for the backward pass; about 16 for attention with a feed-forward part.
        more: bytes of what else is held: blocks of logits, the batches of an epoch.

    >>> training_bytes(parameters=1_000_000)
    20000000
    >>> training_bytes(parameters=0, tokens=6400, dim=64, layers=2, factor=16)
    52428800
    """
    copies = 1 + gradients + moments + averaged + best
    return round(4 * parameters * copies + 4 * tokens * dim * layers * factor) + more


def needs(what: str, wanted: int, advice: str, *, available: int | None = None) -> None:
    """Refuses work that would not fit into memory, before it starts.

    Args:
        what: names the work, such as ``sasrec``.
        wanted: bytes that it needs, an estimate.
        advice: what makes it smaller, such as ``lower batch_size or max_len``.
        available: bytes that may be taken; None asks the system, and refuses nothing where that is not known.

    Raises:
        UserError: it does not fit.
    """
    free = free_memory() if available is None else available
    if free is not None and wanted > free:
        raise UserError(
            f"{what}: needs about {readable(wanted)} of memory and {readable(free)} are free; {advice}, or free some memory"
        )


def readable(size: float) -> str:
    """A number of bytes for people.

    >>> readable(310_000_000), readable(5.25e9), readable(12_000)
    ('310 MB', '5.2 GB', '1 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def free_memory(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes that this process may still take without swapping: what the machine has free, within its control groups' limits.

    Args:
        proc: the kernel's view of processes.
        groups: where control groups are mounted (both versions are read).

    Returns:
        None where the system does not say, such as on macOS.
    """
    found = [*_machine(proc), *_limits(proc, groups)]
    return max(0, min(found)) if found else None


def _machine(proc: Path) -> Iterator[int]:
    for line in _text(proc / "meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            yield int(value.split()[0]) * 1024


def _limits(proc: Path, groups: Path) -> Iterator[int]:
    """What each control group above the process leaves: its limit less what it holds and cannot drop."""
    for line in _text(proc / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        kinds, _, place = rest.partition(":")
        if number == "0" and not kinds:
            roots = [groups, groups / "unified"]
            files = ("memory.max", "memory.current", "inactive_file")
        elif "memory" in kinds.split(","):
            roots = [groups / "memory"]
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        for root in roots:
            inner = root / place.lstrip("/")
            # in a container the named folder may not be visible: its own group is then the root
            for folder in dict.fromkeys([inner, *(p for p in inner.parents if p.is_relative_to(root))]):
                yield from _left(folder, *files)


def _left(folder: Path, limit_file: str, held_file: str, droppable: str) -> Iterator[int]:
    limit, held = _text(folder / limit_file).strip(), _text(folder / held_file).strip()
    if limit.isdigit() and held.isdigit() and int(limit) < _NO_LIMIT:
        lines = (line.split() for line in _text(folder / "memory.stat").splitlines())
        cached = sum(int(words[1]) for words in lines if len(words) == 2 and words[0] == droppable)
        yield int(limit) - max(0, int(held) - cached)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
