"""The preflight of a run: its files against what its spec trains. A training asks it first, and stops where it finds a stop."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from distill import reads
from distill.curate import preflight as curation
from distill.errors import GateNotMet, UsageError
from distill.rundir import RunDir
from distill.student.preflight import hosts, target, tokens
from distill.student.preflight.check import DatasetFiles, PreflightReport, Replayed, Way, check
from distill.student.preflight.cost import TrainingSettings
from distill.student.preflight.findings import GRADES, Finding
from distill.student.preflight.gpus.cards import Gpus
from distill.student.preflight.speed import Speed
from distill.student.preflight.target import TrainingTarget
from distill.student.tuning.replay import wanted
from distill.task.run import ActiveRun
from distill.task.task import Task


def report(
    task: Task, folder: RunDir, *, rate: Callable[[], Speed | None] = lambda: None, gpus: Gpus | None = None
) -> PreflightReport:
    """What is wrong with the dataset of a run; UsageError where it has none yet. `rate` is asked how fast this machine trains, `gpus` are others."""
    # Not as a read of the stage that trains: what is only looked at here makes no training out of date.
    with reads.unrecorded():
        at = folder.path
        train, valid, test = (at / f"{name}.jsonl" for name in ("train", "valid", "test"))
        if not train.exists():
            raise UsageError(f"run {folder.name} has no train.jsonl yet; `distill export {folder.task}` writes it")
        files = DatasetFiles(train, _rows_of(valid), _rows_of(test))
        aim = _target(task, rate)
        found = check(files, aim.counter, dataclasses.replace(aim.way, gpus=gpus), today=datetime.now(UTC).date())
    return dataclasses.replace(found, file=f"{folder.name}/train.jsonl")


def replay_report(task: Task, folder: RunDir) -> PreflightReport:
    """The same of the general rows that train along, which are held against the run's test rows too."""
    replay = task.spec.student.train.replay
    if replay is None:
        raise ValueError("no general rows train along")
    with reads.unrecorded():
        aim = _target(task, lambda: None)
        files = DatasetFiles(task.path.parent / replay.from_, None, _rows_of(folder.path / "test.jsonl"))
        found = check(files, aim.counter, dataclasses.replace(aim.way, least_rows=1), today=datetime.now(UTC).date())
    return dataclasses.replace(found, file=f"student.train.replay ({replay.from_})")


def whole_report(
    task: Task, folder: RunDir, *, rate: Callable[[], Speed | None] = lambda: None, gpus: Gpus | None = None
) -> PreflightReport:
    """`report` with what is wrong with the general rows as well, and their part of what the training takes."""
    own, replay = report(task, folder, rate=rate, gpus=gpus), task.spec.student.train.replay
    if replay is None:
        return own
    general = replay_report(task, folder)
    drawn = min(wanted(own.rows, replay.share), general.rows)
    found = sorted([*own.findings, *general.findings], key=lambda one: GRADES.index(one.grade))
    here = own.here
    if here is not None and general.rows and own.tokens.total:
        more = 1 + drawn * general.tokens.total / general.rows / own.tokens.total
        low, high = (None if one is None else one * more for one in (here.seconds_low, here.seconds_high))
        here = dataclasses.replace(here, tokens=round(here.tokens * more), seconds_low=low, seconds_high=high)
    return dataclasses.replace(
        own, findings=tuple(found), here=here, replay=Replayed(replay.from_, general.rows, drawn)
    )


def ask(run: ActiveRun) -> None:
    """Tell what a training should know beforehand; GateNotMet where there is a stop, unless the run is to go on anyway."""
    found = report(run.task, run.folder)
    if run.task.spec.student.train.replay is not None and not run.anyway:
        general = replay_report(run.task, run.folder)
        if general.stops:
            raise GateNotMet(stopped(general))
    warnings = [one for one in found.findings if one.grade == "warning"]
    if found.stops and not run.anyway:
        raise GateNotMet(stopped(found))
    shown = ", ".join(f"{one.name} ({one.count:,})" for one in [*found.stops, *warnings][:4])
    if shown:
        run.watch.say(f"  preflight: {shown}; `distill preflight {run.folder.name}` says more")


def stopped(found: PreflightReport) -> str:
    """The stops of a report as the message that ends a training."""
    each = "; ".join(_sentence(one) for one in found.stops)
    return f"preflight of {found.file}: {each}. Nothing was trained or sent; correct it, or train all the same with --anyway"


def _sentence(one: Finding) -> str:
    first = one.examples[0]
    where = f"{one.file}:{first.line}" if first.line else one.file
    more = f" and {one.count - 1:,} more" if one.count > 1 else ""
    return f"{one.message} ({where}{more}: {first.said})" if first.said else f"{one.message} ({where}{more})"


def _target(task: Task, rate: Callable[[], Speed | None]) -> TrainingTarget:
    train = task.spec.student.train
    weights = task.base_weights
    if train.with_ == "hosted":
        host = hosts.at(task.base.base_url)
        return target.of_host(train.base, host, context=curation.context_of(task), epochs=float(round(train.epochs)))
    if weights is None or importlib.util.find_spec("transformers") is None:
        return TrainingTarget(
            tokens.estimated("", context=None),
            Way("a linear model" if train.classifier else "", epochs=train.epochs),
        )
    settings = TrainingSettings(
        epochs=train.epochs, batch_size=train.batch_size, learning_rate=train.learning_rate, rank=train.rank, layers=train.layers,
        recompute=train.recompute, full=train.with_ == "full", accumulate=train.accumulate, bits=train.bits,
    )  # fmt: skip
    return target.of_weights(train.base, weights, settings, context=curation.context_of(task), rate=rate)


def _rows_of(path: Path) -> Path | None:
    """A held-out file that holds rows; small runs have none."""
    return path if path.exists() and path.stat().st_size else None
