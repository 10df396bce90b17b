"""A look at the logs of a shipped student: what is new in them is counted, held against the run's figures, and kept for the next look.

    found = look(task, [Path("logs")], Silent())
    found.alarms                                   # a sentence for each signal that is raised

The second look at the same logs reads nothing and says the same. A look that is ended in between has changed nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from distill.atomic_write import write_atomic, write_json
from distill.errors import DistillError, UsageError
from distill.lifecycle.harvest.candidates import NEEDED
from distill.lifecycle.harvest.harvest import harvest
from distill.lifecycle.logs.clock import LogClock
from distill.lifecycle.logs.files import log_files
from distill.lifecycle.logs.read import read_logs
from distill.lifecycle.logs.tally import LogTally
from distill.lifecycle.logs.task_shape import TaskShape
from distill.lifecycle.monitor import page
from distill.lifecycle.monitor.days import LogIntake
from distill.lifecycle.monitor.judged import alarm_sentence, judged
from distill.lifecycle.monitor.offsets import LogPart, merged, new_parts
from distill.lifecycle.monitor.rates.answer_flags import free_gates
from distill.lifecycle.monitor.rates.baseline import Baseline, RateBound, baseline, bounds, unwatched_gates
from distill.lifecycle.monitor.rates.signals import FAR, LANGUAGE, SIGNALS, TEACHER
from distill.lifecycle.monitor.result import Monitored, TeacherAsked
from distill.lifecycle.monitor.shipped import shipped
from distill.lifecycle.monitor.state import MonitorFolder, MonitorState
from distill.lifecycle.monitor.summary import day_calls, examples, teacher_examples, watched
from distill.lifecycle.monitor.teacher_sample import SampleAsked, ask_teacher
from distill.records import Json, content_id
from distill.rundir import RunDir, read_parquet
from distill.task.event_loop import run as finished
from distill.task.task import Task
from distill.teacher.progress import Watcher

_OTHER_TASK = ("other_prompt", "other_fields")
PAGE, RESULT = "monitor.html", "monitor.json"


@dataclass(frozen=True, slots=True)
class MonitorLook:
    """A look, and why not all that should be asked was; None where it was."""

    result: Monitored
    fault: DistillError | None = None


@dataclass(frozen=True, slots=True)
class HarvestTo:
    """A file for new seeds; `labels` are values of columns that the seeds have and the log has not."""

    path: Path
    labels: Mapping[str, str]


def look(
    task: Task, logs: Sequence[Path], watch: Watcher, *, run: str | None = None, harvest_to: HarvestTo | None = None
) -> MonitorLook:
    """Read what is new, judge it, and write state, page and result."""
    student = shipped(task.home, task.spec.task, run)
    folder = MonitorFolder(task.home / "monitor" / task.spec.task, task.spec.task)
    files = log_files(logs)
    with folder.lock():
        before = folder.read(student.run.name)
        settings, gates = task.spec.monitor, free_gates(task.spec.gate_settings(), output=task.output, tools=task.tools)
        own = baseline(student.run, gates)
        limits = bounds(
            own.counts,
            alpha=settings.alpha,
            tolerance=settings.tolerance,
            limits=settings.limits,
            ignore=settings.ignore,
        )
        state, notes = _held_against(before, limits)
        intake = LogIntake(
            own, gates, _today(), settings.near_rows, settings.teacher.rows, harvests=harvest_to is not None
        )
        tally = LogTally(clock=LogClock(now=int(datetime.now(UTC).timestamp() * 1e6)))
        with new_parts(files, state.logs, folder.path) as parts:
            _read(task, intake, tally, parts)
            state, names = replace(state, logs=merged(state.logs, parts)), [part.name for part in parts]
        asked = _asked(task, intake, own, watch)
        kept = _harvested(task, student.run, intake, asked, harvest_to)
        state, made = _judged(state, intake, limits, asked)
        notes += _notes(task, intake, tally, settings.near_rows) + _unheld(student.run, intake, limits)
        notes += [str(asked.fault)] if asked is not None and asked.fault is not None else []
        result = Monitored(
            task=task.spec.task, run=student.run.name, student=student.name, looked=state.looked, alarms=state.alarms,
            new_calls=intake.calls, skipped=dict(tally.dropped), models=dict(intake.models.most_common(20)), days=day_calls(state),
            signals=watched(state, limits, own.counts), notes=notes, alpha=settings.alpha, teacher=made, harvest=kept, page=str(folder.path / PAGE),
            reading=tally.plain() | {"files": names},
        )  # fmt: skip
        _write(folder, state, result)
    return MonitorLook(result, asked.fault if asked else None)


def _held_against(state: MonitorState, limits: Sequence[RateBound]) -> tuple[MonitorState, list[str]]:
    """The state for these bounds: where they are others than before, evidence begins anew."""
    now = content_id([asdict(one) for one in limits])
    if state.bounds in ("", now):
        return replace(state, bounds=now), []
    return replace(state, bounds=now, evidence={}), [
        "the figures or the settings that the log is held against are others than at the last look: evidence begins anew"
    ]


def _read(task: Task, intake: LogIntake, tally: LogTally, parts: Sequence[LogPart]) -> None:
    """Take all new calls in; UsageError where most are of another task, or none can be read."""
    if not parts:
        return
    names = {part.path.name: part for part in parts}
    for batch in read_logs([part.path for part in parts], TaskShape.of(task), tally=tally):
        intake.take(batch, names)
    others = sum(tally.dropped[reason] for reason in _OTHER_TASK)
    if others > intake.calls:
        said = next((one.detail for one in tally.examples if one.reason in _OTHER_TASK), "")
        raise UsageError(
            f"of {others + intake.calls:,} calls {others:,} are of another task than {task.spec.task} ({said}); give the logs of this one. "
            "Nothing was kept of them"
        )
    if tally.items and not intake.calls:
        raise UsageError(
            f"no call in {', '.join(part.name for part in parts[:3])}: {'; '.join(tally.sentences()) or 'no line can be read'}"
        )


def _asked(task: Task, intake: LogIntake, own: Baseline, watch: Watcher) -> SampleAsked | None:
    if not intake.sampled or intake.sample.is_empty():
        return None
    return finished(ask_teacher(task, intake.sample, own.counts.get(TEACHER), watch))


def _harvested(
    task: Task, run: RunDir, intake: LogIntake, asked: SampleAsked | None, to: HarvestTo | None
) -> Mapping[str, Json] | None:
    """Candidates for seeds from the calls that the student handles badly, those on which the teacher differs among them."""
    if to is None or not intake.calls:
        return None
    batches = list(intake.misses)
    if asked is not None and any(asked.differs.values()):
        differing = [text for text, differs in asked.differs.items() if differs]
        some = intake.sample.filter(pl.col("input").is_in(differing))
        batches.append(some.with_columns(pl.lit(SIGNALS[TEACHER].title.lower()).alias("why")).select(NEEDED))
    made = harvest(batches, task=task, seeds=read_parquet(run / "seeds.parquet"), out=to.path, labels=to.labels)
    return {**made.plain(), "said": made.sentences()}


def _judged(
    state: MonitorState, intake: LogIntake, limits: Sequence[RateBound], asked: SampleAsked | None
) -> tuple[MonitorState, TeacherAsked | None]:
    """The state after the look: its counts, evidence, alarms and examples."""
    if asked is not None and asked.differs:
        intake.days[max(intake.days)].signals[TEACHER] = [asked.count.hits, asked.count.rows]
    found, alarms = judged(state, intake.days, limits)
    if not intake.calls:  # what was said last stands
        return replace(found, looked=state.looked or _now()), None
    shown = examples(intake.shown, intake.gates, intake.baseline.known.floor)
    if asked is not None:
        shown[TEACHER] = teacher_examples(intake.sample, asked.teacher, asked.differs)
    named, raised = {one.signal: one for one in limits}, dict[str, list[str]]()
    for alarm in alarms:
        raised.setdefault(alarm.signal, []).append(alarm.day)
    said = [alarm_sentence(alarm, named[alarm.signal]) for alarm in alarms]
    return replace(
        found, looked=_now(), alarms=said, raised=raised, examples={**state.examples, **shown}
    ), asked.figures if asked else None


def _notes(task: Task, intake: LogIntake, tally: LogTally, room: int) -> list[str]:
    """What a person should know of what was read."""
    found = list(tally.sentences())
    if intake.near < intake.inputs:
        found.append(
            f"{FAR} and {LANGUAGE} look at {intake.near:,} of {intake.inputs:,} distinct inputs (monitor.near_rows is {room:,} a day); every other signal at all"
        )
    if left := unwatched_gates(task.spec.gate_settings()):
        found.append(
            f"gates that take a model, your own function or are of the dataset alone are not looked at: {', '.join(left)}"
        )
    return found


def _unheld(run: RunDir, intake: LogIntake, limits: Sequence[RateBound]) -> list[str]:
    """That answers are held against nothing, where the run does not say how its student answered."""
    held = {one.signal for one in limits if one.source == "run"}
    if not intake.gates or held & set(intake.gates):
        return []
    return [
        f"{run.name} has no answers of its student (calls.parquet; `distill evaluate {run.name}` asks for them), so gates are only counted"
    ]


def _write(folder: MonitorFolder, state: MonitorState, result: Monitored) -> None:
    write_atomic(folder.path / PAGE, page.html(result).encode("utf-8", "replace"))
    write_json(folder.path / RESULT, as_json(result))
    folder.write(state)


def as_json(result: Monitored) -> Mapping[str, object]:
    """The result as monitor.json has it."""
    return asdict(result)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
