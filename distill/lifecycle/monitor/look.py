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
from distill.lifecycle.logs.joined import Scores
from distill.lifecycle.logs.log_reader import read_logs
from distill.lifecycle.logs.tally import LogTally
from distill.lifecycle.logs.task_shape import TaskShape
from distill.lifecycle.monitor import page
from distill.lifecycle.monitor.days import LogIntake
from distill.lifecycle.monitor.feedback.correction import Corrections
from distill.lifecycle.monitor.feedback.keeping import CallsToKeep, without_kept
from distill.lifecycle.monitor.feedback.kept_calls import KeptCalls, kept_calls
from distill.lifecycle.monitor.feedback.late import LateFeedback, joined
from distill.lifecycle.monitor.feedback.result import FeedbackFigures
from distill.lifecycle.monitor.feedback.rows import FeedbackNames, said_of_calls
from distill.lifecycle.monitor.judged import alarm_sentence, judged
from distill.lifecycle.monitor.offsets import LogPart, merged, new_parts
from distill.lifecycle.monitor.rates.answer_flags import free_gates
from distill.lifecycle.monitor.rates.baseline import (
    Baseline,
    RateBound,
    baseline,
    bounds,
    right_on_tests,
    unwatched_gates,
)
from distill.lifecycle.monitor.rates.signals import FAR, LANGUAGE, SIGNALS
from distill.lifecycle.monitor.result import Monitored, TeacherAsked
from distill.lifecycle.monitor.sample.teacher_sample import SampleAsked, ask_teacher
from distill.lifecycle.monitor.shipped import ShippedStudent, shipped
from distill.lifecycle.monitor.state import MonitorFolder, MonitorState
from distill.lifecycle.monitor.summary import day_calls, examples, teacher_examples, watched
from distill.records import Json, content_id
from distill.rundir import RunDir, read_parquet
from distill.task.event_loop import run as finished
from distill.task.task import Task
from distill.teacher.progress import Watcher

_OTHER_TASK = ("other_prompt", "other_fields")
PAGE, RESULT, CALLS = "monitor.html", "monitor.json", "calls.db"


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
    task: Task,
    logs: Sequence[Path],
    watch: Watcher,
    *,
    run: str | None = None,
    feedback: Sequence[Path] = (),
    harvest_to: HarvestTo | None = None,
) -> MonitorLook:
    """Read what is new, judge it, and write state, page and result. `feedback` are files of what people said of calls, also of earlier ones."""
    student = shipped(task.home, task.spec.task, run)
    folder = MonitorFolder(task.home / "monitor" / task.spec.task, task.spec.task)
    sources = _Sources(log_files(logs) if logs or not feedback else [], log_files(feedback) if feedback else [])
    with folder.lock():
        with kept_calls(folder.path / CALLS) as kept:
            state, result, fault = _looked(task, student, folder, kept, sources, watch, harvest_to)
            state = folder.end(state, kept)
        _write(folder, state, result)
    return MonitorLook(result, fault)


@dataclass(frozen=True, slots=True)
class _Sources:
    """The files of a look."""

    logs: Sequence[Path]
    feedback: Sequence[Path]


def _looked(
    task: Task, student: ShippedStudent, folder: MonitorFolder, kept: KeptCalls, sources: _Sources, watch: Watcher,
    harvest_to: HarvestTo | None,
) -> tuple[MonitorState, Monitored, DistillError | None]:  # fmt: skip
    """The state after the look, its result, and why not all that should be asked was."""
    before, settings = folder.read(student.run.name, kept), task.spec.monitor
    gates = free_gates(task.spec.gate_settings(), output=task.output, tools=task.tools)
    own = baseline(student.run, gates)
    limits = bounds(
        own.counts, alpha=settings.alpha, tolerance=settings.tolerance, limits=settings.limits, ignore=settings.ignore
    )
    state, notes = _held_against(before, limits)
    intake = LogIntake(
        own, gates, _today(), settings.near_rows, settings.teacher.rows, CallsToKeep(settings.feedback.calls),
        harvests=harvest_to is not None,
    )  # fmt: skip
    tally, scores = LogTally(clock=LogClock(now=int(datetime.now(UTC).timestamp() * 1e6))), Scores()
    with new_parts(sources.logs, state.logs, folder.path) as parts:
        _read(task, intake, kept, tally, scores, parts)
        state, names = replace(state, logs=merged(state.logs, parts)), [part.name for part in parts]
    intake.keep.write(student.run.name, kept)
    named = FeedbackNames(settings.feedback.score, task.spec.seeds.gold)
    said = said_of_calls(sources.feedback, scores, tally, named)
    late = joined(kept, said, Corrections(task), student.run.name)
    asked = _asked(task, intake, own, watch)
    harvested = _harvested(task, student.run, intake, late, asked, harvest_to)
    state, made = _judged(state, intake, limits, asked, late)
    notes += _notes(task, intake, tally, settings.near_rows) + _unheld(student.run, intake, limits)
    notes += [*([str(asked.fault)] if asked.fault is not None else []), *asked.warnings] if asked is not None else []
    return state, Monitored(
        task=task.spec.task, run=student.run.name, student=student.name, looked=state.looked, alarms=state.alarms,
        new_calls=intake.calls, skipped=dict(tally.dropped), models=dict(intake.models.most_common(20)), days=day_calls(state),
        signals=watched(state, limits, own.counts), notes=notes, alpha=settings.alpha, teacher=made, harvest=harvested,
        page=str(folder.path / PAGE), reading=tally.plain() | {"files": names}, feedback=_feedback(student.run, intake, late),
    ), asked.fault if asked else None  # fmt: skip


def _held_against(state: MonitorState, limits: Sequence[RateBound]) -> tuple[MonitorState, list[str]]:
    """The state for these bounds: where they are others than before, evidence begins anew."""
    now = content_id([asdict(one) for one in limits])
    if state.bounds in ("", now):
        return replace(state, bounds=now), []
    return replace(state, bounds=now, evidence={}), [
        "the figures or the settings that the log is held against are others than at the last look: evidence begins anew"
    ]


def _read(
    task: Task, intake: LogIntake, kept: KeptCalls, tally: LogTally, scores: Scores, parts: Sequence[LogPart]
) -> None:
    """Take all new calls in; UsageError where most are of another task, or none can be read."""
    if not parts:
        return
    names = {part.path.name: part for part in parts}
    whole = {name for name, part in names.items() if part.read.length < 0}
    for batch in read_logs([part.path for part in parts], TaskShape.of(task), tally=tally, scores=scores):
        new = without_kept(batch, kept, whole) if whole else batch
        intake.again += batch.height - new.height
        if new.height:
            intake.take(new, names)
    others = sum(tally.dropped[reason] for reason in _OTHER_TASK)
    if others > intake.calls + intake.again:
        said = next((one.detail for one in tally.examples if one.reason in _OTHER_TASK), "")
        raise UsageError(
            f"of {others + intake.calls:,} calls {others:,} are of another task than {task.spec.task} ({said}); give the logs of this one. "
            "Nothing was kept of them"
        )
    if tally.items and not (intake.calls or intake.again or tally.scores):
        raise UsageError(
            f"no call in {', '.join(part.name for part in parts[:3])}: {'; '.join(tally.sentences()) or 'no line can be read'}"
        )


def _feedback(run: RunDir, intake: LogIntake, late: LateFeedback) -> FeedbackFigures | None:
    """What it has shown; None where there was never any."""
    if not late.figures.rows and late.figures.accuracy is None:
        return None
    return replace(late.figures, own=right_on_tests(run), without_id=intake.keep.without_id)


def _asked(task: Task, intake: LogIntake, own: Baseline, watch: Watcher) -> SampleAsked | None:
    if not intake.sampled or intake.sample.is_empty():
        return None
    return finished(ask_teacher(task, intake.sample, own.counts, watch))


def _harvested(
    task: Task, run: RunDir, intake: LogIntake, late: LateFeedback, asked: SampleAsked | None, to: HarvestTo | None
) -> Mapping[str, Json] | None:
    """Candidates for seeds from the calls that the student handles badly: those with a corrected answer first, so that it is not lost."""
    if to is None or not (intake.calls or late.wrong.height):
        return None
    batches = [late.wrong.sort(pl.col("gold").is_null(), maintain_order=True), *intake.misses]
    for name, shows in asked.shows.items() if asked is not None else ():
        some = intake.sample.filter(pl.col("input").is_in([text for text, hit in shows.items() if hit]))
        batches.append(some.with_columns(pl.lit(SIGNALS[name].title.lower()).alias("why")).select(NEEDED))
    made = harvest(batches, task=task, seeds=read_parquet(run / "seeds.parquet"), out=to.path, labels=to.labels)
    return {**made.plain(), "said": made.sentences()}


def _judged(
    state: MonitorState, intake: LogIntake, limits: Sequence[RateBound], asked: SampleAsked | None, late: LateFeedback
) -> tuple[MonitorState, TeacherAsked | None]:
    """The state after the look: its counts, evidence, alarms and examples."""
    for name, count in asked.counts.items() if asked is not None else ():
        intake.days[max(intake.days)].signals[name] = [count.hits, count.rows]
    intake.judge(late.verdicts)
    found, alarms = judged(state, intake.days, limits)
    if not intake.calls and not late.verdicts:  # what was said last stands
        return replace(found, looked=state.looked or _now()), None
    shown = examples(intake.shown, intake.gates, intake.baseline.known.floor)
    if asked is not None:
        shown |= {name: teacher_examples(intake.sample, asked.teacher, shows) for name, shows in asked.shows.items()}
    named = {one.signal: one for one in limits}
    raised: dict[str, Sequence[str]] = {
        alarm.signal: [one.day for one in alarms if one.signal == alarm.signal] for alarm in alarms
    }
    said = [alarm_sentence(alarm, named[alarm.signal]) for alarm in alarms]
    if not intake.calls:  # feedback alone says nothing of the other signals
        said, raised = [*state.alarms, *said], {**state.raised, **raised}
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
    if intake.again:
        found.append(f"{intake.again:,} calls were read in an earlier version of their document, and are left out")
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
