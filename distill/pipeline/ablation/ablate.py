"""`distill ablate`: the run's student trained on equally many rows with one gate or step left out, and what each is worth.

What is finished stays in the run's folder, so an ablation that was stopped goes on, and one that is there costs nothing again. Nothing is
bought: all answers are in the store. The run's own dataset, student and comparison are only read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict

from distill.atomic_write import write_json
from distill.errors import GateNotMet, UsageError
from distill.evaluate.ablation.advice import advise, same_rows
from distill.evaluate.ablation.result import (
    FILE,
    Ablation,
    AblationFile,
    DropPrice,
    LeftOut,
    ablation_key,
    read_ablations,
)  # fmt: skip
from distill.evaluate.curve import intervals
from distill.pipeline.ablation.effects import MeasuredEffect, measure
from distill.pipeline.ablation.equal_size import VariantRows
from distill.pipeline.ablation.plan import AblationPlan, AblationRequest, Prepared, planned, prepared, trainings
from distill.pipeline.ablation.price import prices
from distill.pipeline.ablation.variants import let_in
from distill.pipeline.learning_curve.curve import opened
from distill.pipeline.learning_curve.points import Trained, trained
from distill.pipeline.learning_curve.rows import curve_rows, student_kind
from distill.rundir import RunDir
from distill.task import event_loop, used_spec
from distill.task.interrupt import interruptible
from distill.task.run import ActiveRun
from distill.task.task import Task
from distill.teacher.progress import Watcher

_NOTHING_PAID = DropPrice(0.0, 0.0)


async def ablate(
    task: Task,
    folder: RunDir,
    request: AblationRequest,
    watch: Watcher,
    *,
    told: Callable[[AblationPlan], None] | None = None,
) -> Ablation:
    """What each gate of a run is worth, as far as it is not there; `told` is called with the plan before anything is trained.

    UsageError where the run, or what is asked, bears no ablation; GateNotMet where nothing can be learnt or scored.
    """
    kind = student_kind(task, folder, request.student, "ablate")
    if changed := used_spec.changed_prompt(task, folder):
        raise UsageError(
            f"{changed} is not the prompt any more that {folder.name} was made with; `distill run {folder.task}` makes a run with it"
        )
    own = curve_rows(folder, kind)
    with folder.lock(), opened(task, folder, watch) as run:
        found = prepared(run, own, request)
        plan = planned(run, found, request)
        if told is not None:
            told(plan)
        with interruptible(run.sender):
            points = await _trained(run, found, plan)
        ablation = _ablation(run, found, plan, points)
        write_json(
            folder.path / FILE, asdict(AblationFile(ablation_key(folder), {**read_ablations(folder), kind: ablation}))
        )
    return ablation


ablated = event_loop.finished(ablate)
"""The same from a thread whose loop, if it has one, goes on."""


async def _trained(run: ActiveRun, found: Prepared, plan: AblationPlan) -> dict[str, list[Trained]]:
    """Variant → its trainings, a seed each."""
    points: dict[str, list[Trained]] = defaultdict(list)
    for place, (one, name) in enumerate(trainings(found, plan.rows, plan.seeds), 1):
        left_out = f"without {one.variant.name}" if one.variant.name else "nothing left out"
        if plan.to_train:
            run.watch.stage("ablate", f"training {place} of {plan.trainings}: {left_out}, seed {name.seed + 1}")
        made = await trained(run, one.rows, name)
        if made is None:
            raise GateNotMet(
                f"a linear model learns answers of few values that come again, such as labels, and {name.rows:,} rows of {run.folder.name} "
                f"({left_out}) bear none; ablate a language model (student.train.with: lora)"
            )
        points[one.variant.name].append(made)
    return points


def _ablation(run: ActiveRun, found: Prepared, plan: AblationPlan, points: Mapping[str, list[Trained]]) -> Ablation:
    measured = measure(run, found.base.rows.tests, points)
    cost = prices(found.whole)
    return Ablation(
        run=run.folder.name, student=plan.student, metric=measured.metric if measured else "", measure=measured.measure if measured else "",
        test_rows=plan.test_rows, scored=measured.scored if measured else 0, rows=plan.rows, seeds=plan.seeds,
        interval=intervals.described(plan.seeds), counts=found.base.counts(plan.rows), whole=measured.score("") if measured else None,
        left_out=[_left_out(run, found, one, plan, measured, cost) for one in found.variants],
    )  # fmt: skip


def _left_out(
    run: ActiveRun, found: Prepared, one: VariantRows, plan: AblationPlan, measured: MeasuredEffect | None,
    cost: Mapping[str, DropPrice],
) -> LeftOut:  # fmt: skip
    whole, name = found.whole.variant, one.variant.name
    dropped, unjudged = whole.dropped.get(name, 0), len(one.variant.pending - whole.pending)
    price = cost.get(name, _NOTHING_PAID)
    effect, sure, advice = None, [], same_rows(name, dropped, unjudged)
    if measured is not None and not one.same_as(found.base):
        effect, sure = measured.effect(name), measured.sure(name)
        advice = advise(name, effect, sure, price, margin=run.task.spec.evaluate.margin, seeds=plan.seeds)
    return LeftOut(
        name=name, dropped=dropped, let_in=let_in(one.variant, whole), unjudged=unjudged, counts=one.counts(min(plan.rows, one.rows.samples.height)),
        price=price, without=measured.score(name) if measured and effect else None, effect=effect, sure=sure, advice=advice,
    )  # fmt: skip
