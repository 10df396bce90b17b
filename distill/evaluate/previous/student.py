"""The student of the run that is refreshed, as that run made it: with its own prompt, on its own base, at its own host.

What it is asked with comes from that run's `spec.json`. Where the host or the base is not there any more, the answers that the earlier
run kept for the same test rows stand in; where there are none, that is said, and nothing stops: the new student is trained by then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from distill.chat import templates
from distill.chat.templates import Template
from distill.errors import AccessRefused, RowsOwed, UsageError
from distill.evaluate.arms import Answers, Arm, call
from distill.records import Answer, Ended, Json, Usage
from distill.rundir import SPEC, RunDir, file_hash, read_json, read_parquet
from distill.spec.student import Student
from distill.student.hosted import stage as hosted
from distill.student.stage import linear_student, student_of
from distill.teacher.schedule import InBatches
from distill.teacher.send import Interrupted, Sender

if TYPE_CHECKING:
    from distill.student.linear import Classifier
    from distill.task.task import Task

ARM = "previous"
_PRICES = ("price", "tuned_price")
_GONE = (AccessRefused, RowsOwed, UsageError, OSError, ImportError)
"""What asking a model raises that is not there any more: its host, its key, its files, or what runs them."""
_NEVER = Answer("", Ended.REFUSED)
"""Stands for an answer that an earlier run does not have: nobody will ask for it."""


@dataclass(frozen=True, slots=True)
class EarlierStudent:
    """How the earlier run's student is asked: by a call, or as a linear model; neither where it has none that can be asked."""

    task: Task
    folder: RunDir
    prompt: Template | None
    """None where the earlier run did not keep it, and the task's has changed since."""
    arm: Arm | None = None
    model: Classifier | None = None
    why_not: str = ""
    """Why a student that the run has is not asked."""


def earlier_student(task: Task, folder: RunDir) -> EarlierStudent:
    """The student of an earlier run. A spec that run kept and that nobody can read any more counts as one with no student settings."""
    used = read_json(folder / SPEC, dict) if (folder / SPEC).exists() else {}
    before = replace(task, spec=task.spec.model_copy(update={"student": _settings(task, used)}))
    prompt = _prompt(task, used)
    found = EarlierStudent(before, folder, prompt)
    try:
        found = replace(found, model=linear_student(before, folder))
        at = student_of(before, folder)
    except _GONE as fault:
        return replace(found, why_not=_said(fault))
    if at is None:
        return found
    if prompt is None:
        return replace(found, why_not="its prompt has changed since, and its run did not keep it")
    there = hosted.facts(folder).get("endpoint")
    if there not in (None, before.base.identity):  # nor is a key for one host sent to another
        return replace(found, why_not=f"it is at {there}, and the task's base at {before.base.identity}")
    return replace(found, arm=Arm(ARM, at, prompt))


def _settings(task: Task, used: dict[str, Json]) -> Student:
    """The earlier run's `student:`; what it cost is no part of the spec that a run keeps, so a base that is the same costs what it does today."""
    given, now = used.get("spec", {}).get("student"), task.spec.student
    if not isinstance(given, dict):
        return now
    train = given.get("train", {})
    same = train.get("base") == now.train.base
    prices = {name: getattr(now.train, name) for name in _PRICES if same and getattr(now.train, name) is not None}
    try:
        return Student.model_validate({**given, "train": {**train, **prices}})
    except ValueError:  # of another version of the settings
        return now


def _prompt(task: Task, used: dict[str, Json]) -> Template | None:
    """The prompt that the earlier student learnt: as its run kept it, or the task's where that is the same file still."""
    kept, name = used.get("student_prompt"), used.get("spec", {}).get("student", {}).get("prompt", "")
    if isinstance(kept, str):
        return templates.parse(kept, name)
    before = used.get("files", {}).get(name)
    same = before is None or before == file_hash(task.path.parent / name)
    return task.student_prompt if same else None


async def ask_earlier(earlier: EarlierStudent, tests: pl.DataFrame, sender: Sender) -> tuple[Answers, list[str]]:
    """(its answer to each test row, what a reader must know). No answers where there are none to be had, or where a linear model of
    this machine gives them.
    """
    arm = earlier.arm
    if earlier.model is not None or not (arm or earlier.why_not or kept_answers(earlier.folder, tests, "student")):
        return [], []
    if arm is None:
        return _kept(earlier, tests, earlier.why_not or "its model is gone")
    if lacking := sorted(set(arm.template.variables) - _columns(tests)):
        return _kept(earlier, tests, f"its prompt takes {', '.join(lacking)}, which the rows do not have any more")
    try:
        return await call(earlier.task, arm, tests, sender), []
    except (Interrupted, InBatches):
        raise
    except _GONE as fault:
        return _kept(earlier, tests, _said(fault))


def _said(fault: BaseException) -> str:
    return " ".join(str(fault).split()).rstrip(".")


def _columns(tests: pl.DataFrame) -> set[str]:
    """The variables that every test row has."""
    return set.intersection(*(set(json.loads(fields)) for fields in tests["fields"])) if tests.height else set()


def _kept(earlier: EarlierStudent, tests: pl.DataFrame, why: str) -> tuple[Answers, list[str]]:
    """What is left where it cannot be asked."""
    name, found = earlier.folder.name, kept_answers(earlier.folder, tests, "student")
    if not found:
        return [], [f"The student of {name} was not asked: {why}. Its run kept no answers of it to these test rows."]
    there = sum(answer is not None and answer.ok for _, answer in found)
    return found, [
        f"The student of {name} was not asked again: {why}. The {there:,} answers that its run kept for these test rows stand in."
    ]


def kept_answers(folder: RunDir, tests: pl.DataFrame, arm: str) -> Answers:
    """The answers of an arm that an earlier run's evaluation kept, a row a test row; none where it kept none for any of them."""
    if not (folder / "calls.parquet").exists():
        return []
    calls = read_parquet(folder / "calls.parquet").filter((pl.col("arm") == arm) & (pl.col("ended") == "ok"))
    found = {row["seed_id"]: _answer(row) for row in calls.iter_rows(named=True)}
    if found.keys().isdisjoint(tests["seed_id"]):
        return []
    return [(seed, found.get(seed, _NEVER)) for seed in tests["seed_id"]]


def _answer(row: dict[str, Json]) -> Answer:
    usage = Usage(row["prompt_tokens"] or 0, row["completion_tokens"] or 0)
    return Answer(
        "", Ended.OK, row["text"] or "", "stop", usage, usd=row["usd"] or 0.0, latency_s=row["latency_s"] or 0.0
    )
