"""What comes of it when the student answers what it is sure of, and the teacher the rest: on the test rows, which set no threshold.

`cascade` takes the test rows with the student's confidence and whether its answer is wrong, and what each call took. A row whose answer
nobody can judge counts for coverage and price, and not for risk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distill.evaluate.selective.threshold import ConfidenceThreshold
from distill.stats import Estimate, mean_interval

_POINTS = 20
"""Points of the curve at the most."""


@dataclass(frozen=True, slots=True)
class RoutedRow:
    """A test row: the student's confidence from 0 to 1, whether it is wrong (None: not known), its labels, and the seconds of both calls
    (None: not measured).
    """

    confidence: float
    wrong: bool | None
    labels: Mapping[str, str]
    student_s: float | None = None
    teacher_s: float | None = None
    cluster: str | None = None
    """Which rows belong together; None where it is alone."""


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """The surest `coverage` of the test rows, and the share of them that is wrong with its 95 % interval."""

    coverage: float
    confidence: float
    """That of the last of them."""
    risk: Estimate


@dataclass(frozen=True, slots=True)
class StratumCoverage:
    """Test rows with one value of a label: how many there are, are kept, and are wrong of those kept."""

    label: str
    value: str
    rows: int
    kept: int
    wrong: int


@dataclass(frozen=True, slots=True)
class CascadePrice:
    """Dollars a thousand calls and the 95th percentile of the seconds of one, beside the teacher alone; None where not known."""

    usd_per_1000: float | None
    teacher_usd_per_1000: float | None
    p95_s: float | None
    teacher_p95_s: float | None


@dataclass(frozen=True, slots=True)
class Selective:
    """What the student answers alone. `against` is what wrong means; `signal` where the confidence is from, empty where there is none,
    and `note` then says why. `coverage` and `risk` are those of the test rows.
    """

    limit: float
    """The risk that is allowed, a share of the answers that are kept."""
    against: str = ""
    signal: str = ""
    fields: list[str] = field(default_factory=list)
    threshold: ConfidenceThreshold | None = None
    coverage: Estimate | None = None
    risk: Estimate | None = None
    by_stratum: list[StratumCoverage] = field(default_factory=list)
    curve: list[RiskPoint] = field(default_factory=list)
    price: CascadePrice | None = None
    far: int = 0
    """Test rows that are far from all training rows, and go to the teacher."""
    note: str = ""


def kept(row: RoutedRow, found: ConfidenceThreshold) -> bool:
    """Whether the student's answer is taken."""
    return found.kept > 0 and row.confidence > found.confidence


def coverage_of(rows: Sequence[RoutedRow], found: ConfidenceThreshold) -> Estimate | None:
    """Share of the rows that are kept."""
    return _share(rows, [kept(row, found) for row in rows]) if rows else None


def risk_of(rows: Sequence[RoutedRow], found: ConfidenceThreshold) -> Estimate | None:
    """Share of those kept that is wrong; None where none is kept whose answer can be judged."""
    judged = [row for row in rows if kept(row, found) and row.wrong is not None]
    return _share(judged, [bool(row.wrong) for row in judged]) if judged else None


def _share(rows: Sequence[RoutedRow], hits: Sequence[bool]) -> Estimate:
    clusters = [n if row.cluster is None else row.cluster for n, row in enumerate(rows)]
    return mean_interval([float(hit) for hit in hits], clusters)


def by_stratum(rows: Sequence[RoutedRow], found: ConfidenceThreshold) -> list[StratumCoverage]:
    """A line for each value of each label."""
    groups: dict[tuple[str, str], list[RoutedRow]] = {}
    for row in rows:
        for label, value in row.labels.items():
            groups.setdefault((label, str(value)), []).append(row)
    return [
        StratumCoverage(
            label, value, len(inside), sum(kept(row, found) for row in inside),
            sum(kept(row, found) and bool(row.wrong) for row in inside),
        )
        for (label, value), inside in sorted(groups.items())
    ]  # fmt: skip


def curve(rows: Sequence[RoutedRow]) -> list[RiskPoint]:
    """Risk over coverage, from the surest rows to all that have a confidence."""
    ordered = sorted((row for row in rows if row.confidence > 0), key=lambda row: -row.confidence)
    ends = sorted({max(1, round(len(ordered) * part / _POINTS)) for part in range(1, _POINTS + 1)}) if ordered else []
    points = []
    for end in ends:
        judged = [row for row in ordered[:end] if row.wrong is not None]
        if judged:
            risk = _share(judged, [bool(row.wrong) for row in judged])
            points.append(RiskPoint(end / len(rows), ordered[end - 1].confidence, risk))
    return points


def price(
    rows: Sequence[RoutedRow],
    found: ConfidenceThreshold,
    *,
    student_usd: float | None,
    teacher_usd: float | None,
    calls: int = 1,
) -> CascadePrice:
    """`student_usd` and `teacher_usd` are a thousand calls of each; the student is asked `calls` times for each row, the teacher for those
    that are not kept, and one after the other.
    """
    share = sum(kept(row, found) for row in rows) / len(rows) if rows else 0.0
    usd = None
    if student_usd is not None and teacher_usd is not None:
        usd = student_usd * calls + teacher_usd * (1 - share)
    both = [
        row.student_s + (0.0 if kept(row, found) else row.teacher_s)
        for row in rows
        if row.student_s is not None and row.teacher_s is not None
    ]
    theirs = [row.teacher_s for row in rows if row.teacher_s is not None]
    return CascadePrice(usd, teacher_usd, p95(both), p95(theirs))


def p95(values: Sequence[float]) -> float | None:
    """The 95th percentile; None of none."""
    import numpy as np

    return float(np.quantile(values, 0.95)) if values else None
