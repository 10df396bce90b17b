"""The arms that are no language models: linear over letters, and over word vectors. They are trained in a second, so each run trains its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from distill import extras
from distill.errors import UsageError
from distill.evaluate.arm_kinds import gold_student
from distill.student.linear import FILES, Classifier
from distill.student.stage import linear_student, train_linear
from distill.student.trainers.linear import FEWEST_ROWS
from distill.task.run import ActiveRun
from distill.task.task import Task


def models(run: ActiveRun, previous: Classifier | None = None) -> dict[str, Classifier]:
    """Arm → the classifier that answers for it; none where answers are not closed. `previous` is that of the run before."""
    task, own = run.task, run.task.spec.student.train
    found: dict[str, Classifier | None] = {"previous": previous}
    if student := linear_student(task, run.folder):
        found["student"] = student
    for way in FILES:
        if way in task.spec.arms and way != own.with_:
            found[way] = _trained(run, way)
    if own.classifier and "gold_student" in task.spec.arms and not gold_student.why_not(run):
        found["gold_student"] = train_linear(run, own.with_, gold=True)
    return {name: model for name, model in found.items() if model is not None}


def _trained(run: ActiveRun, way: str) -> Classifier | None:
    """None where there is nothing to learn, or what it takes is not here: then `left_out` says so."""
    try:
        return train_linear(run, way)
    except UsageError as fault:
        run.watch.say(f"  the arm {way} is left out: {fault}")
        return None


def lacking(fields: Sequence[str]) -> list[str]:
    """What is said where a linear model leaves fields of an answer open."""
    if not fields:
        return []
    return [
        f"the linear model answers without {', '.join(f'`{name}`' for name in fields)}: it learns values that come again, and no free text"
    ]


def left_out(task: Task, there: Collection[str]) -> list[str]:
    """What is said where a classifier is asked for by name and is not among those that are there."""
    named, found = task.spec.evaluate.arms or (), []
    for way, said in _SAID.items():
        if way not in named or way in there or task.spec.student.train.with_ == way:
            continue
        lacks = extras.missing("meaning") if way == "embedding" and task.spec.student.train.encoder is None else []
        why = (
            f"{lacks[0]} is not installed; {extras.hint('meaning')}"
            if lacks
            else f"no field of the training rows has values that come again, or they are fewer than {FEWEST_ROWS}"
        )
        found.append(f"{said} is left out: {why}")
    return found


_SAID: Mapping[str, str] = {"linear": "the linear model", "embedding": "the embedding model"}
