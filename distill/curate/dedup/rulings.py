"""Rows whose near twins contradict them: what more their teacher is asked about them, and what a person decided.

A vote is a kind of question, so asked.parquet tells which rows were asked again. What a person decided stands in the run's
conflicts.jsonl; a refresh begins with what was decided in the run before it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.atomic_write import write_atomic
from distill.errors import Fault, SpecError
from distill.generate.questions import Ask, Asked, last_of
from distill.records import Json
from distill.rundir import RunDir
from distill.seeds import approved
from distill.spec import TaskSpec
from distill.task.task import over
from distill.text.normalise import did_you_mean, strict_json
from distill.values import rules as value_rules
from distill.values.answer import WHOLE
from distill.values.rules import Rules

if TYPE_CHECKING:
    import polars as pl

    from distill.similarity.graph import Graph
    from distill.task.task import Task

FILE = "conflicts.jsonl"
_OWN = ("content", "tool_calls")
"""How an answer with calls is kept: fields that no schema names."""
_ONE = ("ask_again", "person")
"""What can do nothing where no fields are compared."""


def compared(spec: TaskSpec, output: Mapping[str, Any] | None) -> list[str]:
    """The answer's fields in which near twins must agree: those that the spec names, or that the schema enumerates.

    `answer` stands for an answer that is a plain value: it is compared by itself where no schema gives answers fields.
    """
    if spec.dedup.compare is not None:
        return spec.dedup.compare
    if output is None or not value_rules.names(output):
        return [] if spec.teacher.tools else [WHOLE]
    properties = output.get("properties", {})
    return [name for name, part in properties.items() if isinstance(part, dict) and "enum" in part]


def rules(spec: TaskSpec, output: Mapping[str, Any] | None) -> Rules:
    """How they are compared: as in the evaluation."""
    return value_rules.of(output, spec.evaluate.rules)


def faults(spec: TaskSpec, output: Mapping[str, Any] | None, file: Path) -> list[Fault]:
    """What keeps conflicts from being found, or a teacher that is asked again from saying anything else."""
    way, found = spec.dedup.on_conflict, _unknown(spec, output, file)
    unsaid = spec.dedup.compare is None and output is None  # nobody knows yet if answers are plain values
    if way in _ONE and (unsaid or not compared(spec, output)):
        said = (
            "no answers can be in conflict, for nothing is compared; name fields of the answer, or `answer` for one that is a "
            "plain value, or take on_conflict out"
        )
        found.append(Fault(f"{file}: dedup.compare", said))
    if way != "ask_again":
        return found
    teacher = spec.teacher
    others = "panel" if teacher.panel else "fallback"
    models = [(f"teacher.{others}[{n}]", one) for n, one in enumerate((*teacher.fallback, *teacher.panel))]
    for name, one in (("teacher", teacher), *models):
        sampling = over(teacher.sampling, one.sampling)
        if sampling.extra.get("temperature", sampling.temperature) == 0:
            said = "at 0 a teacher repeats its answer (dedup.on_conflict: ask_again); raise it, or say abstain"
            found.append(Fault(f"{file}: {name}.sampling.temperature", said))
        if "seed" in sampling.extra:
            said = "with one seed for all draws a teacher repeats its answer; give sampling.seed in its place, which each draw raises"
            found.append(Fault(f"{file}: {name}.sampling.extra.seed", said))
    return found


def _unknown(spec: TaskSpec, output: Mapping[str, Any] | None, file: Path) -> list[Fault]:
    """Fields to compare that the schema does not give an answer."""
    properties, given = (output or {}).get("properties", {}), spec.evaluate.rules
    named = [("dedup.compare", name) for name in spec.dedup.compare or ()]
    named += [("evaluate.compare", name) for name in (*spec.evaluate.only, *(given if isinstance(given, dict) else ()))]
    return [
        Fault(f"{file}: {place}", f"the answer's schema has no property {first!r}{did_you_mean(first, properties)}")
        for place, name in named
        if properties and (first := name.split(".")[0]) not in properties and first not in _OWN
    ]


def votes(task: Task, asked: Asked, seeds: Collection[str]) -> Asked:
    """The further questions about rows in conflict: to the teacher that each came to last; a panel takes turns."""
    last, panel = last_of([ask for ask in asked if ask.seed in seeds]), bool(task.spec.teacher.panel)
    picked: Asked = []
    for seed in sorted(seeds):
        turns = range(len(task.teachers)) if panel else (last[seed],)
        for n in range(task.spec.dedup.more_votes):
            picked.append(Ask(seed, turns[n % len(turns)], n // len(turns), "vote"))
    return picked


def asked_again(task: Task, asked: Asked) -> set[str]:
    """The rows that vote."""
    if task.spec.dedup.on_conflict != "ask_again":
        return set()
    return {ask.seed for ask in asked if ask.kind == "vote"}


def at_most(task: Task, table: pl.DataFrame, first: Asked, graph: Graph) -> Asked:
    """The votes if every row of a first round that has a near twin were in conflict with it."""
    if task.spec.dedup.on_conflict != "ask_again":
        return []
    train = table.filter(role="train")
    nodes, known = graph.neighbours(train["input"])
    alike = Counter(nodes)
    near = {
        seed for seed, node, others in zip(train["seed_id"], nodes, known, strict=True) if others or alike[node] > 1
    }
    return votes(task, first, near & {ask.seed for ask in first})


def rulings(task: Task, folder: RunDir, parent: RunDir | None = None) -> dict[str, str]:
    """seed_id → the answer that a person decided on, in this run or else in the one that it refreshes.

    SpecError names every line that cannot be read, or whose answer the task's schema refuses.
    """
    from distill.curate.dedup import conflicts

    path = _source(folder, parent)
    if path is None:
        return {}
    return conflicts.rulings(_text(path), source=str(path), wrong=_wrong(task))


def _source(folder: RunDir, parent: RunDir | None) -> Path | None:
    paths = [one.path / FILE for one in (folder, parent) if one is not None]
    return next((path for path in paths if path.exists()), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise SpecError(str(path), [Fault(str(path), f"cannot be read: {fault}; save it as UTF-8")]) from None


def _wrong(task: Task) -> Callable[[str], str]:
    """Why an answer does not fit the task's schema; one that calls tools is not the schema's to judge."""
    from distill.curate.gates.structure import misfit
    from distill.seeds.approved import as_answer

    if task.output is None:
        return lambda _: ""
    unfit = misfit(task.output)
    return lambda answer: "" if as_answer(approved.as_gold(answer))[1] else unfit(answer)


def without(table: pl.DataFrame, seeds: Collection[str]) -> pl.DataFrame:
    """A table of seeds less some."""
    import polars as pl

    return table.filter(~pl.col("seed_id").is_in(list(seeds))) if seeds else table


def write(folder: RunDir, parent: RunDir | None, undecided: Sequence[Mapping[str, Json]]) -> None:
    """List rows for a person in conflicts.jsonl, after the lines that are decided, which stay as they were written."""
    source = _source(folder, parent)
    lines = [line.strip() for line in _text(source).split("\n") if line.strip()] if source else []
    decided = [line for line in lines if strict_json(line)["right"] is not None]
    seeds = {strict_json(line)["seed_id"] for line in decided}
    rows = [json.dumps(row, ensure_ascii=False) for row in undecided if row["seed_id"] not in seeds]
    if rows or source is not None:
        write_atomic(folder.path / FILE, "".join(line + "\n" for line in (*decided, *rows)).encode())
