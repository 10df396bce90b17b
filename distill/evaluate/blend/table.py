"""The table of `distill routes`: student and teacher alone, and what both together are worth at several thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from distill.errors import UsageError
from distill.evaluate.blend.blend import Blend, BlendRow, blend, way
from distill.evaluate.blend.failed import FailedStratum, failed_by_halves, failed_strata
from distill.evaluate.blend.gather import RunRows, rows_of
from distill.evaluate.blend.thresholds import TriedThreshold, of_share, tried
from distill.evaluate.comparison import ArmResult
from distill.evaluate.metrics import measure
from distill.evaluate.scores import most
from distill.rundir import RunDir
from distill.stats import Estimate
from distill.text.percentages import percent

HOW_TO_CALIBRATE = (
    "no calibration rows were set apart, so no threshold on the confidence can be measured: only far inputs, failed strata and answers that "
    "break the schema go to the other. Set `evaluate: {calibration: {rows: 300}}`, and run again; it takes these rows from training"
)


@dataclass(frozen=True, slots=True)
class AloneArm:
    """An arm that answers everything itself."""

    score: Estimate | None
    usd_per_1000: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """`other` is the arm that answers what the student does not; `chosen` is the blend whose threshold the files have. Blends are measured on
    `rows` test rows, thresholds set on `calibration` others."""

    run: str
    metric: str
    measure: str
    other: str
    rows: int
    calibration: int
    signal: str
    """Where the confidence is from; empty where nothing tells."""
    student: AloneArm
    teacher: AloneArm
    blends: Sequence[Blend]
    chosen: int
    failed: Sequence[FailedStratum] = ()
    notes: Sequence[str] = field(default_factory=list)

    @property
    def choice(self) -> Blend:
        return self.blends[self.chosen]

    def ratio(self, one: Blend) -> float | None:
        """The blend's dollars as a share of the teacher's."""
        usd = self.teacher.usd_per_1000
        return one.usd_per_1000 / usd if one.usd_per_1000 is not None and usd else None


def table_of(run: RunDir, *, other: str = "teacher", keep: float | None = None) -> RouteTable:
    """`keep` is the share of the calibration rows that the chosen threshold keeps; by itself the run's own threshold is chosen, or where its
    bound keeps nothing the teacher answers all."""
    found = rows_of(run, other)
    if not found.rows:
        raise UsageError(f"{run.name} has no test row, so nothing can be measured; seeds.test sets some aside")
    chosen, limits = _thresholds(found, keep, run)
    highest = most(found.comparison.metric, "teacher")
    blends = [
        blend(
            _with_failed(found, _limit(one)), _limit(one), set_by=one.set_by if one else "", cost=found.cost, highest=highest,
            clusters=found.clusters,
        )
        for one in limits
    ]  # fmt: skip
    comparison = found.comparison
    failed = failed_strata(found.scores, comparison, found.tests, _kept(found, _limit(chosen)))
    return RouteTable(
        run=run.name, metric=comparison.metric, measure=measure(comparison.metric, comparison.kind), other=other,
        rows=len(found.rows), calibration=len(found.sure), signal=found.routing.signal if found.routing else "",
        student=_alone(comparison.arms["student"], comparison.metric),
        teacher=_alone(comparison.arms["teacher"], comparison.metric),
        blends=blends, chosen=limits.index(chosen), failed=failed, notes=_notes(found, failed, blends[limits.index(chosen)]),
    )  # fmt: skip


def _thresholds(
    found: RunRows, keep: float | None, run: RunDir
) -> tuple[TriedThreshold | None, Sequence[TriedThreshold | None]]:
    """(the one that is chosen, all that are tried); None is no threshold."""
    if found.routing is None:
        if keep is not None:
            raise UsageError(f"--keep needs calibration rows, and {run.name} has none: {_why(found)}")
        return None, [None]
    bound = found.routing.bound
    own = TriedThreshold(found.routing.threshold, f"at most {percent(bound.risk, 0)} wrong")
    if keep is not None:
        if not 0 < keep <= 1:
            raise UsageError(f"--keep {keep:g}: expected a share above 0 and at most 1, say --keep 0.75")
        wanted = TriedThreshold(of_share(found.sure, keep), f"the surest {percent(keep, 0)}")
        every = tried(found.sure, own)
        listed = [one for one in every if one.confidence != wanted.confidence]
        return wanted, sorted([*listed, wanted], key=lambda one: one.confidence)
    return own, tried(found.sure, own)


def _limit(one: TriedThreshold | None) -> float | None:
    return one.confidence if one else None


def _kept(found: RunRows, threshold: float | None) -> set[str]:
    """The rows whose answer would be taken, whatever their stratum."""
    return {row.seed_id for row in found.rows if way(row, threshold) == "student"}


def _with_failed(found: RunRows, threshold: float | None) -> list[BlendRow]:
    """The rows, those of a stratum that failed at this threshold marked by what the other half of them tells."""
    failed = failed_by_halves(found.scores, found.comparison, found.tests, _kept(found, threshold))
    return [replace(row, failed=row.seed_id in failed) for row in found.rows]


def _why(found: RunRows) -> str:
    """Why there is no threshold."""
    selective = found.comparison.selective
    return selective.note if selective is not None and selective.note else HOW_TO_CALIBRATE


def _alone(arm: ArmResult, metric: str) -> AloneArm:
    return AloneArm(arm.metrics.get(metric), arm.usd_per_1000, arm.latency_p95_s)


def _notes(found: RunRows, failed: Sequence[FailedStratum], chosen: Blend) -> list[str]:
    notes = [] if found.routing else [_why(found)]
    if found.routing is not None and not found.routing.bound.kept:
        notes.append(
            f"the run's own threshold keeps nothing: {found.routing.bound.rows} calibration rows do not show that at most "
            f"{percent(found.routing.bound.risk, 0)} of any part are wrong (docs/cascade.md). --keep SHARE takes another"
        )
    if failed and not chosen.ways["stratum"]:
        notes.append(
            "half of the test rows does not show that these strata failed, so the table is measured without them; the files have them"
        )
    return notes
