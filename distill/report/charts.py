"""Marks drawn as inline SVG: whiskers, gaps, bars, histograms and lines; numbers come in, a string of SVG goes out.

Words stay in the HTML around a mark, so that they keep their size on a phone, wrap, and can be searched and
read aloud. Only numbers enter the SVG, so nothing of a seed or an answer can become markup here. Colours are
classes of style.css.j2, which knows light and dark. Shares are 0..1, drawn in percent of the mark's width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Point = tuple[float, float]
Interval = tuple[float, float, float, float]
"""Where it stands, and its mean, low and high."""
DayRate = tuple[int, float, float | None, bool]
"""A day as a number, its rate, the rate from which on it would have been an alarm (None: no rate), and whether it was one."""


def whisker(mean: float, low: float, high: float, *, kind: str = "other", floor: float | None = None) -> str:
    """A dot with its interval on an axis of 0..100 %; `floor` marks what is still allowed."""
    limit = f'<line class="floor" x1="{_at(floor)}" x2="{_at(floor)}" y1="0" y2="100%"/>' if floor is not None else ""
    grid = "".join(f'<line class="grid" x1="{at}%" x2="{at}%" y1="0" y2="100%"/>' for at in (0, 25, 50, 75, 100))
    return _svg(grid + limit + _dot(_at(mean), _at(low), _at(high), kind), f"{_pc(mean)}, {_pc(low)} to {_pc(high)}")


def gap(mean: float, low: float, high: float, *, margin: float, span: float) -> str:
    """A difference with its interval on an axis of -span..+span; below -margin is shaded as a loss."""

    def at(value: float) -> str:
        return _at((value + span) / (2 * span) if span else 0.5)

    shade = f'<rect class="low" width="{at(-margin)}" height="100%"/>'
    zero = f'<line class="zero" x1="{at(0)}" x2="{at(0)}" y1="0" y2="100%"/>'
    return _svg(shade + zero + _dot(at(mean), at(low), at(high), "student"), f"{_pc(mean)}, {_pc(low)} to {_pc(high)}")


def bar(share: float, *, rest: float = 0.0, kind: str = "kept") -> str:
    """A bar of `share` of the width; `rest` follows it in the colour of what was dropped."""
    main = f'<rect class="{_word(kind)}" width="{_at(share)}" height="100%" rx="3"/>'
    gone = f'<rect class="gone" x="{_at(share)}" width="{_at(rest)}" height="100%" rx="3"/>' if rest > 0 else ""
    return _svg('<rect class="track" width="100%" height="100%" rx="3"/>' + gone + main, _pc(share), "bar")


def span(start: float, end: float, *, kind: str) -> str:
    """A part of a stretch of time, from share `start` to share `end` of its width; never thinner than can be seen."""
    wide = max(end - start, 0.006)
    main = f'<rect class="{_word(kind)}" x="{_at(min(start, 1 - wide))}" width="{_at(wide)}" height="100%" rx="3"/>'
    return _svg('<rect class="track" width="100%" height="100%" rx="3"/>' + main, f"{_pc(start)} to {_pc(end)}", "bar")


def histogram(
    bins: Sequence[Sequence[int]], *, marks: Sequence[float] = (), kinds: Sequence[str] = ("kept", "gone")
) -> str:
    """Columns of equal width, the parts of each (in the classes `kinds`) on top of each other; `marks` are shares of the width."""
    most = max(map(sum, bins), default=0) or 1
    wide = 600 / max(1, len(bins))
    drawn = []
    for i, parts in enumerate(bins):
        top = 120.0
        for count, kind in zip(parts, kinds, strict=True):
            # What is there at all is seen, be it one of a million.
            high = max(count / most * 118, 1.5) if count else 0.0
            top -= high
            size = f'width="{wide - 2:.1f}" height="{high:.1f}"'
            drawn.append(f'<rect class="{_word(kind)}" x="{i * wide + 1:.1f}" y="{top:.1f}" {size}/>' if count else "")
    at = [f"{min(max(mark, 0.0), 1.0) * 600:.1f}" for mark in marks]
    limits = "".join(f'<line class="floor" x1="{x}" x2="{x}" y1="0" y2="120"/>' for x in at)
    base = '<line class="grid" x1="0" x2="600" y1="119.5" y2="119.5"/>'
    label = f"{len(bins)} columns over {sum(map(sum, bins))} values, {most} in the highest"
    return (
        f'<svg class="hist" viewBox="0 0 600 120" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"{base}{''.join(drawn)}{limits}</svg>"
    )


def lines(series: Mapping[str, Sequence[Point]]) -> str:
    """Lines over a common frame whose y axis starts at 0; a series is drawn in the class of its name."""
    points = [point for found in series.values() for point in found if all(map(math.isfinite, point))]
    if not points:
        return ""
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top = max(y for _, y in points) * 1.05 or 1.0
    grid = "".join(f'<line class="grid" x1="0" x2="600" y1="{y}" y2="{y}"/>' for y in (1, 60, 120, 180, 239))
    drawn = "".join(_line(name, found, left, max(right - left, 1e-9), top) for name, found in series.items())
    return (
        '<svg class="lines" viewBox="0 0 600 240" preserveAspectRatio="none" role="img" '
        f'aria-label="Loss by training step, from 0 to {top:.3g}">{grid}{drawn}</svg>'
    )


def curve(
    points: Sequence[Interval], *, low: float, high: float, kind: str = "student", limit: float | None = None,
    at: float | None = None,
) -> str:  # fmt: skip
    """Scores over a number that grows, each (number, mean, low, high), joined by a line; the y axis goes from `low` to `high`, and
    `limit` is marked on it, as `at` is on the x axis.
    """
    most, tall = max(x for x, *_ in points), max(high - low, 1e-9)

    def place(x: float, y: float) -> str:
        return f"{x / most * 600:.1f},{240 - (min(max(y, low), high) - low) / tall * 240:.1f}"

    grid = "".join(f'<line class="grid" x1="0" x2="600" y1="{y}" y2="{y}"/>' for y in (1, 60, 120, 180, 239))
    if limit is not None:
        y = place(0, limit).partition(",")[2]
        grid += f'<line class="floor" x1="0" x2="600" y1="{y}" y2="{y}"/>'
    if at is not None:
        x = place(min(at, most), low).partition(",")[0]
        grid += f'<line class="floor" x1="{x}" x2="{x}" y1="0" y2="240"/>'
    joined = " ".join(place(x, mean) for x, mean, *_ in points)
    marks = "".join(
        f'<path class="{_word(kind)}" d="M{place(x, least)} L{place(x, greatest)}"/><path class="dot {_word(kind)}" d="M{place(x, mean)} l0.01,0"/>'
        for x, mean, least, greatest in points
    )
    label = "; ".join(f"{x:,.0f}: {_pc(mean)}, {_pc(least)} to {_pc(greatest)}" for x, mean, least, greatest in points)
    return (
        f'<svg class="lines" viewBox="0 0 600 240" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f'{grid}<polyline class="{_word(kind)}" points="{joined}"/>{marks}</svg>'
    )


def rates(days: Sequence[DayRate], *, limit: float | None = None, top: float) -> str:
    """A rate by day, joined where days follow each other, and what would be an alarm; the y axis goes from 0 to `top`. A day's mark is in the
    class `alarm` where it was one.
    """
    left = min(day for day, *_ in days)
    wide = max(max(day for day, *_ in days) - left, 1)

    def place(day: float, rate: float) -> str:
        return f"{8 + (day - left) / wide * 584:.1f},{240 - min(rate / (top or 1), 1.0) * 236:.1f}"

    grid = "".join(f'<line class="grid" x1="0" x2="600" y1="{y}" y2="{y}"/>' for y in (1, 60, 120, 180, 239))
    if limit is not None:
        y = place(left, limit).partition(",")[2]
        grid += f'<line class="zero" x1="0" x2="600" y1="{y}" y2="{y}"/>'
    most = " ".join(place(day, at) for day, _, at, _ in days if at is not None)
    drawn = "".join(
        f'<polyline class="student" points="{" ".join(place(day, rate) for day, rate, *_ in run)}"/>' for run in _runs(days)
    )
    marks = "".join(
        f'<path class="dot {"alarm" if alarm else "student"}" d="M{place(day, rate)} l0.01,0"/>' for day, rate, _, alarm in days
        if alarm or len(days) <= 40
    )  # fmt: skip
    label = f"{len(days)} days, the last one {_pc(days[-1][1])}; {sum(alarm for *_, alarm in days)} with an alarm"
    return (
        f'<svg class="lines rates" viewBox="0 0 600 240" preserveAspectRatio="none" role="img" aria-label="{label}">{grid}'
        f'<polyline class="floor" points="{most}"/>{drawn}{marks}</svg>'
    )


def _runs(days: Sequence[DayRate]) -> list[list[DayRate]]:
    """Days in a row, each list without a gap."""
    found: list[list[DayRate]] = []
    for one in days:
        if found and one[0] - found[-1][-1][0] <= 1:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _line(name: str, points: Sequence[Point], left: float, width: float, top: float) -> str:
    at = [
        f"{(x - left) / width * 600:.1f},{240 - y / top * 240:.1f}"
        for x, y in points
        if math.isfinite(x) and math.isfinite(y)
    ]
    # A line of no length with round caps is a dot that a stretched drawing cannot distort.
    dots = "".join(f'<path class="dot {_word(name)}" d="M{xy} l0.01,0"/>' for xy in at) if len(at) <= 12 else ""
    return f'<polyline class="{_word(name)}" points="{" ".join(at)}"/>{dots}'


def _dot(mean: str, low: str, high: str, kind: str) -> str:
    ends = "".join(f'<line x1="{x}" x2="{x}" y1="30%" y2="70%"/>' for x in (low, high))
    body = f'<line x1="{low}" x2="{high}" y1="50%" y2="50%"/>{ends}<circle cx="{mean}" cy="50%" r="5.5"/>'
    return f'<g class="mark {_word(kind)}">{body}</g>'


def _svg(body: str, label: str, kind: str = "scale") -> str:
    return f'<svg class="{kind}" width="100%" height="100%" role="img" aria-label="{label}">{body}</svg>'


def _at(share: float) -> str:
    return f"{min(max(share, 0.0), 1.0) * 100:.2f}%"


def _pc(share: float) -> str:
    return f"{share * 100:.1f} %"


def _word(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum() or letter in "_-")
