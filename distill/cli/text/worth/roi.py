"""A sum of `distill roi`, for people: the answer, its inputs with their sources, other volumes, and what a point must be worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.advise.quantity import Quantity
    from distill.advise.roi.break_even import BreakEven, PointWorth, VolumePoint
    from distill.advise.roi.roi import Quality, Roi


def roi_lines(found: Roi) -> list[str]:
    """The answer first; every input follows."""
    lines = [f"{found.run}: does the student pay?"]
    lines += [f"  {result_line(one)}" for one in found.results]
    if not found.results:
        lines.append("  unknown: how many calls a day there are")
    lines += [
        "",
        f"paid once: {amount(found.once)}",
        f"each day: {amount(found.upkeep_a_day)} for {found.upkeep_a_day.name}",
    ]
    lines.append(f"each day: {amount(found.hosting_a_day)} for {found.hosting_a_day.name}")
    lines += ["", "at another volume, the student alone against the prompted teacher:", *_volumes(found)]
    lines += ["", target_line(found)]
    if found.quality:
        lines.append(quality_line(found.quality))
    lines += ["", "inputs:", *(f"  {input_line(one)}" for one in found.inputs)]
    if found.unknowns:
        lines += ["", "not known, and never counted as nothing:", *(f"  {one}" for one in found.unknowns)]
    return lines


def result_line(one: BreakEven) -> str:
    """One way against one rival."""
    name = f"{one.way}, against the {one.against}"
    prices = f"{dollars(one.own_per_1000)} against {dollars(one.rival_per_1000)} per 1,000 calls"
    if one.state == "unknown":
        return f"{name}: unknown ({prices})"
    if one.days is None or one.calls is None:
        saved = (
            ""
            if one.saving_a_day is None
            else f": {dollars(-one.saving_a_day)} a day more expensive, with upkeep and its machine"
        )
        return f"{name}: never pays{saved} ({prices})"
    span = "" if one.low is None else f" ({days(one.low)} to {days(one.high)})"
    return f"{name}: pays after {days(one.days)}{span} or {one.calls:,.0f} calls ({prices}; saves {dollars(one.saving_a_day)} a day)"


def target_line(found: Roi) -> str:
    """The least volume that pays by the day that was aimed at."""
    if found.volume_for_target is None:
        return f"by day {found.target_days:g}: no volume is known at which it has paid for itself"
    return f"by day {found.target_days:g} it has paid for itself from {found.volume_for_target:,.0f} calls a day on"


def quality_line(found: Quality) -> str:
    """What quality and money say together."""
    gap = f"quality ({found.metric}): {found.points:+.1f} points against the teacher ({found.low:+.1f} to {found.high:+.1f}, n = {found.n})"
    return f"{gap}: {_worth(found.worth)}; at the low end: {_worth(found.worth_low)}; at the high end: {_worth(found.worth_high)}"


def _worth(found: PointWorth | None) -> str:
    if found is None:
        return "unknown, as a cost is"
    if found.bound is None:
        return {"always": "pays whatever a point is worth", "never": "never pays, whatever a point is worth"}[
            found.pays_if
        ]
    return f"pays if {found.pays_if} than {dollars(found.bound)} per 1,000 calls"


def input_line(one: Quantity) -> str:
    """A figure with its interval, its unit and where it comes from."""
    span = ""
    if one.low is not None and one.high is not None and one.n is not None:
        span = f" ({number(one.low)} to {number(one.high)}, n = {one.n})"
    value = "unknown" if one.value is None else f"{number(one.value)}{span} {one.unit}"
    return f"{one.name.replace('_', ' ')}: {value}  [{one.source}]{f'  {one.note}' if one.note else ''}"


def _volumes(found: Roi) -> list[str]:
    head = f"  {'volume':>7}  {'calls a day':>12}  {'machines':>8}  {'saves a day':>12}  breaks even"
    return [head, *(_volume(point) for point in found.sensitivity)] if found.sensitivity else ["  unknown"]


def _volume(point: VolumePoint) -> str:
    ends = {"never": "never", "unknown": "unknown"}.get(point.state) or days(point.days)
    span = f" ({days(point.low)} to {days(point.high)})" if point.days is not None and point.low is not None else ""
    return f"  {f'×{point.factor:g}':>7}  {point.calls_a_day:>12,.0f}  {point.machines:>8}  {dollars(point.saving_a_day):>12}  {ends}{span}"


def amount(one: Quantity) -> str:
    """Dollars with their source."""
    return f"{dollars(one.value)} [{one.source}]{f' {one.note}' if one.note else ''}"


def dollars(usd: float | None) -> str:
    """Dollars; unknown is said, and never $0."""
    if usd is None:
        return "unknown"
    sign, size = ("−" if usd < 0 else ""), abs(usd)
    return f"{sign}${size:,.2f}" if size >= 1 or not size else f"{sign}${size:.4g}"


def days(count: float | None) -> str:
    """Days; None is never."""
    if count is None:
        return "never"
    return f"{count:,.1f} days" if count < 10 else f"{count:,.0f} days"


def number(value: float) -> str:
    """Digits that matter."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.4g}"
