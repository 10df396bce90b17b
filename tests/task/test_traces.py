"""Every setting of a spec in turn: the stages that are done again for it are those that read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from distill import spec
from distill.money import Budget
from distill.pipeline import run as running
from distill.pipeline.facts import FACTS
from distill.pipeline.open_task import open_task
from distill.records import Json
from distill.rundir import RunDir
from distill.task import stores, traces
from distill.task.run import ORDER, ActiveRun
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.teacher.send import Sender

SPEC = """\
task: mood
about: Moods of messages.
seeds:
  {from: [seeds.jsonl], gold: expected, group: message, test: {share: 0.25}, held_out: [others.jsonl], since: {at: "2015-06-01", column: kind},
   broken: drop, format: {encoding: utf-8}}
strata:
  by: [kind]
  labels: {size: "length(message)::VARCHAR"}
  edge_cases: [{where: {kind: a}, at_least: 3}]
  quotas: [{where: {kind: b}, floor: 4}]
teacher:
  model: scripted
  output: answer.schema.json
  terms: made up
  exam: {rows: 0}
  headers: {X-Team: red}
  sampling: {temperature: 0.4, top_p: 0.9, seed: 7, draws: 1, max_tokens: 200, raise_to: 400, extra: {user: me}}
  limits: {in_flight: 8, requests_per_minute: 90000, timeout_s: 60}
  price: {input: 1, output: 2}
  batch: {rows: 10}
  fallback: [{model: scripted, sampling: {temperature: 0.6}, limits: {in_flight: 2}, price: {input: 1, output: 1}}]
gates: [schema, {length: {min_chars: 3}}]
dedup: {near: 0.9, leak: 0.95, compare: [mood], on_conflict: ask_again, more_votes: 2}
dataset: {accept: 20, per_stratum: 30, temperature: 0.5, select: {by: diverse, weight: 0.4}, more_draws: 1, valid: 0.2}
expect: {rows: 5, rows_per_stratum: 1, largest_cluster: 0.9, max_tokens: 900, same_system: true, valid: [0.05, 0.5]}
student: {train: {with: none, context: 700}}
evaluate: {arms: [teacher], metrics: [schema, agreement], margin: 0.03, compare: {mood: exact}}
budget: {usd: 5}
deadline: 8h
"""
OPENED = frozenset({
    "seeds.from", "seeds.as", "seeds.since.at", "seeds.since.column", "seeds.format.encoding", "seeds.format.delimiter", "seeds.format.quote",
    "seeds.group", "seeds.id", "seeds.keep", "seeds.held_out", "seeds.broken", "teacher.prompt", "student.prompt", "seeds.test.gold",
})  # fmt: skip
"""Read when the task is opened: what they bring into it (seeds, prompts) is what stages read."""
UNUSED = frozenset({
    "seeds.grow", "evaluate.require", "evaluate.gate", "evaluate.few_shot", "evaluate.risk", "student.train.encoder",
    "student.template", "teacher.exam.at_least", "dataset.more_draws", "dedup.more_votes", "teacher.fallback[0].sampling.temperature",
    *(f"student.train.{name}" for name in ("epochs", "batch_size", "learning_rate", "rank", "alpha", "layers", "context", "seed", "suffix")),
    *(f"student.train.{name}" for name in ("dropout", "warmup", "accumulate", "recompute", "patience", "extra", "learning_rate_multiplier")),
})  # fmt: skip
"""Of no use in this run: no training, no exam, no calibration, no examples; nobody votes, no row is drawn again or falls back;
the verdict that is required and the gate are looked at after the stages, and what grows is decided before them."""
READ_BY = {
    "about": {"export", "report"},
    "teacher.terms": {"export", "report"},
    "expect.rows": {"export"},
    "evaluate.margin": {"evaluate"},
    "dedup.near": {"generate", "curate"},
    "dataset.valid": {"generate", "curate"},
    "strata.quotas[0].floor": {"generate", "curate"},
    "evaluate.compare": {"generate", "curate", "evaluate"},
    "teacher.mode": {"report"},
    "teacher.limits.in_flight": set[str](),
    "budget.usd": set[str](),
    "teacher.headers": set[str](),
}


@pytest.fixture
def rich(task: Path) -> Path:
    (task.parent / "others.jsonl").write_text('{"message": "an evaluation row of another set"}\n')
    task.write_text(SPEC)
    return task


def settings(task: Task) -> dict[str, str]:
    """Setting → the name of its reads, of all that the spec has."""
    return {what.partition(":")[2]: what for what in spec.values(task.spec) if not what.endswith(":given")}


def others(value: Json) -> Iterator[Json]:
    """Values that a setting might have in place of the one that it has."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield from (value + 1, value / 2, value + 0.01)
        case str():
            yield from (
                f"{value}x",
                "exact",
                "lora",
                "score",
                "keep",
                "drop",
                "refuse",
                "ignore",
                "chats",
                "train",
                "batch",
                "responses",
                "https://b.example/v1",
                "9h",
                "utf-16",
                "last run",
            )
        case list():
            yield from (
                value[:-1],
                [*value, *value[:1]],
                ["x"],
                [{"model": "scripted"}],
                [{"where": {"kind": "a"}, "at_least": 2}],
            )
        case dict():
            yield from ({**value, "new": "x"}, {})
        case None:
            yield from (1, 0.5, "x", True, ["x"], {}, "https://b.example/v1", "distil", 900)


def changed(task: Task, setting: str, what: str) -> spec.TaskSpec | None:
    """The spec with another value of one setting; None where no other value of those tried is one."""
    parts = [int(part) if part.isdigit() else part for part in setting.replace("[", ".").replace("]", "").split(".")]
    for value in others(get(task.spec.model_dump(mode="json", by_alias=True), parts)):
        raw = task.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        group: Any = raw
        for part in parts[:-1]:
            group = group[part] if isinstance(group, list) else group.setdefault(part, {})
        group[parts[-1]] = value
        try:
            other = spec.TaskSpec.model_validate(raw)
        except ValidationError:
            continue
        if spec.values(other).get(what) != spec.values(task.spec)[what]:
            return other
    return None


def get(raw: Any, parts: list[int | str]) -> Any:
    for part in parts:
        raw = raw[part]
    return raw


def test_each_setting_is_a_reason_for_the_stages_that_read_it(rich: Path) -> None:
    """For every one of them; those that no stage reads are known, and the table says what reads some."""
    task = open_task(rich, env={})
    result = running.start(task, stages=ORDER, watch=Silent())
    folder = RunDir(task.home, "mood", 1)
    traced = {name: entry["reads"] for name, entry in folder.manifest()["stages"].items()}
    assert set(traced) == set(result.done) == set(ORDER) - {"train"}
    tried, unread = 0, set[str]()
    with stores.opened(task.home) as store:
        sender = Sender(store=store, run=folder.name, budget=Budget(None, 0.0), watch=Silent())
        for setting, what in settings(task).items():
            other = changed(task, setting, what)
            if other is None:
                continue
            tried += 1
            run = ActiveRun(replace(task, spec=other), folder, store, sender, Silent(), facts=FACTS)
            # What a setting lies in has its length or its keys, and may be told too.
            told = {name: traces.changed(run, reads) for name, reads in traced.items()}
            again = {name for name, reasons in told.items() if setting in reasons}
            assert again == {name for name, reads in traced.items() if what in reads}, setting
            assert again == READ_BY.get(setting, again), setting
            unread |= set() if any(told.values()) or what.startswith("send:") else {setting}
    assert tried > 90
    assert unread == OPENED | UNUSED
