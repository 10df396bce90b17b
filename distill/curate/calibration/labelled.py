"""Answers that people have labelled → the samples that gates look at, and the labels.

    {"message": "Where is my lamp?", "answer": {"intent": "delivery"}, "good": true, "why": "the right intent"}

A row has the template's variables, an `answer` (text, or an object that is taken as its JSON; tool calls as in a gold
answer), and `good`, or a `score` from 1 to 5 of which 4 and 5 are good. Labels of the strata may be there, and the column of
`seeds.group`. Answers to one input, and to inputs of one group, belong together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from distill.chat import conversation
from distill.chat import templates as prompts
from distill.errors import Fault, SpecError
from distill.records import Answer, Ended, Json, Seed, ToolCall, Usage, canonical, content_id
from distill.seeds import load
from distill.seeds.rows_to_seeds import SeedColumns
from distill.tables import samples as answers
from distill.task.task import Task
from distill.text import tokens

GOOD_FROM = 4
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class LabelledAnswers:
    """`samples` and `seeds` as curation has them; by request id: whether people found the answer good, and why."""

    samples: pl.DataFrame
    seeds: pl.DataFrame
    good: Mapping[str, bool]
    why: Mapping[str, str]

    @property
    def clusters(self) -> dict[str, str]:
        """Request id → what its answer belongs to: the group of its input, or else the input."""
        rows = self.samples.select("request_id", pl.coalesce("group", "cluster")).iter_rows()
        return dict(rows)

    @property
    def gold(self) -> dict[str, str | None]:
        """Seed id → its known answer."""
        return dict(self.seeds.select("seed_id", "gold").iter_rows())


@dataclass(frozen=True, slots=True)
class _Labelled:
    """One row of the file: its input as a seed, the answer, its request id, people's label and why."""

    seed: Seed
    answer: Answer
    request_id: str
    good: bool
    why: str


def read_labelled(task: Task, path: Path) -> LabelledAnswers:
    """The answers of a file, each once. Raises SpecError with all faults of the file."""
    rows, variables, label, by = _rows(task, path)
    labelled = _checked(path, rows, variables, label)
    seeds = {one.seed.id: one.seed for one in labelled}
    table = load.table(list(seeds.values()), by=by).with_columns(cluster=pl.col("seed_id"))
    draws, entries = Counter[str](), list[answers.SampleEntry]()
    for one in labelled:
        seed, prompt = one.seed.id, task.student_prompt.fill(one.seed.fields)
        entries.append(answers.SampleEntry(seed, one.request_id, 0, "first", draws[seed], prompt, one.answer))
        draws[seed] += 1
    good, why = ({one.request_id: getattr(one, name) for one in labelled} for name in ("good", "why"))
    return LabelledAnswers(answers.samples(table, entries), table, good, why)


def _checked(path: Path, rows: Sequence[Seed], variables: Sequence[str], label: str) -> list[_Labelled]:
    """The rows without repeats."""
    faults, found = list[Fault](), dict[str, _Labelled]()
    for row in rows:
        try:
            one = _labelled(row, variables, label)
        except ValueError as fault:
            faults.append(Fault(f"{path}:{row.line}", str(fault)))
            continue
        if found.setdefault(one.request_id, one).good != one.good:
            faults.append(Fault(f"{path}:{row.line}", "the same answer to the same input is labelled otherwise above"))
    if faults:
        raise SpecError(str(path), faults)
    return list(found.values())


def _labelled(row: Seed, variables: Sequence[str], label: str) -> _Labelled:
    names = (*variables, conversation.REQUEST)
    seed = replace(row, fields={name: row.fields[name] for name in names if name in row.fields})
    answer, good = _answer(row.fields["answer"]), _good(row.fields[label], label)
    request = content_id("labelled", seed.id, answer.said, digits=32)
    return _Labelled(seed, replace(answer, request_id=request), request, good, str(row.fields.get("why", "")))


def _rows(task: Task, path: Path) -> tuple[Sequence[Seed], list[str], str, list[str]]:
    """(rows with all their fields, the names of an input's, the field that says how good, the labels that make strata)."""
    columns, templates = load.columns([path]), (task.teacher_prompt, task.student_prompt)
    label, variables = "good" if "good" in columns else "score", prompts.variables(templates)
    own = [name for name in ("answer", label) if name not in variables]
    by = [name for name in task.spec.strata.by if name in columns]
    gold, group = task.spec.seeds.gold, task.spec.seeds.group
    used = SeedColumns(
        variables=[*variables, *own],
        optional=["why"],
        chats=prompts.chats(templates),
        labels=by,
        gold=gold if gold in columns else None,
        group=group if group in columns else None,
        blank=["system"] if task.spec.seeds.as_ == "chats" else [],
    )
    rows, _ = load.read([path], used)
    return rows, variables, label, by


def _answer(value: Json) -> Answer:
    calls: tuple[ToolCall, ...] = ()
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        try:
            calls = tuple(ToolCall(one["name"], canonical(one.get("arguments") or {})) for one in value["tool_calls"])
        except (KeyError, TypeError, AttributeError):
            raise ValueError('a tool call is {"name": …, "arguments": {…}}') from None
        value = value.get("content") or ""
    text = value if isinstance(value, str) else canonical(value)
    usage = Usage(0, tokens.count(text), measured=False)
    return Answer("", Ended.OK, text, "tool_calls" if calls else "stop", usage, tool_calls=calls)


def _good(value: Json, label: str) -> bool:
    if label == "good":
        found = value if isinstance(value, bool) else _WORDS.get(str(value).strip().casefold())
        if found is None:
            raise ValueError(f"`good` is {value!r}, expected true or false")
        return found
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = 0.0
    if isinstance(value, bool) or not 1 <= score <= 5:
        raise ValueError(f"`score` is {value!r}, expected a number from 1 to 5")
    return score >= GOOD_FROM
