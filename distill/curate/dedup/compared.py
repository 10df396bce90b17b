"""The fields of an answer that near-duplicates are compared by, and what keeps conflicts among them from being found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from distill.errors import Fault
from distill.records import Json
from distill.spec import TaskSpec
from distill.task.task import Task
from distill.teacher.endpoint.models import over
from distill.text.normalise import did_you_mean
from distill.values import rules as value_rules
from distill.values.answer import WHOLE
from distill.values.rules import Rules

_OWN = ("content", "tool_calls")
"""How an answer with calls is kept: fields that no schema names."""
_ONE = ("ask_again", "person")
"""What can do nothing where no fields are compared."""


def compared_fields(spec: TaskSpec, output: Mapping[str, Json] | None) -> list[str]:
    """The answer's fields in which near-duplicates must agree: those that the spec names, or that the schema enumerates.

    `answer` stands for an answer that is a plain value: it is compared by itself where no schema gives answers fields.
    """
    if spec.dedup.compare is not None:
        return spec.dedup.compare
    if output is None or not value_rules.names(output):
        return [] if spec.teacher.tools else [WHOLE]
    properties = output.get("properties", {})
    return [name for name, part in properties.items() if isinstance(part, dict) and "enum" in part]


class HowCompared(TypedDict):
    """The fields that are compared, and how: as in the evaluation."""

    compare: list[str]
    rules: Rules


def comparison(task: Task) -> HowCompared:
    """How answers of a task are compared with each other."""
    rules = value_rules.of(task.output, task.spec.evaluate.rules)
    return {"compare": compared_fields(task.spec, task.output), "rules": rules}


def faults(spec: TaskSpec, output: Mapping[str, Json] | None, file: Path) -> list[Fault]:
    """What keeps conflicts from being found, or a teacher that is asked again from saying anything else."""
    way, found = spec.dedup.on_conflict, _unknown(spec, output, file)
    unsaid = spec.dedup.compare is None and output is None  # nobody knows yet if answers are plain values
    if way in _ONE and (unsaid or not compared_fields(spec, output)):
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


def _unknown(spec: TaskSpec, output: Mapping[str, Json] | None, file: Path) -> list[Fault]:
    """Fields to compare that the schema does not give an answer."""
    properties, given = (output or {}).get("properties", {}), spec.evaluate.rules
    named = [("dedup.compare", name) for name in spec.dedup.compare or ()]
    named += [("evaluate.compare", name) for name in (*spec.evaluate.only, *(given if isinstance(given, dict) else ()))]
    return [
        Fault(f"{file}: {place}", f"the answer's schema has no property {first!r}{did_you_mean(first, properties)}")
        for place, name in named
        if properties and (first := name.split(".")[0]) not in properties and first not in _OWN
    ]
