"""Which metrics were chosen for what, and what none of them judges: for the report, and before anything is paid for.

`before` looks at the known answers of the seeds and at the output schema, for no teacher has answered yet.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.evaluate.fields import FieldRules, field_rules
from distill.evaluate.metrics.names import caution
from distill.evaluate.scoring.choice import Metrics, metrics_of, text_names
from distill.values import rules as value_rules
from distill.values.free_text import label_like
from distill.values.likeness import TITLES
from distill.values.rules import Rules

if TYPE_CHECKING:
    from distill.records import Json, Seed
    from distill.spec import TaskSpec
    from distill.task.task import Task

_LOOKED_AT = 2000
"""Known answers that are looked at before a run."""
_SHOWN = 8
_NO_TEXT = frozenset({"boolean", "null", "number", "integer"})
_NEXT = "give known answers (seeds.gold), a judge (evaluate.judge: {}), or a check of your own (a gate verify, evaluate.metrics: [auto, {python: metrics.py}])"


@dataclass(frozen=True, slots=True)
class ScoringChoice:
    """`lines` say what scores what, `warnings` what nothing judges."""

    lines: list[str]
    warnings: list[str]


def explained(spec: TaskSpec, rules: FieldRules) -> list[str]:
    """What scored the answers of a run, a line each."""
    chosen = metrics_of(spec, rules)
    return [*_lines(spec, chosen, rules), *_unjudged(spec, chosen, rules, known=bool(rules.wanted))]


def before(task: Task) -> ScoringChoice:
    """What will score the answers of a task, as far as its known answers and its schema tell."""
    seeds = list(itertools.islice((seed for seed in (*task.pinned, *task.seeds) if seed.gold), _LOOKED_AT))
    settings = task.spec.evaluate
    rules = field_rules(
        schema=task.output, given=settings.rules, only=settings.only, golds={seed.id: seed.gold for seed in seeds if seed.gold},
        teacher={}, inputs={seed.id: _input(seed) for seed in seeds},
    )  # fmt: skip
    chosen = metrics_of(task.spec, rules)
    if seeds:
        return ScoringChoice(_lines(task.spec, chosen, rules), _unjudged(task.spec, chosen, rules, known=True))
    names = value_rules.names(task.output)
    closed = bool(names) and not any(_may_be_text(name, task.output, rules.teacher) for name in names)
    said = [_without_known(task.output, rules.teacher), *_own(task.spec, chosen)]
    judged = closed or chosen.verify or bool(chosen.own) or task.spec.evaluate.judge is not None
    return ScoringChoice(said, _only_agreement(judged=judged))


def _lines(spec: TaskSpec, chosen: Metrics, rules: FieldRules) -> list[str]:
    values = [name for name in chosen.values if name != "schema"]
    calls, lines = [name for name in values if name.endswith("tool_calls")], []
    if calls:
        lines.append(f"tool calls, by name and arguments: {', '.join(calls)}")
    elif rules.kind == "fields":
        names = _fields(rules)
        lines.append(f"{_listed(names)} as values, by {', '.join(values)}" if names and values else "")
    elif rules.kind == "plain" and values:
        lines.append(f"answers as plain values, by {', '.join(values)}")
    if free := text_names(chosen, rules):
        lines.append(f"{_texts(rules)} by likeness: {', '.join(free)}")
    return [line for line in (*lines, *_own(spec, chosen)) if line]


def _own(spec: TaskSpec, chosen: Metrics) -> Iterator[str]:
    if chosen.verify:
        yield "answers by the task's own check, verify"
    for one in chosen.own:
        yield f"answers by the task's own metric {one.name} ({one.function.partition(':')[0]})"
    if spec.evaluate.judge is not None:
        yield f"answers by judges, on {', '.join(spec.evaluate.judge.dimensions).replace('_', ' ')}"
    if spec.evaluate.decide_by:
        yield f"{spec.evaluate.decide_by} carries the verdict, as evaluate.decide_by says"


def _unjudged(spec: TaskSpec, chosen: Metrics, rules: FieldRules, *, known: bool) -> list[str]:
    """What no metric and no judge judges, or only as a proxy."""
    own = chosen.verify or bool(chosen.own) or spec.evaluate.judge is not None
    free = rules.free_gold.paths or rules.free_teacher.paths
    said = []
    if free and not chosen.texts and not own:
        said.append(f"no metric judges {_texts(rules)}, which is free text; evaluate.metrics: auto measures likeness")
    elif free and chosen.texts and not (own and rules.kind == "text"):
        said.append(f"{_texts(rules)} by likeness only. {caution(chosen.texts[0])}")
    if free and rules.kind == "text" and not known and not own:
        said.append(f"likeness to the teacher's own text carries no verdict: {_NEXT}")
    return said


def _only_agreement(*, judged: bool) -> list[str]:
    """Of a task without known answers; `judged` is whether free text would be judged, or the schema leaves no room for any."""
    said = [
        "no seed has a known answer, so answers are compared with the teacher's alone: how often it is right is not measured"
    ]
    if not judged:
        said.append(f"if answers are free text, likeness to the teacher's carries no verdict: {_NEXT}")
    return said


def _without_known(output: Mapping[str, Json] | None, rules: Rules) -> str:
    names = value_rules.names(output)
    closed = [name for name in names if not _may_be_text(name, output, rules)]
    rest = [name for name in names if name not in closed and rules.counts((name,))]
    likeness = (
        f"by likeness ({' and '.join(TITLES[one] for one in ('chrf', 'rouge_l'))}) where it turns out to be free text"
    )
    if not names:
        return f"answers as values, by agreement with the teacher; {likeness}"
    first = f"{_listed(closed)} as values, by agreement with the teacher" if closed else ""
    second = f"{_listed(rest)} as values, {likeness}" if rest else ""
    return "; ".join(part for part in (first, second) if part)


def _may_be_text(name: str, output: Mapping[str, Json] | None, rules: Rules) -> bool:
    """Whether a field may turn out to be free text: where the schema neither closes it nor says that it is no text."""
    part = ((output or {}).get("properties") or {}).get(name)
    kinds = part.get("type") if isinstance(part, dict) else None
    kinds = {kinds} if isinstance(kinds, str) else set(kinds if isinstance(kinds, list) else ())
    return (name,) not in rules.closed and (name,) not in rules.of and not (kinds and kinds <= _NO_TEXT)


def _fields(rules: FieldRules) -> list[str]:
    values = rules.wanted or rules.theirs
    how = rules.gold if rules.wanted else rules.teacher
    names = {
        name: None for value in values.values() if isinstance(value, dict) for name in value if how.counts((name,))
    }
    return list(names)


def _texts(rules: FieldRules) -> str:
    free = rules.free_gold if rules.free_gold.paths else rules.free_teacher
    names = [".".join(path) for path in free.paths if path]
    return _listed(names) if names else "the answer"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"`{name}`" if label_like(name) else f"`{name[:40]}…`" for name in names[:_SHOWN]) + more


def _input(seed: Seed) -> str:
    return " ".join(str(value) for value in seed.fields.values())
