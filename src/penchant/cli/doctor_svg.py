"""The plots of the doctor's page: inline SVG that takes its colours from the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from penchant.evaluate.ledger.ledger import ModelRow, Point, Worth
from penchant.evaluate.ledger.summary import cost
from penchant.evaluate.ledger.verdicts import interval, number, signed

_LEAST_SHARE = 0.02

_MOST_COLUMNS = 5
"""The width of all charts of columns, so that they have one scale."""

_WIDTH, _BAR, _MARGIN = 320, 26, 20


def scale(lines: Sequence[Worth], base: float) -> tuple[float, float]:
    """The ends of a common axis, rounded outwards to a readable step; 0 lies inside.

    It reaches to `_LEAST_SHARE` of the whole figure `base` at least: what is nothing should look like nothing.
    """
    least = _LEAST_SHARE * base
    low = min([0.0, *(line.low for line in lines if math.isfinite(line.low))])
    high = max([least, *(line.high for line in lines if math.isfinite(line.high))])
    low = min(low, -least) if high <= least else low
    step = readable((high - low) / 4 or 1e-4)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def readable(size: float) -> float:
    """The nearest 1, 2 or 5 times a power of ten that is not smaller.

    >>> readable(0.013), readable(0.3), readable(6.0)
    (0.02, 0.5, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(size))
    return next(round(power * times, 10) for times in (1, 2, 5, 10) if power * times >= size * (1 - 1e-9))


def bar(line: Worth, ends: tuple[float, float]) -> str:
    """One worth as a bar from 0 with its interval as a whisker."""
    zero, tip, low, high = (_place(value, ends) for value in (0.0, line.difference, line.low, line.high))
    said = escape(f"{line.name}: {signed(line.difference)}, interval {interval(line)}")
    kind = {"lift": "lift", "harm": "harm"}.get(line.found, "none")
    left, width = min(zero, tip), max(abs(tip - zero), 0.8)
    middle = _BAR / 2
    return (
        f'<svg class="bar {kind}" viewBox="0 0 {_WIDTH} {_BAR}" role="img" aria-label="{said}"><title>{said}</title>'
        f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{_BAR}"/>'
        f'<rect x="{left:.1f}" y="6" width="{width:.1f}" height="{_BAR - 12}" rx="2"/>'
        f'<path class="whisker" d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8"/></svg>'
    )


def axis(ends: tuple[float, float]) -> str:
    """The labels below the bars that share an axis."""
    step = readable((ends[1] - ends[0]) / 4)
    first = math.ceil(ends[0] / step - 1e-9)
    last = math.floor(ends[1] / step + 1e-9)
    digits = max(2, min(5, math.ceil(-math.log10(step))))
    marks = []
    for i in range(first, last + 1):
        x = _place(i * step, ends)
        text = "0" if i == 0 else signed(i * step, digits)
        marks.append(
            f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="4"/><text x="{x:.1f}" y="17">{text}</text>'
        )
    return f'<svg class="axis" viewBox="0 0 {_WIDTH} 22" aria-hidden="true">{"".join(marks)}</svg>'


def _place(value: float, ends: tuple[float, float]) -> float:
    low, high = ends
    share = (value - low) / (high - low) if math.isfinite(value) else (0 - low) / (high - low)
    return _MARGIN + min(1.0, max(0.0, share)) * (_WIDTH - 2 * _MARGIN)


def columns(points: Sequence[Point]) -> str:
    """Standing columns with their intervals, one a point."""
    width, height, base = 110, 150, 118
    top = max(point.high if math.isfinite(point.high) else point.mean for point in points) or 1.0
    drawn = []
    for i, point in enumerate(points):
        x = i * width + width / 2
        y, low, high = (base - value / top * (base - 16) for value in (point.mean, point.low, point.high))
        drawn.append(
            f'<rect x="{x - 22}" y="{y:.1f}" width="44" height="{base - y:.1f}" rx="2"/>'
            f'<path class="whisker" d="M{x} {low:.1f}V{high:.1f}"/>'
            f'<text x="{x + 27}" y="{y + 4:.1f}" class="figure">{number(point.mean)}</text>'
            f'<text x="{x}" y="{base + 18}">{escape(point.label)}</text>'
        )
    said = escape("; ".join(f"{point.label}: {number(point.mean)}" for point in points))
    return (
        f'<svg class="columns lift" viewBox="0 0 {width * _MOST_COLUMNS} {height}" role="img" aria-label="{said}">'
        f'<line class="zero" x1="0" x2="{width * len(points)}" y1="{base}" y2="{base}"/>{"".join(drawn)}</svg>'
    )


def costs(rows: Sequence[ModelRow], cheapest: str) -> str:
    """Quality against cost: processor seconds on a logarithmic axis, ndcg@20 upwards, and the band within 5 % of the best."""
    width, height, left, bottom = 640, 260, 46, 34
    spent = [max(cost(row), 1e-3) for row in rows]
    low = math.floor(math.log10(min(spent)))
    high = max(low + 1, math.ceil(math.log10(max(spent))))
    step = readable(max(row.mean for row in rows) / 4 or 0.25)
    n_steps = max(1, math.ceil(max(row.mean for row in rows) / step - 1e-9))
    top = n_steps * step

    def across(seconds: float) -> float:
        return left + (math.log10(seconds) - low) / (high - low) * (width - left - 90)

    def up(value: float) -> float:
        return height - bottom - value / top * (height - bottom - 12)

    best = max(row.mean for row in rows)
    parts = [
        f'<rect class="band" x="{left}" y="{up(best):.1f}" width="{width - left}" height="{up(0.95 * best) - up(best):.1f}"/>'
    ]
    for power in range(low, high + 1):
        x = across(10.0**power)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="12" y2="{height - bottom}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - bottom + 16}">{10.0**power:g} s</text>')
    for i in range(n_steps + 1):
        y = up(step * i)
        parts.append(f'<line class="grid" x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="side" x="{left - 6}" y="{y + 4:.1f}">{number(step * i)}</text>')
    taken: list[tuple[float, float, float]] = []
    for row, seconds in zip(rows, spent, strict=True):
        x, y = across(seconds), up(row.mean)
        kind = "chosen" if row.name == cheapest else "dot"
        parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        lower = _free(x, y + 4, len(row.name), taken)
        parts.append(f'<text class="name" x="{x + 9:.1f}" y="{lower:.1f}">{escape(row.name)}</text>')
    said = escape("; ".join(f"{row.name} {number(row.mean)} at {cost(row):.1f} s" for row in rows))
    return f'<svg class="costs" viewBox="0 0 {width} {height}" role="img" aria-label="{said}">{"".join(parts)}</svg>'


def _free(x: float, y: float, length: int, taken: list[tuple[float, float, float]]) -> float:
    """The height nearest to `y` at which a word of so many letters meets no other; remembers it in `taken`."""
    end = x + 9 + 7 * length
    for step in (0, -13, 13, -26, 26, -39, 39):
        if y + step > 14 and not any(
            abs(y + step - height) < 12 and x < right and left < end for left, right, height in taken
        ):
            y += step
            break
    taken.append((x, end, y))
    return y
