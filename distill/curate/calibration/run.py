"""`distill calibrate`: what the gates and the judges of a spec decide, beside what people said of the same answers.

Only judges are asked, live and within the budget; what the store holds of them is not asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from distill.curate.calibration import stats
from distill.curate.calibration.decisions import (
    Decisions,
    VerdictsByRequest,
    beside_labels,
    decide,
    decided_together,
    verdicts_asked_for,
)
from distill.curate.calibration.judges import judge_calibration
from distill.curate.calibration.labelled import LabelledAnswers, read_labelled
from distill.curate.calibration.results import Calibration, GateCalibration, GateLeftOut
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.gates.judge.requests import judge_warnings
from distill.curate.gates.judge.send import JudgeCalls
from distill.curate.gates.settings import GateSettings
from distill.curate.inputs import gate_settings
from distill.errors import UsageError
from distill.money import Budget, known_usd
from distill.task import event_loop, stores
from distill.task.interrupt import interruptible
from distill.task.requirements import need_price
from distill.task.task import Task
from distill.teacher.progress import Watcher
from distill.teacher.send import Sender

_NEEDS_SEVERAL = {"agreement": "needs several answers to one row"}
"""Gates that cannot look at a single answer."""


def calibrate(task: Task, gold: Path | None, *, watch: Watcher) -> Calibration:
    """Each gate and all together beside the labels of `gold`, by default of `judge.gold`; asks judges what is missing."""
    need_price(task)
    path = _path(task, gold)
    answers = read_labelled(task, path)
    return event_loop.run(_calibrate(task, path, answers, watch))


def _path(task: Task, gold: Path | None) -> Path:
    if gold is not None:
        return gold
    if task.spec.judge is None or task.spec.judge.gold is None:
        raise UsageError("no labelled answers to compare with; give --gold FILE, or name the file as judge.gold")
    return task.path.parent / task.spec.judge.gold


async def _calibrate(task: Task, path: Path, answers: LabelledAnswers, watch: Watcher) -> Calibration:
    run = f"{task.spec.task}/calibrate"
    with stores.opened(task.home, task.addresses) as store:
        sender = Sender(store=store, run=run, budget=Budget(task.spec.budget.usd, store.spent(run)), watch=watch)
        gates, by_gate, pending = await _asked(task, sender, answers)
        compared, decisions = _compared(gates, by_gate, answers)
        unpriced = store.unpriced(run)
        usd = known_usd(store.spent(run), unpriced)
    labels = list(answers.good.values())
    return Calibration(
        task=task.spec.task,
        gold=str(path),
        rows=len(labels),
        good=sum(labels),
        gates=compared,
        together=stats.compare(beside_labels(answers, decided_together(answers, decisions))),
        requests_sent=sender.sends,
        usd=usd,
        unpriced_calls=unpriced,
        pending=pending,
        warnings=[*judge_warnings(task), *_warnings(labels, compared)],
    )


async def _asked(
    task: Task, sender: Sender, answers: LabelledAnswers
) -> tuple[GateSettings, list[VerdictsByRequest | None], int]:
    """The gates, the verdicts that each asked for, and the number of rows whose verdicts are pending."""
    calls = JudgeCalls(task, sender, live=True)
    with interruptible(sender):
        while True:
            verdicts = VerdictLookup(task, sender.store, answers.gold)
            gates = gate_settings(task, answers.seeds, verdicts)
            by_gate = [verdicts_asked_for(verdicts, name, settings, answers) for name, settings in gates]
            if not await calls.send(verdicts.unanswered):
                return gates, by_gate, len(verdicts.pending)


def _compared(
    gates: GateSettings, by_gate: Sequence[VerdictsByRequest | None], answers: LabelledAnswers
) -> tuple[list[GateCalibration | GateLeftOut], list[Decisions]]:
    """Each gate beside the labels, and what each decides."""
    found, made = list[GateCalibration | GateLeftOut](), list[Decisions]()
    for (name, settings), verdicts in zip(gates, by_gate, strict=True):
        if name in _NEEDS_SEVERAL:
            found.append(GateLeftOut(name, _NEEDS_SEVERAL[name]))
            continue
        decisions = decide(name, settings, answers)
        judges = None if verdicts is None else judge_calibration(name, settings, answers, decisions, verdicts)
        found.append(GateCalibration(name, stats.compare(beside_labels(answers, decisions)), judges))
        made.append(decisions)
    return found, made


def _warnings(labels: Sequence[bool], gates: Sequence[GateCalibration | GateLeftOut]) -> list[str]:
    found = []
    if len(set(labels)) < 2:
        only, other = ("good", "bad") if labels[0] else ("bad", "good")
        found.append(
            f"All {len(labels)} answers are labelled {only}: this shows nothing about the {other} ones; add some."
        )
    compared = [gate for gate in gates if isinstance(gate, GateCalibration) and gate.agreement.agreement is not None]
    judged = [gate for gate in compared if gate.judges is not None] or compared
    shares = [(gate.agreement.agreement.mean, gate.agreement.n) for gate in judged if gate.agreement.agreement]
    if need := max((stats.rows_for(share) for share, n in shares if stats.wide(share, n)), default=0):
        found.append(f"{len(labels)} labelled answers are few: agreement within 5 points needs about {need:,}.")
    return found
