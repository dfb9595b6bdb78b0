"""What lies beyond accuracy: how much of the catalogue is shown, how evenly, how new and how varied the lists are.

Lists come as ``items``, whole numbers [P, K], best first, with ``n`` [P] valid entries in each row. No item number
means "nothing", so what stands at or behind ``n[p]`` is never looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from penchant.errors import BadData
from penchant.metrics.shapes import WHOLE, checked, within

Float64s = npt.NDArray[np.float64]
Nums = npt.NDArray[np.int64]

_CELLS = 1 << 20
"""Numbers held at once by `intra_list_diversity`: 4 MB of float32."""


def coverage(items: npt.ArrayLike, n: npt.ArrayLike, n_items: int) -> float:
    """The share of the catalogue that stands in at least one list: 0 .. 1; NaN for an empty catalogue.

    Raises:
        BadData: wrong shapes or kinds, or a valid entry outside 0 .. n_items - 1.

    Items 0 and 1 of four are shown; the second entry of the second list is not valid.

    >>> coverage([[0, 1], [1, 3]], [2, 1], 4)
    0.5
    """
    n_shown = int(np.count_nonzero(_exposure(items, n, n_items)))
    return n_shown / n_items if n_items else float("nan")


def gini(items: npt.ArrayLike, n: npt.ArrayLike, n_items: int) -> float:
    """Gini index of how often the items are shown: 0 when all are shown equally, near 1 when one item takes it all.

    With exposures x sorted upwards, sum over i = 1 .. N of (2 i - N - 1) x_i / (N sum x) (Brown 1994; Fleder &
    Hosanagar 2009 use it for recommendations). Items never shown count with x = 0. One item alone gives (N - 1) / N.

    Returns:
        A number in 0 .. 1; NaN when nothing is shown.

    Raises:
        BadData: wrong shapes or kinds, or a valid entry outside 0 .. n_items - 1.

    >>> gini([[0], [1]], [1, 1], 2), gini([[0], [0]], [1, 1], 2)
    (0.0, 0.5)
    """
    exposure = np.sort(_exposure(items, n, n_items)).astype(np.float64)
    total = exposure.sum()
    if total == 0:
        return float("nan")
    position = 2.0 * np.arange(1, n_items + 1) - n_items - 1.0
    return float(position @ exposure / (n_items * total))


def novelty(items: npt.ArrayLike, n: npt.ArrayLike, counts: npt.ArrayLike) -> Float64s:
    """Mean surprise of each list in bits: the mean of -log2 (share of events that the item has).

    Mean self-information (Zhou et al., PNAS 2010). The share is (count + 1) / (all counts + number of items), so that
    an item without events has a finite surprise.

    Args:
        items: whole numbers [P, K].
        n: whole numbers [P], valid entries per row.
        counts: whole numbers [n_items], events of each item, as of the moment the lists were made.

    Returns:
        float64 [P], 0 or more; NaN for an empty list.

    Raises:
        BadData: wrong shapes or kinds, a negative count, or a valid entry that is no item.

    Shares (3 + 1) / (3 + 1 + 4) = 1/2 and (1 + 1) / 8 = 1/4 are 1 and 2 bits.

    >>> novelty([[0, 1]], [2], [3, 1, 0, 0])
    array([1.5])
    """
    events = checked("counts", counts, (None,), WHOLE).astype(np.float64)
    within("counts", events, 0)
    numbers, valid = _entries(items, n, len(events))
    if len(events) == 0:
        return np.full(len(numbers), np.nan)
    bits = np.log2(events.sum() + len(events)) - np.log2(events + 1.0)
    surprise = np.where(valid, bits[numbers], 0.0).sum(axis=1)
    return _mean(surprise, valid.sum(axis=1))


def intra_list_diversity(
    items: npt.ArrayLike, n: npt.ArrayLike, tags_indptr: npt.ArrayLike, tags_indices: npt.ArrayLike
) -> Float64s:
    """How different the items of each list are: the mean over pairs of 1 - Jaccard similarity of their tag sets.

    The mean over pairs is Ziegler et al. (WWW 2005) with 1 - similarity. Memory is bounded: people are taken in blocks.
    Time: P x K x K x tags per list, in matrix products.

    Args:
        items: whole numbers [P, K].
        n: whole numbers [P], valid entries per row.
        tags_indptr: whole numbers [n_items + 1]; item i has the tags tags_indices[tags_indptr[i]:tags_indptr[i + 1]].
        tags_indices: whole numbers, 0 or more, in any order; a tag given twice counts once.

    Returns:
        float64 [P], 0 (all items have the same tags) .. 1 (no tag is shared). Pairs with an item that has no tags are
        left out, since nothing is known about them; NaN when no pair is left.

    Raises:
        BadData: wrong shapes or kinds, a broken indptr, or a valid entry that is no item.

    Tags {0, 1} and {1, 2}: one shared of three in all, 1 - 1/3.

    >>> intra_list_diversity([[0, 1]], [2], [0, 2, 4], [0, 1, 1, 2])
    array([0.66666667])
    """
    indptr = checked("tags_indptr", tags_indptr, (None,), WHOLE).astype(np.int64)
    indices = checked("tags_indices", tags_indices, (None,), WHOLE).astype(np.int64)
    if len(indptr) == 0 or indptr[0] != 0 or indptr[-1] != len(indices) or (np.diff(indptr) < 0).any():
        raise BadData(
            f"tags_indptr: expected numbers that start at 0, never fall and end at {len(indices)}, the length of "
            "tags_indices"
        )
    within("tags_indices", indices, 0)
    numbers, valid = _entries(items, n, len(indptr) - 1)
    n_lists, width = numbers.shape
    result = np.full(n_lists, np.nan)
    if n_lists == 0 or width < 2 or len(indices) == 0:
        return result
    n_tags_PK = np.where(valid, np.diff(indptr)[numbers], 0)
    # An upper bound of the different tags of one list sets how many lists fit into a block.
    block = max(1, _CELLS // (width * max(width, int(n_tags_PK.sum(axis=1).max()))))
    for start in range(0, n_lists, block):
        rows = slice(start, start + block)
        result[rows] = _diversity(_tag_sets(indptr[numbers[rows]], n_tags_PK[rows], indices))
    return result


def _tag_sets(begin_BK: Nums, n_tags_BK: Nums, indices: Nums) -> npt.NDArray[np.float32]:
    """Which tags each entry has, as 0 and 1 [B, K, T]; numbered anew within each list to keep T small."""
    n_lists, width = n_tags_BK.shape
    n_tags = n_tags_BK.ravel()
    entry = np.repeat(np.arange(n_lists * width), n_tags)
    within_entry = np.arange(len(entry)) - np.repeat(np.cumsum(n_tags) - n_tags, n_tags)
    tag = indices[np.repeat(begin_BK.ravel(), n_tags) + within_entry]
    listed = entry // width
    n_all = int(tag.max(initial=0)) + 1
    different, which = np.unique(listed * n_all + tag, return_inverse=True)
    first_of_list = np.searchsorted(different, np.arange(n_lists + 1) * n_all)
    local = which - first_of_list[listed]
    sets = np.zeros((n_lists, width, max(1, int(np.diff(first_of_list).max()))), dtype=np.float32)
    sets[listed, entry % width, local] = 1.0
    return sets


def _diversity(sets_BKT: npt.NDArray[np.float32]) -> Float64s:
    """Mean of 1 - Jaccard over the pairs of each list whose two entries have tags: float64 [B]."""
    shared_BKK = sets_BKT @ sets_BKT.transpose(0, 2, 1)
    size_BK = sets_BKT.sum(axis=2)
    either_BKK = size_BK[:, :, None] + size_BK[:, None, :] - shared_BKK
    tagged_BK = size_BK > 0
    width = tagged_BK.shape[1]
    pair_BKK = tagged_BK[:, :, None] & tagged_BK[:, None, :] & np.triu(np.ones((width, width), dtype=bool), 1)
    distance = np.where(pair_BKK, 1.0 - shared_BKK.astype(np.float64) / np.maximum(either_BKK, 1.0), 0.0)
    return _mean(distance.sum(axis=(1, 2)), pair_BKK.sum(axis=(1, 2)))


def _mean(total: Float64s, number: npt.NDArray[Any]) -> Float64s:
    """total / number, NaN where number is 0."""
    mean: Float64s = np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
    return mean


def _exposure(items: npt.ArrayLike, n: npt.ArrayLike, n_items: int) -> Nums:
    """How often each item stands in a list: int64 [n_items]."""
    numbers, valid = _entries(items, n, n_items)
    return np.bincount(numbers[valid], minlength=n_items)


def _entries(items: npt.ArrayLike, n: npt.ArrayLike, n_items: int) -> tuple[Nums, npt.NDArray[np.bool_]]:
    """Checked lists [P, K] and which entries are valid; the others are set to 0, so that they can serve as an index."""
    numbers = checked("items", items, (None, None), WHOLE)
    n_lists, width = numbers.shape
    lengths = checked("n", n, (n_lists,), WHOLE)
    within("n", lengths, 0, width)
    valid = np.arange(width) < lengths[:, None]
    if n_items < 0 or (n_items == 0 and valid.any()):
        raise BadData(f"n_items is {n_items}: expected the size of the catalogue the lists were drawn from")
    # Signed before the comparison below, and a copy, so that the caller's array stays as it is.
    kept = np.where(valid, numbers, 0).astype(np.int64)
    within("items", kept, 0, max(n_items - 1, 0))
    return kept, valid
