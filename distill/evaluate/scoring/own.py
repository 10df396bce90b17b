"""The task's own functions as metrics: `verify`, and those that `evaluate.metrics` names, in the sandbox of the gate `verify`.

Each gets a row as the gate hands it over, with an arm's answer in the place of the teacher's. A row that a function could not judge (it
raised, took too long, gave no number) has no score and says why; it never counts as a zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from distill import reads
from distill.curate.gates.settings import VerifySettings
from distill.curate.gates.verify.gate import TaskFolder, check_rows
from distill.curate.gates.verify.source import fingerprint, import_once, read_source
from distill.evaluate.metrics import NO_ANSWER
from distill.evaluate.scoring.choice import Metrics, verify_settings
from distill.records import Answer
from distill.sandbox.process import CheckResult, SandboxLimits
from distill.text.normalise import storable

if TYPE_CHECKING:
    from distill.task.task import Task

ScoreRow = tuple[str, str, str, float | None, str]
"""(seed_id, arm, metric, value or None, reason)."""


def fingerprints(task: Task) -> list[str]:
    """What the scores of the task's own metrics depend on."""
    return [fingerprint(one.function, task.path.parent) for one in task.spec.evaluate.own_metrics]


def import_all(task: Task) -> None:
    """Import the metrics' files where they will run, before anything is paid for; SpecError where that fails."""
    for one in task.spec.evaluate.own_metrics:
        import_once(one.function, task.path.parent, megabytes=one.megabytes)


def own_scores(
    task: Task, tests: pl.DataFrame, answered: Mapping[str, Sequence[tuple[str, Answer | None]]], chosen: Metrics
) -> list[ScoreRow]:
    """The scores of all arms by `verify` and by the task's own metrics."""
    scores: list[ScoreRow] = []
    if chosen.verify:
        reads.note("fact:verify")
        gate = VerifySettings.model_validate(verify_settings(task.spec))
        limits = SandboxLimits(gate.seconds, gate.megabytes)
        for seed, arm, result in _results(task, tests, answered, gate.function, limits):
            passed = None if result.score is None else float(result.score >= gate.at_least)
            # A check may name what is wrong beside every result, as the docs' own does; of an answer that passes that is no reason.
            scores.append((seed, arm, "verify", passed, "" if passed == 1 else _reason(result)))
    for one in chosen.own:
        reads.note("fact:metrics")
        limits = SandboxLimits(one.seconds, one.megabytes)
        scores += [
            (seed, arm, one.name, result.score, _reason(result))
            for seed, arm, result in _results(task, tests, answered, one.function, limits)
        ]
    return scores


def _reason(result: CheckResult) -> str:
    return ": ".join(part for part in (result.cause, result.message) if part)


def _results(
    task: Task, tests: pl.DataFrame, answered: Mapping[str, Sequence[tuple[str, Answer | None]]], function: str,
    limits: SandboxLimits,
) -> list[tuple[str, str, CheckResult]]:  # fmt: skip
    """(seed_id, arm, result) of every answer."""
    place = TaskFolder(
        task.path.parent, tests.select("seed_id", "fields", "gold"), task.store_path.with_name("checks.db")
    )
    whole = [(seed, arm, answer) for arm, found in answered.items() for seed, answer in found]
    there = [(seed, arm, answer) for seed, arm, answer in whole if answer is not None and answer.ok]
    rows = _rows(task, tests, [(seed, answer) for seed, _, answer in there])
    results = check_rows(rows, place, read_source(function, task.path.parent), limits, set())
    lost = [(seed, arm, CheckResult(None, cause=NO_ANSWER)) for seed, arm, one in whole if one is None or not one.ok]
    return [(seed, arm, result) for (seed, arm, _), result in zip(there, results, strict=True)] + lost


def _rows(task: Task, tests: pl.DataFrame, answers: Sequence[tuple[str, Answer]]) -> pl.DataFrame:
    """The columns that the gate hands to a function, a row an answer."""
    wanted = ("seed_id", "fields", "input", "stratum", "labels")
    by_seed = {row["seed_id"]: row for row in tests.select(wanted).iter_rows(named=True)}
    prompts = {
        seed: storable(json.dumps(task.student_prompt.fill(json.loads(row["fields"])), ensure_ascii=False))
        for seed, row in by_seed.items()
    }
    rows = [
        (
            seed, by_seed[seed]["input"], prompts[seed], storable(answer.text).strip(), _calls(answer),
            by_seed[seed]["stratum"], by_seed[seed]["labels"],
        )
        for seed, answer in answers
    ]  # fmt: skip
    columns = ("seed_id", "input", "prompt", "answer", "tool_calls", "stratum", "labels")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _calls(answer: Answer) -> str:
    if not answer.tool_calls:
        return ""
    return storable(json.dumps([[call.name, call.arguments] for call in answer.tool_calls]))
