"""One way to share the work, measured: of each test row who answers it, and what comes of all of them.

    blend(rows, 0.93, cost=…).score          the blend's mean with its interval
    blend(rows, 0.93, cost=…).to_teacher     its paired difference to the teacher alone
    blend(rows, None, cost=…)                no threshold: only far inputs, failed strata and broken answers leave the student

The rows set no threshold. A row whose input is far, or whose stratum failed, never reaches the student, so it takes no call of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from distill.evaluate.scores import ALONE, of_rows
from distill.evaluate.selective.cascade import p95
from distill.stats import Estimate, mean_interval, paired_difference, proportion

Way = Literal["student", "far", "stratum", "schema", "unsure"]
"""Who answers: the student, or the other, since the input is far from train, its stratum failed, the student's answer is none or breaks the
schema, or it is not sure enough."""
WAYS: tuple[Way, ...] = get_args(Way)
_UNASKED: tuple[Way, ...] = ("far", "stratum")


@dataclass(frozen=True, slots=True)
class RowCall:
    """What one arm made of a row: its score by the comparison's metric, its seconds and its dollars; None where not known."""

    score: float | None = None
    seconds: float | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class BlendRow:
    """A test row. `confidence` is None where nothing tells; `answered` is whether the student gave an answer that obeys the schema."""

    seed_id: str
    confidence: float | None
    far: bool
    answered: bool
    failed: bool
    student: RowCall
    other: RowCall
    """Of the arm that answers what the student does not."""
    teacher: RowCall


@dataclass(frozen=True, slots=True)
class BlendCost:
    """Dollars a call of the student and of the other on average, None where not known; the student is asked `calls` times a row."""

    student_usd: float | None
    other_usd: float | None
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Blend:
    """`threshold` is None where none is used, `set_by` says where it is from. `ways` counts the test rows."""

    threshold: float | None
    set_by: str
    ways: Mapping[str, int]
    keeps: Estimate
    score: Estimate | None
    kept_score: Estimate | None
    """Of the rows that the student answers."""
    to_teacher: Estimate | None
    usd_per_1000: float | None
    p95_s: float | None


def decided(
    *, far: bool, failed: bool, answered: bool = True, confidence: float | None, threshold: float | None
) -> Way:
    """Who answers, and why it is not the student. Whoever serves a row asks this; before the student was asked with `threshold` None."""
    if far:
        return "far"
    if failed:
        return "stratum"
    if not answered:
        return "schema"
    if threshold is not None and (confidence is None or confidence <= threshold):
        return "unsure"
    return "student"


def way(row: BlendRow, threshold: float | None) -> Way:
    """The same of a test row."""
    return decided(
        far=row.far, failed=row.failed, answered=row.answered, confidence=row.confidence, threshold=threshold
    )


def blend(
    rows: Sequence[BlendRow], threshold: float | None, *, set_by: str = "", cost: BlendCost, highest: float = 1.0,
    clusters: Mapping[str, str] = ALONE,
) -> Blend:  # fmt: skip
    """ValueError without rows; `highest` is the most that it can be better than the teacher, `clusters` as `scores` has them."""
    ways = [way(row, threshold) for row in rows]
    scores = {
        row.seed_id: (row.student if by == "student" else row.other).score for row, by in zip(rows, ways, strict=True)
    }
    known = {seed: score for seed, score in scores.items() if score is not None}
    own = {row.seed_id for row, by in zip(rows, ways, strict=True) if by == "student"}
    counted = Counter(ways)
    return Blend(
        threshold=threshold, set_by=set_by, ways={one: counted[one] for one in WAYS},
        keeps=proportion(counted["student"], len(rows)), score=_mean(known, clusters),
        kept_score=_mean({seed: score for seed, score in known.items() if seed in own}, clusters),
        to_teacher=_difference(rows, known, highest, clusters), usd_per_1000=_usd(rows, ways, cost), p95_s=_seconds(rows, ways),
    )  # fmt: skip


def _mean(scores: Mapping[str, float], clusters: Mapping[str, str]) -> Estimate | None:
    return mean_interval(list(scores.values()), of_rows(clusters, scores)) if scores else None


def _difference(
    rows: Sequence[BlendRow], scores: Mapping[str, float], highest: float, clusters: Mapping[str, str]
) -> Estimate | None:
    """The blend's scores minus the teacher's, on the rows that both have."""
    theirs = {row.seed_id: row.teacher.score for row in rows if row.teacher.score is not None}
    both = [seed for seed in scores if seed in theirs]
    if not both:
        return None
    return paired_difference(
        [scores[seed] for seed in both], [theirs[seed] for seed in both], of_rows(clusters, both), highest=highest
    )


def _usd(rows: Sequence[BlendRow], ways: Sequence[Way], cost: BlendCost) -> float | None:
    """Of a thousand rows: a call of the student for each that reaches it, and one of the other for each that is not kept."""
    if cost.student_usd is None or cost.other_usd is None:
        return None
    usd = sum(by not in _UNASKED for by in ways) * cost.student_usd * cost.calls
    usd += sum(
        cost.other_usd if row.other.usd is None else row.other.usd
        for row, by in zip(rows, ways, strict=True)
        if by != "student"
    )
    return 1000 * usd / len(rows)


def _seconds(rows: Sequence[BlendRow], ways: Sequence[Way]) -> float | None:
    """The 95th percentile over the rows of which both calls were timed, one after the other where both are made."""
    return p95(
        [
            (0.0 if by in _UNASKED else row.student.seconds) + (0.0 if by == "student" else row.other.seconds)
            for row, by in zip(rows, ways, strict=True)
            if row.student.seconds is not None and row.other.seconds is not None
        ]
    )
