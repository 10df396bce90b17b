"""The table of `distill routes`, and what was written, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distill.text.percentages import percent, signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from distill.evaluate.blend.blend import Blend
    from distill.evaluate.blend.failed import FailedStratum
    from distill.evaluate.blend.table import AloneArm, RouteTable
    from distill.ship.routes.write import WrittenRoutes
    from distill.stats import Estimate

_HEAD = ("", "threshold", "student keeps", "right", "to the teacher", "$ a 1,000", "of teacher", "p95")
_WHY: Mapping[str, str] = {
    "far": "far from train", "stratum": "in a failed stratum", "schema": "no answer that obeys the schema", "unsure": "not sure enough",
}  # fmt: skip


def table_lines(found: RouteTable) -> list[str]:
    """The table, the one that is chosen marked by a star; who answers what; the strata that failed; notes."""
    apart = f"; thresholds set on {found.calibration} calibration rows ({found.signal})" if found.signal else ""
    rows = [
        _HEAD, _alone("student alone", found.student, found),
        *(_blend(one, found, chosen=n == found.chosen) for n, one in enumerate(found.blends)),
        _alone("teacher alone", found.teacher, found),
    ]  # fmt: skip
    return [
        f"{found.run}: share {found.measure}, measured on n = {found.rows} test rows{apart}",
        "",
        *_columns(rows),
        "",
        _ways(found),
        *_failed(found.failed, found.other),
        *(f"note: {one}" for one in found.notes),
    ]


def written_lines(done: WrittenRoutes) -> list[str]:
    """The files of `--out`, and how they are used."""
    beside = f"the server of {', '.join(done.beside)} too, which were promoted on the same base"
    return [
        "",
        f"written to {done.folder}: {', '.join(done.files)}",
        *done.use,
        *([beside] if done.beside else []),
    ]


def _blend(one: Blend, found: RouteTable, *, chosen: bool) -> tuple[str, ...]:
    ratio = found.ratio(one)
    limit = "none" if one.threshold is None else f"{one.threshold:.3f}"
    return (
        f"{'*' if chosen else ' '} {one.set_by or 'student first'}", limit, _interval(one.keeps, found.rows),
        _interval(one.score, found.rows), _gap(one.to_teacher, found.rows), _usd(one.usd_per_1000), "–" if ratio is None else percent(ratio, 0), _time(one.p95_s),
    )  # fmt: skip


def _alone(name: str, arm: AloneArm, found: RouteTable) -> tuple[str, ...]:
    usd, theirs = arm.usd_per_1000, found.teacher.usd_per_1000
    ratio = percent(usd / theirs, 0) if usd is not None and theirs else "–"
    return f"  {name}", "", "", _interval(arm.score, found.rows), "", _usd(usd), ratio, _time(arm.p95_s)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Cells under each other, the first column to the left."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]  # fmt: skip


def _ways(found: RouteTable) -> str:
    """Who answers the test rows by the choice, and why."""
    ways = found.choice.ways
    others = [f"{count} {_WHY[name]}" for name, count in ways.items() if name != "student" and count]
    passed = f"; the {found.other} {found.rows - ways['student']}: {', '.join(others)}" if others else ""
    right = found.choice.kept_score
    own = f" and gets {_interval(right)} of them right" if right is not None else ""
    return f"at * the student answers {ways['student']} of {found.rows} test rows{own}{passed}"


def _failed(strata: Sequence[FailedStratum], other: str) -> list[str]:
    return [
        f"goes to the {other} whole: {one.name}, where the student gets {percent(one.student, 0)} and the teacher "
        f"{percent(one.teacher, 0)}, on {one.rows} test rows whose answer would be taken"
        for one in strata
    ]


def _interval(found: Estimate | None, rows: int = 0) -> str:
    """With n, but where that is all rows."""
    return (
        "–"
        if found is None
        else f"{percent(found.mean)} ({percent(found.low, 0)} to {percent(found.high, 0)}{_count(found, rows)})"
    )


def _gap(found: Estimate | None, rows: int) -> str:
    return (
        "–"
        if found is None
        else f"{signed(found.mean)} ({signed(found.low)} to {signed(found.high)}{_count(found, rows)})"
    )


def _count(found: Estimate, rows: int) -> str:
    return "" if found.n == rows else f", n = {found.n}"


def _usd(usd: float | None) -> str:
    return "not known" if usd is None else f"{usd:,.4g}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1000:,.3g} ms" if seconds < 1 else f"{seconds:,.3g} s"
