"""What a curve will train before it does, and about how long that takes by the rate of the run's own training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill.pipeline.learning_curve.points import PointName, is_done, is_own
from distill.pipeline.learning_curve.rows import LEAST, CurveRows
from distill.pipeline.learning_curve.subsets import sizes
from distill.rundir import read_parquet
from distill.student import stage as teaching
from distill.task.run import ActiveRun
from distill.task.stage_times import last_seconds

MOST_SEEDS = 20


@dataclass(frozen=True, slots=True)
class CurveRequest:
    """What was asked for: `rows` as the command line has it, None for quarters; `student` None for the run's own kind."""

    rows: str | None = None
    seeds: int = 1
    student: str | None = None


@dataclass(frozen=True, slots=True)
class CurvePlan:
    """The points of a curve, and which of its trainings are still to be done."""

    run: str
    student: str
    rows: tuple[int, ...]
    seeds: int
    test_rows: int
    to_train: tuple[PointName, ...]
    own: bool
    """Whether the point of all rows is the run's own student."""
    seconds: float | None
    """Of all that is to be trained and asked; None where nothing was measured yet."""

    @property
    def names(self) -> list[PointName]:
        """Every training, seed after seed."""
        return [PointName(count, seed) for seed in range(self.seeds) for count in self.rows]


def planned(run: ActiveRun, rows: CurveRows, request: CurveRequest) -> CurvePlan:
    """Looks only; UsageError where such points cannot be."""
    counts = sizes(request.rows, rows.samples.height, least=LEAST[rows.student])
    names = [PointName(count, seed) for seed in range(request.seeds) for count in counts]
    own = any(is_own(run, rows, name) for name in names)
    to_train = tuple(name for name in names if not is_own(run, rows, name) and not is_done(run, rows, name))
    return CurvePlan(
        run=run.folder.name, student=rows.student, rows=tuple(counts), seeds=request.seeds, test_rows=rows.tests.height,
        to_train=to_train, own=own, seconds=seconds_of(run, rows, to_train),
    )  # fmt: skip


def seconds_of(run: ActiveRun, rows: CurveRows, to_train: Sequence[PointName]) -> float | None:
    """About how long so many trainings take, by the run's own, which learnt `rows`; None where nothing was measured."""
    if not to_train:
        return 0.0
    count = sum(name.rows for name in to_train)
    if rows.student == "linear":
        return count / 400  # about a second for some hundred rows
    steps = teaching.losses(run.folder)
    took = float(steps[-1]["seconds"]) if steps else last_seconds(run.folder.home, run.folder.task).get("train")
    if took is None:
        return None
    return count * took / rows.samples.height + len(to_train) * _asking(run)


def _asking(run: ActiveRun) -> float:
    """Seconds of the student's answers to the test rows, when it was compared."""
    path = run.folder / "calls.parquet"
    if not path.exists():
        return 0.0
    return float(read_parquet(path, ["arm", "latency_s"]).filter(arm="student")["latency_s"].sum())
