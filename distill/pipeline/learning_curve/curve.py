"""`distill curve`: the run's student trained on nested subsets of its rows, each scored on the same test rows, and whether more rows pay.

What is finished stays in the run's folder, so a curve that was stopped goes on, and one that is there costs nothing again. The run's
own dataset, student and comparison are only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from distill.atomic_write import write_json
from distill.errors import GateNotMet, UsageError
from distill.evaluate.curve import fit, intervals, stopping
from distill.evaluate.curve.result import (
    FILE,
    CurveFile,
    CurvePoint,
    LastStep,
    LearningCurve,
    SeedScore,
    dataset_key,
    read_curves,
)  # fmt: skip
from distill.money import Budget
from distill.pipeline import facts
from distill.pipeline.learning_curve.plan import MOST_SEEDS, CurvePlan, CurveRequest, planned
from distill.pipeline.learning_curve.points import Trained, trained
from distill.pipeline.learning_curve.price import price_a_row
from distill.pipeline.learning_curve.rows import CurveRows, curve_rows, student_kind
from distill.pipeline.learning_curve.scores import scored
from distill.pipeline.learning_curve.subsets import FEWEST_POINTS
from distill.pipeline.next_run import growing, run_number
from distill.rundir import RunDir, read_parquet
from distill.stats import Estimate
from distill.task import event_loop, stores, used_spec
from distill.task.interrupt import interruptible
from distill.task.run import ActiveRun, ledger
from distill.task.task import Task
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender


async def draw(
    task: Task,
    folder: RunDir,
    request: CurveRequest,
    watch: Watcher,
    *,
    told: Callable[[CurvePlan], None] | None = None,
) -> LearningCurve:
    """The curve of a run's student, drawn as far as it is not there; `told` is called with the plan before anything is trained.

    UsageError where the run, or what is asked, bears no curve; GateNotMet where nothing can be learnt or scored.
    """
    kind = student_kind(task, folder, request.student)
    if not 1 <= request.seeds <= MOST_SEEDS:
        raise UsageError(f"--seeds is {request.seeds}; expected 1 to {MOST_SEEDS}")
    if changed := used_spec.changed_prompt(task, folder):
        raise UsageError(
            f"{changed} is not the prompt any more that {folder.name} was made with; `distill run {folder.task}` makes a run with it"
        )
    rows = curve_rows(folder, kind)
    with folder.lock(), opened(task, folder, watch) as run:
        plan = planned(run, rows, request)
        if told is not None:
            told(plan)
        with interruptible(run.sender):
            points = await _points(run, rows, plan)
        curve = _curve(run, rows, points)
        write_json(folder.path / FILE, asdict(CurveFile(dataset_key(folder), {**read_curves(folder), kind: curve})))
    return curve


drawn = event_loop.finished(draw)
"""The same from a thread whose loop, if it has one, goes on."""


@contextmanager
def opened(task: Task, folder: RunDir, watch: Watcher) -> Iterator[ActiveRun]:
    """A run whose student is trained on other rows, beside its stages; its money is the run's, and so is what it grew."""
    task = growing.as_grown(task, folder)
    with stores.opened(task.home, task.addresses) as store:
        sender = Sender(
            store=store, run=folder.name, budget=Budget(task.spec.budget.usd, store.spent(folder.name)), watch=watch
        )
        yield ActiveRun(task, folder, store, sender, watch, run_number.parent_of(folder), ("train",), facts=facts.FACTS)


async def _points(run: ActiveRun, rows: CurveRows, plan: CurvePlan) -> list[list[Trained]]:
    """Each point with its seeds; a number of rows on which some seed learns nothing is left out."""
    found: dict[int, list[Trained]] = {count: [] for count in plan.rows}
    for place, name in enumerate(plan.names, 1):
        if name.rows not in found:
            continue
        if name in plan.to_train:
            seed = f", seed {name.seed + 1} of {plan.seeds}" if plan.seeds > 1 else ""
            run.watch.stage("curve", f"training {place} of {len(plan.names)}: {name.rows:,} rows{seed}")
        one = await trained(run, rows, name)
        if one is None:
            run.watch.say(f"  {name.rows:,} rows are left out: no field's values come again often enough to be learnt")
            del found[name.rows]
        else:
            found[name.rows].append(one)
    if len(found) < FEWEST_POINTS:
        raise GateNotMet(
            f"a linear model learns answers of few values that come again, such as labels, and the rows of {run.folder.name} bear fewer than "
            f"{FEWEST_POINTS} points of that; draw the curve of a language model (student.train.with: lora)"
        )
    return list(found.values())


def _curve(run: ActiveRun, rows: CurveRows, points: Sequence[Sequence[Trained]]) -> LearningCurve:
    task, counts, seeds = run.task, [seeds[0].name.rows for seeds in points], len(points[0])
    found = scored(task, run.folder, rows.tests, points)
    draws = intervals.drawn_means(found.values, found.clusters)
    marks = [
        _point(seeds, intervals.score(found.values[at], draws[:, at], found.clusters), found.values[at])
        for at, seeds in enumerate(points)
    ]
    gain = intervals.difference(found.values[-1], found.values[-2], draws[:, -1] - draws[:, -2], found.clusters)
    step = LastStep(counts[-2], counts[-1], gain)
    projected = fit.doubled_gain(counts, found.values, draws, gain)
    margin = task.spec.evaluate.margin
    doubling = None if gain.small else stopping.decided(projected, counts[-1], margin)
    price = price_a_row(read_parquet(run.folder / "samples.parquet", ["teacher", "fate", "usd"]), ledger(run))
    return LearningCurve(
        run=run.folder.name, student=rows.student, metric=found.metric, measure=found.measure, test_rows=rows.tests.height,
        scored=found.values.shape[2], seeds=seeds, interval=intervals.described(seeds), points=marks, last_step=step,
        doubling=doubling, price=price, advice=stopping.advise(step, doubling, price, margin=margin, seeds=seeds, marks=len(marks)),
    )  # fmt: skip


def _point(seeds: Sequence[Trained], score: Estimate, values: intervals.Floats) -> CurvePoint:
    means = values.mean(axis=1).tolist()
    each = [SeedScore(one.name.seed, mean, one.seconds) for one, mean in zip(seeds, means, strict=True)]
    return CurvePoint(seeds[0].name.rows, score, each)
